"""Fixtures: each layout with each codec."""

from __future__ import annotations

import pytest

from support.applications.newer_values import PLACES


@pytest.fixture(params=PLACES, ids=lambda place: "-".join(place.values()))
def place(request):
    return request.param
