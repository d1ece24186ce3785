"""Starts of a bot in fresh processes, until the first webhook is handled and saved, beside PTB alone.

    python benchmarks/cold_start.py [--rounds 11 [5]] [--venv DIR | --python PATH] [--json results.json]
                                    [--plots docs/pictures]

The contestants take turns, each in a process of its own: PTB alone, PicklePersistence, a pickle in S3 written by hand
with boto3, and ptb-bucket on its stores. Telegram answers over HTTP on this machine, so each start sends getMe and
sendMessage with PTB's own client. The stores are MiniStack and fake-gcs-server, which needs no access token. All of
them run in their own processes, and only the contestant's CPU time counts. "Time" includes waiting for those servers
and for other load of the machine.

Figures are medians, and ratios medians of the ratios in the same round. "Least CPU" is the best round of each
contestant, which other load of the machine disturbs least.

"Compiled" means that all modules have their .pyc files; otherwise only the standard library has them, as in a package
that nobody compiled. Packages that only happen to be installed change the figures: httpx imports click and rich, and
telegram.ext imports apscheduler. So measure in an environment that has only what a bot needs. ``--venv`` creates it:

    python -m venv DIR
    DIR/bin/pip install . ./providers/gcs './providers/s3[aioboto3]' boto3
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import subprocess
import sys
import tempfile
from contextlib import ExitStack, contextmanager
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sdk.bare import bare, new_bucket
from sdk.servers import running, without_accounts
from starting.figures import NAMES, phase_table, start_table, summary
from starting.plots import draw
from starting.processes import ROOT, Starter, measure

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sdk.servers import Server

PACKAGES = ("python-telegram-bot", "httpx", "aws-sdk-signers", "boto3", "aioboto3", "google-cloud-storage")
BALLAST = ("click", "rich", "apscheduler")
ASK = """
import json, platform
from importlib.metadata import PackageNotFoundError, version
def of(name):
    try: return version(name)
    except PackageNotFoundError: return None
print(json.dumps({"Python": platform.python_version(), **{name: of(name) for name in %r}}))
"""


def progress(text: str) -> None:
    """Print a line of progress."""
    print(f"... {text}", file=sys.stderr, flush=True)


def about(python: str) -> dict[str, Any]:
    """Return the date, the versions of the measured environment, and the load of the machine."""
    command = [python, "-c", ASK % ([*PACKAGES, *BALLAST],)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)  # noqa: S603
    return {
        "date": str(datetime.now(timezone.utc).date()),
        "cores": os.cpu_count(),
        "load": [round(load, 1) for load in os.getloadavg()],
        **json.loads(done.stdout),
    }


def show(found: dict[str, Any]) -> None:
    """Print what is measured, and which packages slow down all contestants."""
    print(", ".join(f"{name} {value}" for name, value in found.items() if name not in BALLAST))
    ballast = [f"{name} {found[name]}" for name in BALLAST if found[name]]
    print(f"Installed and imported although no bot here needs it: {', '.join(ballast) or 'nothing'}")


def lean(folder: Path) -> str:
    """Create an environment with what the contestants need, unless it exists; return its interpreter."""
    python = folder / "bin" / "python"
    if not python.exists():
        progress(f"creating {folder}")
        subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)  # noqa: S603
        packages = [str(ROOT), str(ROOT / "providers" / "gcs"), f"{ROOT / 'providers' / 's3'}[aioboto3]", "boto3"]
        subprocess.run([python, "-m", "pip", "install", "--quiet", *packages], check=True)  # noqa: S603
    return str(python)


@contextmanager
def telegram() -> Iterator[str]:
    """Run a Telegram, and return its URL."""
    command = [sys.executable, str(Path(__file__).parent / "starting" / "telegram_server.py")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:  # noqa: S603
        try:
            assert process.stdout
            yield f"http://127.0.0.1:{int(process.stdout.readline())}"
        finally:
            process.terminate()


async def empty_bucket(server: Server) -> str:
    """Create a bucket."""
    async with bare(server) as sdk:
        return await new_bucket(sdk)


@contextmanager
def servers(folder: Path) -> Iterator[dict[str, str]]:
    """Run all servers, and return the settings of the contestants."""
    with ExitStack() as stack:
        s3, gcs = (stack.enter_context(running(name)) for name in ("ministack", "fake-gcs-server"))
        s3_bucket, gcs_bucket = (asyncio.run(empty_bucket(server)) for server in (s3, gcs))
        s3_light, s3_full = s3.with_client("light"), s3.with_client("full")
        gcs_light, gcs_full = gcs.with_client("light"), gcs.with_client("full")
        yield {
            "telegram": stack.enter_context(telegram()),
            "folder": str(folder),
            "s3": s3.url,
            "s3 bucket": s3_bucket,
            "file": f"file:{folder}/state",
            "s3 light": s3_light.uri(s3_bucket, "light/"),
            "s3 aioboto3": s3_full.uri(s3_bucket, "aioboto3/"),
            "gs light": gcs_light.uri(gcs_bucket, "light/"),
            "gs google-cloud-storage": gcs_full.uri(gcs_bucket, "full/"),
        }


def rounds(text: str) -> int:
    """Return a number of rounds from the command line.

    Raises:
        ArgumentTypeError: It is less than 1, so there would be no median.
    """
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of rounds; pass 1 or more")
    return int(text)


def compare(python: str, counts: dict[str, int], folder: Path) -> tuple[dict[str, Any], dict[str, str]]:
    """Measure both modes; return the figures by mode, and which contestants are missing and why."""
    results = {}
    with servers(folder) as settings:
        starter = Starter(python, settings, folder)
        contestants = starter.present(list(NAMES))
        for mode, count in counts.items():
            runs = measure(starter, contestants, count, compiled=mode == "compiled", progress=progress)
            results[mode] = summary(runs)
            print(f"\nModules {mode}\n\n{start_table(results[mode], starter.missing)}\n{phase_table(results[mode])}")
    return results, starter.missing


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=rounds, nargs="+", default=[11, 5], help="with compiled modules, and without")
    parser.add_argument("--venv", type=Path, help="measure in this environment; it is created if it does not exist")
    parser.add_argument("--python", default=sys.executable, help="measure with this interpreter")
    parser.add_argument("--json", type=Path)
    parser.add_argument("--plots", type=Path, help="a folder for cold_start.svg")
    options = parser.parse_args()
    without_accounts()
    python = lean(options.venv) if options.venv else options.python
    found = about(python)
    show(found)
    with tempfile.TemporaryDirectory() as folder:
        counts = {"compiled": options.rounds[0], "not compiled": options.rounds[-1]}
        results, missing = compare(python, counts, Path(folder))
    found["load at the end"] = [round(load, 1) for load in os.getloadavg()]
    print(f"Load of the machine at the end (1, 5, 15 minutes): {found['load at the end']}")
    if options.json:
        options.json.write_text(json.dumps({"about": found, "missing": missing, **results}, indent=1) + "\n")
    if options.plots:
        draw(results, options.plots)


if __name__ == "__main__":
    main()
