"""Due keys: names of empty objects that say when to look at a timer.

A due key is ``timers/due/20261127T090000Z/user_data/42/reminder/3.9f2c61d0``: the second in which the timer is due, its
owner, its ID, and the generation and the nonce of this due time. The names sort by time, so one listing finds what is
due.
"""

from __future__ import annotations

import math
import re
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Final, NamedTuple

from ptb_bucket.errors import CannotStoreError, CorruptDocumentError
from ptb_bucket.state.document import escaped, is_name, unescaped
from ptb_bucket.state.records import Kind, Record

if TYPE_CHECKING:
    from ptb_bucket.state.timers.timer import Timer

__all__ = ["DUE_FOLDER", "DueKey", "ListedKey", "due_key"]

DUE_FOLDER: Final = "timers/due/"
"""The folder of all due keys, below the bot's prefix."""

_FORMAT: Final = "%Y%m%dT%H%M%SZ"
_PARTS: Final = (slice(4), slice(4, 6), slice(6, 8), slice(9, 11), slice(11, 13), slice(13, 15))
_TIME: Final = re.compile(r"[0-9]{8}T[0-9]{6}Z")
_ARMING: Final = re.compile(r"([1-9][0-9]{0,17})\.([0-9a-f]{1,64})")
_DIGEST: Final = "=="
"""The beginning of the name of a long ID, which cannot be read from the name."""


class DueKey(NamedTuple):
    """The parts of a due key.

    Args:
        due: The second in which its timer is due, since the epoch; rounded up, so that the timer is due when it is.
        record: The record of the timer.
        generation: The generation of the due time.
        nonce: Its random text.
    """

    due: int
    record: Record
    generation: int
    nonce: str

    @property
    def key(self) -> str:
        """The name of the object."""
        owner, timer_id = self.record.timer
        second = datetime.fromtimestamp(self.due, timezone.utc).strftime(_FORMAT)
        names = second, owner.kind.value, escaped(owner.id), escaped(timer_id), f"{self.generation}.{self.nonce}"
        return DUE_FOLDER + "/".join(names)

    @property
    def can_be_read(self) -> bool:
        """Tell whether :meth:`parse` makes this key of its name. The key is one that :func:`due_key` has returned."""
        owner, timer_id = self.record.timer
        is_named = _ARMING.fullmatch(f"{self.generation}.{self.nonce}") and not escaped(owner.id).startswith(_DIGEST)
        return bool(is_named) and Record.of_timer(owner, timer_id) == self.record

    @classmethod
    def parse(cls, key: str) -> DueKey | None:
        """Return the parts of a due key; None if it is not one that :attr:`key` makes."""
        try:
            second, kind, owner_id, timer_id, arming = key.removeprefix(DUE_FOLDER).split("/")
            found = _TIME.fullmatch(second), _ARMING.fullmatch(arming)
            if not key.startswith(DUE_FOLDER) or None in found or not (is_name(owner_id) and is_name(timer_id)):
                return None
            record = Record.of_timer(Record(Kind(kind), unescaped(owner_id)), unescaped(timer_id))
            assert record.timer  # noqa: S101  raises if no timer has such an owner
            generation, _, nonce = arming.partition(".")
            return cls(_epoch(second), record, int(generation), nonce)
        except (ValueError, CorruptDocumentError):
            return None


class ListedKey(NamedTuple):
    """A due key that was found.

    Args:
        key: The due key.
        written: When it was written by the store's clock, in seconds since the epoch; None if the store does not say.
    """

    key: DueKey
    written: float | None


def due_key(record: Record, timer: Timer) -> DueKey | None:
    """Return the due key of a timer; None if nobody has to look at it.

    Raises:
        CannotStoreError: The timer's ID is too long, or its due time is not in the years 1970 to 9999.
    """
    if not timer.is_armed or timer.due is None:
        return None
    if escaped(record.timer[1]).startswith(_DIGEST):
        raise CannotStoreError("a timer ID can have at most 200 characters", record=record.label)
    try:
        due = max(0, math.ceil(timer.due))
        datetime.fromtimestamp(due, timezone.utc)
    except (ValueError, OverflowError, OSError):
        raise CannotStoreError("the time must be between the years 1970 and 9999", record=record.label) from None
    return DueKey(due, record, timer.generation, timer.nonce)


def _epoch(second: str) -> int:
    year, month, day, hours, minutes, seconds = (int(second[at]) for at in _PARTS)
    return int(datetime(year, month, day, hours, minutes, seconds, tzinfo=timezone.utc).timestamp())
