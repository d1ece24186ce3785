"""Promises about a store in other event loops, after closing and after opening again."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from ptb_bucket.stores.base import Create
from ptb_bucket.stores.promises.place import expect, expect_equal, items

if TYPE_CHECKING:
    from ptb_bucket.stores.base import BlobStore
    from ptb_bucket.stores.promises.place import Place

__all__ = [
    "closing_twice_is_no_error",
    "reopens_after_close",
    "stores_see_each_other",
    "works_in_one_loop_after_another",
]


async def _write_read_list(store: BlobStore, key: str) -> None:
    await store.put(key, key.encode(), Create())
    expect_equal((await store.get(key)).data, key.encode(), "an object right after its put")
    expect(key in [info.key async for info in store.list()], "an object is not listed right after its put")


async def works_in_one_loop_after_another(place: Place) -> None:
    """Check other event loops: serverless platforms may run a new loop for every call, without closing the store."""
    async with place.open() as store:
        await _write_read_list(store, "first")
        for key in ("second", "third"):
            await asyncio.to_thread(lambda key: asyncio.run(_write_read_list(store, key)), key)
        await _write_read_list(store, "fourth")


async def closing_twice_is_no_error(place: Place) -> None:
    """Check that closing works twice in a row, and before any use."""
    store = place.open()
    await store.close()
    await store.close()


async def reopens_after_close(place: Place) -> None:
    """Check that closing ends connections and leaves objects alone."""
    async with place.open() as store:
        await _write_read_list(store, "first")
        await store.close()
        expect_equal((await store.get("first")).data, b"first", "the object after closing and opening again")
        await _write_read_list(store, "second")


async def stores_see_each_other(place: Place) -> None:
    """Check that another store reads a write immediately."""
    async with place.open() as store, place.open() as other:
        await store.put("a", b"1", Create())
        expect_equal((await other.get("a")).data, b"1", "what another store reads right after a put")
        await other.delete("a")
        expect_equal(await items(store.list()), [], "the listing right after another store's delete")
