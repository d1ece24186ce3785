"""Promises about keys: unusual ones are stored faithfully or refused, never altered."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ptb_bucket.errors import UnsupportedError
from ptb_bucket.stores.base import BlobInfo, Create, Update
from ptb_bucket.stores.promises.place import expect, expect_equal, expect_error, items

if TYPE_CHECKING:
    from ptb_bucket.stores.base import BlobStore
    from ptb_bucket.stores.promises.place import Place

__all__ = [
    "IMPOSSIBLE_KEYS",
    "ODD_KEYS",
    "impossible_key_is_refused",
    "no_two_keys_fall_together",
    "odd_key_is_faithful_or_refused",
]

# A store must be able to hold all of them at once. Keys that some system would confuse are next to each other.
ODD_KEYS: Final = (
    *("a", "a/b", "a/b/c", "a/", "a//b", "a//", "/a", "//a", "a.d", "a.d/b", "a.d.d", "a%2Fb", "a\\b", "a:b", "A"),
    *("./a", "../a", "a/./b", "a/../b", ".", "..", "...", "a/.", "a/..", ".hidden", ".tmp-x", ".lock", "a/.lock"),
    *("CON", "con", "con.json", "con .json", "nul/a", "com1", "COM¹", "lpt9.txt", "aux.", "conin$"),
    *("dot.", "dot", "space ", "space", " space", "dots..", "state.json", "state.json/", "~a", "progra~1"),
    *("%", "%%", "%25", "%2E", "a%", "100%.json", "?query", "#fragment", "a&b=c+d", "*", '"quoted"', "<a|b>", "'"),
    *("Grüße.json", "Gru\u0308\u00dfe.json", "привет", "日本語/キー", "🙂", "\ufeffbom", "\u202eright", "\x7f", "\x01"),
    *("new\nline", "tab\t", "x" * 255, "x" * 256, "x" * 1024, "ж" * 512, "/" * 1024, "x/" * 512),
)

IMPOSSIBLE_KEYS: Final = ("", "x" * 1025, "ж" * 513, "\ud800", "a/\udfff.json")


async def _put(store: BlobStore, key: str, data: bytes) -> bool:
    """Store an object, and return False if it was refused."""
    try:
        await store.put(key, data, Create())
    except UnsupportedError:
        return False
    return True


async def odd_key_is_faithful_or_refused(place: Place, key: str) -> None:
    """Check that an object is stored, listed, updated and deleted under exactly this key, or refused."""
    async with place.open() as store:
        if not await _put(store, key, b"12"):
            expect_equal(await place.keys_raw(), [], "the list of keys after a refusal")
            return
        expect_equal((await place.keys_raw(), await place.read_raw(key)), ([key], b"12"), "the key and the object")
        for prefix in ("", key):
            expect_equal(await items(store.list(prefix)), [BlobInfo(key, 2)], f"the listing of {prefix!r}")
        blob = await store.get(key)
        await store.put(key, blob.data + b"3", Update(blob.etag))
        expect_equal(await place.read_raw(key), b"123", "the updated object")
        await store.delete(key)
        expect_equal(await place.keys_raw(), [], "the list of keys after a delete")


async def no_two_keys_fall_together(place: Place) -> None:
    """Check that similar keys keep their own bytes side by side, and that nothing is written for refused ones."""
    async with place.open() as store:
        stored = sorted([key for key in ODD_KEYS if await _put(store, key, key.encode())])
        expect_equal(sorted(await place.keys_raw()), stored, "the list of keys")
        expect_equal([info.key async for info in store.list()], stored, "the listing in the order of keys")
        for key in stored:
            for found in (await place.read_raw(key), (await store.get(key)).data):
                expect_equal(found, key.encode(), f"the object {key[:20]!r}")


async def impossible_key_is_refused(place: Place, key: str) -> None:
    """Check that every operation refuses a key that no cloud accepts."""
    async with place.open() as store:
        expect(not await _put(store, key, b"1"), f"the key {key[:20]!r} was accepted")
        expect_equal(await place.keys_raw(), [], "the list of keys after a refusal")
        for operation in (store.get, store.delete):
            with expect_error(UnsupportedError, f"the key {key[:20]!r} was accepted"):
                await operation(key)
