"""Measure what jobs in the bucket cost: counted requests of a tick and of a run, times list prices.

    python benchmarks/of_ticks.py [--write docs/how-to/timers.md]

Each layout has a bucket in memory with many users, each of whom has a job in the future. A tick finds nothing due, or
one job of one user. The bot saves after each update and each run, as behind a webhook. An update that adds no job is
counted with jobs in the bucket and with PTB's own queue.
"""

from __future__ import annotations

import argparse
import asyncio
import logging
from collections import Counter
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from of_months import DAYS, MINUTES
from of_updates import PRICES
from pages import write_table
from telegram import Update
from telegram.ext import TypeHandler

from ptb_bucket import bucket_application
from ptb_bucket.offline_telegram import OfflineTelegram
from ptb_bucket.state import LAYOUTS
from ptb_bucket.stores import MemoryStore

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

USERS: Final = (10, 1_000)
DOLLARS: Final = {"get": PRICES["read"], "put": PRICES["write"], "list": PRICES["write"], "delete": 0.0}
"""Dollars per million requests. A LIST costs as much as a write, and a DELETE nothing, on S3 and on Google's."""
NAMES: Final = {"get": "GET", "put": "PUT", "list": "LIST", "delete": "DELETE"}
TICKS: Final = MINUTES * DAYS
"""Ticks in a month, at one a minute."""
SCHEDULES: Final = {
    "EventBridge Scheduler and Lambda": TICKS * (1.0 + 0.2) / 1e6,
    "Cloud Scheduler and Cloud Run": 0.10 + TICKS * 0.4 / 1e6,
}
"""Dollars a month for one schedule and its requests, by list prices of November 2025, without the free tiers and
without computing time."""


async def remind(context: Any) -> None:
    """Count, as a job that works on its user's data."""
    context.user_data["reminded"] = context.user_data.get("reminded", 0) + 1


class CountingStore(MemoryStore):
    """A store in memory that counts requests."""

    def __init__(self) -> None:
        super().__init__()
        self.counts: Counter[str] = Counter()

    async def get(self, key: str, **how: Any) -> Any:
        """Count a read."""
        self.counts["get"] += 1
        return await super().get(key, **how)

    async def put(self, key: str, data: bytes, mode: Any) -> str:
        """Count a write."""
        self.counts["put"] += 1
        return await super().put(key, data, mode)

    async def delete(self, key: str, **how: Any) -> None:
        """Count a deletion."""
        self.counts["delete"] += 1
        await super().delete(key, **how)

    async def list(self, prefix: str = "", **how: Any) -> AsyncIterator[Any]:
        """Count a page of a listing: one has 1,000 names, and a tick stops at the first name in the future."""
        self.counts["list"] += 1
        async for each in super().list(prefix, **how):
            yield each


class TickBench:
    """A bucket whose users have jobs, and an instance that ticks.

    Args:
        layout: The layout of the bucket.
        jobs: Where jobs are kept.
    """

    def __init__(self, layout: str, jobs: str = "bucket") -> None:
        self.store, self.telegram = CountingStore(), OfflineTelegram()
        options: dict[str, Any] = {"save": "update", "layout": layout, "jobs": jobs}
        options["callbacks"] = [remind] if jobs == "bucket" else []
        self.app = self.telegram.connect(bucket_application(self.store, **options)).build()
        self.app.add_handler(TypeHandler(Update, _count_messages))
        self.app.runs = False

    async def add(self, users: range, when: datetime, *, repeats: bool = False) -> None:
        """Give each user a job, which is due once, or then every day."""

        async def work(app: Any) -> None:
            for user in users:
                if repeats:
                    app.job_queue.run_repeating(remind, 86_400, user_id=user, job_kwargs={"next_run_time": when})
                else:
                    app.job_queue.run_once(remind, when, user_id=user)

        await self.app.run_and_save(work)

    async def tick(self) -> dict[str, int]:
        """Tick, and return the counted requests."""
        self.store.counts.clear()
        await self.app.tick()
        return self._counted()

    async def update(self) -> dict[str, int]:
        """Handle an update of a user who has written before, and return the counted requests."""
        ada = self.telegram.user(42, "Ada")
        await ada.send(self.app, "Hello")
        self.store.counts.clear()
        await ada.send(self.app, "Hello again")
        return self._counted()

    def _counted(self) -> dict[str, int]:
        return {name: self.store.counts[name] for name in NAMES if self.store.counts[name]}


async def _count_messages(_update: Any, context: Any) -> None:
    context.user_data["messages"] = context.user_data.get("messages", 0) + 1


async def more_for_an_update(layout: str) -> dict[str, int]:
    """Return the requests that an update costs more with jobs in the bucket."""
    bench, plain = TickBench(layout), TickBench(layout, "process")
    async with bench.app, plain.app:
        return _beyond(await bench.update(), await plain.update())


async def measure(layout: str, users: int) -> dict[str, dict[str, int]]:
    """Return the requests of a tick: with nothing due, and beyond that of a job that runs once or repeats."""
    bench, now = TickBench(layout), datetime.now(timezone.utc)
    async with bench.app:
        await bench.add(range(1, users + 1), now + timedelta(days=9))
        await bench.tick()
        found = {"idle": await bench.tick()}
        await bench.add(range(5, 6), now - timedelta(seconds=5))
        found["once"] = _beyond(await bench.tick(), found["idle"])
        await bench.add(range(5, 6), now - timedelta(seconds=5), repeats=True)
        found["repeating"] = _beyond(await bench.tick(), found["idle"])
    return found


def _beyond(counts: dict[str, int], idle: dict[str, int]) -> dict[str, int]:
    return {name: number - idle.get(name, 0) for name, number in counts.items() if number > idle.get(name, 0)}


def _said(counts: dict[str, int]) -> str:
    return ", ".join(f"{number} {NAMES[name]}" for name, number in counts.items()) or "none"


def _dollars(counts: dict[str, int]) -> float:
    return sum(number * DOLLARS[name] for name, number in counts.items()) / 1e6


async def table() -> str:
    """Count, and return the table.

    Raises:
        RuntimeError: An idle tick costs more with more users.
    """
    head = "layout", "a tick with nothing due", "a month of ticks", "a job that runs once", "a run that repeats"
    rows = [f"| {' | '.join(head)} | 10,000 runs | more for each update |"]
    rows += ["| --- | --- | ---: | --- | --- | ---: | --- |"]
    for layout in LAYOUTS:
        few, many = [await measure(layout, users) for users in USERS]
        if few != many:
            raise RuntimeError(f"{layout}: the requests grow with the users: {few}, {many}")
        month, runs = TICKS * _dollars(many["idle"]), 10_000 * _dollars(many["once"])
        cells = _said(many["idle"]), f"${month:.2f}", _said(many["once"]), _said(many["repeating"]), f"${runs:.2f}"
        cells += (_said(await more_for_an_update(layout)),)
        rows.append(f"| `{layout}` | {' | '.join(cells)} |")
    rows += ["", "| schedule, at a tick a minute | a month |", "| --- | ---: |"]
    rows += [f"| {name} | ${dollars:.2f} |" for name, dollars in SCHEDULES.items()]
    return "\n".join(rows) + "\n"


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--write", type=Path, metavar="PAGE", help="replace the tables in this file")
    options = parser.parse_args()
    logging.disable(logging.CRITICAL)  # each bucket is empty at first
    made = asyncio.run(table())
    print(made, end="")
    if options.write:
        write_table(options.write, "of_ticks.py", "costs", made)


if __name__ == "__main__":
    main()
