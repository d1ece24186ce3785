"""Old versions: list them, and restore a bot's state from them."""

from __future__ import annotations

from ptb_bucket.tools.versions.explain import Explanation, OtherCommit, Touch, explain
from ptb_bucket.tools.versions.history import Past, history
from ptb_bucket.tools.versions.restore import (
    UPDATE_INTERVAL,
    Restoring,
    plan_rescue,
    plan_restore,
    plan_version,
    restore,
)

__all__ = [
    "UPDATE_INTERVAL",
    "Explanation",
    "OtherCommit",
    "Past",
    "Restoring",
    "Touch",
    "explain",
    "history",
    "plan_rescue",
    "plan_restore",
    "plan_version",
    "restore",
]
