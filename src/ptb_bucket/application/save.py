"""What an application holds in memory, and its way to the bucket; its way from there is below, in ``_refreshed.py``."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from copy import deepcopy
from functools import cached_property
from typing import TYPE_CHECKING, Any

from ptb_bucket.session import STAGING
from ptb_bucket.application.load import Refreshed
from ptb_bucket.application.units import records_in
from ptb_bucket.application.ptb import contents_of
from ptb_bucket.errors import PTBBucketError
from ptb_bucket.state import BOT_DATA, MISSING, Kind, Record

if TYPE_CHECKING:
    from collections.abc import Collection

    from ptb_bucket.application.overridden import Call
    from ptb_bucket.state import GroupCommit

__all__ = ["Memory"]


class Memory(Refreshed):
    """Stages the live data of one application, and lets go of what was not used for long.

    It is made as :class:`Refreshed` is.
    """

    @cached_property
    def _moved(self) -> dict[Record, Record]:
        """Chats whose data this process moved, and to where."""
        return {}

    @cached_property
    def group(self) -> GroupCommit:
        """Its commits."""
        return self.backstage.opened.group

    @property
    def unsaved(self) -> str:
        """What is not durable, by name."""
        return ", ".join(sorted(record.label for record in self.replica.pending)[:10]) or "what handlers changed last"

    def would_lose(self, old: Record, new: Record) -> bool:
        """Return whether moving one chat's data to another would only replace data: it is moved already, or empty."""
        return self._holds(new) and (not self._holds(old) or self._moved.get(old) == new)

    def moved(self, old: Record, new: Record) -> None:
        """The application moved a chat's data. What is put there anew is not saved: that chat is over."""
        self._moved.pop(new, None)
        self._moved[old] = new
        self.units.claim([old, new])

    def _holds(self, record: Record) -> bool:
        """Whether there is data of a chat or user here that is not just the empty default, or cannot be read."""
        if record in self.replica.unreadable:
            return True
        try:
            return self._is_live(record) and self.replica.merger.encode(record, self._live(record)) is not None
        except Exception:  # noqa: BLE001  what cannot be stored is not empty
            return True

    def move_unreadable(self, old: Record, new: Record) -> bool:
        """Move a chat's data as it is, if it cannot be decoded; return whether it was. Raises as ``Replica.move``."""
        if self._is_stored(Kind.CHAT):
            self.replica.check_readable(new)
        return self._is_stored(Kind.CHAT) and self.replica.move(old, new)

    def note_keyboards(self) -> None:
        """Note that PTB has loaded its cache of callback data from the bucket."""
        if self._keyboards and self._stored.callback_data:
            self._keyboards.loaded()

    def commits_at(self, save: str) -> bool:
        """Whether what is staged is also committed: not for a persistence that saves on flush only."""
        return save == "update" or not self._persistence.on_flush

    async def stage(self) -> list[Exception]:
        """Stage all that PTB has marked, and the ids of the updates whose effects it is.

        What a running unit may change waits until it has ended. The caller makes sure that no commit begins meanwhile.
        Nothing is awaited before all of it is taken, so that what is staged is what was there at one moment.

        Returns:
            What methods of the persistence raised that a subclass overrides.
        """
        self._let_go()
        ended = self.units.take()
        busy = self.units.busy()
        calls, errors = self._take(busy and busy - records_in(ended))
        if calls:
            errors += await self._call(calls)
        for unit in ended:
            if unit.id is not None:
                self.replica.stage_handled(unit.id, unit.records)
        return errors

    @staticmethod
    async def _call(calls: list[Call]) -> list[Exception]:
        """Await what a subclass overrides, all at once as PTB does; a method's error costs only what it was given."""
        token = STAGING.set(True)
        try:
            done = await asyncio.gather(*(_awaited(call) for call in calls), return_exceptions=True)
        finally:
            STAGING.reset(token)
        return [error for error in done if isinstance(error, Exception)]

    def _take(self, busy: Collection[Record]) -> tuple[list[Call], list[Exception]]:
        """Stage what has changed; what a subclass wants to see is copied, and returned as calls of its methods."""
        calls: list[Call] = []
        errors: list[Exception] = []
        is_own = self.overridden.is_any
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

    def _call_of(self, record: Record, value: Any) -> Call | None:
        """Return a call of the method that a subclass overrides, with a copy as PTB makes it; None for no such one."""
        if value is MISSING:
            return self.overridden.drop(record)
        update = self.overridden.update(record)
        return update and update(deepcopy(value))

    def _changes(self, busy: Collection[Record]) -> list[tuple[Record, Any]]:
        """Take what PTB would save now: bot data, and the records that it has marked. MISSING drops a record.

        Busy records are left for the next time.
        """
        stored = self._stored
        found: list[tuple[Record, Any]] = []
        if stored.bot_data and BOT_DATA not in busy:
            found.append((BOT_DATA, self._application.bot_data))
        for kind, is_stored in ((Kind.CHAT, stored.chat_data), (Kind.USER, stored.user_data)):
            if is_stored:
                self._add_marked(kind, busy, found)
        for record, state in self.conversations.take(busy):
            found.append((record, MISSING if state is None else state))
        return found

    def _add_marked(self, kind: Kind, busy: Collection[Record], found: list[tuple[Record, Any]]) -> None:
        """Take what is marked of one kind. What was put where something was dropped is saved, too; PTB forgets it."""
        used, dropped = self.pending.take(kind, busy)
        found += [(record, MISSING) for record in dropped]
        for record in used | dropped:
            live = self.pending.peek(record)  # a mark on what nobody has loaded means nothing
            if live is not MISSING and not (record in dropped and record in self._moved):
                found.append((record, live))

    def _take_keyboards(self, calls: list[Call], errors: list[Exception]) -> None:
        if not self._stored.callback_data or self._keyboards is None:
            return
        method = self.overridden.callback_data()
        if method is None:
            for record in self._keyboards.stage(self.replica, self._stage):
                self._use(record)
            return
        try:
            calls.append(method(deepcopy(contents_of(self._keyboards.cache))))
        except Exception as error:  # noqa: BLE001  as above
            errors.append(error)

    def _stage(self, record: Record, value: Any) -> None:
        """What cannot be stored is kept in ``replica.unstorable``, from where it is reported; the rest is staged."""
        with suppress(PTBBucketError):
            self.replica.stage(record, value)

    # ---------------------------------------------------------------- what need not be here

    def _let_go(self) -> None:
        """Let go of what was not used for long."""
        for record in [one for one in self.recent.surplus() if self._forget(one)]:
            self.recent.gone(record)
            if record.kind in (Kind.CHAT, Kind.USER):
                self.pending.forget(record)

    def _forget(self, record: Record) -> bool:
        if record.kind is Kind.CONVERSATION:
            return self.conversations.let_go(record, self.replica)
        if record.kind is Kind.CALLBACK:
            return not (self._keyboards and self._keyboards.holds(record)) and self.replica.forget(record)
        return self._is_saved(record) and self.replica.forget(record)

    def _is_saved(self, record: Record) -> bool:
        live = self.pending.peek(record)
        if live is MISSING:
            return True
        if self.overridden.update(record) is not None:  # it need not be what is stored
            return not self.pending.is_marked(record)
        return self.replica.is_held(record, live)


async def _awaited(call: Call) -> None:
    await call()
