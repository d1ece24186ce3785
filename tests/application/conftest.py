"""Fixtures: a world on ``file:``, and a time of day that jumps."""

from __future__ import annotations

import pytest

from support.applications.clock import Clock
from support.applications.instances import World


@pytest.fixture
async def world(tmp_path):
    made = World(f"file:{tmp_path}/bot")
    yield made
    await made.close()


@pytest.fixture
def clock(monkeypatch):
    return Clock(monkeypatch)
