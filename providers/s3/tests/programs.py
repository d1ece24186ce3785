"""Programs that tests start as separate processes: ``python programs.py NAME ...``."""

# ruff: noqa: T201  what they print is what the tests read
from __future__ import annotations

import asyncio
import gc
import logging
import os
import sys
from pathlib import Path

from ptb_bucket.stores import Create, Update, open_store


def open_files():
    return sum(1 for _ in Path("/proc/self/fd").iterdir())


async def _increment(store):
    blob = await store.get("n")
    await store.put("n", str(int(blob.data) + 1).encode(), Update(blob.etag))
    return [info.key async for info in store.list()]


async def _increment_and_close(store):
    await _increment(store)
    await store.close()


def live_in_many_loops(uri):
    """Use one store in loop after loop; nobody closes it in between."""
    store = open_store(uri)
    asyncio.run(store.put("n", b"0", Create()))
    for _ in range(3):
        asyncio.run(_increment(store))
    before = open_files()
    for _ in range(3):
        loop = asyncio.new_event_loop()  # and ends it badly: nothing is shut down before
        loop.run_until_complete(_increment(store))
        loop.close()
        gc.collect()
    print(asyncio.run(store.get("n")).data.decode(), open_files() - before)
    asyncio.run(store.close())


def fork(uri):
    """Use one store before a fork and in both processes afterwards."""
    store = open_store(uri)
    loop = asyncio.new_event_loop()
    loop.run_until_complete(store.put("n", b"0", Create()))
    loop.run_until_complete(_increment(store))
    child = os.fork()
    if child == 0:
        asyncio.run(_increment_and_close(store))
        gc.collect()
        os._exit(0)
    _, status = os.waitpid(child, 0)
    loop.run_until_complete(_increment(store))  # its own connection has not suffered
    print(status, loop.run_until_complete(store.get("n")).data.decode())
    loop.run_until_complete(store.close())
    loop.close()


async def open_and_close(uri, times):
    """Open many stores: half of them are closed, half of them forgotten."""
    before = open_files()
    for number in range(int(times)):
        store = open_store(uri)
        assert [info async for info in store.list()] == []
        if number % 2:
            await store.close()
        del store
        if number % 50 == 0:
            gc.collect()
            await asyncio.sleep(0.01)
    gc.collect()
    for _ in range(50):
        await asyncio.sleep(0.01)
    print(open_files() - before)


async def close_behind_its_back(uri):
    """Close the client that a store created."""
    store = open_store(uri)
    await store.put("n", b"0", Create())
    await (await store._clients.get()).client.close()
    await _increment(store)
    print((await store.get("n")).data.decode())
    await store.close()


if __name__ == "__main__":
    logging.basicConfig(level=logging.ERROR)  # that a step took long is what asyncio says on a busy machine
    _, _program, *_arguments = sys.argv
    _made = globals()[_program](*_arguments)
    if asyncio.iscoroutine(_made):
        asyncio.run(_made)
