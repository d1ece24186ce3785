"""Two instances that edit disjoint places of one record at once. All edits must be stored afterwards, each once."""

from __future__ import annotations

import asyncio
import random
import re
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ptb_bucket.stores import MemoryStore
from support.oracle.applications import Bot, Combination
from support.oracle.disjoint_edits import MOVES, Plan
from support.oracle.graphs import Style
from support.oracle.hero_records import HeroRecord
from support.oracle.runs import DifferentError
from support.oracle.snapshots import Snapshot, difference

if TYPE_CHECKING:
    from support.oracle.disjoint_edits import Edit

_NAMES = ("user_data", "chat_data", "bot_data")


class MisplacedError(DifferentError):
    """All edits are stored or counted as conflicts, but some are at the wrong object.

    Stored objects have no names: the merge identifies them by their place. If one side moved a reference and the other
    side edited below it, the merge has to guess.
    """


@dataclass
class AtOnce:
    """A run from one seed.

    Args:
        seed: The seed that decides everything in the run.
        combination: The layout, codec and application.

    Attributes:
        held: The number of objects that handlers held over a refresh; ``replaced`` of them gave way to equal ones.
    """

    seed: int
    combination: Combination
    held: int = 0
    replaced: int = 0
    snapshots: list[Snapshot] = field(default_factory=list)
    on_one_object: bool = False

    def __post_init__(self) -> None:
        self.rng = random.Random(self.seed)
        self.record = self.rng.choice(_NAMES)
        self.store = MemoryStore()
        self.plan: Plan | None = None
        self.heroes = HeroRecord(self.rng, Style.drawn(self.rng))

    async def live(self, rounds: int = 2) -> None:
        """Build a record, edit it on both instances at once, and compare, again and again."""
        model: dict[Any, Any] = {}
        bots = self.bots = [self._bot(), self._bot()]
        for bot in bots:
            await bot.start()
        draws = self.rng.getstate()
        self.heroes.fill(model)
        after = self.rng.getstate()
        self.rng.setstate(draws)
        self.heroes.made = 0
        await bots[0].handle(42, 42, lambda context: self.heroes.fill(self._data(context)))
        self.rng.setstate(after)
        for _ in range(rounds):
            await self._round(bots, model)
        for bot in bots:
            await bot.stop()
        new = self._bot()
        await new.start()
        await self._compare(model, new, "a new process")
        await new.stop()

    async def _round(self, bots: list[Bot], model: dict[Any, Any]) -> None:
        seen = [await self._compare(model, bot, f"instance {number} before") for number, bot in enumerate(bots)]
        snapshot = Snapshot.of(model)
        self.snapshots.append(snapshot)
        self.plan = Plan(snapshot, self.rng, self.heroes.token, self.heroes.style)
        self.on_one_object |= self.plan.on_one_object
        nodes = snapshot.nodes
        for edit in [edit.prepare(nodes) for side in self.plan.sides for edit in side]:
            edit()
        await self._both_edit(bots)
        wanted = Snapshot.of(model)
        for number, (bot, before) in enumerate(zip(bots, seen, strict=True)):
            now = await self._compare(model, bot, f"instance {number} after")
            self._check_kept(nodes, before.nodes, wanted.nodes, now.nodes, number)

    async def _both_edit(self, bots: list[Bot]) -> None:
        """Let both instances edit the record that they have read. The first one saves first."""
        everybody_has_edited, first_is_saved = asyncio.Event(), asyncio.Event()

        def edit(edits: list[Edit], then: asyncio.Event, own: asyncio.Event | None) -> Any:
            async def job(context: Any) -> None:
                nodes = Snapshot.of(self._data(context)).nodes
                for one in [one.prepare(nodes) for one in edits]:
                    one()
                if own:
                    own.set()
                await then.wait()

            return job

        async def first() -> None:
            await bots[0].handle(42, 42, edit(self.plan.sides[0], everybody_has_edited, None))
            first_is_saved.set()

        second = bots[1].handle(42, 42, edit(self.plan.sides[1], first_is_saved, everybody_has_edited))
        await asyncio.gather(first(), second)

    async def _compare(self, model: dict[Any, Any], bot: Bot, who: str) -> Snapshot:
        snapshots: list[Snapshot] = []
        await bot.handle(42, 42, lambda context: snapshots.append(bot.look(self._data(context))))
        if bot.errors or not snapshots:
            raise DifferentError(self.said(who, f"errors: {bot.errors}"))
        expected = Snapshot.of(model)
        if expected.tree != snapshots[0].tree:
            kind = MisplacedError if self._only_misplaced(expected, snapshots[0]) else DifferentError
            raise kind(self.said(who, difference(expected.tree, snapshots[0].tree)))
        return snapshots[0]

    def _only_misplaced(self, expected: Snapshot, actual: Snapshot) -> bool:
        """Return True if references were moved, nothing is there too often, and all losses are counted."""
        edits = [edit for side in self.plan.sides for edit in side] if self.plan else []
        wanted, found = (Counter(re.findall(r"'t\d+'", repr(snapshot.tree))) for snapshot in (expected, actual))
        lost = {f"'{edit.value}'" for edit in edits if f"'{edit.value}'" in wanted} - set(found)
        doubled = {token for token in found if token in wanted and found[token] > wanted[token]}
        counted = any(bot.app.persistence.stats.conflicts_decided for bot in self.bots)
        return any(edit.verb in MOVES for edit in edits) and not doubled and (counted or not lost)

    def _check_kept(self, old: list[Any], before: list[Any], wanted: list[Any], now: list[Any], who: int) -> None:
        """Check that objects a handler held are still the ones it finds, in the model and in the instance alike."""
        numbers = {id(node): number for number, node in enumerate(wanted)}
        for number, node in enumerate(old):
            place = numbers.get(id(node))
            if place is not None:
                self.held += 1
                self.replaced += now[place] is not before[number]
        if self.replaced > max(4, self.held / 5):
            raise DifferentError(
                self.said(f"instance {who}", f"{self.replaced} of {self.held} held objects were replaced")
            )

    def said(self, who: str, what: str) -> str:
        """Name the run, the edits, and what was wrong."""
        edits = f"\n  first: {self.plan.sides[0]}\n  second: {self.plan.sides[1]}" if self.plan else ""
        return f"seed {self.seed} ({self.combination}), {self.record}, {who}: {what}{edits}"

    def _data(self, context: Any) -> Any:
        return getattr(context, self.record)

    def _bot(self) -> Bot:
        return Bot.on_bucket(self.store, self.combination)
