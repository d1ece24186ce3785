"""Timers that two instances change at once: claims, ends, failures, cancellations, moves and pauses in every order."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ptb_bucket.state import BOT_DATA, LAYOUTS, MISSING
from ptb_bucket.state.timers import Claim, DueKey, Timer, due_key, merge_timers
from ptb_bucket.stores import MemoryStore
from support.documents.timers import ADA, DAILY, TEA, claimed, ended, keys_in, replica_on, stored, unit

LOGS = (ADA, BOT_DATA)


class Instance:
    """An instance that changes the timer that it knows.

    Args:
        name: One hexadecimal digit, which makes its nonces unique.
    """

    def __init__(self, store, layout, name):
        self.replica, self.name, self.number = replica_on(store, layout), name, 0
        self.has_run = False

    def nonce(self):
        self.number += 1
        return f"{self.name}{self.number:03x}"

    def known(self):
        value = self.replica.values.read(TEA)
        return None if value is MISSING else Timer.from_value(value)

    async def load(self):
        await self.replica.documents.refresh([TEA, *LOGS], asyncio.get_running_loop().time())
        for record in (TEA, *LOGS):
            self.replica.values.load(record)

    async def commit(self):
        await self.replica.commit()
        self.has_run = False

    async def act(self, what):
        if what in ("end", "fail") and self.has_run:
            await self.commit()  # a run begins with a claim, whose commit saves the run before
        timer = self.known()
        if what in ("load", "commit"):
            await getattr(self, what)()
        elif timer is None:
            if what == "create":  # another timer with the same ID
                self.replica.stage(TEA, DAILY.but(nonce=self.nonce()).to_value())
        elif what == "create":
            return
        elif what == "end":
            self._run(timer, timer.rearmed(timer.due + 60, self.nonce(), occurrence=timer.occurrence + 1, tries=0))
        elif what == "fail":
            self._run(timer, timer.rearmed(timer.due + 5, self.nonce(), tries=timer.tries + 1))
        else:
            after = self.changed(timer, what)
            self.replica.stage(TEA, after and after.to_value())

    def changed(self, timer, what):
        if what == "claim":
            return claimed(timer, self.nonce())
        if what == "move":
            return timer.rearmed(timer.due + 7, self.nonce(), revision=timer.revision + 1)
        if what in ("pause", "resume"):
            return timer.but(enabled=what == "resume")
        return None

    def _run(self, timer, after):
        name = unit(TEA, timer)
        self.replica.units.begin(name, [TEA, *LOGS])
        for record in LOGS:
            self.replica.stage(record, {"log": [*self.replica.values.read(record)["log"], name]})
        self.replica.stage_occurrence(name, TEA, after.to_value(), LOGS)
        self.has_run = True


ACTS = st.sampled_from(
    ["load", "claim", "end", "fail", "cancel", "move", "pause", "resume", "create", "commit", "commit"]
)
STEPS = st.lists(st.tuples(st.integers(0, 1), ACTS), max_size=12)


async def check(store, layout):
    """Each run is in each log once, and the timer that is stored has its key."""
    for record in LOGS:
        log = (await stored(store, record, layout))["log"]
        assert len(set(log)) == len(log)
    timer = await stored(store, TEA, layout)
    if layout == "per-record" and timer is not None and timer.is_armed:
        assert due_key(TEA, timer).key in await keys_in(store)
    return timer


async def scenario(layout, steps):
    store = MemoryStore()
    first = Instance(store, layout, "0")
    await first.load()
    first.replica.stage(TEA, DAILY.to_value())
    for record in LOGS:
        first.replica.stage(record, {"log": ["begun"]})
    await first.commit()
    instances = [Instance(store, layout, name) for name in "12"]
    for instance in instances:
        await instance.load()
    seen = newest = DAILY
    for number, what in [*steps, (0, "commit"), (1, "commit")]:
        await instances[number].act(what)
        if what == "commit":
            timer = await check(store, layout)
            if timer is not None and timer.series == newest.series:
                assert seen is not None  # one that comes back is another one
                assert _place(timer, timer) >= _place(newest, timer)
            seen, newest = timer, timer or newest
    assert [instance.replica.pending for instance in instances] == [set(), set()]
    for instance in instances:  # both know the same in the end
        await instance.load()
        assert instance.known() == seen
    if layout == "per-record" and (seen is None or not seen.is_armed):
        await _nothing_is_left(store, seen)
    return store


def _place(timer, after):
    """How far a timer has come: only further, until another one with its ID is created."""
    return (timer.revision, timer.occurrence, timer.tries if timer.occurrence == after.occurrence else 0)


async def _nothing_is_left(store, timer):
    """Keys that stay are only those of due times that the timer has left behind: the next look deletes them.

    Keys of a run that lost against another timer with the same ID may be ahead of that one, and are left as such.
    """
    is_another = timer is None or timer.series != DAILY.series
    for key in map(DueKey.parse, await keys_in(store)):
        assert is_another or timer.born or key.generation <= timer.generation


@pytest.mark.parametrize("layout", LAYOUTS)
def test_in_any_order_nothing_runs_twice_is_undone_or_lacks_its_key(layout, count):
    @settings(max_examples=count(60, 2000), deadline=None)
    @given(STEPS)
    def check_order(steps):
        asyncio.run(scenario(layout, steps))

    check_order()


ENDS = ["claim", "end", "fail", "cancel", "move", "pause"]


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("one", ENDS)
@pytest.mark.parametrize("other", ENDS)
async def test_each_pair_of_changes_at_once(layout, one, other):
    store = await scenario(layout, [(0, one), (1, other), (0, "commit"), (1, "commit")])
    timer = await stored(store, TEA, layout)
    if "move" in (one, other):
        assert timer.revision == DAILY.revision + 1
    elif "cancel" in (one, other):
        assert timer is None
    else:
        assert timer.occurrence == 1 + ("end" in (one, other))
        assert timer.enabled == ("pause" not in (one, other))


@pytest.mark.parametrize("run", [ended(DAILY, "cc"), DAILY.rearmed(1005.0, "cc", tries=1)])
def test_a_moved_timer_has_come_as_far_as_the_run_that_it_met(run):
    moved = DAILY.rearmed(1007.0, "bb", revision=2)
    for ours, theirs in ((moved, run), (run, moved)):
        merged = merge_timers(DAILY, ours, theirs)
        assert (merged.revision, merged.due) == (2, 1007.0)
        assert unit(TEA, merged) == unit(TEA, run)  # which no document contains yet


def test_a_timer_that_was_moved_while_it_was_cancelled_begins_a_series():
    moved = DAILY.rearmed(1007.0, "bb", revision=2)
    assert merge_timers(DAILY, moved, None) == moved.but(born=None)
    assert merge_timers(DAILY, None, moved) == moved


TIMEOUT_DUE = Timer("timeout", "aa", due=1000.0, options={"timeout": {"handler": "order", "key": [1]}})
DECIDED_BY_OTHER = TIMEOUT_DUE.but(claim=Claim("other", 1060.0), options={**TIMEOUT_DUE.options, "decided": "other"})
ANSWERED = Timer("timeout", "bb", due=4600.0, revision=7, options=TIMEOUT_DUE.options)
"""The timer of the conversation's next step, which a handler has made."""


