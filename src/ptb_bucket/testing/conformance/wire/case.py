"""Shared parts of the tests with a proxy: one object for each operation, and its outcome."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, ClassVar, Final

import pytest

from ptb_bucket.stores import Create, Update, open_store
from ptb_bucket.testing.conformance.store import Case
from ptb_bucket.testing.proxy import FaultProxy

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from ptb_bucket.stores import BlobStore
    from ptb_bucket.testing.conformance.backend import Backend

__all__ = ["OLD", "WRITES", "WireCase", "applied", "filled", "prove"]

WRITES: Final = ("create", "update", "delete")
OLD, NEW = b"old " * 250, b"new"


async def prove(uri: str) -> None:
    """Let the server prove that it honours conditions, so that later requests are only the test's own."""
    async with open_store(uri) as store:
        await store.put("other", b"", Create())
        await store.delete("other")


async def filled(store: BlobStore) -> str:
    """Write the objects of the operations, and return the ETag of the one to update."""
    etag, *_ = [await store.put(key, OLD, Create()) for key in ("old", "gone", "kept")]
    return etag


async def _do(store: BlobStore, operation: str, etag: str) -> None:
    if operation == "create":
        await store.put("new", NEW, Create())
    elif operation == "update":
        await store.put("old", NEW, Update(etag))
    elif operation == "delete":
        await store.delete("gone")
    elif operation == "get":
        await store.get("kept")
    else:
        assert [info.key async for info in store.list("k")] == ["kept"]


async def applied(backend: Backend) -> dict[str, bool]:
    """Return which of the writes were applied, as the side door shows."""
    states = {"create": await backend.read_raw("new") == NEW, "update": await backend.read_raw("old") == NEW}
    return {**states, "delete": await backend.read_raw("gone") is None}


class WireCase(Case):
    """A backend's server behind the fault proxy."""

    METHODS: ClassVar[Mapping[str, str]] = {
        "create": "PUT", "update": "PUT", "delete": "DELETE", "get": "GET", "list": "GET",
    }  # fmt: skip
    """Operation → the HTTP method of its one request."""

    @pytest.fixture
    def proxy(self, backend: Backend) -> Iterator[FaultProxy]:
        """Start the fault proxy in front of the server. A trickle takes far longer than any timeout here."""
        with FaultProxy(backend.server, trickle_delay=0.05) as proxy:
            yield proxy

    async def outcomes(self, store: BlobStore, etag: str) -> dict[str, BaseException | None]:
        """Run every operation once, all at the same time, because these tests mostly wait."""
        works = (_do(store, operation, etag) for operation in self.METHODS)
        return dict(zip(self.METHODS, await asyncio.gather(*works, return_exceptions=True), strict=True))
