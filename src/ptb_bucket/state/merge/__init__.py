"""The three-way merge of records, and the update of live objects in place."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ptb_bucket._lazy import lazy_exports
from ptb_bucket.state.merge.callback_data import trim_callback_data
from ptb_bucket.state.merge.records import Decision, RecordMerger, ResolverError, drop_blocked, merge_failed
from ptb_bucket.state.merge.resolvers import MISSING, Conflict, Resolver, add_differences, keep_ours, keep_theirs

if TYPE_CHECKING:
    from ptb_bucket.state.merge.live import update_in_place

__all__ = [
    "MISSING",
    "Conflict",
    "Decision",
    "RecordMerger",
    "Resolver",
    "ResolverError",
    "add_differences",
    "drop_blocked",
    "keep_ours",
    "keep_theirs",
    "merge_failed",
    "trim_callback_data",
    "update_in_place",
]

__getattr__ = lazy_exports(
    __name__,
    {
        "ptb_bucket.state.merge.live": ("update_in_place",),
    },
)
