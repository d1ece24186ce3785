"""The site, built once for all tests of its pages, in a process that cannot reach the network."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from filelock import FileLock

ROOT = Path(__file__).parents[2]
OFFLINE = """
import socket

def refuse(*args, **_):
    raise SystemExit(f"the build of the site asked for the network: {args[1:]}")

socket.socket.connect = socket.socket.connect_ex = socket.getaddrinfo = refuse
from mkdocs.__main__ import cli
cli()
"""


@pytest.fixture(scope="session")
def site(tmp_path_factory, worker_id):
    """Return the folder of the site, built in strict mode by the first worker that needs it."""
    pytest.importorskip("mkdocs", reason="mkdocs is not installed: the site was not built")
    own = tmp_path_factory.getbasetemp()
    folder = (own if worker_id == "master" else own.parent) / "site"
    with FileLock(folder.with_suffix(".lock")):
        if not folder.exists():
            built = build("--site-dir", unfinished := folder.with_suffix(".unfinished"))
            assert built.returncode == 0, built.stdout + built.stderr
            unfinished.rename(folder)
    return folder


def build(*options):
    """Build the site offline and strictly, and return the finished process."""
    environment = os.environ | {"NO_MKDOCS_2_WARNING": "1"}
    command = [sys.executable, "-c", OFFLINE, "build", "--strict", *map(str, options)]
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=300, check=False)
