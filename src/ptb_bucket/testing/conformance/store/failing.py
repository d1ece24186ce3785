"""Tests of failures: none may look like "not found"."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from ptb_bucket.errors import AccessError, StoreError, UnavailableError
from ptb_bucket.stores import Create
from ptb_bucket.testing.conformance.store.case import Case

if TYPE_CHECKING:
    from ptb_bucket.stores import BlobStore
    from ptb_bucket.testing.conformance.backend import Backend

__all__ = ["FailingTests"]


async def _everything_raises(store: BlobStore, error: type[StoreError]) -> None:
    async with store:
        with pytest.raises(error):
            await store.get("state.json")
        with pytest.raises(error):
            await store.get("state.json", if_none_match="x")
        with pytest.raises(error):
            await store.put("state.json", b"1", Create())
        with pytest.raises(error):
            await store.delete("state.json")
        with pytest.raises(error):
            [info async for info in store.list()]


class FailingTests(Case):
    """Tests of failed reads: if one counted as an empty bucket, the next save would wipe the bucket."""

    async def test_unavailable_is_not_empty(self, backend: Backend) -> None:
        """Every operation on an unreachable place reports it."""
        if (store := backend.unavailable()) is None:
            pytest.skip("this place cannot be made unreachable")
        await _everything_raises(store, UnavailableError)

    async def test_denied_is_not_empty(self, backend: Backend) -> None:
        """Every operation on a forbidden place reports it."""
        if (store := backend.denied()) is None:
            pytest.skip("this place cannot be forbidden")
        await _everything_raises(store, AccessError)
