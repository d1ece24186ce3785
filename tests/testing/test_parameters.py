"""Tests that a short run combines the values of parameters in all ways that it should, and a long run in all ways."""

from __future__ import annotations

import itertools

import pytest

from support.parameters import covering, crossed, in_long_runs

AXES = [["memory", "file"], ["single", "per-type", "per-record"], ["json", "pickle"]]


@pytest.mark.parametrize(
    ("axes", "most"),
    [(AXES, 6), ([*AXES, [True, False]], 8), ([*AXES[1:], ["plain", "signed", "encrypted", "zstd"]], 12)],
)
def test_every_pair_of_values_is_in_a_short_run(axes, most):
    few = covering(axes, 2)
    for one, other in itertools.combinations(range(len(axes)), 2):
        assert {(values[one], values[other]) for values in few} == set(itertools.product(axes[one], axes[other]))
    assert len(few) <= most


def test_every_value_is_in_a_short_run():
    few = covering(AXES, 1)
    assert [{values[axis] for values in few} for axis in range(3)] == [set(axis) for axis in AXES]
    assert len(few) == 3


def test_a_long_run_has_every_combination():
    parameters = crossed(*AXES)
    assert [one.values[0] for one in parameters] == list(itertools.product(*AXES))
    assert [one.values[0] for one in parameters if not one.marks] == sorted(
        covering(AXES, 2), key=list(itertools.product(*AXES)).index
    )
    assert {mark.name for one in parameters for mark in one.marks} == {"long"}


def test_the_defaults_are_in_a_short_run():
    assert covering(AXES, 1)[0] == covering(AXES, 2)[0] == ("memory", "single", "json")


def test_a_copy_of_an_inherited_test_is_for_long_runs_and_the_test_stays():
    @pytest.mark.parametrize("number", [1, 2])
    def test(number, *, other=3):
        return number, other

    copy = in_long_runs(test)
    assert (copy(1), copy.__name__) == ((1, 3), "test")
    assert [mark.name for mark in copy.pytestmark] == ["parametrize", "long"]
    assert [mark.name for mark in test.pytestmark] == ["parametrize"]
