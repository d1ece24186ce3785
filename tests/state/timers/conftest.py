"""Fixtures: a store that notes each request."""

from __future__ import annotations

import pytest

from ptb_bucket.stores import MemoryStore
from support.documents.timers import Requests


@pytest.fixture
def store():
    return Requests(MemoryStore())
