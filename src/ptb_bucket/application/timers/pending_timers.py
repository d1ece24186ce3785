"""Timers that handlers and jobs have added, changed or removed, until they are saved with the data around them."""

from __future__ import annotations

import contextlib
import secrets
import time
from contextvars import ContextVar
from datetime import timezone
from typing import TYPE_CHECKING, Any

from ptb_bucket.state import MISSING, Record
from ptb_bucket.state.timers import Timer

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator
    from datetime import tzinfo

    from ptb_bucket.application.sync import Sync

__all__ = ["PendingTimers", "nonce"]


def nonce() -> str:
    """Return random text for a due key or a claim."""
    return secrets.token_hex(4)


def _ignore(record: Record, timer: Timer | None) -> None:
    del record, timer


class PendingTimers:
    """The timers of one application, as its handlers see them.

    A change is staged together with the data of the handler that made it, so that one commit carries both.

    Args:
        sync: The application's memory and the replica.
    """

    def __init__(self, sync: Sync) -> None:
        self._sync = sync
        self._changed: dict[Record, Timer | None] = {}
        self._visible: ContextVar[tuple[Record, ...] | None] = ContextVar("visible", default=None)
        self._running: ContextVar[Record | None] = ContextVar("running", default=None)
        self.zone: tzinfo = timezone.utc
        """The time zone of due times that handlers see."""
        self.on_change: Callable[[Record, Timer | None], None] = _ignore
        """Called with each timer that was added, changed or removed."""

    def put(self, record: Record, timer: Timer | None) -> None:
        """Add or change a timer; None removes it.

        Raises:
            CannotStoreError: The timer's data cannot be stored. Nothing is changed.
        """
        if timer is not None:
            self._sync.live.replica.documents.merger.encode(record, timer.to_value())
        self._changed[record] = timer
        if record != self._running.get():  # a run ends its own timer in a separate step
            self._sync.units.claim([record])
        self.on_change(record, timer)

    def get(self, record: Record) -> Timer | None:
        """Return a timer with the changes that are not saved yet; None if there is none, as far as is known here."""
        return self._changed[record] if record in self._changed else self.stored(record)

    def replacing(self, record: Record, timer: Timer) -> Timer:
        """Return a new timer as the replacement of one with the same ID, also if no instance here has read that one.

        Its revision is newer than those of all timers before it, by the clock if they are not known.
        """
        before, revision = self.get(record), int(time.time() * 1000)
        if before is None:
            return timer.but(revision=revision)
        return timer.but(revision=max(revision, before.revision + 1), generation=before.generation + 1)

    def stored(self, record: Record) -> Timer | None:
        """Return a timer as it was read or staged last.

        Raises:
            UnreadableRecordError: It cannot be decoded.
        """
        value = self._sync.live.replica.values.load(record)
        return None if value is MISSING else Timer.from_value(value)

    def is_unsaved(self, record: Record) -> bool:
        """Tell whether a timer has changes that are not durable."""
        return record in self._changed or record in self._sync.live.replica.pending

    @contextlib.contextmanager
    def inside(self, owners: Iterable[Record], running: Record | None = None) -> Iterator[None]:
        """Inside, a handler or job is at work that may see the timers of some owners.

        Args:
            owners: The owners.
            running: The timer that runs.
        """
        visible, own = self._visible.set(tuple(owners)), self._running.set(running)
        try:
            yield
        finally:
            self._running.reset(own)
            self._visible.reset(visible)

    @property
    def visible(self) -> list[Record] | None:
        """The timers that the present handler or job may see: all of its owners'; None outside of one."""
        owners = self._visible.get()
        return None if owners is None else self.of(owners)

    def change_of(self, record: Record) -> Any:
        """Return an unsaved change of a timer: the timer, None if it was removed, or MISSING if there is none."""
        return self._changed.get(record, MISSING)

    def take_change(self, record: Record) -> Any:
        """Return and forget an unsaved change of a timer; MISSING if there is none."""
        return self._changed.pop(record, MISSING)

    def of(self, owners: Iterable[Record]) -> list[Record]:
        """Return the timers of some owners, those included that are not saved yet."""
        wanted = list(dict.fromkeys(owners))
        stored = [record for owner in wanted for record in self._sync.live.replica.timers.of(owner)]
        changed = [record for record in self._changed if record.timer[0] in wanted]
        return [
            record for record in dict.fromkeys([*stored, *changed]) if self._changed.get(record, record) is not None
        ]

    def take(self, busy: Collection[Record] = ()) -> list[tuple[Record, Any]]:
        """Take the changes to stage, without those of work that goes on; MISSING for a timer that was removed."""
        taken = [record for record in self._changed if record not in busy]
        found = ((record, self._changed.pop(record)) for record in taken)
        return [(record, MISSING if timer is None else timer.to_value()) for record, timer in found]
