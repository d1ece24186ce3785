"""An older deployment beside a newer one: the field that the older class lacks survives what the older one does."""

from __future__ import annotations

import pytest

from support.documents.virtual_time import run_virtually
from support.oracle.changed_classes import CHANGED, turns_of


@pytest.mark.parametrize("family", CHANGED)
def test_a_field_that_the_older_class_lacks_is_carried(family, count):
    """A seed that fails is named by the error; ``turns_of(family, seed)`` replays it."""
    for seed in range(count(2, 120)):
        run_virtually(turns_of(family, seed))
