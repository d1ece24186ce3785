"""Fixtures for servers, and for a new bucket on each of them."""

from __future__ import annotations

import asyncio
import fcntl
import os
import shutil
import subprocess
import sys
import tempfile
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

import certifi
import pytest
from s3_server import Server, free_port, running

from ptb_bucket.stores import open_store
from ptb_bucket.testing.conformance import Backend
from ptb_bucket.testing.proxy import FaultProxy
from support.processes.preloaded import preloading

S3RVER = "3.7.1"


class S3Backend(Backend):
    """A bucket, seen through boto3; the store under test uses the client with this name."""

    def __init__(self, server: Server, *, versioning: bool = False, client: str = "light") -> None:
        self._server = server
        self.server = server.url
        self.bucket = server.bucket(versioning=versioning)
        self._client = client
        self.supports_versions = versioning

    def open(self):
        return open_store(self._server.uri(self.bucket, client=self._client))

    def uri(self, prefix="", *, server="", timeout=None):
        # Waiting for a byte ends earlier than the whole operation: both limits are met.
        seconds = {"connect_timeout": 5, "read_timeout": 0.75 * timeout, "timeout": timeout} if timeout else {}
        return self._server.uri(self.bucket, prefix, endpoint_url=server or self.server, client=self._client, **seconds)

    async def read_raw(self, key):
        try:
            answer = await asyncio.to_thread(self._server.client.get_object, Bucket=self.bucket, Key=key)
        except self._server.client.exceptions.NoSuchKey:
            return None
        with answer["Body"] as body:
            return await asyncio.to_thread(body.read)

    async def write_raw(self, key, data):
        await asyncio.to_thread(self._server.client.put_object, Bucket=self.bucket, Key=key, Body=data)

    async def keys_raw(self):
        return await asyncio.to_thread(self._server.keys, self.bucket)

    @asynccontextmanager
    async def bucket_gone(self):
        await asyncio.to_thread(self._delete)
        yield
        await asyncio.to_thread(self._server.client.create_bucket, Bucket=self.bucket)

    def _delete(self):
        for key in self._server.objects(self.bucket):
            self._server.client.delete_object(Bucket=self.bucket, Key=key)
        self._server.client.delete_bucket(Bucket=self.bucket)

    def unavailable(self):
        return open_store(f"s3://bucket?client={self._client}&endpoint_url=http://127.0.0.1:{free_port()}")

    def denied(self):
        """Return a store on a mistyped bucket."""
        return open_store(self._server.uri("mistyped-bucket", client=self._client))


@pytest.fixture(scope="session", autouse=True)
def environment(tmp_path_factory):
    """Credentials that are none (except for a server of yours), and nothing of this machine's AWS configuration."""
    credentials = dict.fromkeys(("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"), "testing")
    if "PTB_BUCKET_S3_TEST_ENDPOINT" in os.environ:
        credentials = {name: os.environ[name] for name in credentials}
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith("AWS_")]:
            patch.delenv(name)
        for name, value in credentials.items():
            patch.setenv(name, value)
        patch.setenv("AWS_DEFAULT_REGION", "us-east-1")
        patch.setenv("AWS_EC2_METADATA_DISABLED", "true")
        if "PTB_BUCKET_S3_TEST_ENDPOINT" not in os.environ:  # all servers are local and plain: no client needs them all
            patch.setenv("AWS_CA_BUNDLE", str(_one_authority(tmp_path_factory)))
        for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
            patch.setenv(name, os.devnull)
        for name in ("NO_PROXY", "no_proxy"):
            patch.setenv(name, "127.0.0.1,localhost")
        yield


def _one_authority(tmp_path_factory):
    """A bundle of one certificate: reading all of them, for each client, takes longer than what most tests do."""
    end = "-----END CERTIFICATE-----\n"
    first = Path(certifi.where()).read_text(encoding="utf-8").split(end)[0] + end
    bundle = tmp_path_factory.mktemp("authorities") / "one.pem"
    bundle.write_text(first, encoding="utf-8")
    return bundle


programs_are_preloaded = preloading("aiobotocore.session", "ptb_bucket_s3._light")


