"""Promises about reads: bytes, ETags, "not modified" and "not found"."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ptb_bucket.errors import NotFoundError
from ptb_bucket.stores.base import NOT_MODIFIED, Blob, Create, Update
from ptb_bucket.stores.promises.place import expect, expect_equal, expect_error

if TYPE_CHECKING:
    from ptb_bucket.stores.promises.place import Place

__all__ = [
    "missing_is_not_found",
    "other_etag_is_read",
    "reads_what_somebody_else_wrote",
    "same_etag_is_not_modified",
]


async def reads_what_somebody_else_wrote(place: Place) -> None:
    """Check that bytes are read as they were written."""
    await place.write_raw("state.json", b"\x00\xff\r\n")
    async with place.open() as store:
        expect_equal((await store.get("state.json")).data, b"\x00\xff\r\n", "the object")


async def missing_is_not_found(place: Place) -> None:
    """Check that a missing object is "not found", in an empty place and with a condition too."""
    async with place.open() as store:
        for condition in (None, "x"):
            with expect_error(NotFoundError, "a missing object was read", key="nothing.json"):
                await store.get("nothing.json", if_none_match=condition)


async def same_etag_is_not_modified(place: Place) -> None:
    """Check that a put, a get and another reader return the same ETag."""
    async with place.open() as store:
        etag = await store.put("a", b"1", Create())
        expect_equal((await store.get("a")).etag, etag, "the ETag of a read after a put")
        found = await store.get("a", if_none_match=etag)
        expect(found is NOT_MODIFIED, "a read on the condition of another ETag returned an object with that ETag")


async def other_etag_is_read(place: Place) -> None:
    """Check that a get with an old ETag returns the new bytes."""
    async with place.open() as store:
        old = await store.put("a", b"1", Create())
        new = await store.put("a", b"2", Update(old))
        expect(old != new, "two versions with different bytes have the same ETag")
        expect_equal(await store.get("a", if_none_match=old), Blob(b"2", new), "the new version")
