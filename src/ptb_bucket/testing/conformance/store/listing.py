"""Listing: everything, in order, across pages."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ptb_bucket.stores import BlobInfo, Create
from ptb_bucket.testing.conformance.store.case import Case

if TYPE_CHECKING:
    from ptb_bucket.stores import BlobStore
    from ptb_bucket.testing.conformance.backend import Backend
    from ptb_bucket.testing.plugin import Count

__all__ = ["ListingTests"]


class ListingTests(Case):
    """What ``list`` promises."""

    async def test_empty_place_is_empty(self, store: BlobStore) -> None:
        """With a prefix and without."""
        assert [info async for info in store.list()] == []
        assert [info async for info in store.list("nothing/")] == []

    async def test_many_across_pages(self, store: BlobStore, backend: Backend, count: Count) -> None:
        """Every object once, in order of the keys, with its size."""
        expected = [BlobInfo(f"many/{number:05}.json", number % 7) for number in range(count(200, 2500))]
        for info in reversed(expected):
            await backend.write_raw(info.key, bytes(info.size))
        assert [info async for info in store.list()] == expected
        assert [info async for info in store.list("many/001")] == expected[100:200]

    async def test_prefix_is_a_plain_prefix(self, store: BlobStore) -> None:
        """Look-alikes stay out; a slash means nothing special."""
        keys = ["a", "a-b", "a.json", "a/", "a/b", "a/b/c", "ab", "b/a"]
        for key in reversed(keys):
            await store.put(key, b"1", Create())
        for prefix in ("", "a", "a/", "a/b", "a/b/c", "a/b/c/d", "ab", "b", "/"):
            found = [info.key async for info in store.list(prefix)]
            assert found == [key for key in keys if key.startswith(prefix)]

    async def test_can_be_left_halfway(self, store: BlobStore, backend: Backend) -> None:
        """Whoever has seen enough stops, and the store works on."""
        for key in ("a", "b", "c"):
            await backend.write_raw(key, b"1")
        async for info in store.list():
            assert info.key == "a"
            break
        assert (await store.get("c")).data == b"1"
