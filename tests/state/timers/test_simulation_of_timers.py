"""Timers on several instances, with kills, freezes, lost answers and wrong clocks, in virtual time."""

from __future__ import annotations

import logging

import pytest

from ptb_bucket.state import LAYOUTS
from support.simulation.timers import CALM, FAULTS, BrokenTimerError, TimerWorld, run_processes

MOST = 0.02
"""The part of all runs that may be repetitions, where faults strike."""


@pytest.fixture(autouse=True)
def _without_warnings():
    """Silence the log: the runs warn of every fault."""
    before = logging.root.manager.disable
    logging.disable(logging.CRITICAL)
    yield
    logging.disable(before)


def run(seed, layout, faults=FAULTS, **size) -> TimerWorld:
    """Run a world. The output names a seed that fails, which replays it."""
    world = TimerWorld(seed, layout=layout, faults=faults, **size)
    try:
        return run_processes(world)
    except BrokenTimerError as error:
        pytest.fail(f"run_processes(TimerWorld({seed}, layout={layout!r}, faults={faults}, **{size})): {error}")


def size_of(many: int) -> dict[str, float]:
    """Return how long each of so many worlds lasts."""
    return {"storm": 100.0, "calm": 200.0} if many == 1 else {}


@pytest.mark.parametrize("layout", LAYOUTS)
def test_without_faults_each_occurrence_runs_once(layout, count):
    worlds = [run(seed, layout, CALM, **size_of(many)) for many in [count(1, 50)] for seed in range(many)]
    assert sum(world.ledger.repeated for world in worlds) == 0
    assert sum(world.ledger.total for world in worlds) > 20 * len(worlds)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_with_faults_no_timer_is_lost_early_or_doubled_and_each_repetition_has_a_reason(layout, count):
    worlds = [run(seed, layout, **size_of(many)) for many in [count(1, 200)] for seed in range(many)]
    total, repeated = (sum(getattr(world.ledger, name) for world in worlds) for name in ("total", "repeated"))
    assert total > 20 * len(worlds)
    if len(worlds) > 50:  # in a few runs, one kill counts for too much
        assert repeated <= MOST * total


@pytest.mark.long
def test_runs_contain_every_kind_of_event():
    worlds = [run(seed, layout) for layout in LAYOUTS for seed in range(10)]
    events = " ".join(event.what for world in worlds for event in world.ledger.events)
    for kind in ("killed", "frozen", "late of put", "late of delete", "lost of put", "sent twice", "refused of list"):
        assert kind in events
    letters = [letter for world in worlds for letter in world.letters.values()]
    plans = [plan for world in worlds for plan in world.ledger.plans.values()]
    assert any(letter.verb == "cancel" for letter in letters)
    assert any(letter.replaces for letter in letters)
    assert any(plan.interval for plan in plans)
    assert any(plan.fails for plan in plans)
    assert sum(world.ledger.repeated for world in worlds) > 10
