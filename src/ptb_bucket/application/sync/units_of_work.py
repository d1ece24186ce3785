"""Units of work: an update's effects are saved together with its ID, even while other updates are being handled."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from contextvars import ContextVar
from dataclasses import field
from typing import TYPE_CHECKING, Final

from ptb_bucket._dataclass import dataclass
from ptb_bucket.state import Record

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterable

    from ptb_bucket.session import Session

__all__ = ["Unit", "Units", "records_in"]

_LOGGER = logging.getLogger("ptb_bucket.application")

PATIENCE: Final = 1.0
"""Seconds that a save waits for other handlers that use the same data, so that one slow handler does not stop all."""


@dataclass(eq=False)
class Unit:
    """An update or a run of a timer, which is being handled or has been.

    Args:
        id: The update's ID, or the occurrence of a timer; None for work that is never delivered again.
        records: The records that its handlers may change.
        end: Called with it when its effects are staged: stages that it is done.
        withdraws: Its changes are taken back when they are staged: it is to be done again.
    """

    id: int | str | None
    records: set[Record] = field(default_factory=set)
    end: Callable[[Unit], None] | None = None
    withdraws: bool = False


def records_in(units: Iterable[Unit]) -> set[Record]:
    """Return the records that units may change, or have changed."""
    return set[Record]().union(*(unit.records for unit in units))


class Units:
    """The units that run, and those that have ended and are not staged yet.

    Saves of other units leave out the records that a running unit may change. A record that an ended and a running unit
    share, such as bot_data, cannot be divided: the save waits until the running ones have ended, and no new one begins
    meanwhile.

    Args:
        session: Its replica notes which updates run, and on which records.
        changed: Tells whether a record has changes that are not staged.
    """

    def __init__(self, session: Session, changed: Callable[[Record], bool]) -> None:
        self._session, self._changed = session, changed
        self._running: set[Unit] = set()
        self._ended: list[Unit] = []
        self._inside: ContextVar[frozenset[Unit]] = ContextVar("inside", default=frozenset())
        self._settling = 0
        self._waiters: dict[asyncio.Future[None], None] = {}
        self._warned = False

    @contextlib.asynccontextmanager
    async def run(
        self, unit_id: int | str | None, records: Iterable[Record], end: Callable[[Unit], None] | None = None
    ) -> AsyncIterator[Unit]:
        """Handle one update inside, or run one timer.

        If that raises, it does not count as done. If it sets ``withdraws``, the next save also takes its changes back.

        Args:
            unit_id: The update's ID or the timer's occurrence; None for work that is done once anyway.
            records: The records that its handlers can see.
            end: Stages that it is done, together with its effects.
        """
        while self._settling and not self._inside.get():
            await self._wait_for_change()
        unit = Unit(unit_id, set(records), end)
        token = self._inside.set(self._inside.get() | {unit})
        self._running.add(unit)
        if unit.id is not None:
            self._session.replica.units.begin(unit.id, unit.records)
        try:
            yield unit
            self._ended.append(unit)
        except BaseException:
            if unit.id is not None:
                self._session.replica.units.end(unit.id)
            raise
        finally:
            self._running.discard(unit)
            self._inside.reset(token)
            self._wake()

    def withdraw(self, unit: Unit, unit_id: int) -> None:
        """Take back all changes of a running unit when they are staged.

        Args:
            unit: The unit.
            unit_id: The ID that it gets if it has none, so that its changes can be found.
        """
        unit.withdraws = True
        if unit.id is None:
            unit.id = unit_id
            self._session.replica.units.begin(unit_id, unit.records)

    def staged(self, unit: Unit) -> None:
        """End a unit whose changes are staged now: note that it is done, or take its changes back."""
        if not unit.withdraws:
            if unit.end:
                unit.end(unit)
        elif unit.id is not None:
            self._session.replica.units.withdraw(unit.id)

    def claim(self, records: Iterable[Record]) -> None:
        """Note that the units inside which this is called may change more records."""
        found = set(records)
        for unit in self._inside.get() & self._running:
            unit.records |= found
            if unit.id is not None:
                self._session.replica.units.extend(unit.id, unit.records)

    @contextlib.asynccontextmanager
    async def settled(self) -> AsyncIterator[None]:
        """Inside, no running unit shares a changed record with an ended one, unless one takes longer than a second."""
        self._settling += 1
        try:
            await self._settle()
            yield
        finally:
            self._settling -= 1
            self._wake()

    async def _settle(self) -> None:
        until = asyncio.get_running_loop().time() + PATIENCE
        while shared := self._shared():
            left = until - asyncio.get_running_loop().time()
            if left <= 0:
                self._warn(shared)
                return
            await self._wait_for_change(left)

    def _shared(self) -> set[Record]:
        shared = records_in(self._ended) & self.busy(self._inside.get())
        return {record for record in shared if self._changed(record)}

    def busy(self, besides: Iterable[Unit] = ()) -> set[Record]:
        """Return the records that running units may change, without those of ``besides``."""
        return records_in(self._running.difference(besides)) if self._running else set()

    def abandon(self) -> None:
        """Stop waiting for running units, and leave nothing out of saves any more: this process ends."""
        self._running.clear()

    def take(self) -> list[Unit]:
        """Return the units that have ended since the last call; the caller stages their effects now."""
        ended, self._ended = self._ended, []
        return ended

    async def _wait_for_change(self, seconds: float | None = None) -> None:
        """Wait until a unit has ended, or a save no longer waits."""
        waiter = asyncio.get_running_loop().create_future()
        self._waiters[waiter] = None
        try:
            await asyncio.wait({waiter}, timeout=seconds)
        finally:
            self._waiters.pop(waiter, None)

    def _wake(self) -> None:
        for waiter in self._waiters:
            if not waiter.done():
                waiter.set_result(None)

    def _warn(self, shared: set[Record]) -> None:
        if not self._warned:
            self._warned = True
            _LOGGER.warning(
                "%s was saved while a handler that may change it was still running after %g s. If this process is "
                "killed before the handler finishes, the update will be handled again and the saved changes may be "
                "applied twice.",
                ", ".join(sorted(record.label for record in shared)),
                PATIENCE,
            )
