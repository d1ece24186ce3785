"""Occurrences that another instance ended, cancelled or replaced: no record has their effects twice."""

from __future__ import annotations

import pytest

from ptb_bucket.state import BOT_DATA, LAYOUTS, Record
from ptb_bucket.state.document import FEW
from support.documents.occurrences import ALL, begin, logs, run
from support.documents.timers import ADA, BO, DAILY, ONCE, ROOM, TEA, ended, save, started, stored, unit


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
