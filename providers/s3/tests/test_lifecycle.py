"""Lifecycle of a store: laziness, loops, forks, clients of others, many stores."""

from __future__ import annotations

import asyncio
import subprocess
import sys

import aioboto3
import aiohttp
import pytest
from aiobotocore.config import AioConfig

from ptb_bucket.errors import ConfigurationError
from ptb_bucket.stores import Create, open_store
from ptb_bucket_s3 import S3Store, Settings, client_config
from ptb_bucket_s3._light.transport import Transport
from ptb_bucket_s3._once import OnceSession

# What a client does with its connections shows where they are kept; moto closes every one of them.
on_servers = pytest.mark.parametrize(
    "server", ["ministack", pytest.param("moto", marks=pytest.mark.long)], indirect=True
)


def test_no_sdk_is_imported_before_a_store_is_used():
    code = """
import sys, ptb_bucket_s3
from ptb_bucket.stores import open_store
open_store("s3://bucket/prefix?region=eu-west-1&endpoint_url=http://127.0.0.1:1&kms_key=x&timeout=3")
found = {name.partition(".")[0] for name in sys.modules} & {"aioboto3", "aiobotocore", "boto3", "botocore", "aiohttp"}
sys.exit(str(found) if found else 0)
"""
    result = subprocess.run([sys.executable, "-c", code], check=False, capture_output=True, text=True)
    assert result.returncode == 0, result.stderr


@on_servers
def test_one_store_in_loop_after_loop(server, run, either_client):
    assert run("live_in_many_loops", server.uri(server.bucket(), client=either_client)) == "6 0\n"


@on_servers
def test_one_store_on_both_sides_of_a_fork(server, run, either_client):
    assert run("fork", server.uri(server.bucket(), client=either_client)) == "0 3\n"


async def test_another_process_never_uses_a_connection_that_it_inherited(moto, monkeypatch, either_client):
    """Two processes on one connection would read each other's answers, even if they shared the loop."""
    async with S3Store(moto.bucket(), Settings(endpoint_url=moto.url, client=either_client)) as store:
        parents = await store._clients.get()
        monkeypatch.setattr("ptb_bucket.stores.http.clients.os.getpid", lambda: -1)
        assert await store._clients.get() is not parents


@on_servers
def test_a_client_closed_behind_its_back(server, run):
    assert run("close_behind_its_back", server.uri(server.bucket(), client="aioboto3")) == "1\n"


@on_servers
def test_many_stores_leave_nothing_behind(server, run, count, either_client):
    left = int(run("open_and_close", server.uri(server.bucket(), client=either_client), count(24, 200)))
    assert left <= 5


async def test_two_operations_at_once_make_one_client(moto, monkeypatch, either_client):
    made = []
    monkeypatch.setattr("ptb_bucket_s3._sdk._config", lambda settings: made.append(1) or client_config())
    monkeypatch.setattr("ptb_bucket_s3._light.client.Transport", lambda *args: made.append(1) or Transport(*args))
    store = S3Store(moto.bucket(), Settings(endpoint_url=moto.url, client=either_client))
    await asyncio.gather(*(store.put(f"{number}", b"", Create()) for number in range(5)))
    await store.close()
    await store.close()
    assert made == [1]


async def test_a_session_can_be_handed_in(moto):
    async with S3Store(moto.bucket(), Settings(endpoint_url=moto.url), session=aioboto3.Session()) as store:
        await store.put("a", b"1", Create())
        assert (await store.get("a")).data == b"1"


def handed_in(moto, session=None, **kwargs):
    return (session or aioboto3.Session()).client("s3", endpoint_url=moto.url, **kwargs)


async def test_a_client_that_was_handed_in_stays_open(moto):
    bucket = moto.bucket()
    async with handed_in(moto, config=client_config()) as client:
        async with S3Store(bucket, client=client) as store:
            await store.put("a", b"1", Create())
        assert (await client.get_object(Bucket=bucket, Key="a"))["ContentLength"] == 1
        assert (await store.get("a")).data == b"1"


async def test_a_client_that_sends_twice_is_refused(moto):
    async with handed_in(moto) as client:
        with pytest.raises(ConfigurationError, match="client_config"):
            S3Store(moto.bucket(), client=client)


async def test_an_aiohttp_that_may_send_twice_is_refused(moto, monkeypatch):
    make = aiohttp.ClientSession

    def newer(*args, **kwargs):
        session = make(*args, **kwargs)
        del session._retry_connection
        return session

    async with handed_in(moto, config=client_config()) as client:
        monkeypatch.setattr(aiohttp, "ClientSession", newer)
        for how in ({"client": client}, {"settings": Settings(endpoint_url=moto.url, client="aioboto3")}):
            async with S3Store("bucket", **how) as store:
                with pytest.raises(ConfigurationError, match="downgrade aiohttp"):
                    await store.get("a")


@pytest.mark.parametrize(
    "config",
    [
        AioConfig(retries={"total_max_attempts": 3, "mode": "standard"}, http_session_cls=OnceSession),
        AioConfig(http_session_cls=OnceSession),
        AioConfig(retries={"total_max_attempts": 1, "mode": "standard"}),
    ],
    ids=["three attempts", "the SDK's attempts", "the SDK's transport"],
)
async def test_half_of_what_it_takes_to_send_once_is_not_enough(moto, config):
    async with handed_in(moto, config=config) as client:
        with pytest.raises(ConfigurationError, match="client_config"):
            S3Store(moto.bucket(), client=client)


async def test_what_the_uri_says_of_the_client_reaches_it():
    uri = (
        "s3://bucket?client=aioboto3&region=eu-west-3&connect_timeout=3&read_timeout=4&addressing_style=virtual"
        "&endpoint_url=http://x.y"
    )
    async with open_store(uri) as store:
        meta = (await store._clients.get()).client.meta
    config = meta.config
    assert (config.connect_timeout, config.read_timeout, config.s3["addressing_style"]) == (3, 4, "virtual")
    assert (meta.region_name, meta.endpoint_url) == ("eu-west-3", "http://x.y")
    assert config.retries["total_max_attempts"] == 1


def test_a_client_of_another_loop_is_refused_and_both_are_named(moto):
    bucket = moto.bucket()

    async def make():
        client = await handed_in(moto, config=client_config()).__aenter__()
        store = S3Store(bucket, client=client)
        await store.put("a", b"1", Create())
        return store, client

    loop = asyncio.new_event_loop()
    store, client = loop.run_until_complete(make())
    with pytest.raises(ConfigurationError) as caught:
        asyncio.run(store.get("a"))
    assert str(caught.value).count("EventLoop") == 2
    loop.run_until_complete(client.close())
    loop.close()
