"""A bot with a spool."""

from __future__ import annotations

import pytest

from support.applications.spooling_bot import Bot


@pytest.fixture
def bot(tmp_path):
    return Bot(tmp_path)
