"""A state on the layouts that differ most, plain and sealed."""

from __future__ import annotations

import pytest

from support.parameters import MOST_DIFFERENT
from support.tools.stored_broadcasts import KEY


@pytest.fixture(params=MOST_DIFFERENT)
def uri(request, tmp_path):
    return f"file:{tmp_path / 'bot'}?keep=9&layout={request.param}"


@pytest.fixture(params=["plain", "sealed"])
def sealed(request, monkeypatch):
    if request.param == "sealed":
        monkeypatch.setenv("PTB_BUCKET_ENCRYPTION_KEYS", KEY)
    return request.param == "sealed"
