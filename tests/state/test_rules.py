"""Rules of the state engine that no other test checks directly. DESIGN.md lists all rules and their tests."""

from __future__ import annotations

import asyncio
import itertools
import random
import types
from dataclasses import dataclass, field
from typing import Any

import pytest

from ptb_bucket._aio import Backoff, RetryPolicy
from ptb_bucket.codecs import open_codec
from ptb_bucket.errors import AccessError, PTBBucketError, UnavailableError
from ptb_bucket.state import DocumentSet, Kind, Record, RecordMerger, Replica, open_layout
from ptb_bucket.state.commit import prepare
from ptb_bucket.state.merge.resolvers import add_differences, keep_ours, keep_theirs
from ptb_bucket.state.replica.group_commit import GroupCommit
from ptb_bucket.stores import InterceptingStore, MemoryStore, MeteredStore
from ptb_bucket.testing.faults import Fault, FaultyStore
from support.documents.virtual_time import run_virtually

ADA, BO = Record.user(1), Record.user(2)


class SlowStore(InterceptingStore):
    """A store that takes a second for each request, and counts the requests that it has under way for each object."""

    def __init__(self, store):
        super().__init__(store)
        self.under_way = {}
        self.most_at_once = 0

    async def _call(self, operation, key, send):
        self.under_way[key] = self.under_way.get(key, 0) + 1
        self.most_at_once = max(self.most_at_once, self.under_way[key])
        try:
            await asyncio.sleep(1)
            return await super()._call(operation, key, send)
        finally:
            self.under_way[key] -= 1


def replica_on(store, layout="single") -> Replica:
    merger = RecordMerger(open_codec("json", []), defaults={Kind.USER: dict})
    retry = RetryPolicy(deadline=30, backoff=Backoff(random=random.Random(1)))
    return Replica(DocumentSet(store, open_layout(layout), merger.codec, merger, "1", (Kind.USER,), retry_policy=retry))


async def saved(store, values, layout="single") -> Replica:
    """Let an instance save these values."""
    replica = replica_on(store, layout)
    await replica.documents.read_all()
    for record, value in values.items():
        replica.values.load(record)
        replica.stage(record, value)
    await replica.commit()
    return replica


# ---------------------------------------------------------------- Absent is the default


@dataclass
class Profile:
    """User data of the bot's own class: its empty default has fields, so it differs from "nothing"."""

    hits: int = 0
    log: list[str] = field(default_factory=list)


PROFILES = [Profile(), Profile(1), Profile(2), Profile(0, ["a"]), Profile(0, ["a", "b"]), Profile(1, ["b"])]


def profile_merger(resolver=keep_ours) -> RecordMerger:
    return RecordMerger(open_codec("json", [Profile]), resolver, {Kind.USER: Profile})


@pytest.mark.parametrize("resolver", [keep_ours, keep_theirs, add_differences])
def test_an_absent_record_merges_like_an_empty_one(resolver):
    """Wherever the default is among base, ours and theirs, it makes no difference if it is absent or spelled out."""
    merger = profile_merger(resolver)
    sides = [versions for versions in itertools.product(PROFILES, repeat=3) if Profile() in versions]
    for versions in sides:
        absent = [merger.encode(ADA, version) for version in versions]
        spelled_out = [merger.codec.encode(version) for version in versions]
        results = [merger.decode(ADA, merger.merge(ADA, *encoded)) for encoded in (absent, spelled_out)]
        assert results[0] == results[1], versions


def test_two_instances_that_create_the_same_record_change_its_default():
    merger = profile_merger()
    ours, theirs = merger.encode(ADA, Profile(log=["a"])), merger.encode(ADA, Profile(hits=1))
    assert merger.decode(ADA, merger.merge(ADA, None, ours, theirs)) == Profile(1, ["a"])


def test_a_live_object_becomes_the_default_when_its_record_is_dropped():
    merger = profile_merger()
    assert merger.merge_live(ADA, merger.encode(ADA, Profile(1, ["a"])), Profile(1, ["a"]), None) == Profile()


# ---------------------------------------------------------------- Stage everything, then commit


def start_at_once(loop, coroutine, **options):
    """Make a task whose first step runs at once: ``asyncio.eager_task_factory`` for Python before 3.12."""
    try:
        first = coroutine.send(None)
    except StopIteration as stop:
        return asyncio.Task(_returned(stop.value), loop=loop, **options)
    return asyncio.Task(_continued(coroutine, first), loop=loop, **options)


async def _returned(value):
    return value


@types.coroutine
def _continued(coroutine, awaited):
    try:
        while True:
            try:
                sent = yield awaited
            except BaseException as error:  # noqa: BLE001  the coroutine handles it
                awaited = coroutine.throw(error)
            else:
                awaited = coroutine.send(sent)
    except StopIteration as stop:
        return stop.value


def test_siblings_that_start_at_once_are_in_one_commit():
    """Load first: a commit that has to load waits for that, and would let the siblings stage by accident."""

    async def save(replica, group, number):
        replica.stage(Record.user(number), {"n": number})
        await group.join()

    async def scenario():
        store = MeteredStore(MemoryStore())
        replica = replica_on(store)
        await replica.documents.read_all()
        group = GroupCommit(replica, 60)
        asyncio.get_running_loop().set_task_factory(getattr(asyncio, "eager_task_factory", start_at_once))
        await asyncio.gather(*(save(replica, group, number) for number in range(20)))
        return store.meter.writes, replica.pending

    assert run_virtually(scenario()) == (1, set())


