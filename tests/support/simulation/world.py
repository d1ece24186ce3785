"""A store with injected faults, and the instances on it, in virtual time and from one seed."""

from __future__ import annotations

import asyncio
import random
from dataclasses import dataclass
from unittest.mock import patch

from ptb_bucket.state import BOT_DATA, MISSING, Metrics, Record
from ptb_bucket.state.document import header
from ptb_bucket.stores import InterceptingStore, MemoryStore
from ptb_bucket.testing.faults import Fault, FaultyStore
from support.simulation.clocks import Clocks, jump_often
from support.simulation.handlers import NAME, NAMED, RECORDS
from support.simulation.instance import Instance
from support.simulation.model import Model, none
from support.simulation.on_demand import OnDemand
from support.simulation.spool import MemoryFiles
from support.simulation.sweeping import sweep_often
from support.simulation.updates import Telegram

PUT_FAULTS = (Fault.LOST_RACE, Fault.ANSWERED_TWICE, Fault.UNAVAILABLE, Fault.ANSWER_LOST, Fault.LATE, Fault.DENIED)
GET_FAULTS = (*[Fault.UNAVAILABLE] * 7, Fault.DENIED)  # a denial ends a start, and per-record reads twenty documents
COPIES = 3
"""How many times a world's processes are copied, at most."""


@dataclass(frozen=True)
class Size:
    """The amount of activity in a world. All times are in virtual seconds.

    Args:
        seconds: The duration of the run.
        handled: Changes per second and instance.
        lifetime: The average life of a process. Processes are copied as often.
        patience: The time for which one commit tries.
    """

    seconds: float
    handled: float
    lifetime: float
    patience: float


SHORT = Size(seconds=5, handled=8, lifetime=1.5, patience=1)
LONG = Size(seconds=20, handled=20, lifetime=4, patience=3)


class Latency(InterceptingStore):
    """A store whose requests take time on their way there and back, so that everything overlaps."""

    def __init__(self, store, rng):
        super().__init__(store)
        self._rng = rng

    async def _call(self, operation, key, send):
        await asyncio.sleep(self._rng.uniform(0.001, 0.05))
        result = await super()._call(operation, key, send)
        await asyncio.sleep(self._rng.uniform(0.001, 0.05))
        return result


