"""Promises about writes with one writer: both modes, deletion and sizes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ptb_bucket.errors import LostRaceError, NotFoundError, UnsupportedError
from ptb_bucket.stores.base import Create, Update
from ptb_bucket.stores.promises.place import expect, expect_equal, expect_error

if TYPE_CHECKING:
    from ptb_bucket.stores.base import BlobStore
    from ptb_bucket.stores.promises.place import Place

__all__ = [
    "create_does_not_overwrite",
    "delete_of_nothing_is_no_error",
    "delete_on_a_condition",
    "delete_removes_only_that_object",
    "size_is_stored_whole",
    "stale_update_changes_nothing",
    "update_of_nothing_creates_nothing",
    "update_replaces",
]


async def size_is_stored_whole(place: Place, size: int) -> None:
    """Check that an object of so many bytes is stored and read whole."""
    data = (bytes(range(251)) * (size // 251 + 1))[:size]
    async with place.open() as store:
        etag = await store.put("blob", data, Create())
        expect(await place.read_raw("blob") == data, f"an object of {size:,} bytes was stored differently")
        blob = await store.get("blob")
        expect_equal(blob.etag, etag, "the ETag of a read after a put")
        expect(blob.data == data, f"an object of {size:,} bytes was read differently")


async def create_does_not_overwrite(place: Place) -> None:
    """Check that an existing object stays, even if it is empty."""
    await place.write_raw("a", b"")
    async with place.open() as store:
        with expect_error(LostRaceError, "a put on the condition that nothing exists replaced an object", key="a"):
            await store.put("a", b"mine", Create())
    expect_equal(await place.read_raw("a"), b"", "the object after a refused put")


async def update_replaces(place: Place) -> None:
    """Check that the ETag of an update may come from a get or a put, and that the data may be longer or shorter."""
    async with place.open() as store:
        etag = await store.put("a", b"first", Create())
        await store.put("a", b"the second", Update(etag))
        etag = (await store.get("a")).etag
        await store.put("a", b"3", Update(etag))
    expect_equal(await place.read_raw("a"), b"3", "the object after two updates")


async def stale_update_changes_nothing(place: Place) -> None:
    """Check that an update keeps what somebody else wrote in between."""
    async with place.open() as store:
        etag = await store.put("a", b"1", Create())
        await place.write_raw("a", b"theirs")
        with expect_error(LostRaceError, "a put on the condition of an outdated ETag replaced an object"):
            await store.put("a", b"mine", Update(etag))
    expect_equal(await place.read_raw("a"), b"theirs", "the object after a refused put")


async def update_of_nothing_creates_nothing(place: Place) -> None:
    """Check that updating a deleted or missing object is a lost race."""
    async with place.open() as store:
        etag = await store.put("a", b"1", Create())
        await store.delete("a")
        for key in ("a", "b"):
            with expect_error(LostRaceError, "a put on the condition of an ETag created a missing object"):
                await store.put(key, b"2", Update(etag))
    expect_equal(await place.keys_raw(), [], "the list of keys")


async def delete_removes_only_that_object(place: Place) -> None:
    """Check that a deleted object is gone, that a neighbour stays, and that the key can be used again."""
    async with place.open() as store:
        for key in ("a", "ab"):
            await store.put(key, b"1", Create())
        await store.delete("a")
        expect_equal(await place.keys_raw(), ["ab"], "the list of keys")
        with expect_error(NotFoundError, "a deleted object was read"):
            await store.get("a")
        await store.put("a", b"2", Create())
    expect_equal(await place.read_raw("a"), b"2", "an object that was created again")


async def delete_on_a_condition(place: Place) -> None:
    """Check that a newer version stays and an unchanged object goes, twice without an error; or the store refuses."""
    async with place.open() as store:
        etag = await store.put("a", b"1", Create())
        if not await _deletes_if(place, store, etag):
            expect_equal(await place.keys_raw(), ["a"], "the list of keys after a refused delete")
            return
        later = await store.put("a", b"2", Update(etag))
        with expect_error(LostRaceError, "a delete on the condition of an outdated ETag was accepted"):
            await store.delete_if("a", etag)
        expect_equal(await place.read_raw("a"), b"2", "the object after a refused delete")
        for _ in range(2):
            await store.delete_if("a", later)
    expect_equal(await place.keys_raw(), [], "the list of keys")


async def _deletes_if(place: Place, store: BlobStore, etag: str) -> bool:
    """Tell whether the store deletes on a condition. If the place does not say so, try it on a missing object."""
    if place.deletes_if is False:
        with expect_error(UnsupportedError, "the store cannot delete on a condition, but did not refuse to"):
            await store.delete_if("a", etag)
        return False
    if place.deletes_if is None:
        try:
            await store.delete_if("nothing", etag)
        except UnsupportedError:
            return False
    return True


async def delete_of_nothing_is_no_error(place: Place) -> None:
    """Check that deleting a missing object works, the second time and in an empty place."""
    async with place.open() as store:
        await store.delete("never")
        await store.put("a", b"1", Create())
        await store.delete("a")
        await store.delete("a")
