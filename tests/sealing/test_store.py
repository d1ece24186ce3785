"""Tests of the sealed store: it works like any other store, and its objects are sealed."""

from __future__ import annotations

import asyncio
import itertools

import pytest

from ptb_bucket.errors import SealError
from ptb_bucket.sealing import SealedStore
from ptb_bucket.sealing.stores import _THREAD_ABOVE
from ptb_bucket.stores import NOT_MODIFIED, Blob, Create, MemoryStore, PrefixStore, Update, open_store
from ptb_bucket.testing.conformance import Backend, LifecycleTests, RaceTests, ReadingTests, WritingTests
from support.documents.sealing_options import BOT, KEYS, MAGIC, sealer

NAMES = itertools.count()


class SealedBackend(Backend):
    """A backend in memory, whose direct access has the keys."""

    def __init__(self, way):
        self._below = open_store(f"memory:sealed-{next(NAMES)}")
        self._way = way

    def open(self):
        return SealedStore(self._below, sealer(*self._way))

    async def read_raw(self, key):
        found = [info.key async for info in self._below.list()]
        return sealer(*self._way).open(key, (await self._below.get(key)).data) if key in found else None

    async def write_raw(self, key, data):
        if await self.read_raw(key) is not None:
            await self._below.delete(key)
        await self._below.put(key, sealer(*self._way).seal(key, data), Create())

    async def keys_raw(self):
        return [info.key async for info in self._below.list()]


class TestSealed(ReadingTests, WritingTests, RaceTests, LifecycleTests):
    """Runs all the store tests except listings, which report the sizes of the sealed blobs."""

    @pytest.fixture
    def backend(self):
        return SealedBackend(("aes-256-gcm", "zstd"))


async def test_a_prefix_can_move_and_a_document_cannot():
    below = MemoryStore()
    old, new = (SealedStore(PrefixStore(below, prefix), sealer("hmac-sha256")) for prefix in ("old/", "new/"))
    await old.put("state.json", b"data", Create())
    raw = (await below.get("old/state.json")).data
    await below.put("new/state.json", raw, Create())
    await below.put("new/other.json", raw, Create())
    assert (await new.get("state.json")).data == b"data"
    with pytest.raises(SealError, match="moved"):
        await new.get("other.json")


async def test_an_error_names_object_and_version_and_no_key():
    below = MemoryStore()
    etag = await below.put("bot/state.json", b"planted", Create())
    store = SealedStore(PrefixStore(below, "bot/"), sealer("aes-256-gcm"))
    with pytest.raises(SealError) as caught:
        await store.get("state.json")
    assert (caught.value.key, caught.value.etag) == ("state.json", etag)
    assert all(part in str(caught.value) for part in (store.describe("state.json"), etag, "7 bytes", "rekey"))
    assert "planted" not in str(caught.value)
    assert KEYS[0] not in str(caught.value)


async def test_etags_pass_through():
    below = MemoryStore()
    store = SealedStore(below, sealer("aes-256-gcm"))
    etag = await store.put("k", b"1", Create())
    assert etag == (await below.get("k")).etag == (await store.get("k")).etag
    assert await store.get("k", if_none_match=etag) is NOT_MODIFIED
    assert await store.put("k", b"2", Update(etag)) == (await below.get("k")).etag


class Versioned(MemoryStore):
    """A store that keeps one old version of everything."""

    def __init__(self, old):
        super().__init__()
        self.old = old

    async def get(self, key, *, if_none_match=None, version=None):
        return Blob(self.old, version) if version else await super().get(key, if_none_match=if_none_match)


async def test_old_versions_are_opened_as_well():
    sealed = sealer("aes-256-gcm").seal("k", b"old")
    assert (await SealedStore(Versioned(sealed), sealer("aes-256-gcm")).get("k", version="v")).data == b"old"
    with pytest.raises(SealError, match="version v,"):
        await SealedStore(Versioned(b"old"), sealer("aes-256-gcm")).get("k", version="v")


async def test_the_loop_is_not_blocked_while_a_large_document_is_sealed():
    turns, data = [], bytes(range(256)) * (64 * _THREAD_ABOVE // 256)

    async def turn():
        while True:
            turns.append(None)
            await asyncio.sleep(0)

    store = SealedStore(MemoryStore(), sealer("none", "gzip"))
    turning = asyncio.create_task(turn())
    await store.put("k", data, Create())
    turning.cancel()
    assert len(turns) > 10
    assert (await store.get("k")).data == data


async def test_stored_documents_are_sealed():
    below = MemoryStore()
    await SealedStore(below, sealer("aes-256-gcm", "gzip")).put("k", b"marker", Create())
    raw = (await below.get("k")).data
    assert raw.startswith(MAGIC)
    assert BOT.encode() in raw
    assert b"marker" not in raw
