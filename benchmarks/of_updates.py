"""The cost of an update: the time and requests that BucketApplication adds to a plain PTB Application.

    python benchmarks/of_updates.py [--rounds 15] [--read-ms 20] [--write-ms 40] [--json results.json]

The same handlers, an offline Telegram, and a bucket whose every read takes 20 ms and every write 40 ms. "warm": an
instance that runs handles an update; "cold": it starts, loads, and handles its first. Medians of interleaved rounds,
less the plain Application's. Requests that overlap are one round. The money is what a million such updates cost in
requests, by list prices.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import logging
import statistics
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from far import Far
from telegram.ext import CommandHandler

from ptb_bucket import BucketApplication, BucketPersistence
from ptb_bucket.offline_telegram import OfflineTelegram
from ptb_bucket.state import LAYOUTS
from ptb_bucket.stores import MemoryStore

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from ptb_bucket.stores import BlobStore

MODES: dict[str, dict[str, Any]] = {
    "interval": {"save": "interval"},
    "update": {"save": "update"},
    "update, dedupe": {"save": "update", "dedupe": True},
}
PRICES = {"read": 0.4, "write": 5.0}
"""Dollars per million requests: list prices of S3 Standard in us-east-1 and of Google's Standard storage in one region,
as of November 2025."""
CASES = ("warm, changes data", "warm, changes nothing", "cold, changes data")
TELEGRAM = OfflineTelegram()
ADA = TELEGRAM.user(42, "Ada")


async def change(update: Any, context: Any) -> None:
    """Count in every kind of data, and answer."""
    for data in (context.bot_data, context.chat_data, context.user_data):
        data["n"] = data.get("n", 0) + 1
    await update.message.reply_text("changed")


async def look(update: Any, _context: Any) -> None:
    """Change nothing."""
    await update.message.reply_text("seen")


class Bench:
    """A mode on a layout, with a bucket and a running instance; a plain Application without a mode."""

    def __init__(
        self,
        seconds: dict[str, float],
        layout: str = "",
        mode: dict[str, Any] | None = None,
        store: BlobStore | None = None,
    ) -> None:
        self.far = Far(store or MemoryStore(), seconds)
        self._layout, self._mode = layout, mode
        self.times: dict[str, list[float]] = {case: [] for case in CASES}
        self.counts: dict[str, dict[str, int]] = {}

    def build(self) -> Any:
        """Start another instance."""
        builder = TELEGRAM.builder()
        if self._mode is not None:
            persistence: BucketPersistence = BucketPersistence(self.far, layout=self._layout, update_interval=3600)
            builder = builder.application_class(BucketApplication, self._mode).persistence(persistence)
        app = builder.build()
        app.add_handlers([CommandHandler("change", change), CommandHandler("look", look)])
        return app

    async def start(self) -> None:
        """Store something in the bucket, and warm up the instance."""
        self.app = self.build()
        await self.app.initialize()
        await ADA.send(self.app, "/change")
        if self._mode is not None:
            await self.app.update_persistence()

    async def round(self) -> None:
        """Measure every case once."""
        await self._measure(CASES[0], lambda: ADA.send(self.app, "/change"))
        await self._measure(CASES[1], lambda: ADA.send(self.app, "/look"))
        if self._mode is not None:
            await self.app.update_persistence()  # what "interval" has not saved yet must not count in the next round
        new = self.build()
        await self._measure(CASES[2], lambda: self._first_update(new))
        await new.shutdown()

    async def _first_update(self, app: Any) -> None:
        await app.initialize()
        await ADA.send(app, "/change")

    async def _measure(self, case: str, action: Callable[[], Awaitable[Any]]) -> None:
        self.far.counts.clear()
        begin = time.perf_counter()
        await action()
        self.times[case].append(time.perf_counter() - begin)
        self.counts[case] = dict(self.far.counts)  # the same in every round


async def measure(rounds: int, seconds: dict[str, float]) -> dict[str, Any]:
    """Return all figures, by layout, mode and case."""
    plain = Bench(seconds)
    benches = {(layout, name): Bench(seconds, layout, mode) for layout in LAYOUTS for name, mode in MODES.items()}
    for bench in (plain, *benches.values()):
        await bench.start()
    for _ in range(rounds):
        for bench in (plain, *benches.values()):
            await bench.round()
    for bench in (plain, *benches.values()):
        await bench.app.shutdown()
    base = {case: statistics.median(plain.times[case]) for case in CASES}
    figures: dict[str, Any] = {"plain": {case: {"ms": base[case] * 1e3} for case in CASES}}
    for (layout, name), bench in benches.items():
        figures.setdefault(layout, {})[name] = {case: _figures(bench, case, base[case]) for case in CASES}
    return figures


def _figures(bench: Bench, case: str, base: float) -> dict[str, float]:
    names = {"reads": "get", "read rounds": "get rounds", "writes": "put", "write rounds": "put rounds"}
    counts = {ours: bench.counts[case].get(theirs, 0) for ours, theirs in names.items()}
    dollars = counts["reads"] * PRICES["read"] + counts["writes"] * PRICES["write"]
    return {"added ms": (statistics.median(bench.times[case]) - base) * 1e3, **counts, "dollars": dollars}


def show(figures: dict[str, Any]) -> None:
    """Print a table."""
    for case in CASES:
        print(f"\n{case} (plain Application: {figures['plain'][case]['ms']:.1f} ms)")
        print(
            f"  {'layout':12}{'save':16}{'added':>12}{'reads (rounds)':>18}{'writes (rounds)':>18}{'per million':>14}"
        )
        for layout in LAYOUTS:
            for name, found in ((name, figures[layout][name][case]) for name in MODES):
                print(f"  {layout:12}{name:16}{_row(found)}")


def _row(found: dict[str, float]) -> str:
    reads, writes = (f"{found[w + 's']} ({found[w + ' rounds']})" for w in ("read", "write"))
    return f"{found['added ms']:9.1f} ms{reads:>18}{writes:>18}{found['dollars']:12.2f} $"


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--read-ms", type=float, default=20)
    parser.add_argument("--write-ms", type=float, default=40)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    logging.getLogger("ptb_bucket").setLevel(logging.ERROR)  # each bucket is empty at first
    seconds = {"get": options.read_ms / 1e3, "put": options.write_ms / 1e3}
    figures = asyncio.run(measure(options.rounds, seconds))
    show(figures)
    if options.json:
        options.json.write_text(json.dumps(figures, indent=2) + "\n")


if __name__ == "__main__":
    main()
