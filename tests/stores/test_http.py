"""Tests of the HTTP that the light clients of providers share: what is sent, over which connections, and their end."""

from __future__ import annotations

import asyncio
import gc
import os
import subprocess
import sys
import threading
from contextlib import asynccontextmanager

import httpcore
import pytest

from ptb_bucket.errors import ConfigurationError
from ptb_bucket.stores import tls_context, trusted_certificates
from ptb_bucket.stores.http import Clients, Http, Request, TimeLimits
from support.answering_server import Reply, answering, certificate

LIMITS = TimeLimits(5, 20, 20)


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch):
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)


@asynccontextmanager
async def opened():
    """Open connections, and close them before the end of a server, which waits for them."""
    http = Http(tls_context(), LIMITS, "test")
    try:
        yield http
    finally:
        await http.close()


async def test_a_request_is_sent_as_it_is():
    with answering(lambda _: Reply(200, b"body", {"X-One": "1", "x-one": "2"})) as server:
        async with opened() as http:
            answer = await http.send(Request("PUT", server.url, "/a/../b//%20?c=%2F", {"x-mine": "y"}, b"data"))
            await http.send(Request("DELETE", server.url, "/", {"host": "another"}))
    put, delete = server.seen
    assert (put.method, put.target, put.body) == ("PUT", "/a/../b//%20?c=%2F", b"data")
    assert put.host == server.url.removeprefix("http://")
    assert {"x-mine": "y", "content-length": "4", "accept-encoding": "identity"}.items() <= put.headers.items()
    assert (delete.host, "content-length" in delete.headers) == ("another", False)
    assert (answer.status, answer.body, answer.headers["x-one"]) == (200, b"body", "1, 2")


@pytest.mark.parametrize("status", [301, 302, 307, 401, 503])
async def test_nothing_is_followed_and_nothing_is_sent_again(status):
    with answering(lambda _: Reply(status, b"", {"Location": "/elsewhere", "Retry-After": "0"})) as server:
        async with opened() as http:
            assert (await http.send(Request("POST", server.url, "/", {}, b"1"))).status == status
    assert len(server.seen) == 1


async def test_a_direct_request_ignores_the_proxy(monkeypatch):
    with answering(lambda _: Reply(200, b"direct")) as server, answering(lambda _: Reply(200, b"proxy")) as proxy:
        monkeypatch.setenv("HTTP_PROXY", proxy.url)
        async with opened() as http:
            for direct, expected in ((True, b"direct"), (False, b"proxy"), (True, b"direct")):
                assert (await http.send(Request("GET", server.url, "/", {}, direct=direct))).body == expected


async def test_closing_ends_requests_also_before_they_are_connected():
    """A connection that is left open would be a warning here."""
    asked, finish = threading.Event(), threading.Event()

    def answer(_):
        asked.set()
        finish.wait(20)
        return Reply(200)

    with answering(answer) as server:
        http = Http(tls_context(), LIMITS, "test")
        waiting = asyncio.ensure_future(http.send(Request("GET", server.url, "/", {})))
        await asyncio.to_thread(asked.wait, 20)
        connecting = [asyncio.ensure_future(http.send(Request("GET", server.url, "/", {}))) for _ in range(5)]
        await asyncio.sleep(0)
        await http.close()
        finish.set()
        outcomes = await asyncio.gather(waiting, *connecting, return_exceptions=True)
    assert all(isinstance(outcome, (httpcore.NetworkError, httpcore.ProtocolError)) for outcome in outcomes), outcomes
    del http, waiting, connecting, outcomes
    gc.collect()


class Client:
    """A client that only counts."""

    def __init__(self, closed):
        self.closed = closed

    def abandon(self):
        self.closed.append("abandoned")
        return []


def counting(closed):
    async def hold():
        try:
            yield Client(closed)
        finally:
            closed.append("closed")

    return Clients(hold)


def test_each_loop_has_its_own_client_which_ends_with_it():
    closed = []
    clients = counting(closed)

    async def twice():
        return await clients.get() is await clients.get()

    assert [asyncio.run(twice()) for _ in range(2)] == [True, True]
    assert closed.count("closed") == 2


def test_the_client_of_a_loop_that_ended_badly_is_abandoned(monkeypatch):
    closed = []
    clients = counting(closed)
    loop = asyncio.new_event_loop()
    loop.run_until_complete(clients.get())
    loop.close()
    asyncio.run(clients.get())
    assert closed[0] == "abandoned"
    pid = os.getpid()
    monkeypatch.setattr("ptb_bucket.stores.http.clients.os.getpid", lambda: pid + 1)
    asyncio.run(clients.close())


def test_certificates_come_from_the_variables_of_the_sdk(monkeypatch, tmp_path):
    bundle, _ = certificate(tmp_path, "test")
    assert trusted_certificates(("NOT_SET",), "test") is tls_context()
    monkeypatch.setenv("FIRST", str(bundle))
    monkeypatch.setenv("SECOND", "/nowhere")
    found = trusted_certificates(("NOT_SET", "FIRST", "SECOND"), "test")
    assert found is trusted_certificates(("FIRST",), "test")
    assert found.cert_store_stats()["x509_ca"] == 1
    monkeypatch.setenv("FIRST", str(tmp_path))  # a folder, whose certificates are read when they are needed
    assert trusted_certificates(("FIRST",), "test").cert_store_stats()["x509_ca"] == 0
    with pytest.raises(ConfigurationError, match=r"test: The certificates in /nowhere .* Check SECOND"):
        trusted_certificates(("SECOND",), "test")


def test_the_names_are_loaded_when_they_are_used():
    code = "import sys, ptb_bucket.stores.http as http; http.Clients; sys.exit('httpcore' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
