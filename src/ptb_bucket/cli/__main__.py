"""``python -m ptb_bucket.cli`` is ``ptb-bucket``."""

import sys

from ptb_bucket.cli import main

sys.exit(main())
