"""Fixtures for the tests of the state engine."""

from __future__ import annotations

import pytest

from support.documents.ledger_bench import Bench


@pytest.fixture
def bench() -> Bench:
    return Bench()
