"""Fixtures for the applications that each test compares."""

from __future__ import annotations

import pytest

from support.applications.side_by_side import Sides


@pytest.fixture
def sides(tmp_path, long):
    return Sides(tmp_path, long=long)
