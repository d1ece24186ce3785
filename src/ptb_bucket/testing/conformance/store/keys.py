"""Tests of keys: unusual ones are stored faithfully or refused, never altered."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import pytest

from ptb_bucket.errors import UnsupportedError
from ptb_bucket.stores import BlobInfo, Create, Update
from ptb_bucket.testing.conformance.store.case import Case

if TYPE_CHECKING:
    from ptb_bucket.stores import BlobStore
    from ptb_bucket.testing.conformance.backend import Backend

__all__ = ["IMPOSSIBLE_KEYS", "ODD_KEYS", "KeyTests"]

# All of them together must be able to exist: whatever two of them fall together on some system is listed side by side.
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


class KeyTests(Case):
    """Tests with every kind of string that could be a key."""

    @pytest.mark.parametrize("key", ODD_KEYS, ids=lambda key: ascii(key[:20]) + str(len(key)))
    async def test_odd_key_is_faithful_or_refused(self, store: BlobStore, backend: Backend, key: str) -> None:
        """It is stored, listed, updated and deleted under exactly that key, or refused without any write."""
        if not await _put(store, key, b"12"):
            assert await backend.keys_raw() == []
            return
        assert (await backend.keys_raw(), await backend.read_raw(key)) == ([key], b"12")
        assert [info async for info in store.list()] == [BlobInfo(key, 2)]
        assert [info async for info in store.list(key)] == [BlobInfo(key, 2)]
        blob = await store.get(key)
        await store.put(key, blob.data + b"3", Update(blob.etag))
        assert await backend.read_raw(key) == b"123"
        await store.delete(key)
        assert await backend.keys_raw() == []

    async def test_no_two_keys_fall_together(self, store: BlobStore, backend: Backend) -> None:
        """Similar keys keep their own bytes side by side, and nothing is written for refused ones."""
        stored = sorted([key for key in ODD_KEYS if await _put(store, key, key.encode())])
        assert sorted(await backend.keys_raw()) == stored
        assert [info.key async for info in store.list()] == stored
        for key in stored:
            assert await backend.read_raw(key) == key.encode() == (await store.get(key)).data

    @pytest.mark.parametrize("key", IMPOSSIBLE_KEYS, ids=lambda key: ascii(key[:8]) + str(len(key)))
    async def test_impossible_key_is_refused(self, store: BlobStore, backend: Backend, key: str) -> None:
        """Every operation refuses it, not only writes."""
        assert not await _put(store, key, b"1")
        assert await backend.keys_raw() == []
        with pytest.raises(UnsupportedError):
            await store.get(key)
        with pytest.raises(UnsupportedError):
            await store.delete(key)
