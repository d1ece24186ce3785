"""What an application holds in memory, and its way to the bucket; its way from there is below, in ``_refreshed.py``."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from functools import cached_property
from typing import TYPE_CHECKING, Any

from telegram.ext import Application, PersistenceInput

from ptb_bucket._backstage import STAGED, STAGING_ONLY
from ptb_bucket.application._refreshed import Refreshed
from ptb_bucket.errors import PTBBucketError
from ptb_bucket.state import BOT_DATA, MISSING, Kind, Record

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from telegram import Update

    from ptb_bucket.state._group import GroupCommit

__all__ = ["Memory"]


class Memory(Refreshed):
    """Stages the live data of one application, and lets go of what was not used for long.

    It is made as :class:`Refreshed` is.
    """

    @cached_property
    def _dropped(self) -> set[Record]:
        """What the application dropped since the last save."""
        return set()

    @cached_property
    def _moved(self) -> dict[Record, Record]:
        """Chats whose data this process moved, and to where."""
        return {}

    @property
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
        self._dropped.discard(old)
        self._dropped.add(new)  # it may have been dropped, or moved away, since the last save
        self._moved.pop(new, None)
        self._moved[old] = new

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

    def commits_at(self, save: str) -> bool:
        """Whether what is staged is also committed: not for a persistence that saves on flush only."""
        return save == "update" or not self._persistence.on_flush

    def dropped(self, record: Record) -> None:
        """The application dropped this data; PTB forgets to save what is put there anew before the next save."""
        self._dropped.add(record)

    async def stage(self, let_ptb: Callable[[], Awaitable[None]], handled: Update | None = None) -> None:
        """Stage all that changed, and with it, that an update was handled.

        Args:
            let_ptb: Makes PTB hand over what it has marked. It must not wait before it has taken what it copies:
                whoever calls us sees to it that nobody else holds PTB's lock, and that no commit begins meanwhile.
            handled: The update whose effects these are.
        """
        self._stage_what_ptb_need_not()
        self.backstage.let_go(self._let_go())
        self._begin()
        asyncio.get_running_loop().call_soon(self._end)
        token = STAGING_ONLY.set(True)
        try:
            await let_ptb()
        finally:
            STAGING_ONLY.reset(token)
            self._end()
            self.backstage.let_go(())
        self._stage_what_ptb_forgets()
        if handled is not None:
            self._note(handled)

    def _stage_what_ptb_need_not(self) -> None:
        if self._stored.bot_data:
            self._stage(BOT_DATA, self._application.bot_data)
        if self._stored.callback_data and self._keyboards:
            for record in self._keyboards.stage(self.replica, self._stage):
                self._use(record)

    def _begin(self) -> None:
        stored = self._stored
        self.backstage.hide(PersistenceInput(False, stored.chat_data, stored.user_data, False))  # noqa: FBT003  PTB's order
        for kind, view in self._views.items():
            view.stage = lambda number, value, kind=kind: self._stage(Record(kind, str(number)), value)

    def _end(self) -> None:
        """PTB has taken what it copies. What it drops, it still tells us; that ends with :meth:`stage`."""
        self.backstage.hide(None)
        for view in self._views.values():
            view.stage = None

    def _stage_what_ptb_forgets(self) -> None:
        for record in self._dropped:
            if self._is_live(record):
                self._stage(record, self._live(record))
        self._dropped.clear()

    def _stage(self, record: Record, value: Any) -> object:
        """What cannot be stored is kept in ``replica.unstorable``, from where it is reported; the rest is staged."""
        with suppress(PTBBucketError):
            self.replica.stage(record, value)
        return STAGED

    def _note(self, update: Update) -> None:
        self.replica.stage_handled(update.update_id, self.records_of(update))

    # ---------------------------------------------------------------- what need not be here

    def _let_go(self) -> set[Record]:
        """Let go of what was not used for long. PTB's objects go when PTB takes what it saves, in this same step."""
        gone = {record for record in self.recent.surplus() if self._forget(record)}
        for record in gone:
            self.recent.gone(record)
            if record.kind is Kind.CHAT:
                Application.drop_chat_data(self._application, record.number)
            elif record.kind is Kind.USER:
                Application.drop_user_data(self._application, record.number)
        return gone

    def _forget(self, record: Record) -> bool:
        if record.kind is Kind.CONVERSATION:
            return self.conversations.let_go(record, self.replica)
        if record.kind is Kind.CALLBACK:
            return not (self._keyboards and self._keyboards.holds(record)) and self.replica.forget(record)
        live = self._views[record.kind].peek(record.number)
        return (live is MISSING or self.replica.is_held(record, live)) and self.replica.forget(record)
