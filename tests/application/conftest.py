"""Fixtures for a world on ``file:`` and one on ``memory:``."""

from __future__ import annotations

import pytest

from support.applications.instances import World


@pytest.fixture
async def world(tmp_path):
    made = World(f"file:{tmp_path}/bot")
    yield made
    await made.close()
