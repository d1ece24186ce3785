"""Several replicas on one store against a plain model, in virtual time, from one seed.

Every change is a token that exists once in the world. The model knows which were acknowledged (the commit that
carried them returned) and who deleted which. At any time of truth: an acknowledged token that nobody deleted is there
once; a deleted one, its deletion acknowledged, is gone; what was not acknowledged may be there once or not at all;
the tokens of one change are there together or not at all.
"""

from __future__ import annotations

import asyncio
import copy
import random
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from ptb_bucket.codecs import open_codec
from ptb_bucket.errors import PTBBucketError
from ptb_bucket.state import (
    BOT_DATA,
    MISSING,
    Kind,
    Merger,
    Patience,
    Record,
    Replica,
    add_differences,
    open_layout,
)
from ptb_bucket.stores import MemoryStore, StoreWrapper
from ptb_bucket.testing.faults import Fault, FaultyStore

RECORDS = (BOT_DATA, Record.user(1), Record.user(2), Record.chat(-5))
CONVERSATIONS = 4
NEVER = float("inf")
PUT_FAULTS = (Fault.LOST_RACE, Fault.ANSWERED_TWICE, Fault.UNAVAILABLE, Fault.ANSWER_LOST, Fault.LATE, Fault.DENIED)
GET_FAULTS = (Fault.UNAVAILABLE, Fault.DENIED)


class BrokenPromiseError(AssertionError):
    """The checker found something that must not be."""


class Latency(StoreWrapper):
    """Requests take time on their way there and back, so that everything overlaps with everything."""

    def __init__(self, store, rng):
        super().__init__(store)
        self._rng = rng

    async def _call(self, operation, key, send):
        await asyncio.sleep(self._rng.uniform(0.001, 0.05))
        result = await super()._call(operation, key, send)
        await asyncio.sleep(self._rng.uniform(0.001, 0.05))
        return result


@dataclass
class Change:
    """Tokens that one handler run adds or deletes together."""

    adds: list[str] = field(default_factory=list)
    deletes: list[str] = field(default_factory=list)
    count: int = 0
    acknowledged: float = NEVER  # when, in virtual seconds


@dataclass
class Model:
    """All that was ever done."""

    changes: list[Change] = field(default_factory=list)
    states: dict[str, list[tuple[object, Change]]] = field(default_factory=dict)

    def check(self, found: Counter[str], counted: int, *, everything: bool = True, where: str) -> None:
        """Compare a view of the world with what must be and what may be."""
        deleted = {token for change in self.changes for token in change.deletes}
        firmly_deleted = {token for change in self.changes if change.acknowledged < NEVER for token in change.deletes}
        firm = {token for change in self.changes if change.acknowledged < NEVER for token in change.adds} - deleted
        made = {token for change in self.changes for token in change.adds}
        _none(f"lost in {where}", firm - found.keys())
        _none(f"resurrected in {where}", firmly_deleted & found.keys())
        _none(f"doubled in {where}", {token for token, times in found.items() if times > 1})
        _none(f"made up in {where}", found.keys() - made)
        if everything:
            kept = [set(change.adds) - deleted for change in self.changes]
            torn = [tokens for tokens in kept if len({token in found for token in tokens}) > 1]
            _none(f"torn in {where}", torn)
        least = sum(change.count for change in self.changes if change.acknowledged < NEVER)
        most = sum(change.count for change in self.changes)
        if not least <= counted <= most:
            raise BrokenPromiseError(f"counted {counted} in {where}, expected {least} to {most}")

    def check_state(self, key: str, state: object) -> None:
        """A conversation has its last acknowledged state, or one that came after it.

        Or one that nobody acknowledged: a killed process's last write may land late, and if it does so under a newer
        process, the bucket's state stays and the newer process's gives way (rule 11).
        """
        history = self.states.get(key, [])
        last = max((at for at, (_, change) in enumerate(history) if change.acknowledged < NEVER), default=-1)
        unacknowledged = [state for state, change in history if change.acknowledged == NEVER]
        allowed = [*unacknowledged, history[last][0] if last >= 0 else MISSING]
        if state not in allowed:
            raise BrokenPromiseError(f"conversation {key} has {state!r}, expected one of {allowed!r}")


def _none(what: str, tokens) -> None:
    if tokens:
        raise BrokenPromiseError(f"{what}: {sorted(map(str, tokens))[:5]}")


def tokens_of(data: dict[str, Any]) -> Counter[str]:
    """Every token in one record's value, with how often it stands there."""
    found: Counter[str] = Counter()
    for value in data.values():
        if isinstance(value, dict):
            found += tokens_of(value)
        elif isinstance(value, (list, set)):
            found.update(item["id"] if isinstance(item, dict) else item for item in value)
        elif isinstance(value, str):
            found[value] += 1
    return found


