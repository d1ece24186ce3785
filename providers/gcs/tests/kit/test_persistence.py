"""A bot's whole state on Google Cloud Storage, and the distance that Google wants between two writes."""

from __future__ import annotations

import asyncio

import pytest
from telegram.ext import ExtBot

from ptb_bucket import BucketPersistence
from ptb_bucket.testing.conformance import PersistenceConformance
from ptb_bucket_gcs import GcsStore
from ptb_bucket_gcs import _store as module


class TestPersistence(PersistenceConformance):
    @pytest.fixture
    def backend(self, backend_on, client):
        return backend_on(client=client)


def opened(proxy, bucket):
    persistence = BucketPersistence(f"gs://{bucket}?endpoint_url={proxy.url}")
    persistence.set_bot(ExtBot("123456:offline"))
    return persistence


async def test_commits_keep_googles_distance_and_join(monkeypatch, proxy, bucket):
    """The emulator is taken for Google, whose seconds are shortened."""
    monkeypatch.setattr(module, "is_google", lambda _url: True)
    monkeypatch.setattr(GcsStore, "min_write_interval", 0.3)
    persistence = opened(proxy, bucket)
    loop = asyncio.get_running_loop()
    await persistence.update_bot_data({"n": 0})
    proxy.clear()
    begin, saves = loop.time(), []
    for number in range(1, 21):
        saves.append(asyncio.ensure_future(persistence.update_user_data(number, {"n": number})))
        await asyncio.sleep(0.02)
    await asyncio.gather(*saves)
    assert loop.time() - begin < 1.2
    assert 1 <= proxy.count("POST") <= 3
    await persistence.flush()
    again = opened(proxy, bucket)
    assert len(await again.get_user_data()) == 20
    await again.flush()


async def test_without_a_distance_they_do_not_wait(proxy, bucket):
    persistence = opened(proxy, bucket)
    begin = asyncio.get_running_loop().time()
    for number in range(10):
        await persistence.update_bot_data({"n": number})
    assert asyncio.get_running_loop().time() - begin < 1
    assert proxy.count("POST") == 5 + 10
    await persistence.flush()
