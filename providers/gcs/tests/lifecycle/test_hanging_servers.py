"""Servers that hang, trickle or take long: nothing waits for ever, and no thread stays with them."""

from __future__ import annotations

import asyncio
import gc
import time

import pytest

from ptb_bucket.errors import UnavailableError
from ptb_bucket.stores import Create
from ptb_bucket.testing.proxy import WireFault
from ptb_bucket_gcs import GcsStore, Options
from ptb_bucket_gcs._light import transport as _transport
from ptb_bucket_gcs._sdk import objects as _objects
from ptb_bucket_gcs._sdk.threads import THREADS
from support.gcs_threads import SDK


async def test_closing_waits_for_what_is_on_its_way(server, proxy, bucket):
    store = GcsStore(bucket, Options(endpoint_url=proxy.url, client=SDK))
    await store.put("warm", b"1", Create())
    writing = [asyncio.ensure_future(store.put(f"key-{number}", b"1", Create())) for number in range(12)]
    await asyncio.sleep(0)
    await store.close()
    await asyncio.gather(*writing)
    assert len(server.keys(bucket)) == 12 + 2


async def test_closing_the_light_client_ends_what_is_on_its_way(server, bucket):
    """Close a store whose connection is open or being opened: none stays, which would be a warning here."""
    store = GcsStore(bucket, Options(endpoint_url=server.url, client="light"))
    await store.put("warm", b"1", Create())
    writing = [asyncio.ensure_future(store.put(f"key-{number}", b"1", Create())) for number in range(12)]
    await asyncio.sleep(0)
    await store.close()
    outcomes = await asyncio.gather(*writing, return_exceptions=True)
    assert {type(outcome) for outcome in outcomes} == {UnavailableError}
    assert (await store.get("warm")).data == b"1"
    await store.close()
    del store, writing, outcomes
    gc.collect()


FAULTS = [WireFault.HANG_BEFORE, WireFault.HANG_AFTER, WireFault.TRICKLE]


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
@pytest.mark.parametrize("give_up", ["timeout", "cancel"])
async def test_no_thread_stays_with_a_server_that_never_ends(proxy, bucket, fault, give_up, either_client):
    """More than there are threads at once; afterwards all of them are free, and closing does not wait."""
    limit = 0.3 if give_up == "timeout" else 30
    store = GcsStore(bucket, Options(endpoint_url=proxy.url, client=either_client, timeout=limit))
    await store.put("a", b"1" * 1000, Create())
    proxy.plan(fault, method="GET", path="/o/a", times=THREADS)
    begin = time.monotonic()
    reading = [asyncio.ensure_future(store.get("a")) for _ in range(THREADS)]
    if give_up == "cancel":
        await asyncio.sleep(0.2)
        for task in reading:
            task.cancel()
    outcomes = await asyncio.gather(*reading, return_exceptions=True)
    expected = asyncio.CancelledError if give_up == "cancel" else UnavailableError
    assert {type(outcome) for outcome in outcomes} == {expected}
    assert (await store.get("a")).data == b"1" * 1000
    await store.close()
    assert time.monotonic() - begin < 2


async def test_a_trickle_is_cut_also_when_the_answer_closes_the_connection(answering, either_client):
    """Then only the answer holds the socket."""

    def answer(_method, _path, _headers):
        return 200, {"Connection": "close"}, b"x" * 10_000

    with answering(answer) as google:
        google.write_pause = 0.02
        store = GcsStore("bucket", Options(endpoint_url=google.url, client=either_client, timeout=0.3))
        with pytest.raises(UnavailableError):
            await store.get("a")
        begin = time.monotonic()
        await store.close()
        assert time.monotonic() - begin < 1


async def test_waiting_for_a_thread_counts_and_what_waited_is_never_sent(server, proxy, bucket):
    store = GcsStore(bucket, Options(endpoint_url=proxy.url, timeout=0.4, client=SDK))
    await store.put("a", b"1", Create())
    proxy.clear()
    proxy.plan(WireFault.HANG_BEFORE, method="GET", times=None)
    reading = [asyncio.ensure_future(store.get("a")) for _ in range(THREADS)]
    await asyncio.sleep(0.2)
    with pytest.raises(asyncio.TimeoutError):
        await asyncio.wait_for(store.put("b", b"1", Create()), 0.1)
    await asyncio.gather(*reading, return_exceptions=True)
    await store.close()
    assert proxy.count("POST") == 0
    assert server.read(bucket, "b") is None


async def test_a_slow_upload_may_take_longer_than_connecting(answering, monkeypatch, either_client):
    """urllib3 sends all of a body within the timeout for connecting."""
    for module in (_objects, _transport):
        monkeypatch.setattr(module, "CONNECT", 0.2)
    sent = b'{"generation": "7"}'
    with answering(lambda *_: (200, {"Content-Type": "application/json"}, sent)) as google:
        google.read_pause = 0.004
        store = GcsStore("bucket", Options(endpoint_url=google.url, client=either_client))
        store._prove = False
        begin = time.monotonic()
        async with store:
            # Twice: over a new connection and over one that is kept.
            assert await store.put("a", b"x" * 16 * 2**20, Create()) == "7"
            assert await store.put("a", b"x" * 16 * 2**20, Create()) == "7"
        assert time.monotonic() - begin > 2 * 0.2
