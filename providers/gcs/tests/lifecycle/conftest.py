"""Every test here checks at its end that no thread stays."""

from __future__ import annotations

import pytest

from support.gcs_threads import ended


@pytest.fixture(autouse=True)
async def nothing_stays():
    yield
    assert await ended()
