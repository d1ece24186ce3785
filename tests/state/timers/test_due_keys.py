"""Due keys: written before the timer that needs them, deleted after that need has ended, and never the truth."""

from __future__ import annotations

import asyncio
import contextlib
import logging

import pytest

from ptb_bucket.errors import AccessError, CannotStoreError, UnavailableError, UnsavedError
from ptb_bucket.state import BOT_DATA, LAYOUTS, Archive, Draft, Record, WriterIdentity, open_layout
from ptb_bucket.state.document import Document, Header
from ptb_bucket.stores import Create, MemoryStore
from ptb_bucket.testing.faults import Fault, FaultyStore
from support.documents.timers import (
    ADA,
    DAILY,
    ONCE,
    TEA,
    Requests,
    claimed,
    ended,
    key_of,
    keys_in,
    save,
    started,
    stored,
    unit,
)

OWNER = open_layout("per-record").key(ADA) + ".json"
FIRST, SECOND = key_of(TEA, DAILY), key_of(TEA, ended(DAILY))


async def test_a_key_is_written_before_the_timer_that_needs_it(store):
    replica = await started(store)
    store.taken()
    replica.stage(TEA, DAILY.to_value())
    await replica.commit()
    assert store.taken() == [("put", FIRST), ("put", OWNER)]
    assert await keys_in(store) == [FIRST]


async def test_moving_a_timer_writes_the_new_key_then_the_timer_then_deletes_the_old_key(store):
    await save(store, tea=DAILY)
    replica = await started(store)
    store.taken()
    replica.stage(TEA, ended(DAILY).to_value())
    await replica.commit()
    assert store.taken() == [("put", SECOND), ("put", OWNER), ("delete", FIRST)]


async def test_cancelling_writes_the_timer_then_deletes_its_key(store):
    await save(store, tea=DAILY)
    replica = await started(store)
    store.taken()
    replica.stage(TEA, None)
    await replica.commit()
    assert store.taken() == [("put", OWNER), ("delete", FIRST)]
    assert await stored(store, TEA) is None


async def test_a_claim_and_a_change_of_data_touch_no_key(store):
    await save(store, tea=DAILY)
    replica = await started(store)
    store.taken()
    replica.stage(TEA, claimed(DAILY).to_value())
    replica.stage(ADA, {"n": 1})
    await replica.commit()
    assert store.taken() == [("put", OWNER)]


@pytest.mark.parametrize("change", [{"enabled": False}, {"parked": "no callback"}, {"due": None}])
async def test_a_timer_that_nobody_has_to_look_at_has_no_key(store, change):
    await save(store, tea=DAILY)
    await save(store, tea=DAILY.but(**change))
    assert await keys_in(store) == []


@pytest.mark.parametrize("fault", [Fault.DENIED, Fault.UNAVAILABLE])
async def test_a_key_that_cannot_be_written_stops_the_put_and_nothing_is_lost(fault):
    memory, down = MemoryStore(), True
    store = Requests(FaultyStore(memory, lambda op, key: fault if op == "put" and "due" in key and down else None))
    replica = await started(store, deadline=0.05)
    replica.stage(TEA, DAILY.to_value())
    with pytest.raises((AccessError, UnavailableError)):
        await replica.commit()
    assert [key for operation, key in store.taken() if operation == "put" and key == OWNER] == []
    assert replica.pending == {TEA}
    down = False
    await replica.commit()
    assert await stored(memory, TEA) == DAILY
    assert await keys_in(memory) == [FIRST]


async def test_a_key_whose_creation_had_no_answer_is_created_again(store):
    lost = [FIRST]
    faulty = FaultyStore(store, lambda _, key: Fault.ANSWER_LOST if key in lost and lost.pop() else None)
    replica = await started(faulty)
    replica.stage(TEA, DAILY.to_value())
    await replica.commit()
    assert await keys_in(store) == [FIRST]
    assert await stored(store, TEA) == DAILY


@pytest.mark.parametrize(("fault", "level"), [(Fault.UNAVAILABLE, "DEBUG"), (Fault.DENIED, "ERROR")])
async def test_a_key_that_cannot_be_deleted_is_harmless_and_a_missing_permission_is_logged(store, caplog, fault, level):
    await save(store, tea=DAILY)
    faulty = FaultyStore(store, lambda operation, _: fault if operation == "delete" else None)
    replica = await started(faulty)
    replica.stage(TEA, None)
    with caplog.at_level(logging.DEBUG, logger="ptb_bucket.state"):
        await replica.commit()
    assert await stored(store, TEA) is None
    assert await keys_in(store) == [FIRST]
    assert [one.levelname for one in caplog.records if "due key" in one.message and FIRST in one.message] == [level]


