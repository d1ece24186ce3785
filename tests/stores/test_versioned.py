"""Runs of the kit's tests of old versions, on a store that keeps them."""

from __future__ import annotations

from datetime import datetime, timezone

import pytest

from ptb_bucket.errors import NotFoundError
from ptb_bucket.stores import Blob, BlobVersion, MemoryStore, RetryingStore
from ptb_bucket.testing.conformance import Backend, StoreConformance


class Versioned(MemoryStore):
    """A store that keeps old versions, like a bucket with versioning."""

    def __init__(self, blobs, history):
        super().__init__()
        self._blobs = blobs
        self._history = history

    async def put(self, key, data, mode):
        etag = await super().put(key, data, mode)
        self._history.append((key, data))
        return etag

    async def get(self, key, *, if_none_match=None, version=None):
        if version is None:
            return await super().get(key, if_none_match=if_none_match)
        if not (version.isdigit() and self._history[int(version)][0] == key):
            raise NotFoundError("no such version", key=key)
        return Blob(self._history[int(version)][1], version)

    async def delete_version(self, key, version):
        if version.isdigit() and self._history[int(version)][0] == key:
            self._history[int(version)] = (None, b"")

    async def versions(self, key):
        current = key in self._blobs
        for number, (written, data) in reversed(list(enumerate(self._history))):
            if written == key:
                yield BlobVersion(str(number), datetime.now(timezone.utc), len(data), current=current)
                current = False


class VersionedBackend(Backend):
    supports_versions = True

    def __init__(self):
        self._blobs = {}
        self._history = []

    def open(self):
        return RetryingStore(Versioned(self._blobs, self._history))

    async def read_raw(self, key):
        return self._blobs[key].data if key in self._blobs else None

    async def write_raw(self, key, data):
        self._blobs[key] = Blob(data, f"side door {data!r}")

    async def keys_raw(self):
        return list(self._blobs)


class TestVersioned(StoreConformance):
    @pytest.fixture
    def backend(self):
        return VersionedBackend()


class TestVersionedUnderAPrefix(StoreConformance):
    @pytest.fixture
    def backend(self):
        return VersionedBackend().prefixed("p/")
