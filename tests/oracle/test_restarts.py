"""Tests of an instance that restarts again and again. Its handlers see the same as with PicklePersistence."""

from __future__ import annotations

import pytest

from support.documents.virtual_time import run_virtually
from support.oracle.applications import COMBINATIONS, EVERYWHERE, Bot
from support.oracle.runs import Run


@pytest.mark.parametrize("combination", EVERYWHERE)
def test_handlers_see_the_same_after_restarts(combination, tmp_path, count, figures, share):
    """The error names a failed seed. To replay it, call ``Run(seed, folder, combination).restarts()``."""
    for seed in range(count(2, 250)):
        run = Run(seed, tmp_path, combination)
        run_virtually(run.restarts())
        figures.add(run.snapshots)
    share(figures, 1 / 60, "runs", "sharing", "with cycles", families=1 / 20)


class BothOnPickle(Run):
    """PTB's own persistence on both sides."""

    def _bots(self, count):
        other = self.folder / "other.pickle"
        other.unlink(missing_ok=True)
        return Bot.on_pickle(self.path), [Bot.on_pickle(other)]


def test_the_comparison_finds_no_difference_between_two_of_ptbs_own(tmp_path, count):
    for seed in range(count(2, 200)):
        run_virtually(BothOnPickle(seed, tmp_path, COMBINATIONS[0]).restarts())


def test_a_seed_replays_exactly(tmp_path):
    trees = []
    for _ in range(2):
        run = BothOnPickle(7, tmp_path, COMBINATIONS[0])
        run_virtually(run.restarts())
        trees.append([snapshot.tree for snapshot in run.snapshots])
    assert trees[0] == trees[1]
