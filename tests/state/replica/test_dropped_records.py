"""Layout per-record: a dropped record leaves a tombstone, and an unloaded record is dropped as it is then."""

from __future__ import annotations

import asyncio

import pytest

from ptb_bucket.errors import UnavailableError, UnsavedError, VanishedDocumentError
from ptb_bucket.state import HANDLED, MISSING, Record
from ptb_bucket.state.offline.archive import Archive
from ptb_bucket.stores import MemoryStore
from ptb_bucket.testing.faults import Fault, FaultyStore, script
from support.documents.on_demand_replicas import ADA, LAYOUT, read, replica_on, write
from support.documents.virtual_time import run_virtually


@pytest.mark.parametrize("then", [MISSING, {"new": 1}])
async def test_dropping_an_unloaded_record_drops_all_of_its_data(then):
    bottom = MemoryStore()
    await write(bottom, {ADA: {"name": "Ada"}})
    replica = replica_on(FaultyStore(bottom, script([Fault.LOST_RACE, Fault.UNAVAILABLE, Fault.ANSWER_LOST])))
    await replica.documents.read_all()
    replica.stage(ADA, None)
    if then is not MISSING:
        replica.stage(ADA, then)
    await replica.commit()
    assert (replica.pending, await read(bottom, ADA)) == (set(), then)
    assert b"Ada" not in (await bottom.get(LAYOUT.key(ADA) + ".json")).data


async def test_dropping_what_is_loaded_later_still_drops_it():
    store = MemoryStore()
    await write(store, {ADA: {"name": "Ada"}})
    replica = replica_on(store)
    await replica.documents.read_all()
    replica.stage(ADA, None)
    await replica.documents.refresh([ADA], asyncio.get_running_loop().time())
    live = {"fresh": 1}
    replica.values.merge_into(ADA, live)
    assert live == {"fresh": 1}
    await replica.commit()
    assert await read(store, ADA) is MISSING


async def test_what_was_dropped_may_be_swept_and_comes_back_when_it_is_used_again():
    store = MemoryStore()
    await write(store, {ADA: {"n": 1}})
    replica = replica_on(store)
    await replica.documents.refresh([ADA], None)
    replica.values.load(ADA)
    replica.stage(ADA, None)
    await replica.commit()
    await store.delete(LAYOUT.key(ADA) + ".json")
    await replica.documents.refresh([ADA], asyncio.get_running_loop().time())
    assert replica.values.load(ADA) is MISSING
    replica.stage(ADA, {"n": 2})
    await replica.commit()
    assert await read(store, ADA) == {"n": 2}


async def test_what_was_not_dropped_must_not_vanish():
    store = MemoryStore()
    await write(store, {ADA: {"n": 1}})
    replica = replica_on(store)
    await replica.documents.refresh([ADA], None)
    await store.delete(LAYOUT.key(ADA) + ".json")
    with pytest.raises(VanishedDocumentError):
        await replica.documents.refresh([ADA], asyncio.get_running_loop().time())


def test_what_moves_is_written_before_it_is_dropped_and_noted_last():
    async def scenario(fault):
        puts = []

        def plan(operation, key):
            if operation != "put" or not watch:
                return None
            puts.append(key)
            return fault if key == LAYOUT.key(NEW) + ".json" else None

        watch, store = False, MemoryStore()
        await write(store, {OLD: {"title": "x"}})
        replica = replica_on(FaultyStore(store, plan))
        await replica.documents.refresh([OLD, NEW, HANDLED], None)
        moved = replica.values.load(OLD)
        for record, value in ((OLD, None), (NEW, moved), (HANDLED, [1])):
            replica.stage(record, value)
        watch = True
        if fault is None:
            await replica.commit()
        else:
            with pytest.raises((UnavailableError, UnsavedError)):
                await replica.commit()
        return puts, await read(store, OLD)

    OLD, NEW = Record.chat(-5), Record.chat(-1005)  # noqa: N806
    puts, old = run_virtually(scenario(None))
    assert puts == [LAYOUT.key(record) + ".json" for record in (NEW, OLD, HANDLED)]
    assert old is MISSING
    puts, old = run_virtually(scenario(Fault.UNAVAILABLE))
    assert set(puts) == {LAYOUT.key(NEW) + ".json"}
    assert old == {"title": "x"}


@pytest.mark.parametrize("layout", ["single", "per-record"])
async def test_a_chat_that_is_kept_because_of_another_is_reported_like_the_other(layout):
    store, failed, dropped = MemoryStore(), Record.chat(-1005), Record.chat(-5)
    await write(store, {failed: {"n": 1}, dropped: {"n": 1}}, layout=layout)
    replica = replica_on(store, layout=layout)
    await replica.documents.refresh([failed, dropped], None)
    live = {record: replica.values.load(record) for record in (failed, dropped)}
    await write(store, {failed: {"n": 2}}, layout=layout)
    replica.documents.merger.resolver = lambda _conflict: 1 / 0
    replica.stage(dropped, None)
    replica.stage(failed, live[failed] | {"n": 3})
    with pytest.raises(
        UnsavedError, match=r"For example, chat_data\[-1005\] cannot be merged: .*the resolver raised"
    ) as caught:
        await replica.commit()
    assert {*caught.value.records} == {failed.label, dropped.label}
    assert replica.waiting == set()
    assert replica.failures[dropped].__cause__ is replica.failures[failed]
    replica.documents.merger.resolver = lambda conflict: conflict.ours
    await replica.commit()
    assert (await read(store, dropped, layout=layout), replica.pending) == (MISSING, set())


async def test_a_tombstone_that_is_written_anew_keeps_the_history_of_its_commits():
    """Else a writer whose answer was lost would believe that its commit was never applied."""
    store = MemoryStore()
    await write(store, {ADA: {"n": 1}})
    await write(store, {ADA: None})
    await write(store, {ADA: {"n": 2}})
    archive = Archive(store, LAYOUT, "json")
    part = await archive.part_of(ADA)
    assert (part.sequence, len(part.commits)) == (3, 3)


async def test_what_is_dropped_without_having_been_loaded_goes_as_it_is_then_not_as_it_was_once_read():
    store = MemoryStore()
    replica = replica_on(store)
    await replica.documents.refresh([ADA], None)  # nothing is there, and nobody is given anything
    await write(store, {ADA: {"n": 1}})
    replica.stage(ADA, None)
    await replica.commit()
    assert await read(store, ADA) is MISSING


async def test_what_is_brought_up_to_date_after_it_was_dropped_unseen_is_dropped_all_the_same():
    store = MemoryStore()
    await write(store, {ADA: {"n": 1}})
    replica, live = replica_on(store), {}
    await replica.documents.refresh([ADA], None)
    replica.stage(ADA, None)
    await write(store, {ADA: {"n": 1, "theirs": 2}})
    replica.values.merge_into(ADA, live)  # with what was read before
    await replica.commit()
    assert (await read(store, ADA), live) == (MISSING, {})
