"""Promises about listings: complete, in order, across pages."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ptb_bucket._aio import for_each
from ptb_bucket.errors import LostRaceError
from ptb_bucket.stores.base import BlobInfo, Create
from ptb_bucket.stores.promises.place import expect_equal, expect_error, items

if TYPE_CHECKING:
    from ptb_bucket.stores.promises.place import Place

__all__ = [
    "can_be_left_halfway",
    "empty_objects_are_names_in_order",
    "empty_place_is_empty",
    "many_are_listed_across_pages",
    "prefix_is_a_plain_prefix",
]


async def empty_place_is_empty(place: Place) -> None:
    """Check that an empty place lists nothing, with a prefix or without."""
    async with place.open() as store:
        for prefix in ("", "nothing/"):
            expect_equal(await items(store.list(prefix)), [], "the listing of an empty place")


async def many_are_listed_across_pages(place: Place, number: int) -> None:
    """Check that each of many objects is listed once, in the order of keys, with its size.

    Args:
        place: The place.
        number: The number of objects, at least 200. Clouds list 1,000 objects in a page.
    """
    expected = [BlobInfo(f"many/{number:05}.json", number % 7) for number in range(number)]
    await for_each(reversed(expected), lambda info: place.write_raw(info.key, bytes(info.size)))
    async with place.open() as store:
        expect_equal(await items(store.list()), expected, f"the listing of {number:,} objects")
        expect_equal(await items(store.list("many/001")), expected[100:200], "the listing of a hundred of them")


async def prefix_is_a_plain_prefix(place: Place) -> None:
    """Check that similar keys stay out of a listing, and that a slash is not special."""
    keys = ["a", "a-b", "a.json", "a/", "a/b", "a/b/c", "ab", "b/a"]
    async with place.open() as store:
        for key in reversed(keys):
            await store.put(key, b"1", Create())
        for prefix in ("", "a", "a/", "a/b", "a/b/c", "a/b/c/d", "ab", "b", "/"):
            found = [info.key async for info in store.list(prefix)]
            wanted = [key for key in keys if key.startswith(prefix)]
            expect_equal(found, wanted, f"the list of keys that start with {prefix!r}")


async def can_be_left_halfway(place: Place) -> None:
    """Check that a caller may stop a listing early, and that the store keeps working."""
    for key in ("a", "b", "c"):
        await place.write_raw(key, b"1")
    async with place.open() as store:
        async for info in store.list():
            expect_equal(info.key, "a", "the first key")
            break
        expect_equal((await store.get("c")).data, b"1", "the object")


async def empty_objects_are_names_in_order(place: Place) -> None:
    """Check that empty objects, such as due keys of timers, are listed in order, and are gone once they are deleted."""
    keys = [f"timers/due/2026112{day}T090000Z/user_data/42/{name}/1.0a" for day in (7, 8) for name in ("=41", "tea")]
    async with place.open() as store:
        for key in reversed(keys):
            await store.put(key, b"", Create())
        with expect_error(LostRaceError, "a key was created twice", key=keys[0]):
            await store.put(keys[0], b"", Create())
        expect_equal([info.key async for info in store.list("timers/due/")], keys, "the keys")
        await store.delete(keys[0])
        expect_equal([info.key async for info in store.list("timers/due/")], keys[1:], "the keys that are left")
