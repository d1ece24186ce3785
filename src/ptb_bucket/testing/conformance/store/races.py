"""Tests of races: of several writers on one version exactly one wins, and no reader sees half an object."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ptb_bucket.stores import promises
from ptb_bucket.stores.promises import increment
from ptb_bucket.testing.conformance.store.case import Case

if TYPE_CHECKING:
    from ptb_bucket.testing.conformance.backend import Backend
    from ptb_bucket.testing.plugin import Count

__all__ = ["RaceTests", "increment"]


class RaceTests(Case):
    """Tests of ``put`` with several writers, verified through the side door."""

    async def test_increments_add_up(self, backend: Backend, count: Count) -> None:
        """8 workers increment an object by compare-and-swap, and no increment is lost or applied twice."""
        await promises.increments_add_up(backend, count(3, 250))

    async def test_one_creates(self, backend: Backend, count: Count) -> None:
        """Of 8 writers that create the same object, one wins, and its bytes are stored."""
        await promises.one_creates(backend, count(3, 200))

    async def test_one_updates(self, backend: Backend, count: Count) -> None:
        """Of 8 writers that update the same version, one wins, and its bytes are stored."""
        await promises.one_updates(backend, count(3, 200))

    async def test_readers_see_whole_objects(self, backend: Backend, count: Count) -> None:
        """A reader during a write sees the old or the new bytes, with their own ETag."""
        await promises.readers_see_whole_objects(backend, count(10, 200))
