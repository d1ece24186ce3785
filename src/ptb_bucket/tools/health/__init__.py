"""Check a bucket: settings, permissions, conditions, and the bot that owns it."""

from __future__ import annotations

from ptb_bucket.tools.health.report import Check
from ptb_bucket.tools.health.report import Verdict
from ptb_bucket.tools.health.check import check

__all__ = ["Check", "Verdict", "check"]
