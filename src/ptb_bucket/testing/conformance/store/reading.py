"""Tests of reads: bytes, ETags, "not modified", "not found" and versions."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from ptb_bucket.errors import NotFoundError, UnsupportedError
from ptb_bucket.stores import Create, Update, promises
from ptb_bucket.testing.conformance.store.case import Case

if TYPE_CHECKING:
    from ptb_bucket.stores import BlobStore
    from ptb_bucket.testing.conformance.backend import Backend

__all__ = ["ReadingTests"]


def _needs_versions(backend: Backend) -> None:
    if not backend.supports_versions:
        pytest.skip("this place does not keep old versions; another test covers the refusal")


class ReadingTests(Case):
    """Tests of ``get`` and ``versions``."""

    async def test_reads_what_somebody_else_wrote(self, backend: Backend) -> None:
        """The bytes are read as they were written."""
        await promises.reads_what_somebody_else_wrote(backend)

    async def test_missing_is_not_found(self, backend: Backend) -> None:
        """This holds in an empty place and with a condition too."""
        await promises.missing_is_not_found(backend)

    async def test_same_etag_is_not_modified(self, backend: Backend) -> None:
        """A put, a get and another reader return the same ETag."""
        await promises.same_etag_is_not_modified(backend)

    async def test_other_etag_is_read(self, backend: Backend) -> None:
        """A get with an old ETag returns the new bytes."""
        await promises.other_etag_is_read(backend)

    async def test_versions_are_refused_where_there_are_none(self, store: BlobStore, backend: Backend) -> None:
        """A store without versions refuses the operations for any key."""
        if backend.supports_versions:
            pytest.skip("this place keeps old versions")
        await store.put("a", b"1", Create())
        for key in ("a", "nothing"):
            with pytest.raises(UnsupportedError):
                await store.get(key, version="1")
            with pytest.raises(UnsupportedError):
                [version async for version in store.versions(key)]
            with pytest.raises(UnsupportedError):
                await store.delete_version(key, "1")
        assert (await store.get("a")).data == b"1"

    async def test_old_versions_can_be_read(self, store: BlobStore, backend: Backend) -> None:
        """The newest version comes first and is current, and each has its own bytes."""
        _needs_versions(backend)
        etag = await store.put("a", b"1", Create())
        await store.put("a", b"22", Update(etag))
        await store.put("ab", b"neighbour", Create())
        versions = [version async for version in store.versions("a")]
        assert [(version.size, version.current) for version in versions] == [(2, True), (1, False)]
        assert [(await store.get("a", version=version.version)).data for version in versions] == [b"22", b"1"]

    async def test_old_versions_survive_deletion(self, store: BlobStore, backend: Backend) -> None:
        """Afterwards no version is current, and the bytes can still be read."""
        _needs_versions(backend)
        await store.put("a", b"1", Create())
        await store.delete("a")
        old = [version async for version in store.versions("a") if not version.deleted]
        assert [version.current for version in old] == [False]
        assert (await store.get("a", version=old[0].version)).data == b"1"

    async def test_an_old_version_is_deleted_for_good(self, store: BlobStore, backend: Backend) -> None:
        """Only that version of that key goes, and a second time is not an error."""
        _needs_versions(backend)
        if backend.deletes_versions is False:
            pytest.skip("this place does not delete old versions; another test covers the refusal")
        etag = await store.put("a", b"1", Create())
        etag = await store.put("a", b"22", Update(etag))
        await store.put("a", b"333", Update(etag))
        _, _, oldest = [version async for version in store.versions("a")]
        for _ in range(2):
            await store.delete_version("a", oldest.version)
        assert [version.size async for version in store.versions("a")] == [3, 2]
        assert (await store.get("a")).data == b"333"
        with pytest.raises(NotFoundError):
            await store.get("a", version=oldest.version)

    async def test_deleting_an_old_version_is_refused_where_it_cannot_be(
        self, store: BlobStore, backend: Backend
    ) -> None:
        """If the store cannot do it, all versions remain."""
        if backend.deletes_versions is not False:
            pytest.skip("this place deletes old versions, or keeps none")
        etag = await store.put("a", b"1", Create())
        await store.put("a", b"22", Update(etag))
        _, old = [version async for version in store.versions("a")]
        with pytest.raises(UnsupportedError):
            await store.delete_version("a", old.version)
        assert [version.size async for version in store.versions("a")] == [2, 1]
