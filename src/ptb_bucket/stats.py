"""Figures about a bot's state: commits, requests, conflicts, unsaved records."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ptb_bucket._dataclass import dataclass
from ptb_bucket._wording import said

if TYPE_CHECKING:
    from datetime import datetime

    from ptb_bucket.state import GroupCommit, Replica
    from ptb_bucket.stores import Meter

__all__ = ["Stats", "collect_stats"]


@dataclass(frozen=True)
class Stats:
    """A snapshot; counts are since the persistence was made.

    Args:
        commits: Documents written.
        reads: GET requests, those answered "not modified" included.
        writes: PUT requests.
        lists: LIST requests.
        bytes_read: Bytes that came with the reads.
        bytes_written: Bytes that went with the writes.
        conflicts_merged: Records that both this and another instance had changed.
        conflicts_decided: Values among them that the resolver decided.
        conversations_kept: Conversation states of this instance that were superseded by the bucket's.
        unread_merged: Records that were changed without having been loaded (layout ``per-record``), and that the bucket
            had: its values stayed.
        undecidable: Writes whose outcome could no longer be determined.
        withdrawn: How often this instance withdrew what an update had changed in a record, because another instance
            had handled and saved the same update.
        retries: Waits before a write was tried again or read back.
        last_save: When the last commit became durable (UTC), None before the first.
        last_error: The error of the last commit, or of a record that cannot be stored; None if there is none. It may
            name IDs and keys of dicts, never values.
        pending: Records that are not durable, or not all of them, such as ``user_data[42]``. As long as there are any,
            ``flush()`` raises.
        unreadable: Records in the bucket that this process cannot decode, such as ``user_data[42]``. Updates that need
            them fail, and they stay in the bucket unchanged.
    """

    commits: int
    reads: int
    writes: int
    lists: int
    bytes_read: int
    bytes_written: int
    conflicts_merged: int
    conflicts_decided: int
    conversations_kept: int
    unread_merged: int
    undecidable: int
    retries: int
    last_save: datetime | None
    last_error: str | None
    pending: tuple[str, ...]
    unreadable: tuple[str, ...] = ()
    withdrawn: int = 0


def collect_stats(replica: Replica, group: GroupCommit, meter: Meter) -> Stats:
    """Collect the figures of one bot's open state.

    Args:
        replica: Counts conflicts, and knows what is pending and unreadable.
        group: Knows why the last commit failed.
        meter: Counts requests and bytes.
    """
    error = group.last_error or next(iter(replica.unstorable.values()), None)
    return Stats(
        **replica.documents.metrics.figures(),
        reads=meter.reads,
        writes=meter.writes,
        lists=meter.lists,
        bytes_read=meter.bytes_read,
        bytes_written=meter.bytes_written,
        last_error=_described(error),
        pending=tuple(sorted(record.label for record in {*replica.pending, *replica.unstorable})),
        unreadable=tuple(sorted(record.label for record in replica.values.unreadable_now())),
    )


def _described(error: Exception | None) -> str | None:
    if error is None:
        return None
    name, words = type(error).__name__, said(error)
    return name if words == name else f"{name}: {words}"
