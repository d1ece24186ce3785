"""Tests of the fault proxy in front of a small server: it forwards requests unchanged, or breaks them as planned."""

from __future__ import annotations

import gc
import http.client
import socket
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

import pytest

from ptb_bucket.testing.proxy import FaultProxy, WireFault

BODY = bytes(range(256)) * 40


class Handler(BaseHTTPRequestHandler):
    """A handler that notes each request and sends it back."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def _answer(self):
        chunked = self.headers.get("Transfer-Encoding") == "chunked"
        body = self._chunks() if chunked else self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.server.seen.append((self.command, self.path, dict(self.headers), body, self.client_address))
        if self.path == "/nothing":
            self.send_response(204)
            self.end_headers()
            return
        if self.path == "/close":
            self.close_connection = True
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"until the end")
            return
        self.send_response(200)
        if self.path == "/chunked":
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            self.wfile.write(b"3\r\nabc\r\n2;x=y\r\nde\r\n0\r\nTrailer: 1\r\n\r\n")
            return
        self.send_header("Content-Length", str(len(BODY)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(BODY)

    def _chunks(self):
        parts = []
        while size := int(self.rfile.readline(), 16):
            parts.append(self.rfile.read(size))
            self.rfile.readline()
        self.rfile.readline()
        return b"".join(parts)

    do_GET = do_PUT = do_DELETE = do_HEAD = _answer  # noqa: N815  the names that http.server looks for

    def log_message(self, *_):
        pass


@pytest.fixture
def server():
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.seen = []
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def proxy(server):
    with FaultProxy(f"http://127.0.0.1:{server.server_port}", trickle_delay=0.001) as proxy:
        yield proxy


@contextmanager
def connected(proxy, timeout=5):
    connection = http.client.HTTPConnection(urlsplit(proxy.url).netloc, timeout=timeout)
    try:
        yield connection
    finally:
        connection.close()


def ask(connection, method="PUT", path="/a?b=c%2F", body=b"12", **headers):
    connection.request(method, path, body, headers, encode_chunked=True)
    answer = connection.getresponse()
    return answer.status, answer.read()


def test_everything_passes_unchanged_on_one_connection(proxy, server):
    with connected(proxy) as connection:
        assert ask(connection, Host="signed.example", **{"X-Odd": "ä"}) == (200, BODY)
        assert ask(connection, "GET", "/chunked", None) == (200, b"abcde")
        assert ask(connection, "HEAD", "/x", None) == (200, b"")
        assert ask(connection, "GET", "/nothing", None) == (204, b"")
        assert ask(connection, "PUT", "/up", iter([b"ab", b"c"]), **{"Transfer-Encoding": "chunked"})[0] == 200
        assert ask(connection, "GET", "/close", None) == (200, b"until the end")
    method, path, headers, body, _ = server.seen[0]
    assert (method, path, headers["Host"], body) == ("PUT", "/a?b=c%2F", "signed.example", b"12")
    assert headers["X-Odd"].encode("latin-1") == "ä".encode("latin-1")
    assert server.seen[4][3] == b"abc"
    assert len({address for *_, address in server.seen}) == 1
    assert [request.method for request in proxy.requests] == ["PUT", "GET", "HEAD", "GET", "PUT", "GET"]


def test_a_client_that_asks_first_is_told_to_go_on(proxy, server):
    with socket.create_connection(proxy._address, timeout=5) as client:
        client.sendall(b"PUT /a HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n")
        assert client.recv(100).startswith(b"HTTP/1.1 100 ")
        client.sendall(b"12")
        assert client.recv(100).startswith(b"HTTP/1.1 200 ")
    assert server.seen[0][3] == b"12"


@pytest.mark.parametrize(("expectation", "status", "applied"), [("silence", b"200", 1), ("417", b"417", 0)])
def test_a_client_that_asks_first_can_meet_a_server_without_100(server, expectation, status, applied):
    with (
        FaultProxy(f"http://127.0.0.1:{server.server_port}", expectation=expectation) as proxy,
        socket.create_connection(proxy._address, timeout=5) as client,
    ):
        client.sendall(b"PUT /a HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n")
        if applied:
            client.sendall(b"12")
        assert client.recv(100).startswith(b"HTTP/1.1 " + status)
        assert len(proxy.requests) == len(server.seen) == applied


def outcome(proxy):
    """Return the outcome for a client that does not send again."""
    with connected(proxy, timeout=0.3) as connection:
        try:
            return ask(connection)[0]
        except (OSError, http.client.HTTPException) as exc:
            return type(exc)


OUTCOMES = {
    WireFault.HANG_BEFORE: TimeoutError,
    WireFault.HANG_AFTER: TimeoutError,
    WireFault.RESET_BEFORE: ConnectionResetError,
    WireFault.RESET_AFTER: ConnectionResetError,
    WireFault.CLOSE_BEFORE: http.client.RemoteDisconnected,
    WireFault.CLOSE_AFTER: http.client.RemoteDisconnected,
    WireFault.ANSWER_500: 500,
    WireFault.ANSWER_503: 503,
    WireFault.ANSWER_301: 301,
    WireFault.ANSWER_400: 400,
    WireFault.ANSWER_401: 401,
    WireFault.ANSWER_403: 403,
    WireFault.ANSWER_404: 404,
    WireFault.ANSWER_409: 409,
    WireFault.ANSWER_429: 429,
    WireFault.ANSWER_500_AFTER: 500,
    WireFault.ANSWER_503_AFTER: 503,
    WireFault.ANSWER_409_AFTER: 409,
    WireFault.ANSWER_429_AFTER: 429,
    WireFault.HALF_ANSWER: http.client.IncompleteRead,
}


@pytest.mark.parametrize("fault", OUTCOMES)
def test_each_fault_is_what_its_name_says_and_happens_once(proxy, server, fault):
    proxy.plan(fault, method="PUT")
    assert outcome(proxy) == OUTCOMES[fault]
    assert len(server.seen) == fault.applies == fault.value.endswith("after")
    assert [request.fault for request in proxy.requests] == [fault]
    assert outcome(proxy) == 200
    assert proxy.count("PUT") == 2


def test_half_an_answer_without_a_body_breaks_off_in_its_head(proxy):
    proxy.plan(WireFault.HALF_ANSWER)
    with socket.create_connection(proxy._address, timeout=5) as client:
        client.sendall(b"GET /nothing HTTP/1.1\r\nHost: x\r\n\r\n")
        with client.makefile("rb") as stream:
            head = stream.read()
    assert head.startswith(b"HTTP/1.1 204 ")
    assert not head.endswith(b"\r\n\r\n")


def test_a_trickle_arrives_in_the_end(proxy):
    proxy.plan(WireFault.TRICKLE)
    start = time.perf_counter()
    with connected(proxy, timeout=1) as connection:
        connection.request("GET", "/chunked")
        assert connection.getresponse().read() == b"abcde"
    assert time.perf_counter() - start > 0.1


def test_a_plan_chooses_its_requests(proxy):
    proxy.plan(WireFault.ANSWER_503, method="PUT", path="/a", skip=1, times=2, body=b"later", content_type="text/x")
    proxy.plan(WireFault.ANSWER_429, when=lambda request: request.headers.get("x-who") == "me", times=None)
    with connected(proxy) as connection:
        assert ask(connection, "GET", "/a", None)[0] == 200
        assert ask(connection, "PUT", "/b")[0] == 200
        assert [ask(connection, "PUT", "/a") for _ in range(4)] == [(200, BODY)] + [(503, b"later")] * 2 + [(200, BODY)]
        assert [ask(connection, "GET", "/c", None, **{"X-Who": "me"})[0] for _ in range(3)] == [429] * 3
        assert proxy.count("PUT") == 5
        assert proxy.count("PUT", "/a") == 4
        proxy.clear()
        assert proxy.requests == []
        assert ask(connection, "GET", "/c", None, **{"X-Who": "me"})[0] == 200


def test_no_credentials_are_kept(proxy):
    with connected(proxy) as connection:
        ask(connection, Authorization="AWS4 secret", **{"X-Amz-Security-Token": "secret"})
    assert "secret" not in str(vars(proxy.requests[0]))


def test_a_server_that_is_gone_is_a_reset():
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
    with FaultProxy(f"http://127.0.0.1:{port}") as proxy:
        assert outcome(proxy) is ConnectionResetError


def test_a_refusing_proxy_cuts_connections_and_returns_at_the_same_address(proxy, server):
    with connected(proxy) as kept:
        assert ask(kept)[0] == 200
        url = proxy.url
        for _ in range(2):
            with proxy.refusing():
                with pytest.raises((ConnectionError, http.client.RemoteDisconnected)):
                    ask(kept)
                kept.close()
                assert outcome(proxy) is ConnectionRefusedError
            assert proxy.url == url
            assert ask(kept)[0] == 200
    assert len(server.seen) == len(proxy.requests) == 3


def proxies():
    """Return the threads of all proxies in this process, including those of other tests' servers."""
    return {thread for thread in threading.enumerate() if thread.name == "fault proxy"}


