"""From PTB's memory to the replica: what handlers have changed is staged for the next commit."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from copy import deepcopy
from typing import TYPE_CHECKING, Any

from ptb_bucket.errors import PTBBucketError
from ptb_bucket.state import BOT_DATA, MISSING, Kind, Record

if TYPE_CHECKING:
    from collections.abc import Collection

    from ptb_bucket.application.sync.live_data import LiveData
    from ptb_bucket.application.sync.migration import Migration
    from ptb_bucket.application.sync.overridden import Call, Overridden
    from ptb_bucket.session import Session

__all__ = ["Stager"]


class Stager:
    """Stages what PTB has marked.

    Args:
        live: The live objects.
        session: The state in the bucket.
        overridden: The methods of the persistence that a subclass overrides.
        migration: Knows which chats this process moved.
    """

    def __init__(self, live: LiveData, session: Session, overridden: Overridden, migration: Migration) -> None:
        self._live, self._session, self._overridden, self._migration = live, session, overridden, migration

    def take(self, busy: Collection[Record]) -> tuple[list[Call], list[Exception]]:
        """Stage everything that has changed, at one moment: nothing is awaited.

        Args:
            busy: Records that are left for the next time.

        Returns:
            Calls of methods that a subclass overrides, each with a copy of its value, and errors of copying.
        """
        calls: list[Call] = []
        errors: list[Exception] = []
        is_own = self._overridden.is_any
        for record, value in self._changes(busy):
            if not is_own:
                self._stage(record, value)
                continue
            try:
                if (call := self._call_of(record, value)) is None:
                    self._stage(record, value)
                else:
                    calls.append(call)
            except Exception as error:  # noqa: BLE001  a class of the bot's own cannot be copied: it costs this record
                errors.append(error)
        self._take_keyboards(calls, errors)
        return calls, errors

    async def await_calls(self, calls: list[Call]) -> list[Exception]:
        """Await what a subclass overrides, all at once as PTB does; an error costs only the value of its method."""
        with self._session.stages_only():
            done = await asyncio.gather(*(_awaited(call) for call in calls), return_exceptions=True)
        return [error for error in done if isinstance(error, Exception)]

    def _call_of(self, record: Record, value: Any) -> Call | None:
        """Return a call of the method that a subclass overrides, with a copy as PTB makes it; None for no such one."""
        if value is MISSING:
            return self._overridden.drop(record)
        update = self._overridden.update(record)
        return update and update(deepcopy(value))

    def _changes(self, busy: Collection[Record]) -> list[tuple[Record, Any]]:
        """Take what PTB would save now: bot_data, and the records that it has marked. MISSING drops a record."""
        found: list[tuple[Record, Any]] = []
        kinds = self._live.replica.documents.kinds
        if Kind.BOT in kinds and BOT_DATA not in busy:
            found.append((BOT_DATA, self._live.peek(BOT_DATA)))
        for kind in (Kind.CHAT, Kind.USER):
            if kind in kinds:
                self._add_marked(kind, busy, found)
        for record, state in self._live.conversations.take(busy):
            found.append((record, MISSING if state is None else state))
        return found

    def _add_marked(self, kind: Kind, busy: Collection[Record], found: list[tuple[Record, Any]]) -> None:
        """Take what is marked of one kind. Data that was added after a drop is saved, too; PTB forgets it."""
        pending = self._live.pending
        marked = pending.take(kind, busy)
        found += [(record, MISSING) for record in sorted(marked.dropped)]
        for record in sorted(marked.used | marked.dropped):  # not in the order of their hashes
            live = pending.peek(record)  # a mark on a record that nobody has loaded means nothing
            if live is not MISSING and not (record in marked.dropped and record in self._migration):
                found.append((record, live))

    def _take_keyboards(self, calls: list[Call], errors: list[Exception]) -> None:
        keyboards = self._live.keyboards
        if keyboards is None or not self._live.is_stored(Kind.CALLBACK):
            return
        method = self._overridden.callback_data()
        if method is None:
            self._live.use(keyboards.stage(self._live.replica, self._stage))
            return
        try:
            calls.append(method(deepcopy(keyboards.contents())))
        except Exception as error:  # noqa: BLE001  as above
            errors.append(error)

    def _stage(self, record: Record, value: Any) -> None:
        """Stage a value. If it cannot be stored, ``replica.unstorable`` keeps the error, and `Sync` reports it."""
        with suppress(PTBBucketError):
            self._live.replica.stage(record, value)


async def _awaited(call: Call) -> None:
    await call()
