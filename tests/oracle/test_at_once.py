"""Two instances that edit disjoint places of one record at once: afterwards each edit is there, once."""

from __future__ import annotations

import pytest
from oracle.applications import COMBINATIONS
from oracle.at_once import AtOnce
from virtual_time import run_virtually


@pytest.mark.parametrize("combination", COMBINATIONS, ids=str)
def test_edits_of_disjoint_places_are_all_there_once(combination, count, figures, share):
    """A seed that fails is named by the error; ``AtOnce(seed, combination).live()`` replays it."""
    for seed in range(count(4, 340)):
        run = AtOnce(seed, combination)
        run_virtually(run.live())
        figures.add(run.pictures, both_changed_one=run.on_one_object)
    share(figures, 1 / 12, "both changed one object")
