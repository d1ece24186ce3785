"""The list of units in a document's header: of each timer the newest occurrence, which stands for those before it."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from ptb_bucket.state import BOT_DATA, MISSING
from ptb_bucket.state.document import Header, reached_by
from ptb_bucket.state.document.units import Occurrence
from ptb_bucket.state.timers import unit_of
from ptb_bucket.stores import MemoryStore
from support.documents.timers import ADA, DAILY, TEA, ended, started, stored, unit

SECOND, THIRD = ended(DAILY), ended(ended(DAILY), "cc")
LATER = DAILY.but(nonce="99")
"""Another timer, which got the same ID later."""


def name(timer):
    return unit_of("tea", timer)


def listed(*units, limit=50):
    header = Header("1", "json")
    for one in units:
        header = header.noting([one], limit)
    return header.units


def test_of_one_timer_only_the_newest_occurrence_is_listed_with_all_updates():
    assert listed(1, name(DAILY), 2, name(SECOND), 3) == (1, 2, name(SECOND), 3)
    assert listed(name(SECOND), 1, name(DAILY)) == (1, name(SECOND))  # a late one does not hide the newer one
    assert listed(name(DAILY), name(LATER)) == (name(DAILY), name(LATER))
    assert listed(name(DAILY), unit_of("cake", DAILY)) == (name(DAILY), unit_of("cake", DAILY))


def test_a_failed_try_is_before_the_next_one():
    failed = DAILY.rearmed(1005.0, "bb", tries=1)
    assert listed(name(DAILY), name(failed)) == (name(failed),)
    assert reached_by([name(DAILY)], [name(failed)]) == {name(DAILY)}
    assert reached_by([name(failed)], [name(DAILY)]) == set()


@given(st.lists(st.integers(1, 30), min_size=1), st.integers(1, 10))
def test_a_repeating_timer_takes_one_place(numbers, limit):
    units = [*range(limit), *(name(DAILY.but(occurrence=number)) for number in numbers)]
    assert listed(*units, limit=limit)[-1] == name(DAILY.but(occurrence=max(numbers)))
    assert len([one for one in listed(*units) if type(one) is str]) == 1


@given(st.text() | st.integers())
def test_other_units_are_no_occurrences(one):
    assert Occurrence.of(one) is None or "#" in one


def test_what_is_listed_stands_for_earlier_occurrences_of_the_same_timer_only():
    assert reached_by([name(DAILY), name(THIRD), name(LATER), 7], [name(SECOND), 7]) == {name(DAILY)}


async def test_a_frozen_run_is_withdrawn_where_only_a_later_occurrence_is_listed():
    store = MemoryStore()
    first = await started(store, records=[TEA, BOT_DATA])
    first.stage(TEA, DAILY.to_value())
    first.stage(BOT_DATA, {"log": [0]})
    await first.commit()
    frozen, other = [await started(store, records=[TEA, ADA, BOT_DATA]) for _ in range(2)]
    for replica, timers in ((frozen, [DAILY]), (other, [DAILY, SECOND])):
        for timer in timers:
            replica.units.begin(unit(TEA, timer), [TEA, BOT_DATA])
            log = replica.values.read(BOT_DATA)["log"]
            replica.stage(BOT_DATA, {"log": [*log, timer.occurrence]})
            after = ended(timer, f"b{timer.occurrence}").to_value()
            replica.stage_occurrence(unit(TEA, timer), TEA, after, [BOT_DATA])
            if replica is other:
                await replica.commit()
    assert unit(TEA, DAILY) not in other.documents.ledger(BOT_DATA).document.header.units
    await frozen.commit()
    assert await stored(store, BOT_DATA) == {"log": [0, 1, 2]}
    assert (await stored(store, TEA)).occurrence == 3
    assert frozen.pending == set()
    assert await stored(store, ADA) is MISSING