class Instance:
    """One bot process: PTB's live objects, its dirty marks, and our replica."""

    def __init__(self, world: World, number: int) -> None:
        self.world, self.number, self.rng = world, number, world.rng
        self.start()

    def start(self) -> None:
        """A fresh process."""
        world = self.world
        codec = open_codec(world.codec, [])
        merger = Merger(codec, add_differences, dict.fromkeys((Kind.BOT, Kind.CHAT, Kind.USER), dict))
        patience = Patience(deadline=3.0, random=self.rng)
        self.replica = Replica(world.store, open_layout(world.layout), codec, merger, "1", tuple(Kind), None, patience)
        self.live: dict[Record, dict[str, Any]] = {}
        self.states: dict[str, object] = {}
        self.dirty: set[Record] = set()
        self.changes: list[Change] = []

    async def run(self, seconds: float) -> None:
        """Load, then handle, save and refresh side by side until the time is over or the process dies."""
        loop = asyncio.get_running_loop()
        end = loop.time() + seconds
        while loop.time() < end:
            if await self._load():
                life = min(end - loop.time(), self.rng.expovariate(1 / 4))
                await self._live(life)
            self.start()

    async def _load(self) -> bool:
        asked = asyncio.get_running_loop().time()
        try:
            await self.replica.load()
        except PTBBucketError:
            await asyncio.sleep(0.1)  # a bot that cannot load does not start
            return False
        self._take_all()
        self._check_view("a restarted instance", asked)
        return True

    def _take_all(self) -> None:
        for record in RECORDS:
            value = self.replica.give(record)
            self.live[record] = {} if value is MISSING else value
        for record in self.replica.records(Kind.CONVERSATION):
            state = self.replica.give(record)
            if state is not MISSING:
                self.states[record.id] = state

    async def _live(self, seconds: float) -> None:
        work = [self._handle(), self._save_often(), self._refresh_often()]
        tasks = [asyncio.ensure_future(coroutine) for coroutine in work]
        try:
            done, _ = await asyncio.wait(tasks, timeout=seconds, return_when=asyncio.FIRST_EXCEPTION)
        finally:
            for task in tasks:
                task.cancel()  # kill: what was under way stays under way or not, nobody knows
            await asyncio.wait(tasks)
        for task in done:
            task.result()

    # ---------------------------------------------------------------- a handler

    async def _handle(self) -> None:
        while True:
            await asyncio.sleep(self.rng.expovariate(20))
            change = Change()
            self.rng.choice(ACTIONS)(self, change)
            self.world.model.changes.append(change)
            self.changes.append(change)

    def _token(self, change: Change) -> str:
        self.world.made += 1
        token = f"t{self.world.made}"
        change.adds.append(token)
        return token

    def _record(self) -> dict[str, Any]:
        record = self.rng.choice(RECORDS)
        self.dirty.add(record)
        return self.live[record]

    def add_key(self, change: Change) -> None:
        data = self._record()
        data[f"key{self.world.made}"] = self._token(change)

    def add_pair(self, change: Change) -> None:
        data = self._record().setdefault("nested", {}).setdefault("deep", {})
        for _ in range(2):
            data[f"key{self.world.made}"] = self._token(change)

    def append(self, change: Change) -> None:
        self._record().setdefault("log", []).append(self._token(change))

    def append_item(self, change: Change) -> None:
        self._record().setdefault("items", []).append({"id": self._token(change), "open": True})

    def add_member(self, change: Change) -> None:
        self._record().setdefault("tags", set()).add(self._token(change))

    def count(self, change: Change) -> None:
        record = self.live[BOT_DATA]
        if "count" in record:
            record["count"] += 1
            change.count = 1
            self.dirty.add(BOT_DATA)

    def delete_something(self, change: Change) -> None:
        data = self._record()
        for name in ("log", "tags", "items"):
            if data.get(name) and self.rng.random() < 0.5:
                victim = self.rng.choice(sorted(data[name], key=str))
                data[name].remove(victim)
                change.deletes.append(victim["id"] if isinstance(victim, dict) else victim)
        keys = [key for key in data if key.startswith("key")]
        if keys:
            change.deletes.append(data.pop(self.rng.choice(keys)))

    def drop_record(self, change: Change) -> None:
        if self.rng.random() < 0.2:
            record = self.rng.choice(RECORDS[1:])
            change.deletes += tokens_of(self.live[record])
            self.live[record] = {}
            self.dirty.add(record)
            self.replica.stage(record, None)

    def converse(self, change: Change) -> None:
        key = Record.of_conversation("talk", (self.number, self.rng.randrange(CONVERSATIONS)))
        state = MISSING if self.rng.random() < 0.3 else self.world.made + self.rng.randrange(1000)
        self.states[key.id] = state
        self.world.model.states.setdefault(key.id, []).append((state, change))
        self.replica.stage(key, state)

    # ---------------------------------------------------------------- PTB's interval

    async def _save_often(self) -> None:
        while True:
            await asyncio.sleep(self.rng.expovariate(3))
            await self.save()

    async def save(self) -> bool:
        """As PTB does it: forget the dirty marks, hand over copies, and hope."""
        changes, self.changes = self.changes, []
        dirty, self.dirty = self.dirty, set()
        for record in sorted(dirty):
            self.replica.stage(record, copy.deepcopy(self.live[record]))
        try:
            await self.replica.commit()
        except PTBBucketError:
            self.changes = changes + self.changes  # not acknowledged yet; a later commit answers for them
            return False
        for change in changes:
            change.acknowledged = min(change.acknowledged, asyncio.get_running_loop().time())
        return True

    async def _refresh_often(self) -> None:
        while True:
            await asyncio.sleep(self.rng.expovariate(4))
            await self.refresh()

    async def refresh(self) -> bool:
        asked = asyncio.get_running_loop().time() - self.rng.choice((0, 0, 0.3, 2))
        try:
            await self.replica.refresh(RECORDS, asked)
        except PTBBucketError:
            return False
        for record in RECORDS:
            self.replica.merge_into(record, self.live[record])
        self._check_view("a refreshed instance", asked)
        return True

    def _check_view(self, where: str, asked: float) -> None:
        """What was acknowledged before this instance asked must be in memory; newer changes may not be there yet."""
        found: Counter[str] = sum((tokens_of(self.live[record]) for record in RECORDS), Counter())
        _none(f"doubled in {where}", {token for token, times in found.items() if times > 1})
        there, gone = self.world.settled(asked)
        _none(f"missing in {where}", there - found.keys())
        _none(f"resurrected in {where}", gone & found.keys())


