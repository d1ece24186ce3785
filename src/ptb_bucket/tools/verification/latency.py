"""Latency of single requests, one after another."""

from __future__ import annotations

import asyncio
import math
import time
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from ptb_bucket.errors import UnavailableError
from ptb_bucket.stores import Create, Update

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable, Sequence

    from ptb_bucket.tools.verification.effort import Effort
    from ptb_bucket.tools.verification.place import Grounds
    from ptb_bucket.tools.verification.requests import Tally

__all__ = ["Latency", "measure_latency", "percentile", "plan_latency"]

_DOCUMENT: Final = b"0123456789abcdef" * 640
"""10 KiB, the size of a small bot's state."""
_LONGEST: Final = 60.0
"""The seconds for one kind of request. A slow server is measured with fewer requests."""


@dataclass(frozen=True)
class Latency:
    """The latency of one kind of request: number of requests, median and 99th percentile in seconds."""

    number: int
    median: float
    p99: float


def plan_latency(effort: Effort, tally: Tally) -> None:
    """Add the requests that are measured to a tally."""
    tally.add("writes", 2 * effort.puts)
    tally.add("reads", effort.gets)
    tally.add("lists", effort.lists)
    tally.add("deletes", effort.puts)


def percentile(seconds: Sequence[float], part: float) -> float:
    """Return the smallest of some values that is at least as large as a part of them (nearest rank)."""
    return sorted(seconds)[max(0, math.ceil(part * len(seconds)) - 1)]


async def measure_latency(grounds: Grounds, effort: Effort) -> dict[str, Latency]:
    """Measure puts (half of them create an object, half replace one), reads and listings of objects of 10 KiB."""
    store = grounds.store
    keys = [f"latency/{number:03}" for number in range(effort.puts)]
    etags: dict[str, str] = {}

    async def create(key: str) -> None:
        etags[key] = await store.put(key, _DOCUMENT, Create())

    async def replace(key: str) -> None:
        etags[key] = await store.put(key, _DOCUMENT[1:], Update(etags[key]))

    async def read(key: str) -> None:
        await store.get(key)

    async def list_(_: str) -> None:
        [info async for info in store.list("latency/")]

    created = await _timed(create, keys)
    await asyncio.sleep(store.min_write_interval)
    puts = created + await _timed(replace, list(etags))
    known = list(etags) or keys
    gets = await _timed(read, (known[number % len(known)] for number in range(effort.gets)))
    lists = await _timed(list_, [""] * effort.lists)
    return {name: _latency(found) for name, found in (("get", gets), ("put", puts), ("list", lists)) if found}


async def _timed(work: Callable[[str], Awaitable[None]], keys: Iterable[str]) -> list[float]:
    seconds: list[float] = []
    end = time.perf_counter() + _LONGEST
    for key in keys:
        began = time.perf_counter()
        with suppress(UnavailableError):  # a request without an answer has no latency
            await work(key)
            seconds.append(time.perf_counter() - began)
        if time.perf_counter() > end:
            break
    return seconds


def _latency(seconds: Sequence[float]) -> Latency:
    return Latency(len(seconds), percentile(seconds, 0.5), percentile(seconds, 0.99))
