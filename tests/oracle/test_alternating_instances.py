"""Tests of two instances in turns: they see the same as one bot on PicklePersistence that restarts at each turn."""

from __future__ import annotations

import pytest

from support.documents.virtual_time import run_virtually
from support.oracle.applications import EVERYWHERE
from support.oracle.runs import Run


@pytest.mark.parametrize("combination", EVERYWHERE)
def test_handlers_see_the_same_on_either_instance(combination, tmp_path, count, figures, share):
    """The error names a failed seed. To replay it, call ``Run(seed, folder, combination).turns()``."""
    for seed in range(1000, 1000 + count(2, 250)):
        run = Run(seed, tmp_path, combination)
        run_virtually(run.turns())
        figures.add(run.snapshots)
    share(figures, 1 / 60, "runs", "sharing", "with cycles", families=1 / 20)
