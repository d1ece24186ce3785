"""Check a bucket: settings, permissions, conditions, and the bot that owns it."""

from __future__ import annotations

from ptb_bucket.tools.health.check import check
from ptb_bucket.tools.health.report import Check, Verdict

__all__ = ["Check", "Verdict", "check"]
