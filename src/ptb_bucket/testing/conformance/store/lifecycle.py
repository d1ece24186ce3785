"""Tests of a store in other loops, after closing and after opening again."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from ptb_bucket.stores import Create
from ptb_bucket.testing.conformance.store.case import Case

if TYPE_CHECKING:
    from ptb_bucket.stores import BlobStore
    from ptb_bucket.testing.conformance.backend import Backend

__all__ = ["LifecycleTests"]


async def _write_read_list(store: BlobStore, key: str) -> None:
    await store.put(key, key.encode(), Create())
    assert (await store.get(key)).data == key.encode()
    assert key in [info.key async for info in store.list()]


class LifecycleTests(Case):
    """Tests of loops and closing, with a store that was opened from a URI."""

    async def test_works_in_one_loop_after_another(self, store: BlobStore) -> None:
        """Serverless platforms may run a new loop for every call without closing the store in between."""
        await _write_read_list(store, "first")
        for key in ("second", "third"):
            await asyncio.to_thread(lambda key: asyncio.run(_write_read_list(store, key)), key)
        await _write_read_list(store, "fourth")

    async def test_close_is_idempotent(self, backend: Backend) -> None:
        """Closing works twice in a row, and before any use."""
        store = backend.open()
        await store.close()
        await store.close()

    async def test_reopens_after_close(self, backend: Backend) -> None:
        """Closing ends connections and leaves objects alone."""
        store = backend.open()
        await _write_read_list(store, "first")
        await store.close()
        assert (await store.get("first")).data == b"first"
        await _write_read_list(store, "second")
        await store.close()

    async def test_stores_see_each_other(self, store: BlobStore, backend: Backend) -> None:
        """Another store reads a write immediately."""
        async with backend.open() as other:
            await store.put("a", b"1", Create())
            assert (await other.get("a")).data == b"1"
            await other.delete("a")
            assert [info async for info in store.list()] == []

    async def test_describes_itself_without_requests(self, backend: Backend) -> None:
        """Its name, its write interval and its permissions are known before anything is open."""
        store = backend.open()
        assert store.scheme
        assert store.min_write_interval >= 0
        assert set(store.PERMISSIONS) <= {"get", "put", "delete", "list", "versions", "delete_version"}
        assert all(finding.check for finding in await store.diagnose())
        await store.close()
