"""Tests of writes: both modes, deletion and sizes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import pytest

from ptb_bucket.stores import promises
from ptb_bucket.testing.conformance.store.case import Case

if TYPE_CHECKING:
    from ptb_bucket.testing.conformance.backend import Backend

__all__ = ["WritingTests"]

_MIB: Final = 2**20


class WritingTests(Case):
    """Tests of ``put`` and ``delete`` with one writer."""

    @pytest.mark.parametrize(
        "size", [0, 1, 65_537, _MIB, 5 * _MIB + 1, 9 * _MIB, pytest.param(32 * _MIB, marks=pytest.mark.long)]
    )
    async def test_any_size(self, backend: Backend, size: int) -> None:
        """Sizes range from nothing to 32 MiB, beyond the size from which clients send in parts."""
        await promises.size_is_stored_whole(backend, size)

    async def test_create_does_not_overwrite(self, backend: Backend) -> None:
        """An existing object stays, even if it is empty."""
        await promises.create_does_not_overwrite(backend)

    async def test_update_replaces(self, backend: Backend) -> None:
        """The ETag may come from a get or a put, and the data may be longer or shorter."""
        await promises.update_replaces(backend)

    async def test_stale_update_changes_nothing(self, backend: Backend) -> None:
        """A foreign write in between is kept."""
        await promises.stale_update_changes_nothing(backend)

    async def test_update_of_nothing_creates_nothing(self, backend: Backend) -> None:
        """Updating a deleted or missing object is a lost race."""
        await promises.update_of_nothing_creates_nothing(backend)

    async def test_delete(self, backend: Backend) -> None:
        """Only that object is removed, and it can be created again."""
        await promises.delete_removes_only_that_object(backend)

    async def test_delete_on_a_condition(self, backend: Backend) -> None:
        """A newer version stays and an unchanged object goes, twice without an error; or the store refuses."""
        await promises.delete_on_a_condition(backend)

    async def test_delete_of_nothing_is_no_error(self, backend: Backend) -> None:
        """This holds the second time and in an empty place."""
        await promises.delete_of_nothing_is_no_error(backend)
