"""The monthly cost of a bot's bucket: counted requests and bytes, times list prices. The first table has the sums.

    python benchmarks/of_months.py [--write docs/explanation/costs.md]

The bots save after each update and remember its ID, as the examples for Lambda and Cloud Run do. Each update changes
the bot's, the chat's and the user's data. ``of_updates.py`` counts the requests; the bytes are counted here, in a
bucket with many users and a full record of update IDs.
"""

from __future__ import annotations

import argparse
import asyncio
import logging
from pathlib import Path
from typing import Any, Final

from of_updates import ADA, CASES, PRICES, TELEGRAM, Bench, change, measure
from pages import write_table
from telegram.ext import CommandHandler

from ptb_bucket import BucketPersistence
from ptb_bucket.state import LAYOUTS
from ptb_bucket.stores import MemoryStore

MODE: Final = "update, dedupe"
DAYS: Final = 30
KEPT_DAYS: Final = 7
"""Days that old versions are kept: the modules' default."""
UPDATES: Final = (100, 1_000, 10_000, 100_000)
"""Updates in a day."""
USERS: Final = (1_000, 10_000)
MINUTES: Final = 24 * 60
"""Minutes in a day."""
BUSY: Final = 10_000
"""Updates in a day for the table of old versions."""
IDS: Final = 1_000
"""Updates whose IDs a bot remembers at most."""
STORAGE: Final = 0.023
"""Dollars per GiB and month: S3 Standard in us-east-1, November 2025. Google's Standard storage costs $0.020."""
LAMBDA: Final = 0.2 + 1.0
"""Dollars per million updates: one request to Lambda and one to an HTTP API, us-east-1, November 2025."""
COMPUTING: Final = 0.2 * 0.5 * 16.6667
"""Dollars per million updates that take 0.2 s at 512 MB on Lambda: $16.6667 per million GB-seconds, as above."""
PER_USER: Final = 10
"""Updates of a user in a day for the table of sums."""


class WeighedStore(MemoryStore):
    """A store in memory that counts the requests, and the bytes that are put into it."""

    put_bytes = reads = writes = 0

    async def get(self, key: str, **how: Any) -> Any:
        """Count a read."""
        self.reads += 1
        return await super().get(key, **how)

    async def put(self, key: str, data: bytes, mode: Any) -> Any:
        """Count the bytes of a put."""
        answer = await super().put(key, data, mode)
        self.put_bytes += len(data)
        self.writes += 1
        return answer


async def bytes_of_an_update(layout: str, users: int) -> int:
    """Return the bytes that one update writes, with as many users and with as many update IDs as are remembered."""
    store = WeighedStore()
    bench = Bench({}, layout, {"save": "update", "dedupe": True}, store)
    await bench.start()
    for _ in range(IDS):
        await ADA.send(bench.app, "/change")
    others: BucketPersistence = BucketPersistence(store, layout=layout)
    others.set_bot(bench.app.bot)
    await asyncio.gather(*(others.update_user_data(1000 + each, _data(each)) for each in range(users)))
    await others.flush()
    await ADA.send(bench.app, "/change")  # it takes in the other users
    before = store.put_bytes
    await ADA.send(bench.app, "/change")
    await bench.app.shutdown()
    return store.put_bytes - before


def _data(number: int) -> dict[str, Any]:
    return {"name": f"User {number}", "language": "en", "points": number, "cart": ["tea", "milk"], "premium": False}


async def requests_of_plain_ptb() -> tuple[int, int]:
    """Return the reads of an update, and the writes of a save, of PTB's own Application."""
    store = WeighedStore()
    app = TELEGRAM.builder().persistence(BucketPersistence(store)).build()
    app.add_handler(CommandHandler("change", change))
    await app.initialize()
    await ADA.send(app, "/change")
    await app.update_persistence()
    before = store.reads, store.writes
    await ADA.send(app, "/change")
    await app.update_persistence()
    counted = store.reads - before[0], store.writes - before[1]
    await app.shutdown()
    return counted


