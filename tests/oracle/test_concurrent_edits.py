"""Tests of two instances that edit disjoint places of one record at once: each edit must be stored once."""

from __future__ import annotations

import pytest

from support.documents.virtual_time import run_virtually
from support.oracle.applications import EVERYWHERE
from support.oracle.edits_at_once import AtOnce, MisplacedError


@pytest.mark.parametrize("combination", EVERYWHERE)
def test_edits_of_disjoint_places_are_all_there_once(combination, count, figures, share):
    """The error names a failed seed. To replay it, call ``AtOnce(seed, combination).live()``."""
    misplaced = held = replaced = 0
    for seed in range(count(2, 340)):
        run = AtOnce(seed, combination)
        try:
            run_virtually(run.live())
        except MisplacedError:
            misplaced += 1
        figures.add(run.snapshots, both_changed_one=run.on_one_object)
        held, replaced = held + run.held, replaced + run.replaced
    assert misplaced <= figures.counts["runs"] * 0.03, "none of the few default runs, whose seeds are known to be whole"
    assert replaced <= held * 0.02, "objects that handlers hold stay the live ones"
    share(figures, 1 / 12, "both changed one object")
