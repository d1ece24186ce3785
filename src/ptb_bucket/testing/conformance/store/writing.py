"""Tests of writes: both modes, deletion and sizes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import pytest

from ptb_bucket.errors import LostRaceError, NotFoundError, UnsupportedError
from ptb_bucket.stores import Create, Update
from ptb_bucket.testing.conformance.store.case import Case

if TYPE_CHECKING:
    from ptb_bucket.stores import BlobStore
    from ptb_bucket.testing.conformance.backend import Backend

__all__ = ["WritingTests"]

_MIB: Final = 2**20


class WritingTests(Case):
    """Tests of ``put`` and ``delete`` with one writer."""

    @pytest.mark.parametrize(
        "size", [0, 1, 65_537, _MIB, 5 * _MIB + 1, 9 * _MIB, pytest.param(32 * _MIB, marks=pytest.mark.long)]
    )
    async def test_any_size(self, store: BlobStore, backend: Backend, size: int) -> None:
        """Sizes range from nothing to 32 MiB, beyond the size from which clients send in parts."""
        data = (bytes(range(251)) * (size // 251 + 1))[:size]
        etag = await store.put("blob", data, Create())
        assert await backend.read_raw("blob") == data
        blob = await store.get("blob")
        # Not compared by pytest: its explanation of 32 MiB would take minutes.
        assert (blob.etag, blob.data == data) == (etag, True)

    async def test_create_does_not_overwrite(self, store: BlobStore, backend: Backend) -> None:
        """An existing object stays, even if it is empty."""
        await backend.write_raw("a", b"")
        with pytest.raises(LostRaceError) as caught:
            await store.put("a", b"mine", Create())
        assert caught.value.key == "a"
        assert await backend.read_raw("a") == b""

    async def test_update_replaces(self, store: BlobStore, backend: Backend) -> None:
        """The ETag may come from a get or a put, and the data may be longer or shorter."""
        etag = await store.put("a", b"first", Create())
        await store.put("a", b"the second", Update(etag))
        etag = (await store.get("a")).etag
        await store.put("a", b"3", Update(etag))
        assert await backend.read_raw("a") == b"3"

    async def test_stale_update_changes_nothing(self, store: BlobStore, backend: Backend) -> None:
        """A foreign write in between is kept."""
        etag = await store.put("a", b"1", Create())
        await backend.write_raw("a", b"theirs")
        with pytest.raises(LostRaceError):
            await store.put("a", b"mine", Update(etag))
        assert await backend.read_raw("a") == b"theirs"

    async def test_update_of_nothing_creates_nothing(self, store: BlobStore, backend: Backend) -> None:
        """Updating a deleted or missing object is a lost race."""
        etag = await store.put("a", b"1", Create())
        await store.delete("a")
        with pytest.raises(LostRaceError):
            await store.put("a", b"2", Update(etag))
        with pytest.raises(LostRaceError):
            await store.put("b", b"2", Update(etag))
        assert await backend.keys_raw() == []

    async def test_delete(self, store: BlobStore, backend: Backend) -> None:
        """Only that object is removed, and it can be created again."""
        for key in ("a", "ab"):
            await store.put(key, b"1", Create())
        await store.delete("a")
        assert await backend.keys_raw() == ["ab"]
        with pytest.raises(NotFoundError):
            await store.get("a")
        await store.put("a", b"2", Create())
        assert await backend.read_raw("a") == b"2"

    async def test_delete_on_a_condition(self, store: BlobStore, backend: Backend) -> None:
        """A newer version stays and an unchanged object goes, twice without an error; or the store refuses."""
        etag = await store.put("a", b"1", Create())
        if not backend.deletes_if:
            with pytest.raises(UnsupportedError):
                await store.delete_if("a", etag)
            assert await backend.keys_raw() == ["a"]
            return
        later = await store.put("a", b"2", Update(etag))
        with pytest.raises(LostRaceError):
            await store.delete_if("a", etag)
        assert await backend.read_raw("a") == b"2"
        for _ in range(2):
            await store.delete_if("a", later)
        assert await backend.keys_raw() == []

    async def test_delete_of_nothing_is_no_error(self, store: BlobStore) -> None:
        """This holds the second time and in an empty place."""
        await store.delete("never")
        await store.put("a", b"1", Create())
        await store.delete("a")
        await store.delete("a")