def test_nothing_is_left_behind_with_hanging_clients(server):
    before, others = threading.active_count(), proxies()
    with FaultProxy(f"http://127.0.0.1:{server.server_port}") as proxy:
        proxy.plan(WireFault.HANG_AFTER, times=None)
        with connected(proxy) as first, connected(proxy) as second:
            for connection in (first, second):
                connection.request("GET", "/a")
            while len(proxy.requests) < 2:
                time.sleep(0.001)
            start = time.perf_counter()
            proxy.__exit__(None, None, None)
            assert time.perf_counter() - start < 1
            assert proxies() == others
        proxy.__enter__()
    assert threading.active_count() <= before + 2  # the server's own handlers end when they notice
    with pytest.raises(OSError, match="refused"):
        socket.create_connection(proxy._address, timeout=1)


def test_the_proxy_imports_without_pytest():
    code = "import sys; sys.modules['pytest'] = None; import ptb_bucket.testing.proxy"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_a_proxy_that_ends_while_clients_come_and_go_leaves_nothing_open(server, count):
    """Warnings are errors here: a connection that nobody closed would fail this test, or a later one."""
    for _ in range(count(10, 100)):
        with FaultProxy(f"http://127.0.0.1:{server.server_port}") as proxy:
            address = ("127.0.0.1", urlsplit(proxy.url).port)
            clients = [socket.create_connection(address) for _ in range(3)]
            clients[0].send(b"GET / HT")
            clients[1].close()
        for client in clients:
            client.close()
        gc.collect()
