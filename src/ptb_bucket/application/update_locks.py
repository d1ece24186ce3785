"""Locks that let one update at a time run for each chat and each user."""

from __future__ import annotations

import asyncio
import contextlib
from contextvars import ContextVar
from dataclasses import field
from typing import TYPE_CHECKING, NoReturn

from telegram import Update

from ptb_bucket._dataclass import dataclass

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

__all__ = ["Key", "UpdateLocks", "keys_of", "keys_of_ids"]

Key = tuple[str, int]


def keys_of(update: object) -> list[Key]:
    """Return the keys of the locks that an update needs, sorted: one order for all prevents deadlocks."""
    if not isinstance(update, Update):
        return []
    chat, user = update.effective_chat, update.effective_user
    return keys_of_ids(chat.id if chat else None, user.id if user else None)


def keys_of_ids(chat_id: int | None, user_id: int | None) -> list[Key]:
    """Return the keys of the locks of a chat and a user, sorted like those of an update."""
    ids: dict[str, int | None] = {"chat": chat_id, "user": user_id}
    return [(kind, number) for kind, number in ids.items() if number is not None]


@dataclass
class _UpdateLock:
    inner: asyncio.Lock = field(default_factory=asyncio.Lock)
    wanted: int = 0
    holder: object = None


class UpdateLocks:
    """Locks by key, which exist while an update holds them or waits for them.

    A lock belongs to the update, not to the task: code that its handlers call or start holds it, too.
    """

    def __init__(self) -> None:
        self._locks: dict[Key, _UpdateLock] = {}
        self._held: ContextVar[frozenset[tuple[Key, object]]] = ContextVar("held", default=frozenset())
        self._waits: dict[object, list[Key]] = {}  # several of one holder: its handler may gather updates

    def __len__(self) -> int:
        return len(self._locks)

    @contextlib.asynccontextmanager
    async def of(self, update: object) -> AsyncIterator[None]:
        """Hold the locks of an update inside; the caller does not wait for those that it holds already.

        Raises:
            RuntimeError: Deadlock: a handler that holds one lock processes an update that needs another, whose holder
                waits for the first.
        """
        async with self.holding(keys_of(update)):
            yield

    @contextlib.asynccontextmanager
    async def holding(self, keys: list[Key]) -> AsyncIterator[None]:
        """Hold the locks with some keys, in sorted order, like those of an update. Raises as :meth:`of`."""
        holder = object()
        async with contextlib.AsyncExitStack() as stack:
            for key in keys:
                await stack.enter_async_context(self._one(key, holder))
            yield

    @contextlib.asynccontextmanager
    async def _one(self, key: Key, holder: object) -> AsyncIterator[None]:
        held = self._held.get()
        lock = self._locks.setdefault(key, _UpdateLock())
        if (key, lock.holder) in held:
            yield
            return
        lock.wanted += 1
        try:
            await self._wait(key, lock, holder, held)
            token = self._held.set(held | {(key, holder)})
            try:
                yield
            finally:
                self._held.reset(token)
                lock.holder = None
                lock.inner.release()
        finally:
            lock.wanted -= 1
            if not lock.wanted:
                del self._locks[key]

    async def _wait(self, key: Key, lock: _UpdateLock, holder: object, held: frozenset[tuple[Key, object]]) -> None:
        waiting = {mine for _, mine in held} | {holder}
        self._check_deadlock(lock, waiting)
        for mine in waiting:
            self._waits.setdefault(mine, []).append(key)
        try:
            await lock.inner.acquire()
        finally:
            for mine in waiting:
                self._waited(mine, key)
        lock.holder = holder

    def _waited(self, mine: object, key: Key) -> None:
        self._waits[mine].remove(key)
        if not self._waits[mine]:
            del self._waits[mine]

    def _check_deadlock(self, lock: _UpdateLock, waiting: set[object]) -> None:
        ahead, met = [lock.holder], set[object]()
        while ahead:
            other = ahead.pop()
            if other is None or other in met:
                continue
            if other in waiting:
                self._refuse()
            met.add(other)
            ahead += [self._locks[key].holder for key in self._waits.get(other, ())]

    @staticmethod
    def _refuse() -> NoReturn:
        raise RuntimeError(
            "Deadlock: a handler called process_update() with an update from another chat or user, whose handler is "
            "already waiting for this one. Put the update into application.update_queue instead."
        )
