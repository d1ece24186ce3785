"""Ignored conditions are noticed before the first put: a lying server is refused, an honest one remembered."""

from __future__ import annotations

import pytest

from ptb_bucket.errors import UnsupportedError
from ptb_bucket.stores import PROOF_NAME, Create, Update, open_store
from ptb_bucket_gcs import GcsStore, Options
from ptb_bucket_gcs import _store as module


async def test_a_server_that_ignores_conditions_is_refused(liar):
    bucket = liar.bucket()
    store = open_store(f"gs://{bucket}/bots?endpoint_url={liar.url}")
    async with store:
        with pytest.raises(UnsupportedError) as caught:
            await store.put("state.json", b"{}", Create())
        assert liar.url in str(caught.value)
        assert "In a test, a put of" in str(caught.value)
        assert str(caught.value).endswith("on fake-gcs-server.")
        # What it has let pass makes it no better, and neither does asking again.
        with pytest.raises(UnsupportedError):
            await store.put("state.json", b"{}", Create())
    assert set(liar.keys(bucket)) == {f"bots/{PROOF_NAME}"}


async def test_without_the_proof_it_would_have_lost_a_write(liar):
    """So that it is known to lie, should it be mended one day."""
    bucket = liar.bucket()
    store = GcsStore(bucket, Options(endpoint_url=liar.url))
    store._prove = False
    async with store:
        await store.put("a", b"1", Create())
        await store.put("a", b"2", Create())
        await store.put("a", b"3", Update("1"))
    assert liar.read(bucket, "a") == b"3"


async def test_an_honest_server_is_proved_once_and_remembered(proxy, bucket):
    for expected in (5 + 2, 2):
        proxy.clear()
        async with GcsStore(bucket, Options(endpoint_url=proxy.url)) as store:
            for number in range(2):
                await store.put(f"{expected}-{number}", b"1", Create())
        assert proxy.count("POST") == expected


async def test_asking_for_it_is_always_possible(proxy, bucket):
    for _ in range(2):
        proxy.clear()
        async with GcsStore(bucket, Options(endpoint_url=proxy.url, always_prove=True)) as store:
            await store.put(f"key-{id(store)}", b"1", Create())
        assert proxy.count("POST") >= 4 + 1


async def test_reading_needs_no_proof(proxy, bucket):
    async with GcsStore(bucket, Options(endpoint_url=proxy.url)) as store:
        assert [info async for info in store.list()] == []
        await store.delete("nothing")
    assert proxy.count("POST") == 0


async def test_the_note_is_the_stores_own(store, server, bucket):
    await store.put("a", b"1", Create())
    assert sorted(server.keys(bucket)) == [PROOF_NAME, "a"]
    assert [info.key async for info in store.list()] == ["a"]


async def test_google_itself_is_believed_unless_asked(monkeypatch, proxy, bucket):
    """Nothing of Google can be had here: the emulator is taken for it."""
    monkeypatch.setattr(module, "is_google", lambda _url: True)
    async with GcsStore(bucket, Options(endpoint_url=proxy.url)) as store:
        assert store.min_write_interval == 1.0
        await store.put("a", b"1", Create())
        assert proxy.count("POST") == 1
    async with GcsStore(bucket, Options(endpoint_url=proxy.url, always_prove=True)) as store:
        store.min_write_interval = 0.01
        await store.put("b", b"1", Create())
        assert proxy.count("POST") == 1 + 5 + 1