async def test_a_put_whose_answer_is_lost_deletes_the_old_key_only_when_it_is_known_to_be_applied(store):
    await save(store, tea=DAILY)
    lost = [OWNER]
    faulty = FaultyStore(
        store, lambda op, key: Fault.ANSWER_LOST if op == "put" and key in lost and lost.pop() else None
    )
    replica = await started(faulty)
    store.taken()
    replica.stage(TEA, ended(DAILY).to_value())
    await replica.commit()
    assert store.taken() == [("put", SECOND), ("put", OWNER), ("get", OWNER), ("delete", FIRST)]


async def test_a_put_that_was_not_applied_deletes_nothing(store):
    await save(store, tea=DAILY)
    faulty = FaultyStore(store, lambda op, key: Fault.DENIED if op == "put" and key == OWNER else None)
    replica = await started(faulty)
    replica.stage(TEA, ended(DAILY).to_value())
    with pytest.raises(AccessError):
        await replica.commit()
    assert await keys_in(store) == [FIRST, SECOND]
    assert await stored(store, TEA) == DAILY


async def test_two_timers_that_are_due_in_the_same_second_have_two_keys(store):
    await save(store, tea=ONCE, cake=ONCE)
    assert len(await keys_in(store)) == 2


@pytest.mark.parametrize("layout", ["single", "per-type"])
async def test_a_layout_whose_documents_are_known_needs_no_keys(store, layout):
    await save(store, layout, tea=DAILY)
    await save(store, layout, tea=None)
    assert [key for _, key in store.taken() if "due" in key] == []


@pytest.mark.parametrize("layout", LAYOUTS)
async def test_a_timer_that_no_key_can_name_is_refused_when_it_is_staged(store, layout):
    replica = await started(store, layout)
    for wrong in (DAILY.but(due=1e13), DAILY.but(nonce="no hex"), DAILY.but(generation=0)):
        with pytest.raises(CannotStoreError):
            replica.stage(TEA, wrong.to_value())
    with pytest.raises(CannotStoreError):
        replica.stage(Record.of_timer(ADA, "x" * 300), DAILY.to_value())


async def test_an_update_without_timers_costs_no_request_more(store):
    replica = await started(store, records=[ADA, BOT_DATA])
    store.taken()
    replica.stage(ADA, {"n": 1})
    await replica.commit()
    assert store.taken() == [("put", OWNER)]


async def test_the_keys_of_other_timers_stay(store):
    await save(store, tea=DAILY, cake=ONCE)
    await save(store, tea=None)
    assert await keys_in(store) == [key_of(Record.of_timer(ADA, "cake"), ONCE)]


async def test_a_put_that_another_instance_overtook_deletes_no_key_that_is_still_needed(store):
    """The end is in the first put, which loses, and not in the second: then its effect cannot be merged."""
    await save(store, tea=DAILY)
    writer = await started(store)
    writer.stage(ADA, {"n": 0})
    await writer.commit()

    async def overtake(operation, key):
        if (operation, key) == ("put", OWNER):
            store.before = None
            writer.stage(ADA, {"n": 1})
            await writer.commit()

    def resolver(conflict):
        raise ValueError(conflict.record)

    replica = await started(store)
    replica.documents.merger.resolver = resolver
    replica.units.begin(unit(TEA, DAILY), [TEA, ADA])
    replica.stage(ADA, {"n": 2})
    replica.stage_occurrence(unit(TEA, DAILY), TEA, ended(DAILY).to_value(), [ADA])
    store.before = overtake
    with pytest.raises(UnsavedError):
        await replica.commit()
    assert await stored(store, TEA) == DAILY
    assert FIRST in await keys_in(store)


async def test_a_damaged_timer_can_be_removed_though_nobody_knows_its_key(store):
    document = Document(Header("1", "json")).changed(Header("1", "json"), {TEA: b'{"damaged": true}'})
    await store.put(OWNER, document.pack(), Create())
    archive = await Archive.find(store)
    draft = await Draft.open(archive, archive.layout.key(TEA), "1", WriterIdentity("test"))
    draft.stage({TEA: None})
    await draft.commit()
    assert await stored(store, TEA) is None


async def test_a_deletion_without_an_answer_fails_no_commit(store):
    await save(store, tea=DAILY)
    silent = FaultyStore(store, lambda operation, _: Fault.HANG if operation == "delete" else None)
    replica = await started(silent, deadline=0.05)
    replica.stage(TEA, None)
    await replica.commit()
    assert (await stored(store, TEA), replica.pending) == (None, set())


async def test_more_keys_than_one_commit_has_time_for_are_created_by_the_next_ones(store):
    async def slowly(operation, key):
        if operation == "put" and "due" in key:
            await asyncio.sleep(0.02)

    names = [f"t{number}" for number in range(200)]
    replica = await started(store, deadline=0.1)
    for name in names:
        replica.stage(Record.of_timer(ADA, name), DAILY.to_value())
    store.before = slowly
    store.taken()
    for _ in range(100):
        with contextlib.suppress(UnavailableError):
            await replica.commit()
            break
    made = [key for operation, key in store.taken() if operation == "put"]
    assert made[-1] == OWNER
    assert len(await keys_in(store)) == len(names)
    assert len(made) < 2 * len(names)  # those that were created are not created again
