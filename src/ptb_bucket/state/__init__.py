"""The state engine: records, the three-way merge, documents, layouts, and the replica that commits and refreshes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ptb_bucket._lazy import lazy_exports
from ptb_bucket.state.records import (
    AFTER,
    ANY_TIMER,
    BOT_DATA,
    BROADCAST,
    CALLBACK_QUERIES,
    EFFECT,
    HANDLED,
    HANDLED_LIMIT,
    MANY_TIMERS,
    OWNERS,
    ConversationKey,
    Kind,
    Record,
    first_labels,
)

if TYPE_CHECKING:
    from ptb_bucket.state.broadcasts import (
        BROADCASTS,
        GONE,
        Broadcast,
        BroadcastState,
        Journals,
        is_journal,
    )
    from ptb_bucket.state.commit import Metrics, WriterIdentity, timer_of, timer_outline
    from ptb_bucket.state.document import LAYOUTS, Layout, UnknownSections, check_id, open_layout
    from ptb_bucket.state.merge import (
        MISSING,
        Conflict,
        RecordMerger,
        Resolver,
        add_differences,
        keep_ours,
        keep_theirs,
    )
    from ptb_bucket.state.offline import Archive, CommitInfo, Draft, Entry, Part
    from ptb_bucket.state.replica import DocumentSet, GroupCommit, Readable, Replica
    from ptb_bucket.state.spool import Origin, Spool, SpoolFiles

__all__ = [
    "AFTER",
    "ANY_TIMER",
    "BOT_DATA",
    "BROADCAST",
    "BROADCASTS",
    "CALLBACK_QUERIES",
    "EFFECT",
    "GONE",
    "HANDLED",
    "HANDLED_LIMIT",
    "LAYOUTS",
    "MANY_TIMERS",
    "MISSING",
    "OWNERS",
    "Archive",
    "Broadcast",
    "BroadcastState",
    "CommitInfo",
    "Conflict",
    "ConversationKey",
    "DocumentSet",
    "Draft",
    "Entry",
    "GroupCommit",
    "Journals",
    "Kind",
    "Layout",
    "Metrics",
    "Origin",
    "Part",
    "Readable",
    "Record",
    "RecordMerger",
    "Replica",
    "Resolver",
    "Spool",
    "SpoolFiles",
    "UnknownSections",
    "WriterIdentity",
    "add_differences",
    "check_id",
    "first_labels",
    "is_journal",
    "keep_ours",
    "keep_theirs",
    "open_layout",
    "timer_of",
    "timer_outline",
]

__getattr__ = lazy_exports(
    __name__,
    {
        "ptb_bucket.state.broadcasts": (
            "BROADCASTS",
            "GONE",
            "Broadcast",
            "BroadcastState",
            "Journals",
            "is_journal",
        ),
        "ptb_bucket.state.commit": ("Metrics", "WriterIdentity", "timer_of", "timer_outline"),
        "ptb_bucket.state.document": ("LAYOUTS", "Layout", "UnknownSections", "check_id", "open_layout"),
        "ptb_bucket.state.merge": (
            "MISSING",
            "Conflict",
            "RecordMerger",
            "Resolver",
            "add_differences",
            "keep_ours",
            "keep_theirs",
        ),
        "ptb_bucket.state.offline": ("Archive", "CommitInfo", "Draft", "Entry", "Part"),
        "ptb_bucket.state.replica": ("DocumentSet", "GroupCommit", "Readable", "Replica"),
        "ptb_bucket.state.spool": ("Origin", "Spool", "SpoolFiles"),
    },
)
