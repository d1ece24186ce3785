"""The effort of ``verify`` in tests: two processes, and two races for each kind."""

from __future__ import annotations

from dataclasses import replace

from ptb_bucket.tools import QUICK_EFFORT

SMALL = replace(QUICK_EFFORT, processes=2, races=2)
