"""Timers in the bucket: the requests and the monthly cost of ticks and runs, and how late jobs run in living processes.

    python benchmarks/timers.py [--seconds 60] [--rate 1000] [--skip-precision] [--write FILE]

Requests are counted at a store in memory, where a page of a listing is one request; prices are list prices. For the
precision, three instances run on a store that takes 20 ms for a read and 40 ms for a write. Half of the timers are
created by these instances, the others by a fourth one that never looks at the clock, as on Lambda. "Own" timers run in
the process that has created them.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import time
from collections import Counter
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from far import Far
from telegram import Chat, Message, Update, User
from telegram.ext import CommandHandler, TypeHandler

from ptb_bucket import bucket_application
from ptb_bucket.offline_telegram import OfflineTelegram
from ptb_bucket.state import LAYOUTS
from ptb_bucket.stores import MemoryStore

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

LATENCY: Final = {"get": 0.02, "list": 0.02, "put": 0.04, "delete": 0.04}
PRICES: Final = {"get": 0.4, "list": 5.0, "put": 5.0, "delete": 0.0}
"""Dollars per million requests: S3 Standard in us-east-1, November 2025."""
TICKS: Final = 30 * 24 * 60
"""Ticks in a month, at one a minute."""
RUNS: Final = 100_000
"""Runs in a month, for the table."""
DUE: Final = (5.0, 60.0)
"""Seconds after which timers are due, at least and at most."""
LOOK: Final = 30.0
"""Seconds between two looks at the timers of others: the default of ``tick``."""
INSTANCES: Final = 3


class DistantStore(Far):
    """A distant store that counts listings, too."""

    async def _stream(self, operation: str, key: str, begin: Callable[[], AsyncIterator[Any]]) -> AsyncIterator[Any]:
        self.counts[operation] += 1
        await asyncio.sleep(self._seconds.get(operation, 0))
        async for item in super()._stream(operation, key, begin):
            yield item


def build(store: Any, layout: str, callbacks: list[Any], **commands: Any) -> Any:
    """Build an instance; each command is a function of a context."""
    options: dict[str, Any] = {"layout": layout, "save": "update", "jobs": "bucket", "refresh_interval": 0.0}
    builder = bucket_application(store, callbacks=callbacks, **options)
    telegram = OfflineTelegram()
    application: Any = telegram.connect(builder).build()
    for name, function in commands.items():
        application.add_handler(CommandHandler(name, _handler(function)))
    application.runs = False
    application.ada = telegram.user(42, "Ada")
    return application


def _handler(function: Any) -> Any:
    async def handle(_update: Any, context: Any) -> None:
        function(context)

    return handle


# ---------------------------------------------------------------- requests and cost


async def greet(context: Any) -> None:
    """Change the user's data, as most jobs do."""
    context.user_data["greeted"] = context.user_data.get("greeted", 0) + 1


async def requests(layout: str) -> dict[str, Counter[str]]:
    """Return the requests of an idle tick, and of a run of each kind without those of the tick that finds it."""
    idle = await _ticked(layout, None)
    once = await _ticked(layout, lambda queue: queue.run_once(greet, 0, user_id=42))
    again = await _ticked(layout, lambda queue: queue.run_repeating(greet, 3600, 0.1, user_id=42))
    return {"idle tick": idle, "one-off run": once - idle, "repeating run": again - idle}


async def _ticked(layout: str, add: Any) -> Counter[str]:
    store = DistantStore(MemoryStore(), {})
    async with build(store, layout, [greet], add=lambda context: add and add(context.job_queue)) as one:
        await one.ada.send(one, "/add")
    await asyncio.sleep(1.1 if add else 0)  # the key of a timer names the next whole second
    async with build(store, layout, [greet]) as two:
        await two.tick(0)
        before: Counter[str] = Counter(store.counts)
        await two.tick()
        counts = store.counts - before
    return Counter({name: count for name, count in counts.items() if name in PRICES})


def dollars(counts: Counter[str], times: int) -> float:
    """Return the price of some requests, so many times."""
    return times * sum(PRICES[name] * count for name, count in counts.items()) / 1e6


def _listed(counts: Counter[str]) -> str:
    names = {"list": "LIST", "get": "GET", "put": "PUT", "delete": "DELETE"}
    return ", ".join(f"{counts[one]} {name}" for one, name in names.items() if counts[one])


