"""Tests that values that cannot be stored lose only themselves, no matter what is stored around them."""

from __future__ import annotations

import pytest

from support.documents.virtual_time import run_virtually
from support.oracle.applications import EVERYWHERE
from support.oracle.runs import Run


@pytest.mark.parametrize("combination", EVERYWHERE)
@pytest.mark.parametrize("kind", ["restarts", "turns"])
def test_all_else_is_as_if_they_had_never_been_there(kind, combination, tmp_path, count, figures):
    """The error names a failed seed. To replay it, call ``Run(seed, folder, combination, hostile=True)``."""
    refused = []
    for seed in range(2000, 2000 + count(1, 20)):
        run = Run(seed, tmp_path, combination, hostile=True)
        run_virtually(getattr(run, kind)())
        figures.add(run.snapshots)
        refused += run.refused
    assert refused, "no run put a value there that cannot be stored, or none was named by its path"
