"""Tests of the light client's connections: kept, closed by the server, abandoned with their loop, through proxies."""

from __future__ import annotations

import asyncio
import gc
import socket
import threading
import time
from contextlib import contextmanager

import pytest
from light_server import Reply, answering, certificate

from ptb_bucket.errors import ConfigurationError, UnavailableError
from ptb_bucket.stores import Create, open_store

OBJECT = Reply(200, b"1", {"ETag": '"1"'})
ANSWER = b'HTTP/1.1 200 OK\r\nETag: "1"\r\nContent-Length: 1\r\n\r\n1'


@contextmanager
def closing_server(closed):
    """Run a server that closes each connection after one answer, without announcing it."""
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def serve():
            for _ in range(3):
                connection, _ = listening.accept()
                with connection:
                    connection.recv(65536)
                    connection.sendall(ANSWER)
                closed.set()

        thread = threading.Thread(target=serve)
        thread.start()
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        thread.join()


async def test_nothing_is_sent_into_a_connection_that_the_server_has_closed():
    """Not even if the loop had no time to see the end, as after a pause of the whole process."""
    closed = threading.Event()
    with closing_server(closed) as url:
        async with open_store(f"s3://bucket?client=light&endpoint_url={url}") as store:
            for _ in range(3):
                await store.get("a")
                assert closed.wait(20)  # blocks the loop
                closed.clear()


async def test_a_slow_upload_may_take_longer_than_the_wait_for_a_byte():
    with answering(lambda _: OBJECT) as server:
        server.read_pause = 0.005
        asyncio.get_running_loop().call_later(1.5, setattr, server, "read_pause", 0)
        async with open_store(f"s3://bucket?client=light&read_timeout=1&endpoint_url={server.url}") as store:
            store._proof.ensure = _proven
            begin = time.monotonic()
            await store.put("a", b"x" * 32 * 2**20, Create())
            assert time.monotonic() - begin > 1


async def _proven():
    """Prove nothing: this server honours no conditions."""


async def test_a_request_ends_when_its_store_is_closed():
    asked, finish = threading.Event(), threading.Event()

    def answer(_):
        asked.set()
        finish.wait(20)
        return OBJECT

    with answering(answer) as server:
        store = open_store(f"s3://bucket?client=light&endpoint_url={server.url}")
        reading = asyncio.create_task(store.get("a"))
        await asyncio.to_thread(asked.wait, 20)
        await store.close()
        with pytest.raises(UnavailableError):
            await reading
        finish.set()


async def test_a_store_that_is_closed_closes_its_connections():
    received = []
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def serve():
            connection, _ = listening.accept()
            connection.settimeout(20)
            with connection:
                connection.recv(65536)
                connection.sendall(ANSWER)
                received.append(connection.recv(1))

        thread = threading.Thread(target=serve)
        thread.start()
        store = open_store(f"s3://bucket?client=light&endpoint_url=http://127.0.0.1:{listening.getsockname()[1]}")
        await store.get("a")
        await store.close()
        await asyncio.to_thread(thread.join, 20)
    assert received == [b""]


@pytest.mark.parametrize("secure", [False, True])
def test_a_closed_loop_leaves_nothing_to_warn_about(tmp_path, monkeypatch, secure):
    bundle, context = certificate(tmp_path, "bucket.s3.us-east-1.amazonaws.com")
    monkeypatch.setenv("AWS_CA_BUNDLE", str(bundle))
    with answering(lambda _: OBJECT, context) as server:
        monkeypatch.setenv("HTTPS_PROXY", server.url)
        store = open_store("s3://bucket?client=light&region=us-east-1" + f"&endpoint_url={server.url}" * (not secure))
        for _ in range(2):
            loop = asyncio.new_event_loop()
            loop.run_until_complete(store.get("a"))
            loop.close()
        asyncio.run(store.close())
        gc.collect()
    assert len(server.tunnels) == 2 * secure


async def test_hosts_in_no_proxy_are_reached_directly(monkeypatch):
    with answering(lambda _: OBJECT) as server, answering(lambda _: Reply(502)) as proxy:
        monkeypatch.setenv("HTTP_PROXY", proxy.url)
        monkeypatch.setenv("NO_PROXY", "127.0.0.1")
        async with open_store(f"s3://bucket?client=light&endpoint_url={server.url}") as store:
            await store.get("a")
    assert proxy.seen == []


@pytest.mark.parametrize(
    "proxy", ["ftp://u:rosebud@proxy.test", "http://u:rosebud@proxy.test:port", "socks5://u:rosebud@proxy.test"]
)
async def test_a_proxy_that_cannot_be_used_is_a_configuration_error(monkeypatch, proxy):
    monkeypatch.setenv("HTTP_PROXY", proxy)
    async with open_store("s3://bucket?client=light&endpoint_url=http://s3.test") as store:
        with pytest.raises(ConfigurationError, match="proxy") as caught:
            await store.get("a")
    assert "rosebud" not in str(caught.value)


async def test_a_proxy_gets_its_password(monkeypatch):
    with answering(lambda _: OBJECT) as proxy:
        monkeypatch.setenv("HTTP_PROXY", proxy.url.replace("//", "//u:p%40@"))
        async with open_store("s3://bucket?client=light&endpoint_url=http://s3.test") as store:
            await store.get("a")
    assert proxy.seen[0].headers["proxy-authorization"] == "Basic dTpwQA=="
