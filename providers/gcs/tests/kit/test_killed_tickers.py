"""Real processes that run timers on fake-gcs-server and are killed: no timer is lost, and none is doubled in data."""

from __future__ import annotations

import pytest

from support.processes.killed_tickers import check_kills


@pytest.mark.long  # a short run kills processes on a directory, and races and faults on this server
@pytest.mark.parametrize(("timers", "kills"), [(12, 2), (1000, 60)], ids=["few", "many"])
async def test_timers_survive_kills(timers, kills, backend_on):
    await check_kills(backend_on().uri("bot"), "per-record", timers, kills)
