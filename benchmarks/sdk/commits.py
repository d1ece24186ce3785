"""A changed user in a document: our commit compared with the bare SDK's put of the same bytes and server."""

from __future__ import annotations

import statistics
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from people import filled, people_of

from ptb_bucket.stores import Create, Update, open_store
from sdk.bare import bare, new_bucket

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from ptb_bucket import BucketPersistence
    from ptb_bucket.stores import BlobStore
    from sdk.bare import Bare
    from sdk.servers import Server

    Put = Callable[[int], Awaitable[None]]

__all__ = ["CONTESTANTS", "Commits", "Ratio", "measure"]

CONTESTANTS = ("sdk", "store", "commit")
"""The bare SDK's put; our store's put; a commit of BucketPersistence: staging, merging, splicing and that put."""
WARM_UP = 2
KEY = "state.json"


@dataclass(frozen=True)
class Ratio:
    """The median of the rounds' ratios, and the bounds of their middle half."""

    median: float
    low: float
    high: float

    @classmethod
    def of(cls, ours: list[float], theirs: list[float]) -> Ratio:
        """Compare neighbouring measurements, round by round."""
        ratios = [our / their for our, their in zip(ours, theirs, strict=True)]
        low, median, high = statistics.quantiles(ratios, n=4) if len(ratios) > 1 else ratios * 3
        return cls(median, low, high)


@dataclass(frozen=True)
class Commits:
    """All rounds with documents of one size: for each contestant, the seconds until durable and of CPU."""

    size: int
    wall: dict[str, list[float]]
    cpu: dict[str, list[float]]

    def ratio(self, what: str, contestant: str) -> Ratio:
        """Return the ratio of a contestant to the bare SDK in ``wall`` or ``cpu`` time."""
        times = self.wall if what == "wall" else self.cpu
        return Ratio.of(times[contestant], times["sdk"])


async def measure(server: Server, size: int, rounds: int) -> Commits:
    """Let the three take turns, each in its own prefix of one bucket."""
    async with bare(server) as sdk:
        bucket = await new_bucket(sdk)
        users = people_of(size)
        ours = await filled(server.uri(bucket, "commit/"), users)
        store = open_store(server.uri(bucket, "store/"))
        data = await sdk.read(bucket, f"commit/{KEY}")
        puts = {"sdk": _bare_put(sdk, bucket, data), "store": _store_put(store, data), "commit": _commit(ours, users)}
        try:
            return await _rounds(len(data), puts, rounds)
        finally:
            await ours.flush()
            await store.close()


def _commit(ours: BucketPersistence, users: dict[int, Any]) -> Put:
    first = next(iter(users))
    return lambda number: ours.update_user_data(first, {**users[first], "n": number})


def _bare_put(sdk: Bare, bucket: str, data: bytes) -> Put:
    etag: str | None = None

    async def put(_: int) -> None:
        nonlocal etag
        etag = await sdk.put(bucket, "sdk/" + KEY, data, etag)

    return put


def _store_put(store: BlobStore, data: bytes) -> Put:
    etag: str | None = None

    async def put(_: int) -> None:
        nonlocal etag
        etag = await store.put(KEY, data, Create() if etag is None else Update(etag))

    return put


async def _rounds(size: int, puts: dict[str, Put], rounds: int) -> Commits:
    wall: dict[str, list[float]] = {name: [] for name in puts}
    cpu: dict[str, list[float]] = {name: [] for name in puts}
    for number in range(-WARM_UP, rounds):
        for name in _turns(number):
            seconds, busy = await _timed(puts[name], number)
            if number >= 0:
                wall[name].append(seconds)
                cpu[name].append(busy)
    return Commits(size, wall, cpu)


def _turns(number: int) -> tuple[str, ...]:
    """Start each round with another contestant, so that the order does not matter."""
    first = number % len(CONTESTANTS)
    return CONTESTANTS[first:] + CONTESTANTS[:first]


async def _timed(put: Put, number: int) -> tuple[float, float]:
    begin, busy = time.perf_counter(), time.process_time()
    await put(number)
    return time.perf_counter() - begin, time.process_time() - busy