def sums_table(figures: dict[str, Any], plain: tuple[int, int], sizes: dict[tuple[str, int], int]) -> str:
    """Return the dollars for everything that the other tables list, by kind of bot and number of users."""
    interval, update = (figures["single"][mode][CASES[0]] for mode in ("interval", MODE))

    def each_minute(reads: int, writes: int) -> tuple[str, ...]:
        return tuple(
            _month(_by_minutes(users * PER_USER, reads, writes) + _versions(sizes["single", users], MINUTES))
            for users in USERS
        )

    def on_lambda(layout: str) -> tuple[str, ...]:
        each = figures[layout][MODE][CASES[0]]["dollars"] + LAMBDA + COMPUTING
        days = [(users * PER_USER, sizes[layout, users]) for users in USERS]
        return tuple(_month(updates * each + _versions(size, updates)) for updates, size in days)

    rows = [
        ("PTB's own `Application` with `BucketPersistence`, `single`", *each_minute(*plain)),
        ('`BucketApplication`, `single`, `save="interval"`', *each_minute(interval["reads"], update["writes"])),
        *((f"on Lambda, `{layout}`", *on_lambda(layout)) for layout in LAYOUTS),
    ]
    return _table(["all together, with users:", *(f"{each:,}" for each in USERS)], rows)


def _by_minutes(updates: int, reads: int, writes: int) -> float:
    """Return a day's millionths of dollars for requests, if changes are saved every minute."""
    return updates * reads * PRICES["read"] + min(updates, MINUTES) * writes * PRICES["write"]


def _versions(size: int, saves: int) -> float:
    """Return a day's millionths of dollars for the old versions that this many saves a day leave."""
    return size * saves * KEPT_DAYS / 2**30 * STORAGE * 1e6 / DAYS


def requests_table(figures: dict[str, Any]) -> str:
    """Return the dollars for requests, by layout and updates in a day."""
    rows = [_row(f"bucket, `{layout}`", figures[layout][MODE][CASES[0]]) for layout in LAYOUTS]
    rows.append(_polling_row(figures["single"]))
    rows.append(("Lambda and HTTP API", "1 request each", *(_month(each * LAMBDA) for each in UPDATES)))
    return _table(["requests, with updates a day:", "for each update", *(f"{each:,}" for each in UPDATES)], rows)


def _row(name: str, found: dict[str, Any]) -> tuple[str, ...]:
    counts = f"{_counted(found['reads'], 'read')}, {_counted(found['writes'], 'write')}"
    return (name, counts, *(_month(each * found["dollars"]) for each in UPDATES))


def _polling_row(modes: dict[str, Any]) -> tuple[str, ...]:
    """Return the row of a bot that saves every minute, PTB's default, if something has changed."""
    reads, writes = modes["interval"][CASES[0]]["reads"], modes["update"][CASES[0]]["writes"]
    dollars = [_by_minutes(each, reads, writes) for each in UPDATES]
    counts = f"{_counted(reads, 'read')}, at most {_counted(writes, 'write')} a minute"
    return ('bucket, `single`, `save="interval"`', counts, *map(_month, dollars))


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}{'s' if number != 1 else ''}"


def _month(millionths: float) -> str:
    """Return the dollars of a month, from a day's millionths."""
    return f"${millionths * DAYS / 1e6:,.2f}"


def versions_table(sizes: dict[tuple[str, int], int]) -> str:
    """Return the dollars for old versions at 10,000 updates a day, by layout and users."""
    head = ["old versions, with users:", *(f"{each:,}" for each in USERS)]
    rows = [(f"bucket, `{layout}`", *(_kept(sizes[layout, each]) for each in USERS)) for layout in LAYOUTS]
    return _table(head, rows)


def _kept(size: int) -> str:
    gib = size * BUSY * KEPT_DAYS / 2**30
    return f"{size / 1000:,.0f} KB an update, {gib:,.1f} GiB: ${gib * STORAGE:,.2f}"


def _table(head: list[str], rows: list[tuple[str, ...]]) -> str:
    lines = [head, ["---", *["---:"] * (len(head) - 1)], *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


async def tables() -> str:
    """Count, and return the tables."""
    figures = await measure(1, {})
    sizes = {(layout, users): await bytes_of_an_update(layout, users) for layout in LAYOUTS for users in USERS}
    sums = sums_table(figures, await requests_of_plain_ptb(), sizes)
    return f"{sums}\n{requests_table(figures)}\n{versions_table(sizes)}"


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--write", type=Path, metavar="PAGE", help="replace the tables in this file")
    options = parser.parse_args()
    logging.getLogger("ptb_bucket").setLevel(logging.ERROR)  # each bucket is empty at first
    made = asyncio.run(tables())
    print(made, end="")
    if options.write:
        write_table(options.write, "of_months.py", "costs", made)


if __name__ == "__main__":
    main()
