"""Runs of one instance with restarts, or of two that take turns, each beside PTB's own persistence."""

from __future__ import annotations

import dataclasses
import random
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ptb_bucket.stores import MemoryStore
from support.oracle.applications import Bot, Combination
from support.oracle.classes import UNSTORABLE, Unregistered
from support.oracle.graphs import Maker, Style
from support.oracle.operations import Handler
from support.oracle.snapshots import Snapshot, difference

if TYPE_CHECKING:
    from pathlib import Path

PEOPLE = ((42, 42), (43, -7), (42, -7))
"""Users and chats of the updates."""


class DifferentError(AssertionError):
    """Handlers saw other data than with PicklePersistence."""


@dataclass
class Run:
    """A run from one seed.

    Args:
        seed: The seed that decides everything in the run.
        folder: The folder in which PicklePersistence writes.
        combination: The layout, codec and application.
        hostile: Let handlers also add values that cannot be stored.

    Attributes:
        refused: The errors that name such a value by its path.
    """

    seed: int
    folder: Path
    combination: Combination
    hostile: bool = False
    snapshots: list[Snapshot] = field(default_factory=list)
    refused: list[Exception] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.rng = random.Random(self.seed)
        self.style = dataclasses.replace(Style.drawn(self.rng), own_states=not self.hostile)
        self.path = self.folder / "bot.pickle"
        self.path.unlink(missing_ok=True)
        self.store = MemoryStore()
        self.step = 0

    def _bots(self, count: int) -> tuple[Bot, list[Bot]]:
        return Bot.on_pickle(self.path), [Bot.on_bucket(self.store, self.combination) for _ in range(count)]

    async def restarts(self, times: int = 3, updates: int = 2) -> None:
        """Run one instance: updates, a restart, updates, ..."""
        theirs, [ours] = self._bots(1)
        for _ in range(times):
            await theirs.start()
            await ours.start()
            for _ in range(updates):
                await self._turn(theirs, ours)
            await theirs.stop()
            await ours.stop()
            self._check_errors(theirs, ours)

    async def turns(self, times: int = 6) -> None:
        """Run two instances in turns, and start PTB's bot again at each turn.

        A value that cannot be stored is an unsaved change of the object around it. If the other instance replaced that
        place meanwhile, it would be a conflict. So such values go only to places where this cannot happen.
        """
        if self.hostile:
            self.style = dataclasses.replace(self.style, cycles=False, spoils_deeply=False)
        theirs, ours = self._bots(2)
        for bot in ours:
            await bot.start()
        for number in range(times):
            await theirs.start()
            await self._turn(theirs, ours[number % 2])
            await theirs.stop()
        for bot in ours:
            await bot.stop()
            self._check_errors(theirs, bot)

    async def _turn(self, theirs: Bot, ours: Bot) -> None:
        """Send one update to both: the same handler must see the same data, and makes the same changes."""
        self.step += 1
        draws = self.rng.getrandbits(64)
        user, chat = self.rng.choice(PEOPLE)
        spoils = (UNSTORABLE if self.combination.bucket_application else (Unregistered,)) if self.hostile else ()
        seen = []
        for bot in (theirs, ours):
            job = _Job(bot, draws, self.style, spoils if bot is ours else ())
            await bot.handle(user, chat, job)
            seen.append(job)
            if not job.after:
                raise DifferentError(self._said(f"the handler did not run: {bot.errors}"))
        self._compare(*seen)
        self._check_errors(theirs, ours)

    def _check_errors(self, theirs: Bot, ours: Bot) -> None:
        """Check that all errors, if any, are about values that cannot be stored, and name them by their path."""
        refused = [error for error in ours.errors if self.hostile and '["bad ' in str(error)]
        odd = [error for error in ours.errors if error not in refused]
        self.refused += refused
        if theirs.errors or odd:
            raise DifferentError(self._said(f"errors: {theirs.errors} {odd}"))

    def _compare(self, expected: _Job, actual: _Job) -> None:
        self.snapshots += [*expected.before, *expected.after]
        for when in ("before", "after"):
            for name, one, other in zip(_RECORDS, getattr(expected, when), getattr(actual, when), strict=True):
                if one.tree != other.tree:
                    raise DifferentError(self._said(f"{name}, {when} the handler: {difference(one.tree, other.tree)}"))

    def _said(self, what: str) -> str:
        return f"seed {self.seed} ({self.combination}), update {self.step}, {what}"


_RECORDS = ("user_data", "chat_data", "bot_data")


class _Job:
    """A handler of one update: look, change, look."""

    def __init__(self, bot: Bot, draws: int, style: Style, spoils: tuple[type, ...]) -> None:
        self.bot, self.draws, self.style, self.spoils = bot, draws, style, spoils
        self.before: list[Snapshot] = []
        self.after: list[Snapshot] = []

    def __call__(self, context: Any) -> None:
        records = (context.user_data, context.chat_data, context.bot_data)
        self.before = [self.bot.look(data) for data in records]
        rng = random.Random(self.draws)
        for data in records:
            if all(type(value) in UNSTORABLE for value in data.values()):
                Maker(rng, self.style).record(data)
            elif rng.random() < 0.7:
                Handler(rng, self.style, data).work(rng.randrange(1, 4))
        for data in records:
            Handler(random.Random(self.draws), self.style, data, self.spoils).work(0)
        self.after = [self.bot.look(data) for data in records]
