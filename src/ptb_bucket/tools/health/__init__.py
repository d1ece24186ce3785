"""Check a bucket: settings, permissions, conditions, and the bot that owns it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ptb_bucket._lazy import lazy_exports

if TYPE_CHECKING:
    from ptb_bucket.tools.health.checking import check
    from ptb_bucket.tools.health.report import Check, Verdict

__all__ = ["Check", "Verdict", "check"]

__getattr__ = lazy_exports(
    __name__,
    {
        "ptb_bucket.tools.health.checking": ("check",),
        "ptb_bucket.tools.health.report": ("Check", "Verdict"),
    },
)