class World:
    """A store with injected faults, the instances, and the model."""

    def __init__(  # noqa: PLR0913  options of a run, by keyword
        self, seed: int, *, layout="single", codec="json", instances=3, size=SHORT, storms=PUT_FAULTS, on_demand=0,
        updates=False,
    ) -> None:  # fmt: skip
        self.rng, self.size, self.storms = random.Random(seed), size, storms
        self.layout, self.codec = layout, codec
        self.model = Model()
        self.made = 0
        self.calm = False
        self.bottom = MemoryStore()
        self.faulty = FaultyStore(self.bottom, self._inject_fault)
        self.store = Latency(self.faulty, self.rng)
        self.instances = self.numbers = instances
        self.on_demand = on_demand
        self.records = RECORDS
        self.updates, self.telegram = updates, Telegram(self)
        self.everybody: list[Instance] = []
        self.all_metrics: list[Metrics] = []
        self.swept = self.kept = 0
        self.spool, self.spooled = MemoryFiles(self.rng), []
        self.processes = self.copies = 0
        self.clocks_jump, self.processes_are_copied = self.rng.random() < 0.25, self.rng.random() < 0.5
        self.are_snapshots = self.rng.random() < 0.5
        self._runs: set[asyncio.Future[None]] = set()
        self._end = 0.0

    def _inject_fault(self, operation: str, key: str) -> Fault | None:
        if self.calm or self.rng.random() > 0.25:
            return None
        return self.rng.choice({"put": self.storms, "get": GET_FAULTS}.get(operation, (None,)))

    def new_process(self) -> int:
        """Return a new process id."""
        self.processes += 1
        return self.processes

    def new_number(self) -> int:
        """Return the number of the user whose conversations an instance changes."""
        self.numbers += 1
        return self.numbers

    def are_in_the_bucket(self, changes) -> None:
        """Acknowledge changes that were loaded from the spool."""
        for change in changes:
            change.acknowledge(asyncio.get_running_loop().time())
        self.spooled = [change for change in self.spooled if change not in changes]

    def habits(self, instance):
        """Yield the other events of an instance of this world."""
        if self.clocks_jump:
            yield jump_often(instance)
        if self.updates:
            yield instance._receive_often()
        if self.processes_are_copied:
            yield self._copy_often(instance)

    async def _copy_often(self, instance) -> None:
        while True:
            await asyncio.sleep(self.rng.expovariate(1 / self.size.lifetime))
            if self.copies < COPIES and (other := await instance.copied(same_process=self.are_snapshots)):
                self.copies += 1
                self._begin(other, as_copy=True)

    def _begin(self, instance, **how) -> None:
        self.everybody.append(instance)
        left = self._end - asyncio.get_running_loop().time()
        self._runs.add(asyncio.ensure_future(instance.run(left, **how)))

    def settled(self, asked: float, records: set[Record]) -> tuple[set[str], set[str]]:
        """Return the tokens that must be in every view of these records since ``asked``, and those that must not."""
        old = [change for change in self.model.changes if change.acknowledged < asked and change.firm]
        there = {token for change in old if change.record in records for token in change.adds} - self.model.deleted()
        return there, self.model.firmly_deleted(old)

    async def run(self) -> None:
        """Run the instances under injected faults, then stop the faults and compare with the model."""
        await self._prime()
        self._end = asyncio.get_running_loop().time() + self.size.seconds
        knowing = self.instances - self.on_demand
        members = [(Instance if n < knowing else OnDemand)(self, n) for n in range(self.instances)]
        for member in members:
            self._begin(member)
        events = [asyncio.ensure_future(self._land_often())]
        if self.on_demand:
            events.append(asyncio.ensure_future(sweep_often(self)))
        try:
            while running := {run for run in self._runs if not run.done()}:
                await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)
                for run in self._runs:
                    if run.done():
                        run.result()
        finally:
            for task in (*self._runs, *events):
                task.cancel()
            await asyncio.wait([*self._runs, *events])
        await self.faulty.land()
        self.calm, self.spool.full = True, lambda: False
        await self._check_end(members)

    async def _prime(self) -> None:
        """Let every counter begin at a value that all instances know."""
        self.calm = True
        first = Instance(self, 99)
        await first.load()
        first.live[BOT_DATA]["count"] = 0
        first.dirty.add(BOT_DATA)
        if self.on_demand:
            self.records = (*RECORDS, NAMED)
            first.replica.stage(NAMED, {"name": NAME})
        await first.save()
        self.calm = False

    async def _deliver_all(self, member) -> None:
        """Let Telegram send every update again, with enough time for an answer."""
        assert await member.load()
        await member.save()  # it may have to say what a spool has lost
        for update in self.telegram.updates:
            await member.receive([update])
        assert await member.save()
        assert await member.refresh()
        for update in self.telegram.updates:
            for change in update.changes:
                change.acknowledge(asyncio.get_running_loop().time())

    async def _land_often(self) -> None:
        while True:
            await asyncio.sleep(self.rng.expovariate(2))
            await self.faulty.land()

    async def _check_end(self, members: list[Instance]) -> None:
        if not self.clocks_jump and not (self.copies and self.are_snapshots):
            none(
                "undecidable, and all clocks and names were right",
                [change for change in self.model.changes if change.doubtful],
            )
        members.insert(0, Instance(self, self.new_number()))
        await self._deliver_all(members[0])
        for member in members:
            member.start()
            assert await member.load()
            await member.look_at_all()
        truth = members[0]
        found = self.model.tokens_in(truth.live[record] for record in self.records)
        self.model.check(found, truth.live[BOT_DATA].get("count", 0), where="the bucket")
        for key in self.model.states:
            self.model.check_state(key, truth.states.get(key, MISSING))


async def simulate(seed: int, **options) -> World:
    """Run one world to its end. Raise :class:`BrokenPromiseError` if the store and the model differ."""
    world = World(seed, **options)
    with patch.object(header, "time", Clocks):
        await world.run()
    return world
