"""One instance that is started again and again: handlers see what they would see with PicklePersistence."""

from __future__ import annotations

import pytest
from oracle.applications import COMBINATIONS
from oracle.lives import Life
from virtual_time import run_virtually


@pytest.mark.parametrize("combination", COMBINATIONS, ids=str)
def test_handlers_see_the_same_after_restarts(combination, tmp_path, count, figures, share):
    """A seed that fails is named by the error; ``Life(seed, folder, combination).restarts()`` replays it."""
    for seed in range(count(8, 250)):
        life = Life(seed, tmp_path, combination)
        run_virtually(life.restarts())
        figures.add(life.pictures)
    share(figures, 1 / 60, "runs", "sharing", "with cycles", families=1 / 20)
