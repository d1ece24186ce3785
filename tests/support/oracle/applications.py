"""Applications that differ only in where their data is stored, and run the job that an update carries."""

from __future__ import annotations

import asyncio
import datetime as dt
import itertools
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from telegram import Chat, Message, Update, User
from telegram.ext import PicklePersistence, TypeHandler

from ptb_bucket import BucketApplication, BucketPersistence
from ptb_bucket.errors import UnsavedError
from ptb_bucket.offline_telegram import OfflineTelegram
from support.oracle.classes import TYPES
from support.oracle.snapshots import Snapshot
from support.parameters import crossed

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from ptb_bucket.stores import MemoryStore

_TELEGRAM = OfflineTelegram()
_UPDATES = itertools.count(1)
_NOW = dt.datetime(2025, 1, 1, 12, tzinfo=dt.timezone.utc)


class Errand(Update):
    """An update that carries the code of its handler."""

    __slots__ = ("job",)


def errand(user: int, chat: int, job: Callable[[Any], Any]) -> Errand:
    """Make an update of one user in one chat.

    Args:
        user: The user whose data the handler gets.
        chat: The chat whose data the handler gets.
        job: The function that the handler calls with PTB's context. It may return an awaitable.
    """
    kind = "private" if chat > 0 else "group"
    message = Message(1, _NOW, Chat(chat, kind), from_user=User(user, "Ada", is_bot=False), text="go")
    made = Errand(next(_UPDATES), message=message)
    with made._unfrozen():
        made.job = job
    return made


async def _run(update: Any, context: Any) -> None:
    result = update.job(context)
    if result is not None:
        await result


class Faithful(PicklePersistence):
    """PTB's own persistence, without its shortcut of not saving data that is ``==`` to the stored data.

    The shortcut would run code of the authors' classes. It would miss that ``1`` became ``True`` or that two objects
    became one, and it would never again save a record that contains a cycle.
    """

    async def update_user_data(self, user_id: int, data: Any) -> None:
        (self.user_data or {}).pop(user_id, None)
        await super().update_user_data(user_id, data)

    async def update_chat_data(self, chat_id: int, data: Any) -> None:
        (self.chat_data or {}).pop(chat_id, None)
        await super().update_chat_data(chat_id, data)

    async def update_bot_data(self, data: Any) -> None:
        self.bot_data = None
        await super().update_bot_data(data)


@dataclass
class Combination:
    """The layout, codec and application of one bot."""

    layout: str
    codec: str
    bucket_application: bool

    def __str__(self) -> str:
        return f"{self.layout}, {self.codec}, {'BucketApplication' if self.bucket_application else 'Application'}"


_AXES = ("single", "per-type", "per-record"), ("json", "pickle"), (True, False)
COMBINATIONS = list(itertools.starmap(Combination, itertools.product(*_AXES)))
EVERYWHERE = crossed(*_AXES, make=Combination)
"""All of them, as parameters of a test."""


@dataclass
class Bot:
    """An instance of a bot that a test can start again as often as it likes.

    Args:
        persistence: Makes the persistence of the next start.
        combination: None for PTB's own persistence.
    """

    persistence: Callable[[], Any]
    combination: Combination | None = None
    app: Any = None
    errors: list[Exception] = field(default_factory=list)

    @classmethod
    def on_pickle(cls, path: Path) -> Bot:
        """Return a bot on PTB's own persistence, with which the others are compared."""
        return cls(lambda: Faithful(path))

    @classmethod
    def on_bucket(cls, store: MemoryStore, combination: Combination, types: list[Any] = TYPES, **options: Any) -> Bot:
        """Return a bot on a bucket that reads changes of other instances at each update."""
        known = {"layout": combination.layout, "codec": combination.codec, "refresh_interval": 0, "types": types}
        return cls(lambda: BucketPersistence(store, **known, **options), combination)

    async def start(self) -> None:
        """Start as a new process does, with nothing in memory."""
        builder = _TELEGRAM.builder().persistence(self.persistence()).job_queue(None).updater(None)
        if self.combination and self.combination.bucket_application:
            builder = builder.application_class(BucketApplication, {"save": "update"})
        self.app = builder.build()
        self.app.add_handler(TypeHandler(Errand, _run))
        self.app.add_error_handler(self._note)
        await self.app.initialize()

    async def _note(self, _update: Any, context: Any) -> None:
        self.errors.append(context.error)

    async def stop(self) -> None:
        """Stop in order: save everything that can be saved, and raise an error about the rest."""
        try:
            await self.app.shutdown()
        except UnsavedError as error:
            self.errors.append(error)

    async def restart(self) -> None:
        """Stop and start."""
        await self.stop()
        await self.start()

    async def handle(self, user: int, chat: int, job: Callable[[Any], Any]) -> None:
        """Process one update, and save what its handler changed."""
        await self.process(user, chat, job)
        await self.save()

    async def process(self, user: int, chat: int, job: Callable[[Any], Any]) -> None:
        """Process one update, a second after the last one."""
        await asyncio.sleep(1)
        await self.app.process_update(errand(user, chat, job))

    async def save(self) -> None:
        """Save now, unless each update is saved anyway."""
        if not isinstance(self.app, BucketApplication):
            await self.app.update_persistence()

    def look(self, data: Any) -> Snapshot:
        """Take a snapshot of what a handler sees."""
        return Snapshot.of(data, self.app.bot)
