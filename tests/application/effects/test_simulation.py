"""Effects on several instances, with kills, freezes, lost answers and wrong clocks, in virtual time."""

from __future__ import annotations

import dataclasses
import logging

import pytest

from ptb_bucket.state import LAYOUTS
from support.effects import bugs
from support.simulation.deliberate_bugs import assert_noticed
from support.simulation.effects import FAULTS, BrokenEffectError, simulate_effects
from support.simulation.timers import CALM

_LOGGER = logging.getLogger("effects")
MOST = 0.06
"""The part of all effects that may be repetitions, where faults strike that often."""


@pytest.fixture(autouse=True)
def _without_warnings():
    """Silence the log of the library: the runs warn of every fault."""
    logger = logging.getLogger("ptb_bucket")
    before, logger.disabled = logger.disabled, True
    loggers = [logging.getLogger(name) for name in ("ptb_bucket.application", "ptb_bucket.state")]
    levels = [each.level for each in loggers]
    for each in loggers:
        each.setLevel(logging.CRITICAL)
    yield
    logger.disabled = before
    for each, level in zip(loggers, levels, strict=True):
        each.setLevel(level)


def run(seed, layout, **options):
    """Run a world. The output names a seed that fails, which replays it."""
    try:
        return simulate_effects(seed, layout=layout, **options)
    except BrokenEffectError as error:
        pytest.fail(f"simulate_effects({seed}, layout={layout!r}, **{options}): {error}")


def size_of(many):
    """Return how long each of so many worlds lasts."""
    return {"storm": 60.0, "calm": 150.0} if many == 1 else {}


@pytest.mark.parametrize("layout", LAYOUTS)
def test_nothing_comes_early_is_lost_or_forgotten_and_each_repetition_has_a_reason(layout, count):
    many = count(1, 60)
    worlds = [run(seed, layout, **size_of(many)).ledger for seed in range(many)]
    total, repeated, unknown = (
        sum(getattr(each, name) for each in worlds) for name in ("total", "repeated", "unknown")
    )
    _LOGGER.warning("%s: %d effects, %d repeated, %d unknown", layout, total, repeated, unknown)
    assert total > 20 * len(worlds)
    if len(worlds) > 50:  # in a few runs, one kill counts for too much
        assert 0 < repeated <= MOST * total
        assert unknown > 0


@pytest.mark.long
@pytest.mark.parametrize("layout", LAYOUTS)
def test_without_faults_no_instance_repeats_an_effect_of_another_that_has_ended(layout):
    worlds = [run(seed, layout, faults=CALM).ledger for seed in range(20)]
    assert {trace.rpartition(": ")[2] for each in worlds for trace in each.traces} <= {"both were at work"}


def test_a_seed_replays_exactly():
    one, two = (simulate_effects(3, layout="per-record", storm=60.0, calm=150.0) for _ in range(2))
    events, calls = (
        [[str(each) for each in getattr(world.ledger, name)] for world in (one, two)] for name in ("events", "traces")
    )
    assert events[0] == events[1]
    assert calls[0] == calls[1]
    assert one.ledger.durable == two.ledger.durable
    assert one.ledger.sent == two.ledger.sent


SEEN = {
    bugs.run_before_the_commit: 0,
    bugs.result_not_stored: 0,
    bugs.stored_under_another_unit: 0,
    bugs.forgotten_after_a_lost_answer: 4,
    bugs.repeated_after_a_merge: 0,
    bugs.half_of_the_handlers_data_with_the_result: 0,
    bugs.intent_not_written: 0,
    bugs.ended_before_the_run: 0,
    bugs.expired_at_once: 0,
    bugs.counted_as_handled_although_the_result_is_unsaved: 7,
    bugs.timers_before_the_data: 8,
    bugs.what_became_known_is_overwritten: 4,
    bugs.stored_under_the_try: 0,
}
"""Each deliberate bug, with a seed that is known to notice it: it is tried first, then those behind it."""
OFTEN = dataclasses.replace(FAULTS, request=0.15)
WORLDS = {
    bugs.forgotten_after_a_lost_answer: {"faults": OFTEN},
    bugs.counted_as_handled_although_the_result_is_unsaved: {"faults": OFTEN},
    bugs.what_became_known_is_overwritten: {"deliveries": (2, 2, 3)},
    bugs.repeated_after_a_merge: {"layout": "single"},
}
"""What rarely happens in ordinary runs gets worlds of its own."""


def is_noticed(bug, seed):
    """Tell whether a run with a bug breaks a promise."""
    try:
        simulate_effects(seed, **{"layout": "per-type", **WORLDS.get(bug, {})})
    except BrokenEffectError as error:
        _LOGGER.warning("%s, seed %d: %s", bug.__name__, seed, error)
        return True
    return False


@pytest.mark.long
@pytest.mark.parametrize("bug", SEEN, ids=lambda bug: bug.__name__)
def test_the_simulation_notices(bug, monkeypatch):
    assert_noticed(bug, is_noticed, SEEN[bug], monkeypatch)


def test_the_simulation_notices_a_result_that_is_not_stored(monkeypatch):
    """The short run tries one deliberate bug, the long one all."""
    bugs.result_not_stored(monkeypatch)
    with pytest.raises(BrokenEffectError, match=r"not stored|not known|had returned"):
        simulate_effects(0, layout="single", storm=60.0, calm=150.0)
