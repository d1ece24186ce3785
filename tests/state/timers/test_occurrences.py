"""Occurrences as units of work: effects, then the owner with the end of the occurrence, then the dedupe record."""

from __future__ import annotations

import contextlib
import itertools

import pytest

from ptb_bucket.errors import PTBBucketError, UnsavedError
from ptb_bucket.state import BOT_DATA, HANDLED, LAYOUTS, Record, open_layout
from ptb_bucket.testing.faults import Fault, FaultyStore
from support.documents.occurrences import ALL, begin, logs, run, written
from support.documents.timers import ADA, BO, CAKE, DAILY, ROOM, TEA, ended, keys_in, started, stored, unit

SEVERAL = ["per-type", "per-record"]


@pytest.mark.parametrize("layout", LAYOUTS)
async def test_a_run_is_saved_once_and_its_occurrence_has_ended(store, layout):
    await begin(store, layout)
    replica = await started(store, layout, ALL)
    run(replica)
    await replica.commit()
    assert await logs(store, layout) == [[0, 1], [0, 1], [0, 1]]
    assert await stored(store, TEA, layout) == ended(DAILY)
    assert replica.pending == set()
    assert replica.units.effects == {}


async def test_effects_come_first_then_the_owner_then_the_dedupe_record(store):
    await begin(store, "per-record")
    replica = await started(store, "per-record", ALL)
    store.taken()
    run(replica)
    replica.units.begin(7, [BO])
    replica.stage(BO, {"log": [0, 7]})
    replica.stage_handled(7, [BO])
    await replica.commit()
    order = written(store, "per-record")
    assert set(order[:3]) == {ROOM, BOT_DATA, CAKE}  # CAKE is in the document of BO
    assert order[3:] == [TEA, HANDLED]


async def test_on_per_type_the_document_of_timers_comes_after_all_data(store):
    await begin(store, "per-type")
    replica = await started(store, "per-type", ALL)
    store.taken()
    run(replica)
    await replica.commit()
    order = written(store, "per-type")
    assert order[-1] in (TEA, CAKE)
    assert len(order) == 4


async def test_the_owners_data_the_end_and_the_next_due_time_are_one_put(store):
    await begin(store, "per-record")
    replica = await started(store, "per-record", ALL)
    store.taken()
    run(replica, effects=(ADA,))
    await replica.commit()
    owner = open_layout("per-record").key(ADA) + ".json"
    assert [key for operation, key in store.taken() if operation == "put" and "due" not in key] == [owner]


@pytest.mark.parametrize("layout", SEVERAL)
@pytest.mark.parametrize("records", [c for n in range(4) for c in itertools.combinations((ADA, ROOM, BOT_DATA), n)])
async def test_after_a_death_in_the_middle_of_a_commit_the_next_run_adds_only_the_rest(store, layout, records):
    await begin(store, layout)
    keys = {open_layout(layout).key(record) + ".json" for record in records}
    denied = FaultyStore(
        store, lambda op, key: Fault.DENIED if op == "put" and key not in keys and "due" not in key else None
    )
    one = await started(denied, layout, ALL)
    run(one)
    with contextlib.suppress(PTBBucketError):
        await one.commit()
    two = await started(store, layout, ALL)
    if await stored(store, TEA, layout) == DAILY:  # the owner was not written
        run(two)
        await two.commit()
    assert await logs(store, layout) == [[0, 1], [0, 1], [0, 1]]
    assert await stored(store, TEA, layout) == ended(DAILY)


@pytest.mark.parametrize("layout", SEVERAL)
async def test_an_occurrence_does_not_end_before_its_effects_are_durable(store, layout):
    await begin(store, layout)
    room, down = open_layout(layout).key(ROOM) + ".json", True
    faulty = FaultyStore(store, lambda op, key: Fault.UNAVAILABLE if op == "put" and key == room and down else None)
    replica = await started(faulty, layout, ALL, deadline=0.05)
    run(replica)
    with pytest.raises(PTBBucketError):
        await replica.commit()
    assert await stored(store, TEA, layout) == DAILY
    assert {ROOM, TEA} <= replica.pending
    down = False
    await replica.commit()
    assert await logs(store, layout) == [[0, 1], [0, 1], [0, 1]]
    assert await stored(store, TEA, layout) == ended(DAILY)


