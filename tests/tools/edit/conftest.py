"""A store for the records that are edited."""

from __future__ import annotations

import pytest

from ptb_bucket.stores import MemoryStore


@pytest.fixture
def store():
    return MemoryStore()