@pytest.mark.parametrize("ours", [ANSWERED, None, TIMEOUT_DUE.rearmed(1060.0, "cc", revision=2)])
@pytest.mark.parametrize("theirs", [DECIDED_BY_OTHER, None])
def test_an_answer_does_not_undo_a_timeout_that_was_decided_or_has_ended(ours, theirs):
    assert merge_timers(TIMEOUT_DUE, ours, theirs) == theirs


@pytest.mark.parametrize("theirs", [ANSWERED, None, TIMEOUT_DUE.but(revision=2)])
def test_a_timeout_is_not_decided_after_an_answer(theirs):
    claimed_by_us = TIMEOUT_DUE.but(claim=Claim("us", 1060.0))
    decided = claimed_by_us.but(options={**TIMEOUT_DUE.options, "decided": "us"})
    assert merge_timers(claimed_by_us, decided, theirs) == theirs


@pytest.mark.parametrize("theirs", [TIMEOUT_DUE, TIMEOUT_DUE.but(claim=Claim("other", 1060.0))])
def test_an_answer_goes_first_if_a_timeout_is_only_claimed(theirs):
    assert merge_timers(TIMEOUT_DUE, ANSWERED, theirs).series == ANSWERED.series
    assert merge_timers(TIMEOUT_DUE, None, theirs) is None


def test_an_answer_that_knew_of_a_decision_replaces_it():
    """Its instance was killed, and the claim has ended."""
    assert merge_timers(DECIDED_BY_OTHER, ANSWERED, DECIDED_BY_OTHER).series == ANSWERED.series