@pytest.mark.parametrize("layout", LAYOUTS)
async def test_an_occurrence_whose_effect_cannot_be_merged_is_not_ended_and_runs_again(store, layout):
    await begin(store, layout)

    def resolver(conflict):
        if broken:
            raise ValueError("a bug of the bot")
        return conflict.ours

    broken = True
    replica = await started(store, layout, ALL)
    replica.documents.merger.resolver = resolver
    other = await started(store, layout, ALL)
    other.stage(ROOM, {"log": [0], "by": "other"})
    await other.commit()
    replica.units.begin(unit(TEA, DAILY), [TEA, ROOM, ADA])
    replica.stage(ROOM, {"log": [0], "by": "us"})
    replica.stage(ADA, {"log": [0, 1]})
    replica.stage_occurrence(unit(TEA, DAILY), TEA, ended(DAILY).to_value(), [ADA, ROOM])
    with pytest.raises(UnsavedError, match="chat_data"):
        await replica.commit()
    assert await stored(store, TEA, layout) == DAILY
    assert await logs(store, layout, ADA) == [[0, 1]]
    assert replica.values.read(TEA) == DAILY.to_value()  # so that this instance runs it again, too
    broken = False
    again = await started(store, layout, ALL)
    run(again, effects=(ADA, BO))
    await again.commit()
    assert await stored(store, TEA, layout) == ended(DAILY)
    if layout != "single":  # there, the document lists the run only if it has all of its changes
        assert await logs(store, layout, ADA) == [[0, 1]]


async def test_two_occurrences_that_change_each_others_owners_both_end(store):
    await begin(store, "per-record")
    replica = await started(store, "per-record", ALL)
    run(replica, TEA, effects=(ADA, BO))
    run(replica, CAKE, effects=(BOT_DATA,))
    replica.units.begin("more", [ADA])
    replica.units.end("more")
    await replica.commit()
    assert await stored(store, TEA) == await stored(store, CAKE) == ended(DAILY)
    assert await logs(store, "per-record", ADA, BO, BOT_DATA) == [[0, 1], [0, 1], [0, 1]]


async def test_two_occurrences_that_wait_for_each_other_take_one_put_more(store):
    await begin(store, "per-record")
    replica = await started(store, "per-record", ALL)
    run(replica, TEA, effects=(BO,))
    run(replica, CAKE, effects=(ADA,))
    store.taken()
    await replica.commit()
    assert await stored(store, TEA) == await stored(store, CAKE) == ended(DAILY)
    assert await logs(store, "per-record", ADA, BO) == [[0, 1], [0, 1]]
    assert replica.pending == set()


async def test_a_cancellation_on_top_of_an_end_that_waits_is_saved_with_it(store):
    await begin(store, "per-record")
    room, down = open_layout("per-record").key(ROOM) + ".json", True
    faulty = FaultyStore(store, lambda op, key: Fault.UNAVAILABLE if op == "put" and key == room and down else None)
    replica = await started(faulty, "per-record", ALL, deadline=0.05)
    run(replica, effects=(ROOM,))
    replica.stage(TEA, None)
    with pytest.raises(PTBBucketError):
        await replica.commit()
    assert await stored(store, TEA) == DAILY
    down = False
    await replica.commit()
    assert await stored(store, TEA) is None
    assert [key for key in await keys_in(store) if "tea" in key] == []


