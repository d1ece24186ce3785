"""Tests of a store in other loops, after closing and after opening again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ptb_bucket.stores import promises
from ptb_bucket.testing.conformance.store.case import Case

if TYPE_CHECKING:
    from ptb_bucket.testing.conformance.backend import Backend

__all__ = ["LifecycleTests"]


class LifecycleTests(Case):
    """Tests of loops and closing, with a store that was opened from a URI."""

    async def test_works_in_one_loop_after_another(self, backend: Backend) -> None:
        """Serverless platforms may run a new loop for every call without closing the store in between."""
        await promises.works_in_one_loop_after_another(backend)

    async def test_close_is_idempotent(self, backend: Backend) -> None:
        """Closing works twice in a row, and before any use."""
        await promises.closing_twice_is_no_error(backend)

    async def test_reopens_after_close(self, backend: Backend) -> None:
        """Closing ends connections and leaves objects alone."""
        await promises.reopens_after_close(backend)

    async def test_stores_see_each_other(self, backend: Backend) -> None:
        """Another store reads a write immediately."""
        await promises.stores_see_each_other(backend)

    async def test_describes_itself_without_requests(self, backend: Backend) -> None:
        """Its name, its write interval and its permissions are known before anything is open."""
        store = backend.open()
        assert store.scheme
        assert store.min_write_interval >= 0
        assert set(store.PERMISSIONS) <= {"get", "put", "delete", "list", "versions", "delete_version"}
        assert all(finding.check for finding in await store.diagnose())
        await store.close()
