"""Verify a bucket: promises, races of processes, lost answers and latency, with a row for the table of servers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ptb_bucket._lazy import lazy_exports

if TYPE_CHECKING:
    from ptb_bucket.tools.verification.effort import FULL_EFFORT, QUICK_EFFORT, Effort
    from ptb_bucket.tools.verification.report import ROW_HEAD, Verification
    from ptb_bucket.tools.verification.told import server_of
    from ptb_bucket.tools.verification.verifying import Plan, plan_verification, verify

__all__ = [
    "FULL_EFFORT",
    "QUICK_EFFORT",
    "ROW_HEAD",
    "Effort",
    "Plan",
    "Verification",
    "plan_verification",
    "server_of",
    "verify",
]

__getattr__ = lazy_exports(
    __name__,
    {
        "ptb_bucket.tools.verification.effort": ("FULL_EFFORT", "QUICK_EFFORT", "Effort"),
        "ptb_bucket.tools.verification.report": ("ROW_HEAD", "Verification"),
        "ptb_bucket.tools.verification.told": ("server_of",),
        "ptb_bucket.tools.verification.verifying": ("Plan", "plan_verification", "verify"),
    },
)
