"""Random edits of random graphs: nothing is lost without a report, nothing is doubled, and live objects stay."""

from __future__ import annotations

import copy
import logging
import random

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ptb_bucket.codecs import identical
from ptb_bucket.state.merge.live import update_in_place
from ptb_bucket.state.merge.objects import has_sharing
from support.values.merging import merged
from support.values.shared_graphs import KINDS, isomorphic, made, run

SHORT, LONG = 60, 1500
RIGHT = {"edits": 1.0, "insertions": 0.99, "sharing": 0.9, "unsharing": 0.85, "everything": 0.85}
"""The share of runs that end exactly as if both had changed one record. The others keep more (rule "Edits survive
deletions"), are reported, or took an object that was moved *and* changed for another one."""


@pytest.mark.parametrize("kind", KINDS)
def test_no_edit_is_lost_without_a_report_and_none_is_doubled(kind, count):
    """To replay a failed seed, call ``run(seed, kind)``."""
    runs = [run(seed, kind) for seed in range(count(SHORT, LONG))]
    assert not [seed for seed, ran in enumerate(runs) if ran.lost and not ran.reports]
    assert not [seed for seed, ran in enumerate(runs) if ran.doubled]
    right = sum(ran.is_right for ran in runs) / len(runs)
    reported = sum(bool(ran.reports) for ran in runs)
    logging.getLogger(__name__).info(
        "%s: %.1f %% right, %d of %d with a report", kind, right * 100, reported, len(runs)
    )
    assert right >= RIGHT[kind] - (0.1 if len(runs) < LONG else 0)


@given(st.integers(0, 10**9), st.sampled_from(sorted(KINDS)))
def test_what_only_one_side_changed_is_taken_as_it_is(seed, kind):
    ran = run(seed, kind)
    for sides in ((ran.ours, ran.base), (ran.base, ran.ours)):
        result, decided = merged(*copy.deepcopy((ran.base, *sides)))
        assert identical(result, ran.ours)
        assert not decided


@given(st.integers(0, 10**9), st.sampled_from(sorted(KINDS)))
def test_refreshing_makes_a_live_record_what_it_should_be(seed, kind):
    ran = run(seed, kind)
    live = copy.deepcopy(ran.base)
    assert update_in_place(live, copy.deepcopy(ran.ours))
    assert identical(live, ran.ours)


def objects_in(value) -> list:
    """Every dict and list in a value, each once."""
    found, waiting = {}, [value]
    while waiting:
        part = waiting.pop()
        if isinstance(part, dict | list) and id(part) not in found:
            found[id(part)] = part
            waiting += part.values() if isinstance(part, dict) else part
    return list(found.values())


@example(31903)
@given(st.integers(0, 10**9))
def test_refreshing_keeps_what_did_not_change(seed):
    ran = run(seed, "edits")
    live = ran.base
    everything = objects_in(live)
    held = {  # of two equal ones, nobody can tell which one was changed
        name: value
        for name, value in live.items()
        if isinstance(value, dict | list) and sum(identical(value, other) for other in everything) == 1
    }
    assert update_in_place(live, copy.deepcopy(ran.theirs))
    assert all(live[name] is value for name, value in held.items())


def test_the_model_notices_objects_that_are_merged_at_each_place(monkeypatch):
    monkeypatch.setattr("ptb_bucket.state.merge.values.has_sharing", lambda *_: False)
    assert any(ran.lost or not ran.is_right for ran in (run(seed, "edits") for seed in range(60)))


def test_records_of_the_model_are_shared_and_cyclic():
    worlds = [made(random.Random(seed), cycles=True).root for seed in range(100)]
    assert all(isomorphic(world, copy.deepcopy(world)) for world in worlds)
    assert sum(map(has_sharing, worlds)) > 40
