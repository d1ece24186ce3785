"""The replica: one instance's view of a bot's state, loaded from the bucket and committed to it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ptb_bucket._lazy import lazy_exports

if TYPE_CHECKING:
    from ptb_bucket.state.replica.document_set import DocumentSet
    from ptb_bucket.state.replica.group_commit import GroupCommit
    from ptb_bucket.state.replica.replica import Replica
    from ptb_bucket.state.replica.startup import listed
    from ptb_bucket.state.replica.unreadable import Readable

__all__ = ["DocumentSet", "GroupCommit", "Readable", "Replica", "listed"]

__getattr__ = lazy_exports(
    __name__,
    {
        "ptb_bucket.state.replica.document_set": ("DocumentSet",),
        "ptb_bucket.state.replica.group_commit": ("GroupCommit",),
        "ptb_bucket.state.replica.replica": ("Replica",),
        "ptb_bucket.state.replica.startup": ("listed",),
        "ptb_bucket.state.replica.unreadable": ("Readable",),
    },
)
