from __future__ import annotations

import asyncio
import time
import uuid

import pytest

from ptb_bucket.errors import LostRaceError
from ptb_bucket.stores import Blob, Create, MemoryStore, Update, memory, open_store
from ptb_bucket.stores.keys import check_mode
from ptb_bucket.testing.conformance import Backend, StoreConformance


class MemoryBackend(Backend):
    def __init__(self):
        self._name = uuid.uuid4().hex

    def open(self):
        return MemoryStore(self._name)

    async def read_raw(self, key):
        blob = MemoryStore._shared[self._name].get(key)
        return blob and blob.data

    async def write_raw(self, key, data):
        MemoryStore._shared.setdefault(self._name, {})[key] = Blob(data, f"side door {data!r}")

    async def keys_raw(self):
        return list(MemoryStore._shared.get(self._name, ()))


class TestMemory(StoreConformance):
    @pytest.fixture
    def backend(self):
        return MemoryBackend()


class TestMemoryUnderAPrefix(StoreConformance):
    @pytest.fixture
    def backend(self):
        return MemoryBackend().prefixed("some/prefix/")


async def test_named_ones_are_shared_and_others_are_not():
    name = uuid.uuid4().hex
    await open_store(f"memory:{name}").put("a", b"1", Create())
    assert (await open_store(f"memory:{name}").get("a")).data == b"1"
    await open_store("memory:").put("a", b"1", Create())
    assert [info async for info in open_store("memory:").list()] == []


async def test_equal_bytes_have_equal_etags():
    store = MemoryStore()
    assert await store.put("a", b"1", Create()) == await store.put("b", b"1", Create())


async def test_later_changes_of_a_buffer_do_not_reach_the_store():
    store, buffer = MemoryStore(), bytearray(b"1")
    await store.put("a", buffer, Create())
    buffer[:] = b"2"
    assert (await store.get("a")).data == b"1"


async def test_threads_with_loops_of_their_own_lose_no_increment(count, monkeypatch):
    store, threads, rounds = MemoryStore(), 8, count(20, 500)
    await store.put("n", b"0", Create())

    def slow(*args):
        check_mode(*args)
        time.sleep(0.0002)  # lets other threads in, unless they are locked out

    monkeypatch.setattr(memory, "check_mode", slow)

    async def work():
        done = 0
        while done < rounds:
            blob = await store.get("n")
            try:
                await store.put("n", b"%d" % (int(blob.data) + 1), Update(blob.etag))
            except LostRaceError:
                continue
            done += 1

    await asyncio.gather(*(asyncio.to_thread(lambda: asyncio.run(work())) for _ in range(threads)))
    assert (await store.get("n")).data == b"%d" % (threads * rounds)
