"""Tests of listings: complete, in order, across pages."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING

import pytest

from ptb_bucket.stores import Create, promises
from ptb_bucket.testing.conformance.store.case import Case

if TYPE_CHECKING:
    from ptb_bucket.stores import BlobStore
    from ptb_bucket.testing.conformance.backend import Backend
    from ptb_bucket.testing.plugin import Count

__all__ = ["ListingTests"]


class ListingTests(Case):
    """Tests of ``list``."""

    async def test_empty_place_is_empty(self, backend: Backend) -> None:
        """An empty place lists nothing, with a prefix or without."""
        await promises.empty_place_is_empty(backend)

    async def test_many_across_pages(self, backend: Backend, count: Count) -> None:
        """Every object is listed once, in the order of keys, with its size."""
        await promises.many_are_listed_across_pages(backend, count(200, 2500))

    async def test_prefix_is_a_plain_prefix(self, backend: Backend) -> None:
        """Similar keys stay out, and a slash is not special."""
        await promises.prefix_is_a_plain_prefix(backend)

    async def test_can_be_left_halfway(self, backend: Backend) -> None:
        """A caller may stop early, and the store keeps working."""
        await promises.can_be_left_halfway(backend)

    async def test_a_listing_says_when_an_object_was_written(self, store: BlobStore) -> None:
        """Timers rely on it: a due key stays for an hour, because somebody may be saving its timer."""
        before = datetime.now(timezone.utc)
        await store.put("new", b"", Create())
        [modified] = [info.modified async for info in store.list("new")]
        if modified is None:
            pytest.skip("this place does not list when objects were written, so due keys without a timer stay")
        assert abs(modified - before) < timedelta(minutes=10)

    async def test_empty_objects_are_names_in_order(self, store: BlobStore, backend: Backend) -> None:
        """Due keys of timers are empty objects: they are listed by time, and gone once they are deleted."""
        if not store.lists_in_order:
            pytest.skip("this place lists keys in no order, so bots on it have no timers with layout=per-record")
        await promises.empty_objects_are_names_in_order(backend)
