"""Run ``check`` and ``verify`` on every S3 server that runs here, and write the measured rows of the table of servers.

    python benchmarks/servers.py [--only moto nanio] [--measured-by NAME]

It needs the packages of requirements-dev.txt. s3rver comes from npm; nanio and localbucket come from PyPI, into a
directory for temporary files. Ceph RGW runs if its packages are installed (see providers/s3/tests/ceph/run) and you are
root. A server that cannot be started is reported and left out. The rows go to docs/reference/servers.md.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3

from ptb_bucket.tools import ROW_HEAD

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "reference" / "servers.md"
CEPH = ROOT / "providers" / "s3" / "tests" / "ceph" / "run"
MOTO = ROOT / "providers" / "s3" / "tests" / "moto_server.py"
CACHE = Path(tempfile.gettempdir()) / f"ptb-bucket-servers-{os.getuid()}"
S3RVER, NANIO, LOCALBUCKET = "3.7.1", "0.1.7", "1.2.1"
KEY = "S3RVER"  # s3rver accepts no other; the others accept any
ENDPOINT = "PTB_BUCKET_S3_TEST_ENDPOINT"


@dataclass(frozen=True)
class Local:
    """A server that runs here: its name and version, and the command that starts it on a port."""

    name: str
    version: str
    command: Callable[[int], Sequence[str]]


def from_pypi(name: str, release: str) -> str:
    """Install a server into a separate environment, and return the path of its command."""
    place = CACHE / f"{name}-{release}"
    program = place / "bin" / name
    if not program.exists():
        subprocess.run([sys.executable, "-m", "venv", place], check=True)  # noqa: S603  its own arguments
        subprocess.run([place / "bin" / "pip", "install", "--quiet", f"{name}=={release}"], check=True)  # noqa: S603  its own arguments
    return str(program)


def from_npm(name: str, release: str) -> str:
    """Install a server with npm, and return the path of its program."""
    place = CACHE / f"{name}-{release}"
    program = place / "node_modules" / name / "bin" / f"{name}.js"
    if not program.exists():
        npm = shutil.which("npm") or "npm"
        subprocess.run([npm, "install", "--prefix", place, "--no-audit", "--no-fund", f"{name}@{release}"], check=True)  # noqa: S603  its own arguments
    return str(program)


def s3rver(port: int) -> Sequence[str]:
    """Return the command of s3rver."""
    program = from_npm("s3rver", S3RVER)
    return ["node", program, "-d", str(data()), "-p", str(port), "-a", "127.0.0.1", "--silent"]


def nanio(port: int) -> Sequence[str]:
    """Return the command of nanio."""
    program = from_pypi("nanio", NANIO)
    return [program, "serve", "--data-dir", str(data()), "--host", "127.0.0.1", "--port", str(port)]


def localbucket(port: int) -> Sequence[str]:
    """Return the command of localbucket."""
    return [from_pypi("localbucket", LOCALBUCKET), "--port", str(port), str(data())]


def data() -> Path:
    """Return a new directory for a server's data."""
    CACHE.mkdir(exist_ok=True)
    return Path(tempfile.mkdtemp(dir=CACHE))


SERVERS = [
    Local("moto (one request at a time)", version("moto"), lambda port: [sys.executable, str(MOTO), str(port)]),
    Local("MiniStack", version("ministack"), lambda _: [sys.executable, "-m", "ministack"]),
    Local("s3rver", S3RVER, s3rver),
    Local("nanio", NANIO, nanio),
    Local("localbucket", LOCALBUCKET, localbucket),
]


