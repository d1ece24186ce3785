"""One changed user of many: BucketPersistence on ``file:`` beside PTB's PicklePersistence, in one run.

    python benchmarks/against_pickle.py [--users 1000 ...] [--shoppers 1000 ...] [--runs 5] [--json results.json]

Twice: users of about 100 bytes, and shoppers of 1 to 4 kB as JSON, with nested orders and dates.
Prints medians and ratios.
"encode and splice" goes to a store that keeps nothing: all of our work and none of the disk's; PicklePersistence's
counterpart writes to /dev/null. "save" goes to a directory for both; ours includes fsync.
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

from people import TOKEN, filled, ours, people, shoppers
from telegram.ext import ExtBot, PicklePersistence

from ptb_bucket.stores import MemoryStore

CODECS = ("json", "pickle")


class Nowhere(MemoryStore):
    """A store that accepts every write and keeps none."""

    async def put(self, key: str, data: bytes, mode: object) -> str:  # noqa: ARG002
        """Return at once."""
        self.writes = getattr(self, "writes", 0) + 1
        return str(self.writes)


async def seconds(action: Any) -> float:
    """Return the seconds that an await takes."""
    begin = time.perf_counter()
    await action()
    return time.perf_counter() - begin


async def median(runs: int, action: Any) -> float:
    """Return the median of several runs; each run receives its number."""
    return statistics.median([await seconds(lambda n=n: action(n)) for n in range(runs)])


async def measure_pickle(users: dict[int, Any], runs: int, folder: Path) -> dict[str, float]:
    """Return PicklePersistence's figures."""
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
    """Return our figures for a codec."""
    first, uri = next(iter(users)), f"file:{folder}/{codec}"
    figures = {}
    for name, where in (("splice", Nowhere()), ("save", uri)):
        persistence = await filled(where, users, codec=codec)
        figures[name] = await median(runs, lambda n, p=persistence: p.update_user_data(first, {**users[first], "n": n}))

    async def load(_: int) -> None:
        await ours(uri, codec=codec).get_user_data()

    size = sum(path.stat().st_size for path in (folder / codec).glob("state.*"))
    return {**figures, "load": await median(runs, load), "bytes": size}


async def measure(users: dict[int, Any], runs: int) -> dict[str, dict[str, float]]:
    """Return all figures for these users, side by side."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        theirs = await measure_pickle(users, runs, folder)
        return {"PicklePersistence": theirs, **{c: await measure_ours(users, runs, folder, c) for c in CODECS}}


def show(who: str, figures: dict[str, dict[str, float]]) -> None:
    """Print a table of milliseconds and of ratios to PicklePersistence."""
    theirs = figures["PicklePersistence"]
    print(f"\n{who + ', one changed':34}{'PicklePersistence':>20}{'ours, json':>22}{'ours, pickle':>22}")
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
    parser.add_argument("--users", type=int, nargs="*", default=[1_000, 10_000, 100_000])
    parser.add_argument("--shoppers", type=int, nargs="*", default=[1_000, 10_000])
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    cases = [(f"{count:,} users", people, count) for count in options.users]
    cases += [(f"{count:,} shoppers", shoppers, count) for count in options.shoppers]
    results = {}
    for at, (who, make, count) in enumerate(cases, 1):
        print(f"[{at}/{len(cases)}] {who} ...", file=sys.stderr)
        results[who] = asyncio.run(measure(make(count), options.runs))
        show(who, results[who])
    if options.json:
        options.json.write_text(json.dumps(results, indent=2) + "\n")


if __name__ == "__main__":
    main()