# ---------------------------------------------------------------- Documents commit independently

USERS = [Record.user(number) for number in range(100, 125)]  # more than are read or written at once


def store_that_refuses(operations, *, but):
    """A store that refuses these operations on all documents but one. A refusal is quick; any other request is slow."""
    allowed = open_layout("per-record").key(but) + ".json"
    slow = SlowStore(MemoryStore())
    return FaultyStore(slow, lambda wanted, key: Fault.DENIED if wanted in operations and key != allowed else None)


@pytest.mark.parametrize("healthy", [USERS[0], USERS[-1]], ids=["first", "last"])
def test_documents_that_cannot_be_written_keep_no_other_from_being_written(healthy):
    async def scenario():
        replica = replica_on(store_that_refuses({"put"}, but=healthy), "per-record")
        await replica.documents.read_all()
        for record in USERS:
            replica.stage(record, {"n": 1})
        with pytest.raises(PTBBucketError):
            await replica.commit()
        written = set(USERS) - replica.pending
        await asyncio.sleep(2)  # a request that is still under way ends now, too late
        return written

    assert run_virtually(scenario()) == {healthy}


@pytest.mark.parametrize("healthy", [USERS[0], USERS[-1]], ids=["first", "last"])
def test_documents_that_cannot_be_read_keep_no_other_from_being_read(healthy):
    async def scenario():
        refused = set()
        store = store_that_refuses(refused, but=healthy)
        await saved(store, {record: {"n": 1} for record in USERS}, "per-record")
        replica = replica_on(store, "per-record")
        await replica.documents.read_all()
        await saved(store, {record: {"n": 2} for record in USERS}, "per-record")
        refused.add("get")
        with pytest.raises(AccessError):
            await replica.documents.refresh(USERS, asyncio.get_running_loop().time())
        known = {record for record in USERS if replica.values.load(record) == {"n": 2}}
        await asyncio.sleep(2)  # a request that is still under way ends now, too late
        return known

    assert run_virtually(scenario()) == {healthy}


# ---------------------------------------------------------------- Rebase in order


def test_a_refresh_rebases_the_payload_of_an_open_put(bench):
    bench.start({"log": ["base"]})
    bench.theirs({"log": ["base", "theirs"]})  # a commit has read it, PTB has not seen it
    bench.stage({"log": ["base", "sent"]})
    prepare(bench.ledger)
    assert bench.refresh() == ({"log": ["base", "sent"]}, {"log": ["base", "theirs", "sent"]})
    bench.theirs({"log": ["base", "theirs", "later"]})  # the put has lost its race
    bench.commit()
    assert bench.stored() == {"log": ["base", "theirs", "later", "sent"]}


def test_a_refresh_rebases_staged_values_on_the_payload_not_on_the_base(bench):
    bench.start({"n": 0})
    bench.theirs({"n": 5, "theirs": 1})
    bench.stage({"n": 1})
    prepare(bench.ledger)
    bench.stage({"n": 0})  # a change of the payload, although the base was 0 as well
    bench.refresh()
    assert bench.top() == {"n": 0, "theirs": 1}


def test_a_refresh_keeps_the_changes_of_every_layer():
    async def scenario():
        bottom, is_down = MemoryStore(), False
        await saved(bottom, {ADA: {"log": ["base"]}})
        store = FaultyStore(bottom, lambda operation, _: Fault.UNAVAILABLE if is_down and operation == "put" else None)
        replica = replica_on(store)
        await replica.documents.read_all()
        live: Any = replica.values.load(ADA)
        await saved(bottom, {ADA: {"log": ["base", "theirs"]}})
        live["log"].append("merged")
        replica.stage(ADA, live)
        await replica.commit()  # merges "theirs" into what is stored; PTB does not have it yet
        live["log"].append("sent")
        replica.stage(ADA, live)
        is_down = True
        with pytest.raises(UnavailableError):
            await replica.commit()  # the put stays open
        live["log"].append("staged")
        replica.stage(ADA, live)
        live["log"].append("live")
        replica.values.merge_into(ADA, live)
        is_down = False
        refreshed = [*live["log"]]
        replica.stage(ADA, live)
        await replica.commit()
        return refreshed, replica.values.load(ADA)["log"]

    everything = ["base", "theirs", "merged", "sent", "staged", "live"]
    assert run_virtually(scenario()) == (everything, everything)


# ---------------------------------------------------------------- One operation per document


async def commit_one(replica, record):
    replica.stage(record, {"n": 1})
    await replica.commit()


async def refresh_one(replica, record):
    await replica.documents.refresh([record], asyncio.get_running_loop().time())


@pytest.mark.parametrize("first", [commit_one, refresh_one])
@pytest.mark.parametrize("second", [commit_one, refresh_one])
def test_a_commit_or_refresh_waits_until_the_one_under_way_is_done(first, second):
    async def scenario():
        store = SlowStore(MemoryStore())
        replica = await saved(store, {ADA: {"n": 0}})
        begun = asyncio.ensure_future(first(replica, ADA))
        await asyncio.sleep(0.5)  # its request is under way
        await second(replica, BO)  # another record of the same document
        await begun
        return store.most_at_once

    assert run_virtually(scenario()) == 1