async def cost_table() -> list[str]:
    """Return the table of requests and of their price in a month."""
    lines = [
        "| layout | idle tick | one-off run | repeating run | ticks, one a minute, a month | 100,000 one-off runs |",
        "|---|---|---|---|---|---|",
    ]
    for layout in LAYOUTS:
        found = await requests(layout)
        cells = [_listed(found[what]) for what in ("idle tick", "one-off run", "repeating run")]
        prices = [dollars(found["idle tick"], TICKS), dollars(found["one-off run"], RUNS)]
        lines.append(f"| `{layout}` | {' | '.join(cells)} | {' | '.join(f'${one:.2f}' for one in prices)} |")
    return lines


# ---------------------------------------------------------------- precision


class Lateness:
    """Measure how late jobs ran: own ones, and those of another instance."""

    def __init__(self) -> None:
        self.late: dict[str, list[float]] = {"own": [], "another's, known in time": [], "another's, due soon": []}

    async def add(self, update: Any, context: Any) -> None:
        """Add the timer that a message asks for."""
        due, kind = json.loads(update.message.text)
        when = datetime.fromtimestamp(due, timezone.utc)
        context.job_queue.run_once(self.work, when, [due, kind], user_id=update.effective_user.id)

    async def work(self, context: Any) -> None:
        """Note how late it is, and change the user's data."""
        due, kind = context.job.data
        self.late[kind].append(time.time() - due)
        context.user_data["ran"] = context.user_data.get("ran", 0) + 1


async def precision(seconds: float, rate: int) -> Lateness:
    """Run instances side by side, and create timers all the time."""
    noted, store = Lateness(), DistantStore(MemoryStore(), LATENCY)
    *living, creator = [build(store, "per-record", [noted.work]) for _ in range(INSTANCES + 1)]
    for one in (*living, creator):
        one.add_handler(TypeHandler(Update, noted.add))
        await one.initialize()
    for one in living:
        await one.job_queue.start()
    count = int(rate * seconds / 60)
    adding = set()
    for number in range(count):
        by = creator if number % 2 else living[number // 2 % INSTANCES]
        adding.add(asyncio.create_task(_add(by, number, is_own=by is not creator)))
        await asyncio.sleep(60 / rate)
    await asyncio.gather(*adding)
    until = time.monotonic() + DUE[1] + LOOK + 30
    while sum(map(len, noted.late.values())) < count and time.monotonic() < until:  # noqa: ASYNC110  several things may end it
        await asyncio.sleep(0.5)
    for one in living:
        await one.job_queue.stop()
    for one in (*living, creator):
        await one.shutdown()
    missing = count - sum(map(len, noted.late.values()))
    assert not missing, f"{missing} timers did not run"
    return noted


async def _add(application: Any, number: int, *, is_own: bool) -> None:
    """Let a user ask for a timer."""
    seconds = random.uniform(*DUE)
    kind = "own" if is_own else "another's, known in time" if seconds > LOOK + 1 else "another's, due soon"
    user = User(1000 + number, "Ada", is_bot=False)
    text = json.dumps([time.time() + seconds, kind])
    message = Message(number, datetime.now(timezone.utc), Chat(user.id, Chat.PRIVATE), from_user=user, text=text)
    await application.process_update(Update(number, message))


def _part(values: list[float], part: float) -> str:
    ordered = sorted(values)
    return f"{1000 * ordered[min(len(ordered) - 1, int(part * len(ordered)))]:.0f} ms" if ordered else ""


def lateness_table(noted: Lateness) -> list[str]:
    """Return how late jobs ran."""
    lines = ["| timers | runs | median | p99 | latest |", "|---|---|---|---|---|"]
    for kind, values in noted.late.items():
        lines.append(f"| {kind} | {len(values)} | {_part(values, 0.5)} | {_part(values, 0.99)} | {_part(values, 1)} |")
    return lines


def main() -> None:
    """Measure, print, and write the snippet of the documentation."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=60, help="for which timers are created")
    parser.add_argument("--rate", type=int, default=1000, help="timers a minute")
    parser.add_argument("--skip-precision", action="store_true", help="count requests only")
    parser.add_argument("--write", type=Path, help="the file for the tables")
    options = parser.parse_args()
    lines = ["<!-- written by benchmarks/timers.py -->", "", *asyncio.run(cost_table())]
    if not options.skip_precision:
        lines += ["", *lateness_table(asyncio.run(precision(options.seconds, options.rate)))]
    text = "\n".join(lines) + "\n"
    print(text)
    if options.write:
        options.write.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
