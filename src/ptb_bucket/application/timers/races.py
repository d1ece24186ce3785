"""An update that answers at the moment when its conversation times out: exactly one of the two happens."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

from ptb_bucket.application.timers.pending_timers import nonce
from ptb_bucket.state import MISSING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ptb_bucket.application.sync import Sync
    from ptb_bucket.application.timers.pending_timers import PendingTimers
    from ptb_bucket.state import Record
    from ptb_bucket.state.timers import Timer

__all__ = ["TimeoutRace"]

CLOSE: Final = 10.0
"""Seconds before its time from which a timeout may be decided by another clock, before an update is saved."""
HELD: Final = 60.0
"""Seconds for which an update keeps a timeout that it is about to cancel."""


class TimeoutRace:
    """The timeouts of an update's conversations, as they were before its handlers.

    A timeout's run decides in one write to its timer that it takes place, and an update that changes a timer at that
    moment writes the timer before its data. The store accepts one of the two writes first, and the other side sees it.

    Args:
        sync: Saves.
        pending: The timers that handlers have changed.
        update: The update.
        before: The timeouts.
    """

    def __init__(self, sync: Sync, pending: PendingTimers, update: object, before: Mapping[Record, Timer]) -> None:
        self._sync, self._pending, self._update, self._before = sync, pending, update, before
        self._were_known = {record for record in before if pending.stored(record) is not None}

    async def is_lost(self) -> bool:
        """Tell, after the handlers, whether one of the conversations has timed out, or was ended elsewhere.

        This costs a request only if a conversation that the handlers have moved on is about to time out, or is overdue.

        Raises:
            UnsavedError: A timer could not be written, so it is not known.
        """
        changed = {record: timer for record in self._before if (timer := self._moved(record)) is not None}
        if not changed:
            return False
        lost = self._is_any_lost(changed)
        if not lost:
            for record, timer in changed.items():
                self._sync.live.replica.stage(record, timer.to_value())
            await self._sync.commit_staged(self._update)
            lost = self._is_any_lost(changed)
        if lost:
            for record in changed:
                self._pending.take_change(record)
        return lost

    def _moved(self, record: Record) -> Timer | None:
        """Return what a timeout becomes that the handlers have changed and that is about to be due; None otherwise."""
        before, after = self._before[record], self._pending.change_of(record)
        if after is MISSING or before.due is None or before.due > time.time() + CLOSE:
            return None
        if record not in self._were_known and self._pending.stored(record) is None:
            return None  # its own change is not saved yet, so no other instance knows it
        if after is None:  # the conversation has ended; the timer is removed with the change of its state
            return before.rearmed(time.time() + HELD, nonce(), revision=before.revision + 1)
        moved: Timer = after
        return moved

    def _is_any_lost(self, records: Mapping[Record, Timer]) -> bool:
        return any(self._is_lost(record) for record in records)

    def _is_lost(self, record: Record) -> bool:
        there = self._pending.stored(record)
        return there is None or there.decided not in (None, self._before[record].decided)
