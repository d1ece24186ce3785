"""Old versions: list them, and restore a bot's state from them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ptb_bucket._lazy import lazy_exports

if TYPE_CHECKING:
    from ptb_bucket.tools.versions.explanation import Explanation, OtherCommit, Touch, explain
    from ptb_bucket.tools.versions.of_record import (
        LastChange,
        RecordVersion,
        last_changes,
        record_versions,
        restore_record,
    )
    from ptb_bucket.tools.versions.past import Past, history
    from ptb_bucket.tools.versions.restoring import (
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
    "LastChange",
    "OtherCommit",
    "Past",
    "RecordVersion",
    "Restoring",
    "Touch",
    "explain",
    "history",
    "last_changes",
    "plan_rescue",
    "plan_restore",
    "plan_version",
    "record_versions",
    "restore",
    "restore_record",
]

__getattr__ = lazy_exports(
    __name__,
    {
        "ptb_bucket.tools.versions.explanation": ("Explanation", "OtherCommit", "Touch", "explain"),
        "ptb_bucket.tools.versions.past": ("Past", "history"),
        "ptb_bucket.tools.versions.of_record": (
            "LastChange",
            "RecordVersion",
            "last_changes",
            "record_versions",
            "restore_record",
        ),
        "ptb_bucket.tools.versions.restoring": (
            "UPDATE_INTERVAL",
            "Restoring",
            "plan_rescue",
            "plan_restore",
            "plan_version",
            "restore",
        ),
    },
)
