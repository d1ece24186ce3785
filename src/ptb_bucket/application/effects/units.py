"""The update, or the run of a timer, inside which code asks for an effect."""

from __future__ import annotations

import asyncio
import contextlib
from contextvars import ContextVar
from dataclasses import field
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from telegram import Update

from ptb_bucket._dataclass import dataclass
from ptb_bucket.state import BOT_DATA, Kind, Record

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["EffectUnit", "EffectUnits", "Place"]


@dataclass(frozen=True)
class Place:
    """The chat and the user that an update or a job is about.

    Args:
        chat_id: The ID of the chat.
        user_id: The ID of the user.
    """

    chat_id: int | None = None
    user_id: int | None = None

    @property
    def owner(self) -> Record:
        """The record whose document keeps what belongs to them: the user's, else the chat's, else the bot's."""
        if self.user_id is not None:
            return Record.user(self.user_id)
        return BOT_DATA if self.chat_id is None else Record.chat(self.chat_id)


@dataclass(eq=False)
class EffectUnit:
    """An update or an occurrence of a timer, which stays the same when it is handled again.

    Args:
        name: Its name: ``update 17``, or the occurrence without the number of its tries.
        place: The chat and the user that it is about.
        began: When it began to be read, on the loop's clock.
        owner: The record whose document keeps the results of its effects.
        arguments: The digests of the arguments of each effect.
        locks: Let one call at a time ask for an effect.
        added: The timers that its code has added.
        failure: The error because of which it has to be handled again.
    """

    name: str
    place: Place
    began: float
    owner: Record = BOT_DATA
    is_open: bool = True
    arguments: dict[str, str] = field(default_factory=dict)
    locks: dict[str, asyncio.Lock] = field(default_factory=dict)
    added: list[Record] = field(default_factory=list)
    failure: Exception | None = None

    @classmethod
    def of_update(cls, update: object) -> EffectUnit | None:
        """Return the unit of an update that begins now; None for objects that are not Telegram's."""
        if not isinstance(update, Update):
            return None
        chat, user = update.effective_chat, update.effective_user
        place = Place(chat.id if chat else None, user.id if user else None)
        return cls(f"update {update.update_id}", place, _now(), place.owner)

    @classmethod
    def of_run(cls, occurrence: str, record: Record, place: Place) -> EffectUnit:
        """Return the unit of a run of a timer that begins now.

        Args:
            occurrence: The name of the occurrence, without the number of its tries.
            record: The record of the timer.
            place: The chat and the user that the job is about.
        """
        return cls(occurrence, place, _now(), record.timer[0])


def _now() -> float:
    return asyncio.get_running_loop().time()


class EffectUnits:
    """Knows the unit that the present code belongs to."""

    def __init__(self) -> None:
        self._current: ContextVar[EffectUnit | None] = ContextVar("effects", default=None)
        self._tasks: WeakKeyDictionary[Any, EffectUnit] = WeakKeyDictionary()

    def task_begins(self, coroutine: Any) -> None:
        """Note a task that PTB does not wait for: the update may be saved before it ends, so it is outside of it."""
        unit = self._current.get()
        if unit is not None:
            self._tasks[coroutine] = unit

    @property
    def current(self) -> EffectUnit | None:
        """The unit of the present handler or job; None outside of one, and in a task that may outlive it."""
        unit = self._current.get()
        return unit if unit is not None and unit.is_open and not self._is_beside(unit) else None

    def _is_beside(self, unit: EffectUnit) -> bool:
        task = asyncio.current_task() if self._tasks else None
        return task is not None and self._tasks.get(task.get_coro()) is unit

    @property
    def place(self) -> Place:
        """The chat and the user of the present handler or job, also in a task that it has begun."""
        unit = self._current.get()
        return Place() if unit is None else unit.place

    def note_timer(self, record: Record) -> None:
        """Note a timer that the present handler or job has added."""
        unit = self.current
        if unit is not None and record.kind is Kind.TIMER:
            unit.added.append(record)

    @contextlib.contextmanager
    def inside(self, unit: EffectUnit | None) -> Iterator[None]:
        """Inside, the code of a unit runs."""
        token = self._current.set(unit)
        try:
            yield
        finally:
            if unit is not None:
                unit.is_open = False
            self._current.reset(token)
