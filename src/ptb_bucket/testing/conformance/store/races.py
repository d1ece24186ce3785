"""Tests of races: of several writers on one version exactly one wins, and no reader sees half an object."""

from __future__ import annotations

import asyncio
import random
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING, Final

from ptb_bucket.errors import LostRaceError, UnavailableError
from ptb_bucket.stores import Create, RetryingStore, Update
from ptb_bucket.testing.conformance.store.case import Case

if TYPE_CHECKING:
    from ptb_bucket.stores import BlobStore, PutMode
    from ptb_bucket.testing.conformance.backend import Backend
    from ptb_bucket.testing.plugin import Count

__all__ = ["RaceTests", "increment"]

_WORKERS: Final = 8
_DEADLINE: Final = 300
"""The seconds after which an unfinished race counts as a failure."""


async def increment(store: BlobStore, key: str, token: str) -> None:
    """Add a line to an object exactly once, even if answers are lost.

    Args:
        store: Where; its reads are retried by the caller.
        key: The object, which exists.
        token: The line; nobody else's.
    """
    line = token.encode() + b"\n"
    while True:
        blob = await store.get(key)
        if line in blob.data.splitlines(keepends=True):
            return
        # Gives way, so that other workers read the same version.
        await asyncio.sleep(random.uniform(0, 0.01))  # noqa: S311 jitter needs no secrecy
        try:
            await store.put(key, blob.data + line, Update(blob.etag))
        except (LostRaceError, UnavailableError):
            continue  # unclear: reading again tells whether it was applied
        return


async def _attempt(store: BlobStore, key: str, data: bytes, mode: PutMode) -> bool:
    try:
        await store.put(key, data, mode)
    except (LostRaceError, UnavailableError):
        return False
    return True


class RaceTests(Case):
    """Tests of ``put`` with several writers, verified through the side door."""

    async def test_increments_add_up(self, backend: Backend, count: Count) -> None:
        """8 workers increment an object by compare-and-swap, and no increment is lost or applied twice."""
        rounds = count(3, 250)
        await backend.write_raw("counter", b"")

        async def work(store: BlobStore, worker: int) -> None:
            for step in range(rounds):
                await increment(store, "counter", f"{worker}:{step}")

        async with AsyncExitStack() as stack:
            stores = [await stack.enter_async_context(RetryingStore(backend.open())) for _ in range(_WORKERS)]
            works = (work(store, worker) for worker, store in enumerate(stores))
            await asyncio.wait_for(asyncio.gather(*works), _DEADLINE)
        lines = (await backend.read_raw("counter") or b"").decode().splitlines()
        assert sorted(lines) == sorted(f"{worker}:{step}" for worker in range(_WORKERS) for step in range(rounds))

    async def test_one_creates(self, backend: Backend, count: Count) -> None:
        """Of 8 writers that create the same object, one wins, and its bytes are stored."""
        async with AsyncExitStack() as stack:
            stores = [await stack.enter_async_context(backend.open()) for _ in range(_WORKERS)]
            for number in range(count(3, 200)):
                await self._race(backend, stores, f"new-{number}", Create())

    async def test_one_updates(self, backend: Backend, count: Count) -> None:
        """Of 8 writers that update the same version, one wins, and its bytes are stored."""
        async with AsyncExitStack() as stack:
            stores = [await stack.enter_async_context(backend.open()) for _ in range(_WORKERS)]
            for number in range(count(3, 200)):
                await backend.write_raw("one", b"round %d" % number)
                await self._race(backend, stores, "one", Update((await stores[0].get("one")).etag))

    async def _race(self, backend: Backend, stores: list[BlobStore], key: str, mode: PutMode) -> None:
        wrote = [b"%s by %d" % (key.encode(), number) for number in range(len(stores))]
        attempts = (_attempt(store, key, data, mode) for store, data in zip(stores, wrote, strict=True))
        won = await asyncio.wait_for(asyncio.gather(*attempts), _DEADLINE)
        winners = [data for data, winner in zip(wrote, won, strict=True) if winner]
        assert winners == [await backend.read_raw(key)]

    async def test_readers_see_whole_objects(self, backend: Backend, count: Count) -> None:
        """A reader during a write sees the old or the new bytes, with their own ETag."""
        wholes = [bytes([number]) * 300_000 for number in range(count(10, 200))]
        async with backend.open() as writer, backend.open() as reader:
            etags = {await writer.put("big", wholes[0], Create()): wholes[0]}

            async def write() -> None:
                for whole in wholes[1:]:
                    etags[await writer.put("big", whole, Update(list(etags)[-1]))] = whole

            writing = asyncio.ensure_future(write())
            seen = set()
            while not writing.done():
                seen.add(await reader.get("big"))
                await asyncio.sleep(0)  # a store in memory never gives way by itself
            await writing
        assert all(etags[blob.etag] == blob.data for blob in seen)
