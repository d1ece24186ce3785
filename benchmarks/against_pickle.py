"""One changed user of many: BucketPersistence on ``file:`` beside PTB's PicklePersistence, in one run.

    python benchmarks/against_pickle.py [--users 1000 10000 100000] [--runs 5] [--json results.json]

Prints medians and ratios. "encode and splice" goes to a store that keeps nothing: all of our work and none of the
disk's; PicklePersistence's counterpart writes to /dev/null. "save" goes to a directory for both; ours includes fsync.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from people import TOKEN, filled, ours, people
from telegram.ext import ExtBot, PicklePersistence

from ptb_bucket.stores import MemoryStore

CODECS = ("json", "pickle")


class Nowhere(MemoryStore):
    """Takes every write and keeps none."""

    async def put(self, key: str, data: bytes, mode: object) -> str:  # noqa: ARG002
        """Answer at once."""
        self.writes = getattr(self, "writes", 0) + 1
        return str(self.writes)


async def seconds(action: Any) -> float:
    """How long one await takes."""
    begin = time.perf_counter()
    await action()
    return time.perf_counter() - begin


async def median(runs: int, action: Any) -> float:
    """The median of several runs, each of which gets its number."""
    return statistics.median([await seconds(lambda n=n: action(n)) for n in range(runs)])


async def measure_pickle(users: dict[int, Any], runs: int, folder: Path) -> dict[str, float]:
    """PicklePersistence's figures."""
    path, first = folder / "bot.pickle", next(iter(users))
    figures = {}
    for name, target in (("splice", Path("/dev/null")), ("save", path)):
        persistence = PicklePersistence(target)
        persistence.set_bot(ExtBot(TOKEN))
        persistence.user_data, persistence.chat_data, persistence.conversations = dict(users), {}, {}
        figures[name] = await median(runs, lambda n, p=persistence: p.update_user_data(first, {**users[first], "n": n}))

    async def load(_: int) -> None:
        persistence = PicklePersistence(path)
        persistence.set_bot(ExtBot(TOKEN))
        await persistence.get_user_data()

    return {**figures, "load": await median(runs, load), "bytes": path.stat().st_size}


async def measure_ours(users: dict[int, Any], runs: int, folder: Path, codec: str) -> dict[str, float]:
    """Our figures for one codec."""
    first, uri = next(iter(users)), f"file:{folder}/{codec}"
    figures = {}
    for name, where in (("splice", Nowhere()), ("save", uri)):
        persistence = await filled(where, users, codec=codec)
        figures[name] = await median(runs, lambda n, p=persistence: p.update_user_data(first, {**users[first], "n": n}))

    async def load(_: int) -> None:
        await ours(uri, codec=codec).get_user_data()

    size = sum(path.stat().st_size for path in (folder / codec).glob("state.*"))
    return {**figures, "load": await median(runs, load), "bytes": size}


async def measure(count: int, runs: int) -> dict[str, dict[str, float]]:
    """All figures for one number of users, side by side."""
    users = people(count)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        theirs = await measure_pickle(users, runs, folder)
        return {"PicklePersistence": theirs, **{c: await measure_ours(users, runs, folder, c) for c in CODECS}}


def show(count: int, figures: dict[str, dict[str, float]]) -> None:
    """A table: milliseconds, and the ratio to PicklePersistence."""
    theirs = figures["PicklePersistence"]
    print(f"\n{count:,} users, one changed{'':14}{'PicklePersistence':>20}{'ours, json':>22}{'ours, pickle':>22}")
    for key, label in (("splice", "encode and splice"), ("save", "save to a directory"), ("load", "load")):
        cells = "".join(f"{figures[c][key] * 1e3:12.1f} ms ×{figures[c][key] / theirs[key]:5.2f}" for c in CODECS)
        print(f"  {label:32}{theirs[key] * 1e3:17.1f} ms{cells}")
    cells = "".join(
        f"{figures[c]['bytes'] / 1e6:12.2f} MB ×{figures[c]['bytes'] / theirs['bytes']:5.2f}" for c in CODECS
    )
    print(f"  {'bytes':32}{theirs['bytes'] / 1e6:17.2f} MB{cells}")


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--users", type=int, nargs="+", default=[1_000, 10_000, 100_000])
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    results = {}
    for at, count in enumerate(options.users, 1):
        print(f"[{at}/{len(options.users)}] {count:,} users ...", file=sys.stderr)
        results[str(count)] = asyncio.run(measure(count, options.runs))
        show(count, results[str(count)])
    if options.json:
        options.json.write_text(json.dumps(results, indent=2) + "\n")


if __name__ == "__main__":
    main()