@contextmanager
def running(server: Local) -> Iterator[str]:
    """Run a server, and yield its URL."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    ministack = {"BIND_HOST": "127.0.0.1", "GATEWAY_PORT": str(port), "SERVICES": "s3,iam,sts", "LOG_LEVEL": "ERROR"}
    keys = {"NANIO_ACCESS_KEY": KEY, "NANIO_SECRET_KEY": KEY}
    process = subprocess.Popen(  # noqa: S603  its own arguments
        server.command(port), env=os.environ | ministack | keys, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        wait_for(port, process)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(20)


def wait_for(port: int, process: subprocess.Popen[bytes]) -> None:
    """Wait until a server accepts connections."""
    end = time.monotonic() + 60
    while time.monotonic() < end and process.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise RuntimeError("The server did not start.")


def measure(name: str, release: str, url: str, measured_by: str) -> dict[str, Any]:
    """Run both commands on a new bucket, and return their results."""
    bucket = f"verify-{os.urandom(4).hex()}"
    boto3.client("s3", endpoint_url=url).create_bucket(Bucket=bucket)
    uri = f"s3://{bucket}/bot?endpoint_url={url}&region=us-east-1&addressing_style=path"
    checked = run("check", uri)
    verified = run("verify", uri, "--yes", "--server", name, "--server-version", release, "--measured-by", measured_by)
    failed = [one["check"] for one in checked["checks"] if one["result"] == "failed"]
    return {"server": name, "row": verified["row"], "problems": verified["problems"], "check": failed}


def run(*words: str) -> Any:
    """Run ``ptb-bucket`` with ``--json``, and return its result."""
    command = [sys.executable, "-m", "ptb_bucket.cli", *words, "--json"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603  its own arguments
    if not done.stdout:
        raise RuntimeError(f"{words[0]} ended with code {done.returncode}: {done.stderr}")
    return json.loads(done.stdout)


def ceph(measured_by: str) -> dict[str, Any]:
    """Measure Ceph RGW: start it with the script of its tests, which runs this program again."""
    command = ["bash", str(CEPH), "--", sys.executable, __file__, "--one", "--measured-by", measured_by]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603  its own arguments
    lines = [line for line in done.stdout.splitlines() if line.startswith("{")]
    if not lines:
        raise RuntimeError(done.stderr[-500:])
    found: dict[str, Any] = json.loads(lines[-1])
    return found


def ceph_version() -> str:
    """Return the version of the installed gateway."""
    said = subprocess.run(["radosgw", "--version"], capture_output=True, text=True, check=True).stdout  # noqa: S607  its own arguments
    return re.sub(r".*version (\S+).*", r"\1", said.strip())


def measured(only: Sequence[str], measured_by: str) -> Iterator[dict[str, Any]]:
    """Measure one server after another."""
    for server in SERVERS:
        if not only or server.name.split(" ")[0] in only:
            print(f"... {server.name}", file=sys.stderr, flush=True)
            try:
                with running(server) as url:
                    yield measure(server.name, server.version, url, measured_by)
            except (RuntimeError, OSError, subprocess.CalledProcessError) as error:
                print(f"{server.name} is left out: {error}", file=sys.stderr)
    if (not only or "ceph" in only) and shutil.which("radosgw") and os.getuid() == 0:
        print("... Ceph RGW", file=sys.stderr, flush=True)
        yield ceph(measured_by)


def text_of(results: Sequence[dict[str, Any]]) -> str:
    """Return the measured part of the page."""
    problems: dict[str, list[str]] = {}
    for one in results:
        for text in one["problems"][:1]:
            problems.setdefault(first_sentences(text), []).append(one["server"])
    passed = [one["server"] for one in results if not one["check"]]
    failed = [f"{one['server']} ({', '.join(one['check'])})" for one in results if one["check"]]
    return "\n".join([
        f"| {' | '.join(ROW_HEAD)} |",
        f"|{'---|' * len(ROW_HEAD)}",
        *(one["row"] for one in results),
        "",
        "What went wrong, in the words of the command:",
        "",
        *(f"* **{', '.join(servers)}**: {text}" for text, servers in problems.items()),
        "",
        f"`ptb-bucket check` passed on {', '.join(passed)}. It failed on {', '.join(failed)}.",
    ])  # fmt: skip


def first_sentences(text: str) -> str:
    """Return a problem without addresses of this machine and without the names of other servers."""
    text = re.sub(r"http://127\.0\.0\.1:\d+", "http://HOST:PORT", text).partition(" Use a server")[0]
    return re.sub(r"verify-[0-9a-f]{8}(?=[/ ])", "BUCKET", re.sub(r"ptb-bucket-verify-[0-9a-f]+", "...", text))


def write(text: str) -> None:
    """Replace the measured part of the page."""
    page = PAGE.read_text(encoding="utf-8")
    begin, end = "<!-- measured -->\n", "<!-- /measured -->"
    head, _, rest = page.partition(begin)
    PAGE.write_text(f"{head}{begin}{text}\n{end}{rest.partition(end)[2]}", encoding="utf-8")


def main() -> None:
    """Measure, and write the page."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", nargs="*", default=[], help="the names of servers: moto, MiniStack, ..., ceph")
    parser.add_argument("--measured-by", default="the maintainers")
    parser.add_argument("--one", action="store_true", help=f"measure {ENDPOINT}, and print the result as JSON")
    options = parser.parse_args()
    os.environ.update(AWS_DEFAULT_REGION="us-east-1", AWS_EC2_METADATA_DISABLED="true")
    if options.one:
        print(json.dumps(measure("Ceph RGW", ceph_version(), os.environ[ENDPOINT], options.measured_by)))
        return
    os.environ.update(AWS_ACCESS_KEY_ID=KEY, AWS_SECRET_ACCESS_KEY=KEY)
    text = text_of(list(measured(options.only, options.measured_by)))
    print(text)
    if not options.only:
        write(text)


if __name__ == "__main__":
    main()
