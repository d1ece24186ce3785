"""Run ``ptb-bucket`` as ``python -m ptb_bucket.cli``."""

import sys

from ptb_bucket.cli import main

sys.exit(main())