ACTIONS = (
    Instance.add_key, Instance.add_pair, Instance.append, Instance.append_item, Instance.add_member, Instance.count,
    Instance.delete_something, Instance.drop_record, Instance.converse,
)  # fmt: skip


class World:
    """A store, its weather, the instances, and the model."""

    def __init__(self, seed: int, *, layout="single", codec="json", instances=3, wrap=None) -> None:
        self.rng = random.Random(seed)
        self.layout, self.codec = layout, codec
        self.model = Model()
        self.made = 0
        self.calm = False
        self.bottom = MemoryStore()
        self.faulty = FaultyStore(wrap(self.bottom) if wrap else self.bottom, self._weather)
        self.store = Latency(self.faulty, self.rng)
        self.instances = instances

    def _weather(self, operation: str, key: str) -> Fault | None:
        if self.calm or self.rng.random() > 0.25:
            return None
        return self.rng.choice({"put": PUT_FAULTS, "get": GET_FAULTS}.get(operation, (None,)))

    def settled(self, asked: float) -> tuple[set[str], set[str]]:
        """Tokens that every view taken since ``asked`` shows, and tokens that none does."""
        old = [change for change in self.model.changes if change.acknowledged < asked]
        deleted = {token for change in self.model.changes for token in change.deletes}
        there = {token for change in old for token in change.adds} - deleted
        return there, {token for change in old for token in change.deletes}

    async def run(self, seconds: float = 20) -> None:
        """Let the instances live through the weather, then calm down and look."""
        await self._prime()
        members = [Instance(self, number) for number in range(self.instances)]
        tasks = [asyncio.ensure_future(member.run(seconds)) for member in members]
        lates = asyncio.ensure_future(self._land_often())
        try:
            await asyncio.gather(*tasks)
        finally:
            for task in (*tasks, lates):
                task.cancel()
            await asyncio.wait([*tasks, lates])
        await self.faulty.land()
        self.calm = True
        await self._check_end(members)

    async def _prime(self) -> None:
        """A counter counts from where everybody knew it."""
        self.calm = True
        first = Instance(self, 99)
        await first._load()
        first.live[BOT_DATA]["count"] = 0
        first.dirty.add(BOT_DATA)
        await first.save()
        self.calm = False

    async def _land_often(self) -> None:
        while True:
            await asyncio.sleep(self.rng.expovariate(2))
            await self.faulty.land()

    async def _check_end(self, members: list[Instance]) -> None:
        views = []
        for member in members:
            member.start()
            assert await member._load()
            views.append(member)
        truth = views[0]
        found = sum((tokens_of(truth.live[record]) for record in RECORDS), Counter())
        self.model.check(found, truth.live[BOT_DATA].get("count", 0), where="the bucket")
        for key in self.model.states:
            self.model.check_state(key, truth.states.get(key, MISSING))


async def simulate(seed: int, **options) -> World:
    """One run; raises :class:`BrokenPromiseError`."""
    world = World(seed, **options)
    await world.run()
    return world
