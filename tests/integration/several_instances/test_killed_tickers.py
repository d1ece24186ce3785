"""Real processes that run timers and are killed: no timer is lost, and none is doubled in data."""

from __future__ import annotations

import pytest

from ptb_bucket.state import LAYOUTS
from support.processes.killed_tickers import check_kills


async def test_a_few_timers_and_kills(tmp_path):
    await check_kills(f"file:{tmp_path}", "per-record", timers=12, kills=2)


@pytest.mark.long
@pytest.mark.parametrize("layout", LAYOUTS)
async def test_a_thousand_timers_and_sixty_kills(layout, tmp_path):
    await check_kills(f"file:{tmp_path}", layout, timers=1000, kills=60)
