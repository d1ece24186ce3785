"""Promises about several writers: of those on one version exactly one wins, and no reader sees half an object."""

from __future__ import annotations

import asyncio
import random
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING, Final, TypeVar

from ptb_bucket.errors import LostRaceError, UnavailableError
from ptb_bucket.stores.base import Create, Update
from ptb_bucket.stores.promises.place import expect, expect_equal
from ptb_bucket.stores.wrappers import RetryingStore

if TYPE_CHECKING:
    from collections.abc import Awaitable, Iterable

    from ptb_bucket.stores.base import Blob, BlobStore, PutMode
    from ptb_bucket.stores.promises.place import Place

__all__ = ["increment", "increments_add_up", "one_creates", "one_updates", "readers_see_whole_objects"]

_T = TypeVar("_T")
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


async def increments_add_up(place: Place, rounds: int, *, workers: int = _WORKERS) -> None:
    """Check that workers that increment an object by compare-and-swap lose no increment and apply none twice.

    Args:
        place: The place.
        rounds: The increments of each worker.
        workers: The number of workers, each with a separate store.
    """
    await place.write_raw("counter", b"")

    async def work(store: BlobStore, worker: int) -> None:
        for step in range(rounds):
            await increment(store, "counter", f"{worker}:{step}")

    async with AsyncExitStack() as stack:
        stores = [await stack.enter_async_context(RetryingStore(place.open())) for _ in range(workers)]
        works = (work(store, worker) for worker, store in enumerate(stores))
        await asyncio.wait_for(_all(works), _DEADLINE)
    lines = (await place.read_raw("counter") or b"").decode().splitlines()
    expected = sorted(f"{worker}:{step}" for worker in range(workers) for step in range(rounds))
    expect_equal(sorted(lines), expected, "the list of increments")


async def _all(works: Iterable[Awaitable[_T]]) -> list[_T]:
    """Wait for all works. ``wait_for`` retrieves no error of a future that it cancels, and asyncio would report it."""
    return await asyncio.gather(*works)


async def one_creates(place: Place, rounds: int) -> None:
    """Check that of several writers that create the same object, one wins, and its bytes are stored."""
    async with AsyncExitStack() as stack:
        stores = [await stack.enter_async_context(place.open()) for _ in range(_WORKERS)]
        for number in range(rounds):
            await _race(place, stores, f"new-{number}", Create())


async def one_updates(place: Place, rounds: int) -> None:
    """Check that of several writers that update the same version, one wins, and its bytes are stored."""
    async with AsyncExitStack() as stack:
        stores = [await stack.enter_async_context(place.open()) for _ in range(_WORKERS)]
        for number in range(rounds):
            await place.write_raw("one", b"round %d" % number)
            await _race(place, stores, "one", Update((await stores[0].get("one")).etag))


async def _race(place: Place, stores: list[BlobStore], key: str, mode: PutMode) -> None:
    wrote = [b"%s by %d" % (key.encode(), number) for number in range(len(stores))]
    attempts = (_attempt(store, key, data, mode) for store, data in zip(stores, wrote, strict=True))
    won = await asyncio.wait_for(_all(attempts), _DEADLINE)
    winners = [data for data, winner in zip(wrote, won, strict=True) if winner]
    expect_equal([await place.read_raw(key)], winners, "the stored object, with the winners")


async def _attempt(store: BlobStore, key: str, data: bytes, mode: PutMode) -> bool:
    try:
        await store.put(key, data, mode)
    except (LostRaceError, UnavailableError):
        return False
    return True


async def readers_see_whole_objects(place: Place, writes: int) -> None:
    """Check that a reader during a write sees the old or the new bytes, with their own ETag."""
    wholes = [bytes([number]) * 300_000 for number in range(writes)]
    async with place.open() as writer, place.open() as reader:
        etags = {await writer.put("big", wholes[0], Create()): wholes[0]}

        async def write() -> None:
            for whole in wholes[1:]:
                etags[await writer.put("big", whole, Update(list(etags)[-1]))] = whole

        writing = asyncio.ensure_future(write())
        try:
            seen = await _seen(reader, writing)
            await writing
        finally:
            writing.cancel()  # an interruption or an error ends the writer, too
    expect(
        all(etags.get(blob.etag) == blob.data for blob in seen),
        "a reader during a write saw bytes that are not those of the version with this ETag",
    )


async def _seen(reader: BlobStore, writing: asyncio.Future[None]) -> set[Blob]:
    """Return the versions that a reader sees until the writer has finished."""
    seen = set()
    while not writing.done():
        seen.add(await reader.get("big"))
        await asyncio.sleep(0)  # a store in memory never gives way by itself
    return seen
