"""A commit of some changed users, beside the bare puts of the same bytes, in turns on the same place."""

from __future__ import annotations

import asyncio
import os
import statistics
import time
from typing import TYPE_CHECKING, Any

from people import ours

from ptb_bucket.stores import Create, Update
from scaling.cases import FIRST, on_demand

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from scaling.cases import Case, Place

__all__ = ["CHANGED", "measure", "timed"]

CHANGED = (1, 10, 1_000)
AT_ONCE = 10
"""The number of requests at once, as in the persistence."""
Figures = dict[str, float]


async def timed(action: Callable[[], Awaitable[Any]]) -> tuple[float, float]:
    """Return the seconds until it is done, and the CPU seconds of this process."""
    wall, cpu = time.perf_counter(), time.process_time()
    await action()
    return time.perf_counter() - wall, time.process_time() - cpu


async def measure(case: Case, place: Place) -> dict[str, Figures]:
    """Return the medians, by the number of changed users."""
    persistence = on_demand(ours(place.far, layout=case.layout, codec=case.codec, refresh_interval=0))
    return {str(count): await _rounds(case, place, persistence, count) for count in CHANGED if count <= case.users}


async def _rounds(case: Case, place: Place, persistence: Any, count: int) -> Figures:
    ids = range(FIRST, FIRST + count)
    lives: dict[int, dict[str, Any]] = {user: {} for user in ids}
    # What a handler changes, it was given before: that is a read, and not measured here.
    await asyncio.gather(*(persistence.refresh_user_data(user, live) for user, live in lives.items()))
    raw = _Raw(place, f"raw/{count}")
    rounds = []
    for number in range(case.runs):
        for live in lives.values():
            live["visits"] = live.get("visits", 0) + number + 1
        rounds.append(await _round(place, persistence, lives, raw))
    return {name: statistics.median(one[name] for one in rounds) for name in rounds[0]}


async def _round(place: Place, persistence: Any, lives: dict[int, Any], raw: _Raw) -> Figures:
    meter = place.meter.meter
    reads, writes, sent = meter.reads, meter.writes, meter.bytes_written

    async def commit() -> None:
        await asyncio.gather(*(persistence.update_user_data(user, {**live}) for user, live in lives.items()))

    wall, cpu = await timed(commit)
    figures = {"reads": meter.reads - reads, "writes": meter.writes - writes, "bytes": meter.bytes_written - sent}
    raw_wall, raw_cpu = await timed(raw.puts(int(figures["writes"]), int(figures["bytes"])))
    own = {"wall": wall, "cpu": cpu, "raw wall": raw_wall, "raw cpu": raw_cpu}
    return {**figures, **own, "wall ratio": wall / raw_wall, "own cpu share": (cpu - raw_cpu) / raw_wall}


class _Raw:
    """The lower bound: as many conditional puts of as many bytes, to separate objects."""

    def __init__(self, place: Place, folder: str) -> None:
        self._store, self._folder = place.far, folder
        self._etags: dict[str, str] = {}

    def puts(self, count: int, size: int) -> Callable[[], Awaitable[Any]]:
        data = os.urandom(size // max(1, count))  # of zeros, the system would not have a separate page for each
        gate = asyncio.Semaphore(AT_ONCE)

        async def one(number: int) -> None:
            key = f"{self._folder}/{number}"
            mode = Update(self._etags[key]) if key in self._etags else Create()
            async with gate:
                self._etags[key] = await self._store.put(key, data, mode)

        return lambda: asyncio.gather(*(one(number) for number in range(count)))
