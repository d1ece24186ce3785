"""Threads, loops, processes and clients leave nothing behind."""

from __future__ import annotations

import asyncio
import gc
import os
import subprocess
import sys
import threading
import traceback
import warnings
from pathlib import Path

import pytest
from google.auth.credentials import AnonymousCredentials
from google.cloud import storage

from ptb_bucket.errors import AccessError
from ptb_bucket.stores import Create, Update
from ptb_bucket_gcs import GcsStore, Options
from ptb_bucket_gcs._sdk.threads import THREADS
from support.gcs_threads import SDK, our_threads


def descriptors():
    return len(list(Path("/proc/self/fd").iterdir()))


def given_client(url):
    return storage.Client("test", AnonymousCredentials(), client_options={"api_endpoint": url})


def test_two_loops_in_a_row_and_nobody_closes_between(server, bucket, either_client):
    store = GcsStore(bucket, Options(endpoint_url=server.url, client=either_client))
    etag = asyncio.run(store.put("a", b"1", Create()))
    etag = asyncio.run(store.put("a", b"2", Update(etag)))
    assert asyncio.run(store.get("a")).etag == etag
    asyncio.run(store.close())


def test_two_loops_at_once(server, bucket, either_client):
    store = GcsStore(bucket, Options(endpoint_url=server.url, client=either_client))
    failures = []

    def work(name):
        try:
            asyncio.run(store.put(name, name.encode(), Create()))
        except Exception as exc:  # noqa: BLE001  shown below
            failures.append(exc)

    threads = [threading.Thread(target=work, args=(f"key-{number}",)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert len(server.keys(bucket)) == 8 + 1
    asyncio.run(store.close())


async def test_200_stores_leave_nothing(server, bucket, either_client):
    async with GcsStore(bucket, Options(endpoint_url=server.url, client=either_client)) as store:
        await store.put("a", b"1", Create())
    gc.collect()
    before, kept = descriptors(), []
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for _ in range(200):
            async with GcsStore(bucket, Options(endpoint_url=server.url, client=either_client)) as store:
                assert (await store.get("a")).data == b"1"
                kept.append(await store._objects.clients().get())  # closed, not collected
        gc.collect()
    assert our_threads() == []
    assert descriptors() <= before + 2


async def test_the_pool_is_bounded(server, bucket, either_client):
    async with GcsStore(bucket, Options(endpoint_url=server.url, client=either_client)) as store:
        await store.put("a", b"1", Create())
        await asyncio.gather(*(store.get("a") for _ in range(100)))
        assert len(our_threads()) <= (THREADS if either_client == SDK else 0)


async def test_a_client_that_is_handed_in_is_used_and_stays_open(proxy, bucket):
    client = given_client(proxy.url)
    closed = []
    client.close = lambda: closed.append(1)
    async with GcsStore(bucket, client=client) as store:
        assert store.min_write_interval == 0
        await store.put("a", b"1", Create())
    assert closed == []
    assert proxy.count("POST") == 5 + 1  # the proof's, because its endpoint is not Google's
    assert client.bucket(bucket).blob("a").download_as_bytes() == b"1"
    client._http.close()


@pytest.mark.parametrize("ours", [True, False])
async def test_a_client_that_is_closed_behind_our_back(server, bucket, ours):
    client = given_client(server.url)
    options = Options(endpoint_url=server.url, client=SDK)
    async with GcsStore(bucket, options, client=None if ours else client) as store:
        etag = await store.put("a", b"1", Create())
        (await store._objects.clients().get())._objects.client.close()
        await store.put("a", b"2", Update(etag))
        assert (await store.get("a")).data == b"2"
    client.close()


async def in_child(work):
    """Fork, work in the child, and return its exit code."""
    with warnings.catch_warnings():
        # Python 3.12 warns of threads at every fork; that it works is what is tested.
        warnings.simplefilter("ignore", DeprecationWarning)
        pid = os.fork()
    if pid == 0:
        code = 1
        try:
            # In a thread, because this one runs the parent's loop.
            thread = threading.Thread(target=lambda: outcomes.append(asyncio.run(work())))
            outcomes = []
            thread.start()
            thread.join(20)
            code = 0 if outcomes == [True] else 1
        except BaseException:  # noqa: BLE001  nothing may come back into pytest
            traceback.print_exc()
        finally:
            os._exit(code)
    return os.waitstatus_to_exitcode((await asyncio.to_thread(os.waitpid, pid, 0))[1])


async def test_a_forked_child_has_its_own_connections(server, bucket, store):
    etag = await store.put("a", b"parent", Create())

    async def work():
        mine = await store.get("a")
        await store.put("a", b"child", Update(mine.etag))
        await store.close()
        return mine.etag == etag

    assert await in_child(work) == 0
    assert (await store.get("a")).data == b"child"
    assert (await store.get("a")).data == b"child"


async def test_a_client_that_was_handed_in_does_not_go_through_a_fork(server, bucket):
    client = given_client(server.url)
    async with GcsStore(bucket, client=client) as store:
        await store.put("a", b"1", Create())

        async def work():
            try:
                await store.get("a")
            except AccessError as exc:
                return str(os.getpid()) in str(exc) and str(os.getppid()) in str(exc)

        assert await in_child(work) == 0
        assert (await store.get("a")).data == b"1"
    client.close()


def test_a_process_ends_without_closing(server, bucket, either_client):
    """At exit nothing hangs and nothing is said, with a thread waiting for a server as well."""
    program = """
import asyncio, logging, sys
logging.basicConfig(level=logging.ERROR)  # that a step took long is what asyncio says on a busy machine
from ptb_bucket.stores import Create
from ptb_bucket_gcs import GcsStore, Options
async def main():
    store = GcsStore(sys.argv[1], Options(endpoint_url=sys.argv[2], client=sys.argv[3]))
    await store.put("a", b"1", Create())
asyncio.run(main())
"""
    command = [
        sys.executable,
        "-X",
        "dev",
        "-W",
        "error",
        "-W",
        "ignore::FutureWarning",
        "-c",
        program,
        bucket,
        server.url,
        either_client,
    ]
    done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=True)
    assert (done.stdout, done.stderr) == ("", "")
