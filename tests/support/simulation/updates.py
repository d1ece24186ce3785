"""Updates that Telegram delivers until somebody answers, and sometimes again: to one instance or to several at once.

Every instance handles an update in the same way: it appends the update's token to the log of each record that the
update changes. So if an update changes a record twice, its token is there twice.
"""

from __future__ import annotations

import asyncio
import copy
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ptb_bucket.errors import PTBBucketError
from ptb_bucket.state import BOT_DATA, HANDLED, MISSING, Record
from support.simulation.model import Change

if TYPE_CHECKING:
    from collections.abc import Sequence

RECENT = 12
"""How many of the newest updates may come again."""


@dataclass(eq=False)
class Update:
    """An update and its effect, on any instance that handles it."""

    id: int
    changes: list[Change] = field(default_factory=list)
    answered: bool = False

    @property
    def records(self) -> list[Record]:
        return [change.record for change in self.changes]


class Telegram:
    """All updates of a world."""

    def __init__(self, world) -> None:
        self.world, self.updates = world, []

    def next(self) -> Update:
        """Return a new update, one that nobody has answered, or one whose answer has not arrived."""
        recent = self.updates[-RECENT:]
        waiting = [update for update in recent if not update.answered]
        if waiting and self.world.rng.random() < 0.5:
            return self.world.rng.choice(waiting)
        if recent and self.world.rng.random() < 0.1:
            return self.world.rng.choice(recent)
        return self._new()

    def _new(self) -> Update:
        rng, now = self.world.rng, asyncio.get_running_loop().time()
        update = Update(len(self.updates) + 1)
        for record in rng.sample(self.world.records[:4], rng.choice((1, 2, 2))):
            counts = int(record == BOT_DATA)
            update.changes.append(
                Change(record=record, made=now, adds=[f"u{update.id} {record.label}"], count=counts, update=update)
            )
        self.updates.append(update)
        self.world.model.changes += update.changes
        return update


class Updates:
    """The part of an instance that handles updates, as BucketApplication does with ``dedupe``."""

    async def _receive_often(self) -> None:
        while True:
            await asyncio.sleep(self.rng.expovariate(self.world.size.handled / 2))
            updates = [self.world.telegram.next() for _ in range(self.rng.choice((1, 1, 1, 2)))]
            if not self.still:
                await self.receive(list(dict.fromkeys(updates)))

    async def receive(self, updates: Sequence[Update]) -> None:
        """Handle some updates at the same time, unless they were handled before."""
        records = list(dict.fromkeys(record for update in updates for record in update.records))
        if not await self._look_for(records):
            return
        handled = self.replica.values.load(HANDLED)
        new = [update for update in updates if handled is MISSING or update.id not in handled]
        self.stage_dirty()  # changes up to now do not belong to an update
        self.at_work += 1
        for update in new:
            self.replica.units.begin(update.id, update.records)
        if self.rng.random() < 0.3:
            await asyncio.sleep(self.rng.uniform(0, 0.3))  # meanwhile, others change and save the same records
        self._apply(new)
        self.at_work -= 1

    async def _look_for(self, records: Sequence[Record]) -> bool:
        """Load the records, or accept values that are a moment old. Return whether that succeeded."""
        try:
            since = asyncio.get_running_loop().time() - self.rng.choice((0, 2))
            await self.replica.documents.refresh([HANDLED, *records], since)
        except PTBBucketError:
            return False
        for record in records:
            self.replica.values.merge_into(record, self.live.setdefault(record, {}))
        return True

    def _apply(self, updates: Sequence[Update]) -> None:
        """Change, stage and note. No other change may count as a part of these updates."""
        records = list(dict.fromkeys(record for update in updates for record in update.records))
        for update in updates:
            for change in update.changes:
                data = self.live.setdefault(change.record, {})
                data.setdefault("log", []).extend(change.adds)
                if change.count:
                    data["count"] = data.get("count", 0) + 1
        for record in records:
            self.replica.stage(record, copy.deepcopy(self.live[record]))
        for update in updates:
            self.replica.stage_handled(update.id, update.records)
            self.noted.append(update)

    def answer(self) -> None:
        """Answer the updates whose ids are durable. All others have to come again."""
        if HANDLED in self.replica.pending:
            return
        handled = self.replica.values.read(HANDLED)
        for update in self.noted:
            if handled is not MISSING and update.id in handled:
                update.answered = True
                for change in update.changes:
                    change.acknowledge(asyncio.get_running_loop().time())
        self.noted = []
