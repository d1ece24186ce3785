"""The fault table: what the user of a store hears of each fault, and how often a request was sent."""

from __future__ import annotations

import pytest
from telegram.ext import ExtBot

from ptb_bucket import BucketPersistence
from ptb_bucket.errors import LostRaceError, UnavailableError
from ptb_bucket.stores import Create, Update, open_store
from ptb_bucket.testing.proxy import WireFault

SLOW = {WireFault.HANG_BEFORE, WireFault.HANG_AFTER, WireFault.TRICKLE}
METHODS = {"create": "PUT", "update": "PUT", "delete": "DELETE", "get": "GET", "list": "GET"}
CONFLICTS = {WireFault.ANSWER_409, WireFault.ANSWER_409_AFTER}


def timeouts(fault):
    """Short only where the fault is to take longer: a busy machine must not look like one."""
    return {"connect_timeout": 5, "read_timeout": 0.6, "timeout": 0.8} if fault in SLOW else {}


def expected(fault, operation):
    """A conflict is a hint that a put has lost a race; anything else says nothing about what happened."""
    return LostRaceError if fault in CONFLICTS and METHODS[operation] == "PUT" else UnavailableError


async def do(store, operation, etag):
    if operation == "create":
        await store.put("new", b"new", Create())
    elif operation == "update":
        await store.put("key", b"changed", Update(etag))
    elif operation == "delete":
        await store.delete("gone")
    elif operation == "get":
        await store.get("key")
    else:
        assert [info.key async for info in store.list("k")] == ["key"]


def applied(server, bucket, operation):
    keys = server.keys(bucket)
    if operation == "create":
        return "new" in keys
    if operation == "update":
        with server.client.get_object(Bucket=bucket, Key="key")["Body"] as body:
            return body.read() == b"changed"
    return "gone" not in keys


@pytest.mark.parametrize("fault", WireFault, ids=lambda fault: fault.name)
async def test_every_operation_meets_every_fault(server, proxy, fault):
    bucket = server.bucket()
    await open_and_prove(server.uri(bucket, endpoint_url=proxy.url))
    async with open_store(server.uri(bucket, **timeouts(fault), endpoint_url=proxy.url)) as store:
        etag = await store.put("key", b"0" * 1000, Create())
        await store.put("gone", b"1", Create())
        for operation, method in METHODS.items():
            proxy.clear()
            proxy.plan(fault, method=method)
            with pytest.raises(expected(fault, operation)) as caught:
                await do(store, operation, etag)
            assert caught.value.__cause__ is not None
            assert [request.method for request in proxy.requests] == [method], operation
            if method != "GET":
                assert applied(server, bucket, operation) == fault.applies, operation


@pytest.mark.parametrize("server", ["ministack"], indirect=True)
@pytest.mark.parametrize("operation", METHODS)
async def test_a_kept_connection_that_breaks_is_not_used_twice(server, proxy, operation):
    """aiohttp would send PUT and DELETE again by itself; what stops it is private to aiohttp."""
    bucket = server.bucket()
    async with open_store(server.uri(bucket, endpoint_url=proxy.url)) as store:
        etag = await store.put("key", b"1", Create())
        await store.put("gone", b"1", Create())
        for fault in (WireFault.RESET_AFTER, WireFault.CLOSE_AFTER, WireFault.CLOSE_BEFORE):
            proxy.clear()
            proxy.plan(fault, method=METHODS[operation])
            with pytest.raises(UnavailableError):
                await do(store, operation, etag)
            assert len(proxy.requests) == 1


def persistence_at(uri):
    persistence = BucketPersistence(uri)
    persistence.set_bot(ExtBot("123456:offline"))
    return persistence


@pytest.mark.parametrize("fault", WireFault, ids=lambda fault: fault.name)
async def test_a_commit_survives_every_fault_exactly_once(server, proxy, fault):
    bucket = server.bucket()
    await open_and_prove(server.uri(bucket, "bot/", endpoint_url=proxy.url))
    persistence = persistence_at(server.uri(bucket, "bot/", **timeouts(fault), endpoint_url=proxy.url))
    data = await persistence.get_bot_data()
    for number in range(3):
        proxy.plan(fault, method="PUT", path="state.json", times=1 if number < 2 else 0)
        data.setdefault("log", []).append(number)
        await persistence.update_bot_data(data)
    await persistence.flush()
    # Once per commit where the answer was lost, and once more where the request was.
    assert proxy.count("PUT", "state.json") == 3 + 2 * (not fault.applies)
    assert await persistence_at(server.uri(bucket, "bot/")).get_bot_data() == {"log": [0, 1, 2]}
    assert persistence.stats.conflicts_merged == 0


async def open_and_prove(uri):
    async with open_store(uri) as store:
        await store.put("other", b"", Create())
        await store.delete("other")
