"""A directory that keeps old versions."""

from __future__ import annotations

import pytest


@pytest.fixture
def uri(tmp_path):
    return f"file:{tmp_path}/data?keep=20"
