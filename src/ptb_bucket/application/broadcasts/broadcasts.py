"""Broadcasts: each has a journal, and a timer of the bot that drives it, on one instance at a time."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any, Final

from ptb_bucket.application.broadcasts.progress import ProgressBar
from ptb_bucket.application.broadcasts.sending import PER_SECOND, Pace, Segment
from ptb_bucket.application.timers import Drive
from ptb_bucket.errors import ConfigurationError, RefusedError
from ptb_bucket.state import BOT_DATA, BROADCAST, GONE, Journals, Record

if TYPE_CHECKING:
    from collections.abc import AsyncIterable, Callable, Iterable

    from telegram.ext import Application

    from ptb_bucket.application.sync import Sync
    from ptb_bucket.application.timers import BucketTimers
    from ptb_bucket.state import Broadcast, BroadcastState

__all__ = ["Broadcasts"]

SEGMENT: Final = 100
"""People between two writes of the journal: at most so many get a message twice after a kill."""
LOOK: Final = 2.0
"""Seconds between two looks at a broadcast that another instance is driving."""
SHORT: Final = 20.0
"""Seconds after which a run ends where nothing runs between updates; the next tick goes on."""
LATER: Final = 300.0
"""Seconds between two looks at a broadcast that is paused."""
TURN: Final = 15.0
"""Seconds until the next try of a broadcast that waits for another one, because both share Telegram's limits."""


class Broadcasts:
    """The broadcasts of one application.

    Args:
        application: The application whose functions send.
        sync: Saves the timers, and has the store.
        timers: Run a broadcast on one instance at a time.
    """

    def __init__(
        self, application: Application[Any, Any, Any, Any, Any, Any], sync: Sync, timers: BucketTimers
    ) -> None:
        self._application, self._sync, self._timers = application, sync, timers
        self.segment = SEGMENT
        self._pace: Pace | None = None

    @property
    def journals(self) -> Journals:
        """The journals in the bucket, as one task sees them: its writes replace only what it has read itself."""
        return Journals(self._sync.live.replica.documents.store)

    # ---------------------------------------------------------------- beginning

    async def begin(
        self, send: Callable[..., Any], user_ids: Iterable[int] | AsyncIterable[int], name: str
    ) -> Broadcast:
        """Begin a broadcast, or go on with the one of this name.

        Raises:
            ConfigurationError: The function is not listed, or the name is not possible.
            RefusedError: A broadcast of this name sends with another function.
        """
        callback, journals = self._timers.callbacks.name_of(send), self.journals
        found = await journals.read(name)
        if found is None:
            found = await journals.create(name, callback, await _each(user_ids))
        if found.callback != callback:
            raise RefusedError(
                f"A broadcast named {name!r} already exists. It sends with {found.callback}, not {callback}. Choose "
                "another name."
            )
        if not found.is_over:
            self._arm(name)
        return found

    def _arm(self, name: str) -> None:
        """Add the timer that drives a broadcast, unless it is there and runs."""
        record = _record(name)
        timer = self._timers.pending.get(record)
        if timer is None or timer.parked is not None:
            self._timers.drive_now(record, name)

    async def wait(self, broadcast: Broadcast) -> Broadcast:
        """Wait until a broadcast is over or paused, and show its progress in a terminal.

        Raises:
            RefusedError: Its job was parked, here or on another instance.
            StoreError, DocumentError: The bucket could not be read. The broadcast goes on where it is driven.
        """
        bar = ProgressBar()
        await self._sync.commit()
        while broadcast.state == "running":
            bar.show(broadcast)
            await self._check_driven(broadcast.name)
            await asyncio.sleep(LOOK)
            broadcast = await self.journals.read(broadcast.name) or broadcast
        bar.show(broadcast)
        bar.end()
        return broadcast

    async def _check_driven(self, name: str) -> None:
        record = _record(name)
        await self._sync.live.replica.documents.refresh([record], asyncio.get_running_loop().time())
        timer = self._timers.pending.get(record)
        if timer is not None and timer.parked is not None:
            raise RefusedError(
                f"The broadcast {name!r} stopped because its job was parked: {timer.parked}. Correct the cause, which "
                "your error handlers got, then call broadcast() with this name again."
            )

    async def turn(self, name: str, state: BroadcastState) -> Broadcast:
        """Pause, cancel or continue a broadcast.

        Raises:
            ConfigurationError: There is none of this name.
        """
        found = await self.journals.turn(name, state)
        if found is None:
            raise ConfigurationError(
                f"There is no broadcast named {name!r}. Begin it with broadcast(), or correct the name. 'ptb-bucket "
                "broadcasts URI' lists all."
            )
        if state == "running" and not found.is_over:
            self._timers.drive_now(_record(name), name)
            await self._sync.commit()
        return found

    # ---------------------------------------------------------------- driving

    async def drive(self, name: str) -> Drive:
        """Send until the broadcast is over, paused, or driven elsewhere. Called when its timer runs."""
        if self._timers.is_driving_another(_record(name)):
            return Drive.after(TURN)
        journals = self.journals
        found = await journals.read(name)
        send = None if found is None else self._timers.callbacks.find(found.callback)
        if found is None or send is None:
            raise ConfigurationError(
                f"The broadcast {name!r} can't continue because its journal was deleted or its function is not listed "
                "in callbacks=[...]."
            )
        until = time.monotonic() + (float("inf") if self._runs else SHORT)
        while found.state == "running" and found.done < found.people and time.monotonic() < until:
            found = await self._send_segment(journals, found, send)
        if found.state == "running" and found.done >= found.people:
            found = found.but(state="finished")
            found = await journals.write(found) or found
        return Drive.over() if found.is_over else Drive.after(LATER if found.state == "paused" else 1.0)

    @property
    def _runs(self) -> bool:
        runs: bool = self._application.runs  # type: ignore[attr-defined]  # a BucketApplication
        return runs

    async def _send_segment(self, journals: Journals, found: Broadcast, send: Callable[..., Any]) -> Broadcast:
        context = self._application.context_types.context(self._application)
        self._pace = self._pace or Pace(PER_SECOND)
        segment = Segment(lambda person: send(context, person), self._pace)
        people = await journals.people(found, found.done, self.segment)
        await segment.run([person for person in people if person != GONE])
        done = found.done + len(people)
        while True:
            mine = found.but(
                done=done, sent=found.sent + segment.sent, blocked=[*found.blocked, *segment.blocked],
                failed=[*found.failed, *segment.failed],
            )  # fmt: skip
            there = await journals.write(mine)
            if there is None:
                return mine
            if there.done != found.done:  # another instance has driven it since
                return there
            found = there  # paused, cancelled, or without a person who was erased since
            segment.forget_all_but(await journals.people(found, found.done, self.segment))


def _record(name: str) -> Record:
    return Record.of_timer(BOT_DATA, f"{BROADCAST}{name}")


async def _each(user_ids: Iterable[int] | AsyncIterable[int]) -> list[int]:
    """Return the IDs, each once, in their order."""
    if hasattr(user_ids, "__aiter__"):
        return list(dict.fromkeys([one async for one in user_ids]))
    return list(dict.fromkeys(user_ids))
