"""A directory for the state of a bot."""

from __future__ import annotations

import pytest


@pytest.fixture
def uri(tmp_path):
    return f"file:{tmp_path.as_posix()}/state"
