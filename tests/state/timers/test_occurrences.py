"""Occurrences as units of work: effects, then the owner with the end of the occurrence, then the dedupe record."""

from __future__ import annotations

import contextlib
import itertools

import pytest

from ptb_bucket.errors import PTBBucketError, UnsavedError
from ptb_bucket.state import BOT_DATA, HANDLED, LAYOUTS, MISSING, Record, open_layout
from ptb_bucket.state.document import FEW
from ptb_bucket.state.timers import Timer
from ptb_bucket.stores import MemoryStore
from ptb_bucket.testing.faults import Fault, FaultyStore
from support.documents.timers import (
    ADA,
    BO,
    CAKE,
    DAILY,
    ONCE,
    ROOM,
    TEA,
    Requests,
    ended,
    keys_in,
    save,
    started,
    stored,
    unit,
)

ALL = (TEA, CAKE, ADA, BO, ROOM, BOT_DATA, HANDLED)
SEVERAL = ["per-type", "per-record"]


@pytest.fixture
def store():
    return Requests(MemoryStore())


async def begin(store, layout, timer=DAILY):
    """Give each log a first element: two first lists would merge into one."""
    replica = await started(store, layout, ALL)
    for record in (ADA, BO, ROOM, BOT_DATA):
        replica.stage(record, {"log": [0]})
    for record in (TEA, CAKE):
        replica.stage(record, timer.to_value())
    await replica.commit()


def run(replica, record=TEA, effects=(ADA, ROOM, BOT_DATA), after=ended):
    """Run the current occurrence of a timer: its job appends the occurrence to the log of each record."""
    timer = Timer.from_value(replica.values.read(record))
    name = unit(record, timer)
    replica.units.begin(name, [record, *effects])
    for effect in effects:
        log = replica.values.read(effect)["log"]
        replica.stage(effect, {"log": [*log, timer.occurrence]})
    after = after(timer)
    replica.stage_occurrence(name, record, MISSING if after is None else after.to_value(), effects)
    return name


async def logs(store, layout, *records):
    reader = await started(store, layout, ALL)
    return [reader.values.read(record)["log"] for record in records or (ADA, ROOM, BOT_DATA)]


def written(store, layout):
    names = {f"{open_layout(layout).key(record)}.json": record for record in reversed(ALL)}
    return [names[key] for operation, key in store.taken() if operation == "put" and key in names]


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


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("after", [ended, lambda _: None])
async def test_two_instances_that_run_one_occurrence_change_each_record_once(store, layout, after):
    await begin(store, layout)
    one, two = await started(store, layout, ALL), await started(store, layout, ALL)
    run(one, after=after)
    run(two, after=after)
    await one.commit()
    await two.commit()
    assert await logs(store, layout) == [[0, 1], [0, 1], [0, 1]]
    assert two.documents.metrics.withdrawn >= 3
    assert two.pending == set()


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
async def test_a_run_that_was_overtaken_is_withdrawn_as_a_whole(store, layout):
    await begin(store, layout)
    one, two = await started(store, layout, ALL), await started(store, layout, ALL)
    run(one, effects=(ADA,))
    await one.commit()
    name = unit(TEA, DAILY)
    two.units.begin(name, [TEA, ROOM])
    two.stage(ROOM, {"log": [0, 1]})
    two.stage(BO, {"log": [0, "kept"]})
    two.units.withdraw(name)
    await two.commit()
    assert await logs(store, layout, ADA, ROOM, BO) == [[0, 1], [0], [0, "kept"]]
    assert two.pending == set()
    assert two.values.load(ROOM) == {"log": [0]}


async def test_withdrawing_reaches_the_end_of_the_occurrence_too(store):
    await begin(store, "per-record")
    replica = await started(store, "per-record", ALL)
    name = run(replica)
    replica.units.withdraw(name)
    await replica.commit()
    assert await stored(store, TEA) == DAILY
    assert await logs(store, "per-record") == [[0], [0], [0]]


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


async def test_an_instance_that_was_frozen_until_its_run_was_forgotten_is_withdrawn_by_the_number_of_the_timer(store):
    await begin(store, "per-record")
    frozen, other = await started(store, "per-record", ALL), await started(store, "per-record", ALL)
    run(frozen, effects=(ADA,))
    run(other, effects=(ADA,))
    await other.commit()
    for number in range(FEW):
        other.units.begin(number, [ADA])
        other.stage(ADA, {**other.values.read(ADA), "n": number})
        other.stage_handled(number, [ADA])
    await other.commit()
    assert unit(TEA, DAILY) not in other.documents.ledger(ADA).document.header.units
    await frozen.commit()
    assert await logs(store, "per-record", ADA) == [[0, 1]]
    assert await stored(store, TEA) == ended(DAILY)


@pytest.mark.parametrize("change", [None, DAILY.rearmed(5000.0, "cc", revision=2, occurrence=2)])
async def test_a_run_during_which_its_timer_was_cancelled_or_replaced_keeps_its_changes(store, change):
    await begin(store, "per-record")
    running = await started(store, "per-record", ALL)
    run(running, effects=(ADA,))
    await save(store, tea=change)
    await running.commit()
    assert await logs(store, "per-record", ADA) == [[0, 1]]
    assert await stored(store, TEA) == change


@pytest.mark.parametrize("layout", LAYOUTS)
async def test_a_new_timer_with_the_id_of_an_old_one_is_not_taken_for_it(store, layout):
    await begin(store, layout, ONCE)
    replica = await started(store, layout, ALL)
    run(replica, after=lambda _: None)
    await replica.commit()
    await save(store, layout, tea=ONCE.but(nonce="dd", due=3000.0))
    replica = await started(store, layout, ALL)
    run(replica, after=lambda _: None)
    await replica.commit()
    assert await logs(store, layout) == [[0, 1, 1]] * 3


@pytest.mark.parametrize("layout", LAYOUTS)
async def test_timers_of_two_owners_with_the_same_id_are_two(store, layout):
    namesake = Record.of_timer(BO, "tea")
    await begin(store, layout)
    replica = await started(store, layout, (*ALL, namesake))
    replica.stage(namesake, DAILY.but(nonce="ee").to_value())
    await replica.commit()
    for record in (TEA, namesake):
        run(replica, record, effects=(BOT_DATA,))
        await replica.commit()
        replica = await started(store, layout, (*ALL, namesake))
    assert await logs(store, layout, BOT_DATA) == [[0, 1, 1]]


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
