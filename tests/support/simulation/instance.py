"""A bot process: PTB's live objects, its dirty marks, and our replica."""

from __future__ import annotations

import asyncio
import contextlib
import copy
from typing import TYPE_CHECKING, Any

from ptb_bucket._aio import Backoff, LoopLock, RetryPolicy
from ptb_bucket.codecs import open_codec
from ptb_bucket.errors import PTBBucketError
from ptb_bucket.state import (
    MISSING,
    DocumentSet,
    Kind,
    Metrics,
    Record,
    RecordMerger,
    Replica,
    add_differences,
    open_layout,
)
from support.simulation.clocks import SKEW
from support.simulation.handlers import NAME, NAMED, Handlers
from support.simulation.model import Change, none
from support.simulation.spool import memory_spool
from support.simulation.updates import Update, Updates

if TYPE_CHECKING:
    from collections.abc import Coroutine, Iterable


class Doubts(Metrics):
    """Metrics that report undecidable changes at once."""

    def __init__(self, tell) -> None:
        super().__init__()
        self._tell = tell

    def left_in_doubt(self, key, attempt) -> None:
        super().left_in_doubt(key, attempt)
        self._tell()


class Instance(Handlers, Updates):
    """A place in which processes live one after the other. Each is killed, or ends in order."""

    on_demand = False

    def __init__(self, world, number: int) -> None:
        self.world, self.number, self.rng = world, number, world.rng
        self.clock = [0.0]
        self.start()

    def start(self) -> None:
        """Start a fresh process."""
        world = self.world
        codec = open_codec(world.codec, [])
        merger = RecordMerger(codec, add_differences, dict.fromkeys((Kind.BOT, Kind.CHAT, Kind.USER), dict))
        retry_policy = RetryPolicy(deadline=world.size.patience, backoff=Backoff(random=self.rng))
        layout = open_layout(world.layout)
        documents = DocumentSet(world.store, layout, codec, merger, "1", tuple(Kind), None, retry_policy)
        self.replica = Replica(documents)
        self.replica.documents.on_demand = self.on_demand
        self.replica.documents.metrics = Doubts(self._admit_doubts)
        world.all_metrics.append(self.replica.documents.metrics)
        self.replica.documents.spool = memory_spool(world.spool, layout, codec, retry_policy)
        self._be(world.new_process())
        self.live: dict[Record, dict[str, Any]] = {}
        self.states: dict[str, object] = {}
        self.dirty: set[Record] = set()
        self.changes: list[Change] = []
        self.saving: list[Change] = []
        self.noted: list[Update] = []
        self.at_work = 0
        self.still = False

    def _be(self, process: int) -> None:
        self.process = process
        self.replica.documents.writer.process = lambda: self.process

    async def run(self, seconds: float, *, as_copy: bool = False) -> None:
        """Load, then handle, save and refresh side by side until the time is over or the process ends."""
        SKEW.set(self.clock)
        loop = asyncio.get_running_loop()
        end = loop.time() + seconds
        while loop.time() < end:
            if as_copy or await self._load_or_die():
                await self._live(min(end - loop.time(), self.rng.expovariate(1 / self.world.size.lifetime)))
                if self.rng.random() < 0.5:
                    await self._shut_down()
            self.start()
            as_copy = False

    async def _load_or_die(self) -> bool:
        if self.rng.random() < 0.8:
            return await self.load()
        loading = asyncio.ensure_future(self.load())
        await asyncio.wait({loading}, timeout=self.rng.uniform(0, 0.5))
        loading.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            return await loading
        return False

    async def load(self) -> bool:
        asked = asyncio.get_running_loop().time()
        self.saving = taken_up = list(self.world.spooled)
        try:
            await self.replica.documents.read_all()
        except PTBBucketError:
            await asyncio.sleep(0.1)  # a bot that cannot load does not start
            return False
        self.world.are_in_the_bucket(taken_up)
        self._take_all()
        self._check_view("a restarted instance", asked, list(self.live))
        return True

    def _admit_doubts(self) -> None:
        """Mark all changes as uncertain that a write of unknown outcome may have carried."""
        of_updates = (change for update in self.noted for change in update.changes)
        for change in (*self.saving, *self.changes, *of_updates):
            change.doubtful = True

    def _take_all(self) -> None:
        for record in self.world.records:
            value = self.replica.values.load(record)
            self.live[record] = {} if value is MISSING else value
        for record in self.replica.documents.records(Kind.CONVERSATION):
            state = self.replica.values.load(record)
            if state is not MISSING:
                self.states[record.id] = state

    async def _live(self, seconds: float) -> None:
        work = [self._handle(), self._save_often(), self._refresh_often(), *self._habits(), *self.world.habits(self)]
        tasks = [asyncio.ensure_future(coroutine) for coroutine in work]
        try:
            done, _ = await asyncio.wait(tasks, timeout=seconds, return_when=asyncio.FIRST_EXCEPTION)
        finally:
            for task in tasks:
                task.cancel()  # kill: nobody knows which requests arrive
            await asyncio.wait(tasks)
        for task in done:
            task.result()

    def _habits(self) -> Iterable[Coroutine[Any, Any, None]]:
        """Run the actions that only this kind of instance has."""
        return ()

    async def _shut_down(self) -> None:
        """Shut down in order: save, or write what cannot be saved to the spool."""
        if await self.save():
            return
        with contextlib.suppress(PTBBucketError):  # the disk is full
            self.replica.keep()
            self.world.spooled += self.changes

    # ---------------------------------------------------------------- a copy of this process

    async def copied(self, *, same_process: bool) -> Instance | None:
        """Fork a process, or start its snapshot a second time. Return None if it has unsaved changes."""
        self.still = True
        try:
            for _ in range(3):
                if await self.save() and not (self.dirty or self.changes or self.replica.pending or self.at_work):
                    return self._copy(same_process=same_process)
        finally:
            self.still = False
        return None

    def _copy(self, *, same_process: bool) -> Instance:
        other = type(self)(self.world, self.world.new_number())
        mine, fresh = self.replica.documents, other.replica.documents
        shared = {id(part): part for part in (mine.store, mine.layout, mine.codec, mine.merger, mine.retry_policy)}
        locks = {id(tracked.lock): LoopLock() for tracked in mine.tracked.all()}
        own = {id(mine.spool): fresh.spool, id(mine.metrics): fresh.metrics}
        other.replica = copy.deepcopy(self.replica, {**shared, **locks, **own})
        other._be(self.process if same_process else other.process)
        other.live, other.states = copy.deepcopy((self.live, self.states))
        return other

    # ---------------------------------------------------------------- PTB's interval

    async def _save_often(self) -> None:
        while True:
            await asyncio.sleep(self.rng.expovariate(3))
            await self.save()

    async def save(self) -> bool:
        """Save as PTB does: forget the dirty marks, and hand over copies."""
        changes, self.changes = self.changes, []
        self.saving += changes  # beside those of a save that is under way
        self.stage_dirty()
        try:
            await self.replica.commit()
        except BaseException as error:
            self.changes = changes + self.changes  # not acknowledged yet; a later commit answers for them
            if isinstance(error, PTBBucketError):
                return False
            raise
        finally:
            self.saving = [change for change in self.saving if change not in changes]
            self.answer()
        for change in changes:
            change.acknowledge(asyncio.get_running_loop().time())
        return True

    def stage_dirty(self) -> None:
        dirty, self.dirty = self.dirty, set()
        for record in sorted(dirty):
            self.replica.stage(record, copy.deepcopy(self.live[record]))

    async def _refresh_often(self) -> None:
        while True:
            await asyncio.sleep(self.rng.expovariate(4))
            await self.refresh()

    async def refresh(self) -> bool:
        asked = asyncio.get_running_loop().time() - self.rng.choice((0, 0, 0.3, 2))
        try:
            await self.replica.documents.refresh(self.world.records, asked)
        except PTBBucketError:
            return False
        for record in self.world.records:
            self.replica.values.merge_into(record, self.live[record])
        self._check_view("a refreshed instance", asked, self.world.records)
        return True

    async def look_at_all(self) -> None:
        """Make sure that all records are loaded. An instance that reads all at its start has done so already."""

    def _check_view(self, where: str, asked: float, records: Iterable[Record]) -> None:
        """Check that memory has all that was acknowledged before this instance asked; newer changes may be missing."""
        found = self.world.model.tokens_in(self.live.get(record, {}) for record in records)
        none(f"doubled in {where}", {token for token, times in found.items() if times > 1})
        if NAMED in records:
            none(f"written without looking in {where}", {self.live.get(NAMED, {}).get("name")} - {NAME})
        there, gone = self.world.settled(asked, set(records))
        none(f"missing in {where}", there - found.keys())
        none(f"resurrected in {where}", gone & found.keys())
