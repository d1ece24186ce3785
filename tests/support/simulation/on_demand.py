"""Processes that read a record when an update needs it and forget it when it is clean, as BucketApplication does."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from ptb_bucket.errors import PTBBucketError
from ptb_bucket.state import BOT_DATA, MISSING, Kind, Record
from support.simulation.handlers import NAMED
from support.simulation.instance import Instance
from support.simulation.model import Change, tokens_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


class OnDemand(Instance):
    """An instance that holds few records, and changes or drops some without loading them.

    Besides the promises of all instances: changing an unloaded record replaces none of its keys, and dropping it drops
    all that was acknowledged in it.
    """

    on_demand = True
    drops = 0.8

    def start(self) -> None:
        super().start()
        self.met: list[Record] = [BOT_DATA]
        self.talk = self._conversation()
        self.given: set[Record] = set()

    def _take_all(self) -> None:
        value = self.replica.values.load(BOT_DATA)
        self.live = {BOT_DATA: {} if value is MISSING else value}

    # ---------------------------------------------------------------- an update

    async def _meet(self) -> bool:
        """Read the records that an update's handlers can see. Now and then they reach for another user's."""
        people = self.world.records[1:]
        met, talk = [BOT_DATA, self.rng.choice(people)], super()._conversation()
        if not await self._look([*met, talk]):
            return False
        self.met, self.talk = met, talk
        self.states[talk.id] = self.replica.values.merge(talk, self.states.get(talk.id, MISSING))
        unread = [record for record in people if record not in self.given]
        if unread and self.rng.random() < 0.5 and not self.still:
            self._reach_for(self.rng.choice(unread))
        return True

    def _reach_for(self, record: Record) -> None:
        """Make an empty object for an unknown user, as PTB does."""
        self.met = [record]
        self.live.setdefault(record, {})
        if record == NAMED:
            self.live[record]["name"] = ("unseen", self.world.made)
            self.dirty.add(record)

    def _choose(self, records: Sequence[Record]) -> Record:
        met = [record for record in self.met if record in records]
        record = self.rng.choice(met or records)
        self.live.setdefault(record, {})
        return record

    def _conversation(self) -> Record:
        return self.talk if hasattr(self, "talk") else super()._conversation()

    def _tokens_in(self, record: Record, change: Change) -> Iterable[str]:
        change.drops_blindly = self._is_unread(record)
        known = self.world.model.known_in(record) if change.drops_blindly else ()
        return [*tokens_of(self.live[record]), *known]

    def _is_unread(self, record: Record) -> bool:
        tracked = self.replica.documents.tracked.known(record)
        return tracked is None or tracked.ledger.unloaded

    def _copy(self, *, same_process: bool) -> Instance:
        other = super()._copy(same_process=same_process)
        other.given = set(self.given)
        return other

    # ---------------------------------------------------------------- what is here

    async def refresh(self) -> bool:
        return await self._look([self.rng.choice(list(self.live))], self.rng.choice((0, 0, 0.3, 2)))

    async def _look(self, records: Sequence[Record], age: float = 0) -> bool:
        asked = asyncio.get_running_loop().time() - age
        if not (await self._read(records, asked) or await self._read(records, asked)):
            return False
        data = [record for record in records if record.kind is not Kind.CONVERSATION]
        for record in data:
            self._merge(record)
        self._check_view("what was read on demand", asked, data)
        return True

    async def _read(self, records: Sequence[Record], asked: float) -> bool:
        try:
            await self.replica.documents.refresh(records, asked)
        except PTBBucketError:
            return False
        return True

    def _merge(self, record: Record) -> None:
        """As BucketApplication does: none is made for who has no data."""
        if record in self.live or self.replica.documents.is_stored(record):
            self.replica.values.merge_into(record, self.live.setdefault(record, {}))
        else:
            self.replica.values.load(record)
        self.given.add(record)

    def _habits(self):
        return [self._forget_often()]

    async def _forget_often(self) -> None:
        """Forget records at random times, also while requests are under way."""
        while True:
            await asyncio.sleep(self.rng.expovariate(5))
            self._forget(self.rng.choice([*self.world.records[1:], self.talk]))

    def _forget(self, record: Record) -> None:
        if record.kind is Kind.CONVERSATION:
            if self.replica.values.is_known(record, self.states.get(record.id, MISSING)) and self.replica.forget(
                record
            ):
                self.states.pop(record.id, None)
        elif (
            record not in self.live or self.replica.values.is_known(record, self.live[record])
        ) and self.replica.forget(record):
            self.given.discard(record)
            self.live.pop(record, None)
            self.dirty.discard(record)

    async def look_at_all(self) -> None:
        assert await self._look(self.world.records)
