"""Tests that the kit can fail: it must fail each store that breaks one promise."""

from __future__ import annotations

import asyncio
import time
from contextlib import nullcontext
from pathlib import Path

import pytest

from ptb_bucket.errors import NotFoundError, StoreError, UnsupportedError
from ptb_bucket.stores import Blob, BlobInfo, LocalStore, MemoryStore, PrefixStore
from ptb_bucket.stores.keys import digest_etag
from ptb_bucket.stores.local import store
from ptb_bucket.testing.conformance import Backend, StoreConformance
from ptb_bucket.testing.faults import Fault, FaultyStore


class OfClass(Backend):
    """A backend for broken stores in memory."""

    def __init__(self, store_class):
        self._class = store_class
        self._blobs = {}

    def open(self):
        store = self._class()
        store._blobs = self._blobs
        return store

    def unavailable(self):
        return FaultyStore(self.open(), lambda *_: Fault.UNAVAILABLE)

    async def read_raw(self, key):
        return self._blobs[key].data if key in self._blobs else None

    async def write_raw(self, key, data):
        self._blobs[key] = Blob(data, digest_etag(data))

    async def keys_raw(self):
        return list(self._blobs)


class Liar(MemoryStore):
    """A store that answers 200 to every put, like a server without conditions."""

    async def put(self, key, data, mode):
        self._blobs[key] = Blob(data, digest_etag(data))
        return self._blobs[key].etag


class ForgetsConditionOfGet(MemoryStore):
    async def get(self, key, *, if_none_match=None, version=None):
        return await super().get(key, version=version)


class IgnoresVersions(MemoryStore):
    async def get(self, key, *, if_none_match=None, version=None):
        return await super().get(key, if_none_match=if_none_match)


class BendsKeys(MemoryStore):
    async def put(self, key, data, mode):
        return await super().put(key.strip("/"), data, mode)

    async def get(self, key, *, if_none_match=None, version=None):
        return await super().get(key.strip("/"), if_none_match=if_none_match)


class OnePage(MemoryStore):
    async def list(self, prefix=""):
        for key in sorted(self._blobs)[:100]:
            if key.startswith(prefix):
                yield BlobInfo(key, len(self._blobs[key].data))


class Unsorted(MemoryStore):
    async def list(self, prefix=""):
        for key in sorted(self._blobs, reverse=True):
            if key.startswith(prefix):
                yield BlobInfo(key, len(self._blobs[key].data))


class DeletesLookAlikes(MemoryStore):
    async def delete(self, key):
        for found in [found for found in self._blobs if found.startswith(key)]:
            del self._blobs[found]


class Halves(MemoryStore):
    """A store that shows an object while it is being written."""

    async def put(self, key, data, mode):
        etag = await super().put(key, data, mode)
        whole = self._blobs[key]
        self._blobs[key] = Blob(data[: len(data) // 2] + b"?", whole.etag)
        await _give_way()
        self._blobs[key] = whole
        return etag


class ForgetsAtClose(MemoryStore):
    async def close(self):
        self._blobs.clear()


async def _give_way():
    await asyncio.sleep(0)
    await asyncio.sleep(0)


BROKEN = [
    ("test_increments_add_up", Liar),
    ("test_one_creates", Liar),
    ("test_one_updates", Liar),
    ("test_stale_update_changes_nothing", Liar),
    ("test_create_does_not_overwrite", Liar),
    ("test_same_etag_is_not_modified", ForgetsConditionOfGet),
    ("test_versions_are_refused_where_there_are_none", IgnoresVersions),
    ("test_no_two_keys_fall_together", BendsKeys),
    ("test_many_across_pages", OnePage),
    ("test_many_across_pages", Unsorted),
    ("test_delete", DeletesLookAlikes),
    ("test_readers_see_whole_objects", Halves),
    ("test_reopens_after_close", ForgetsAtClose),
]


async def call(test, backend, count):
    """Call one test of the kit as pytest would."""
    wanted = {"backend": backend, "store": backend.open(), "count": count}
    function = getattr(StoreConformance(), test)
    names = function.__code__.co_varnames[1 : function.__code__.co_argcount]
    await function(**{name: wanted[name] for name in names})


@pytest.mark.parametrize(("test", "broken"), BROKEN, ids=lambda part: getattr(part, "__name__", part))
async def test_a_broken_store_fails(test, broken, count):
    await call(test, OfClass(MemoryStore), count)
    with pytest.raises((AssertionError, StoreError, pytest.fail.Exception, KeyError)):
        await call(test, OfClass(broken), count)


async def test_an_error_taken_for_empty_fails(count):
    class TakesErrorsForEmpty(PrefixStore):
        async def get(self, key, **kwargs):
            try:
                return await super().get(key, **kwargs)
            except StoreError as exc:
                raise NotFoundError("empty", key=key) from exc

    await call("test_unavailable_is_not_empty", OfClass(MemoryStore), count)
    backend = OfClass(MemoryStore)
    broken = TakesErrorsForEmpty(backend.unavailable(), "")
    backend.unavailable = lambda: broken
    with pytest.raises(NotFoundError):
        await call("test_unavailable_is_not_empty", backend, count)


async def test_refusing_after_writing_fails(count):
    class RefusesTooLate(MemoryStore):
        async def put(self, key, data, mode):
            await super().put(key, data, mode)
            raise UnsupportedError("too late", key=key)

    with pytest.raises(AssertionError):
        await call("test_no_two_keys_fall_together", OfClass(RefusesTooLate), count)


class Directory(OfClass):
    def __init__(self, root):
        self._root = root

    def open(self):
        return LocalStore(self._root)

    async def read_raw(self, key):
        path = self._root / key
        return path.read_bytes() if path.exists() else None

    async def write_raw(self, key, data):
        (self._root / key).write_bytes(data)


@pytest.mark.parametrize("test", ["test_increments_add_up", "test_one_creates", "test_one_updates"])
async def test_a_directory_without_its_lock_fails(test, tmp_path, monkeypatch, count):
    real = store.write_file

    def slow(path, data):
        time.sleep(0.005)
        real(path, data)

    monkeypatch.setattr(store, "write_file", slow)
    monkeypatch.setattr(store, "remove_temporary", lambda directory: None)
    monkeypatch.setattr(store, "locked", lambda *_: nullcontext())
    with pytest.raises(AssertionError):
        await call(test, Directory(tmp_path), count)


async def test_a_directory_without_its_comparison_fails(tmp_path, monkeypatch, count):
    monkeypatch.setattr(store, "check_mode", lambda *_: None)
    with pytest.raises(AssertionError):
        await call("test_increments_add_up", Directory(tmp_path), count)


async def test_a_directory_without_the_temporary_file_fails(tmp_path, monkeypatch, count):
    def in_place(path, data):
        with path.open("wb") as file:
            for start in range(0, len(data), 30_000):
                file.write(data[start : start + 30_000])
                file.flush()
                time.sleep(0.0005)

    monkeypatch.setattr(store, "write_file", in_place)
    with pytest.raises((AssertionError, KeyError)):
        await call("test_readers_see_whole_objects", Directory(Path(tmp_path)), count)
