"""Tests of an older deployment beside a newer one: a field that the older class lacks survives all its changes."""

from __future__ import annotations

import pytest

from support.documents.virtual_time import run_virtually
from support.oracle.changed_classes import CHANGED, turns_of


@pytest.mark.parametrize("family", CHANGED)
def test_a_field_that_the_older_class_lacks_is_kept(family, count):
    """The error names a failed seed. To replay it, call ``turns_of(family, seed)``."""
    for seed in range(count(2, 120)):
        run_virtually(turns_of(family, seed))