@pytest.mark.parametrize("layout", LAYOUTS)
async def test_documents_list_occurrences_by_name_also_after_a_restart(store, layout):
    await begin(store, layout)
    replica = await started(store, layout, ALL)
    name = run(replica)
    await replica.commit()
    reader = await started(store, layout, ALL)
    listed = [name in reader.documents.ledger(record).document.header.units for record in (TEA, ADA, ROOM, BOT_DATA)]
    assert listed == [True] * 4
    assert reader.documents.ledger(BO).document.header.units == (() if layout == "per-record" else (name,))


async def test_one_owner_that_cannot_be_written_keeps_no_other_from_being_written(store):
    await begin(store, "per-record")
    owner = open_layout("per-record").key(ADA) + ".json"
    denied = FaultyStore(store, lambda op, key: Fault.DENIED if op == "put" and key == owner else None)
    replica = await started(denied, "per-record", ALL)
    run(replica, TEA, effects=(ADA,))
    run(replica, CAKE, effects=(BO,))
    with pytest.raises(PTBBucketError):
        await replica.commit()
    assert await stored(store, CAKE) == ended(DAILY)
    assert await stored(store, TEA) == DAILY


async def test_one_document_that_cannot_be_written_keeps_no_other_occurrence_from_ending(store):
    await begin(store, "per-record")
    room = open_layout("per-record").key(ROOM) + ".json"
    denied = FaultyStore(store, lambda op, key: Fault.DENIED if op == "put" and key == room else None)
    replica = await started(denied, "per-record", ALL)
    run(replica, TEA, effects=(ROOM,))
    run(replica, CAKE, effects=(BO,))
    with pytest.raises(PTBBucketError):
        await replica.commit()
    assert await stored(store, CAKE) == ended(DAILY)
    assert await stored(store, TEA) == DAILY


async def test_an_occurrence_that_is_staged_during_a_commit_still_ends_after_its_effects(store):
    await begin(store, "per-record")
    room = open_layout("per-record").key(ROOM) + ".json"
    down = False
    faulty = FaultyStore(store, lambda op, key: Fault.UNAVAILABLE if op == "put" and key == room and down else None)
    replica = await started(faulty, "per-record", ALL, deadline=0.05)

    async def meanwhile(operation, _):
        if operation == "put":
            store.before = None
            run(replica, effects=(ROOM,))

    replica.stage(BOT_DATA, {"log": [0, "first"]})
    store.before = meanwhile
    await replica.commit()
    down = True
    with pytest.raises(PTBBucketError):
        await replica.commit()
    assert await stored(store, TEA) == DAILY
    down = False
    await replica.commit()
    assert await stored(store, TEA) == ended(DAILY)


async def test_records_that_a_run_began_with_are_its_effects_too(store):
    await begin(store, "per-record")
    room = open_layout("per-record").key(ROOM) + ".json"
    denied = FaultyStore(store, lambda op, key: Fault.DENIED if op == "put" and key == room else None)
    replica = await started(denied, "per-record", ALL)
    name = unit(TEA, DAILY)
    replica.units.begin(name, [TEA, ROOM])
    replica.stage(ROOM, {"log": [0, 1]})
    replica.stage_occurrence(name, TEA, ended(DAILY).to_value(), [])
    with pytest.raises(PTBBucketError):
        await replica.commit()
    assert await stored(store, TEA) == DAILY


async def test_a_chat_that_moves_with_its_timers_is_in_the_bucket_before_its_old_documents_are_emptied(store):
    old, new = Record.of_timer(ROOM, "tea"), Record.of_timer(Record.chat(-2), "tea")
    replica = await started(store, records=[ROOM, old, new])
    replica.stage(ROOM, {"n": 1})
    replica.stage(old, DAILY.to_value())
    await replica.commit()
    store.taken()
    replica.stage(ROOM, None)
    replica.stage(old, None)
    replica.stage(Record.chat(-2), {"n": 1})
    replica.stage(new, DAILY.but(chat_id=-2).to_value())
    await replica.commit()
    documents = [key for operation, key in store.taken() if operation == "put" and "due" not in key]
    assert documents == [f"{open_layout('per-record').key(record)}.json" for record in (new, old)]