@contextmanager
def _moto(*peculiarities):
    port = free_port()
    program = Path(__file__).with_name("moto_server.py")
    with running([sys.executable, program, str(port), *peculiarities], f"http://127.0.0.1:{port}") as url:
        server = Server(url)
        yield server
        server.client.close()


@pytest.fixture(scope="session")
def moto(environment):
    with _moto() as server:
        yield server


@pytest.fixture(scope="session")
def own_server(environment):
    """Whatever PTB_BUCKET_S3_TEST_ENDPOINT names; buckets are made there and stay."""
    key, secret = os.environ["AWS_ACCESS_KEY_ID"], os.environ["AWS_SECRET_ACCESS_KEY"]
    server = Server(os.environ["PTB_BUCKET_S3_TEST_ENDPOINT"], key=key, secret=secret)
    yield server
    server.client.close()


@pytest.fixture(scope="session")
def peculiar(environment):
    """Moto with the peculiarities of other servers."""
    with _moto("bare", "deaf", "careless") as server:
        yield server


@contextmanager
def _ministack(**more):
    port = free_port()
    settings = {"BIND_HOST": "127.0.0.1", "GATEWAY_PORT": str(port), "SERVICES": "s3,iam,sts", "LOG_LEVEL": "ERROR"}
    with running([sys.executable, "-m", "ministack"], f"http://127.0.0.1:{port}", settings | more) as url:
        server = Server(url)
        yield server
        server.client.close()


@pytest.fixture(scope="session")
def run_ministack(environment):
    """Run one of your own, with further settings."""
    return _ministack


@pytest.fixture(scope="session")
def ministack(environment):
    with _ministack() as server:
        yield server


@pytest.fixture(scope="session")
def new_place():
    """Make a backend for the conformance kit: an empty bucket on a server."""
    return S3Backend


@pytest.fixture(scope="session", params=["light", pytest.param("aioboto3", marks=pytest.mark.long)])
def client(request):
    """The client of the store under test. Its full run is for ``--long``."""
    return request.param


@pytest.fixture(scope="session", params=["light", "aioboto3"])
def either_client(request):
    """Each client in every run, for tests that find what one of them does differently."""
    return request.param


@pytest.fixture(params=["moto", "ministack"])
def server(request):
    return request.getfixturevalue(request.param)


@pytest.fixture(scope="session")
def liar(environment, tmp_path_factory):
    """Start s3rver, which ignores the conditions of puts. It is installed from npm into a cache outside the project."""
    cache = Path(tempfile.gettempdir()) / f"ptb-bucket-s3rver-{S3RVER}-{os.getuid()}"
    program = cache / "node_modules" / "s3rver" / "bin" / "s3rver.js"
    with Path(f"{cache}.lock").open("w") as alone:  # two runs at once, or two workers of one
        fcntl.flock(alone, fcntl.LOCK_EX)
        if not program.exists():
            npm = shutil.which("npm")
            command = [str(npm), "install", "--prefix", str(cache), "--no-audit", "--no-fund", f"s3rver@{S3RVER}"]
            if npm is None or subprocess.run(command, check=False, capture_output=True, timeout=120).returncode:
                pytest.skip(f"npm cannot install s3rver@{S3RVER}, the server that lies, here")
    port = free_port()
    directory = tmp_path_factory.mktemp("liar")
    command = ["node", program, "--directory", directory, "--port", str(port), "--address", "127.0.0.1", "--silent"]
    with running(command, f"http://127.0.0.1:{port}") as url:
        server = Server(url, key="S3RVER")
        yield server
        server.client.close()


@pytest.fixture
def proxy(server):
    """The fault proxy in front of each server; a trickle takes far longer than a test's timeout."""
    with FaultProxy(server.url, trickle_delay=0.1) as proxy:
        yield proxy


@pytest.fixture
def run():
    """Return a function that runs ``programs.py``, checks that it succeeds without warnings, and returns its output."""
    return lambda *arguments: finished(start(*arguments))


def start(*arguments):
    program = Path(__file__).with_name("programs.py")
    command = [sys.executable, "-W", "error", "-X", "dev", program, *map(str, arguments)]
    pipe = subprocess.PIPE
    return subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe, text=True)


def finished(process):
    out, err = process.communicate(timeout=200)
    assert (process.returncode, err) == (0, ""), err
    return out
