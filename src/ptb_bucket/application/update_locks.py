"""One update at a time for each chat and each user; others run beside it."""

from __future__ import annotations

import asyncio
import contextlib
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NoReturn

from telegram import Update

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

__all__ = ["Key", "Turns", "keys_of"]

Key = tuple[str, int]


def keys_of(update: object) -> list[Key]:
    """Whose turn an update needs, sorted: everybody takes them in the same order, so that nobody waits in a ring."""
    if not isinstance(update, Update):
        return []
    chat, user = update.effective_chat, update.effective_user
    return sorted([*([("chat", chat.id)] if chat else []), *([("user", user.id)] if user else [])])


@dataclass
class _Turn:
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    wanted: int = 0
    holder: object = None


class Turns:
    """Locks by key, made when they are wanted and gone when nobody wants them any more.

    A turn belongs to the update, not to the task: what handlers call or start while they have it, has it too.
    """

    def __init__(self) -> None:
        self._turns: dict[Key, _Turn] = {}
        self._held: ContextVar[frozenset[tuple[Key, object]]] = ContextVar("held", default=frozenset())
        self._waits: dict[object, list[Key]] = {}  # several of one holder: its handler may gather updates

    def __len__(self) -> int:
        return len(self._turns)

    @contextlib.asynccontextmanager
    async def of(self, update: object) -> AsyncIterator[None]:
        """Hold the turns of an update; those that are held already are not waited for.

        Raises:
            RuntimeError: A handler that holds one turn processes an update that needs another, whose holder waits for
                the first: neither could ever go on.
        """
        holder = object()
        async with contextlib.AsyncExitStack() as stack:
            for key in keys_of(update):
                await stack.enter_async_context(self._one(key, holder))
            yield

    @contextlib.asynccontextmanager
    async def _one(self, key: Key, holder: object) -> AsyncIterator[None]:
        held = self._held.get()
        turn = self._turns.setdefault(key, _Turn())
        if (key, turn.holder) in held:
            yield
            return
        turn.wanted += 1
        try:
            await self._wait(key, turn, holder, held)
            token = self._held.set(held | {(key, holder)})
            try:
                yield
            finally:
                self._held.reset(token)
                turn.holder = None
                turn.lock.release()
        finally:
            turn.wanted -= 1
            if not turn.wanted:
                del self._turns[key]

    async def _wait(self, key: Key, turn: _Turn, holder: object, held: frozenset[tuple[Key, object]]) -> None:
        waiting = {mine for _, mine in held} | {holder}
        self._check_ring(turn, waiting)
        for mine in waiting:
            self._waits.setdefault(mine, []).append(key)
        try:
            await turn.lock.acquire()
        finally:
            for mine in waiting:
                self._waited(mine, key)
        turn.holder = holder

    def _waited(self, mine: object, key: Key) -> None:
        self._waits[mine].remove(key)
        if not self._waits[mine]:
            del self._waits[mine]

    def _check_ring(self, turn: _Turn, waiting: set[object]) -> None:
        ahead, met = [turn.holder], set[object]()
        while ahead:
            other = ahead.pop()
            if other is None or other in met:
                continue
            if other in waiting:
                self._refuse()
            met.add(other)
            ahead += [self._turns[key].holder for key in self._waits.get(other, ())]

    @staticmethod
    def _refuse() -> NoReturn:
        raise RuntimeError(
            "A handler processes an update of another chat or user, whose handler waits for this one: neither "
            "could ever go on. Put the update into application.update_queue instead."
        )
