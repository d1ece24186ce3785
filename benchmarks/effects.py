"""The cost of effects: counted requests of each choice, and of a broadcast whose instances are killed.

    python benchmarks/effects.py [--people 10000] [--kills 50] [--write docs/how-to/effects.md]

Each update changes ``user_data``, and everything that it needs is loaded. The table of choices has what they cost in
addition. A broadcast is sent in virtual time by two instances, of which the one that sends is killed again and again:
no sooner than about 70 seconds later does the other one go on. Requests and bytes are those of all instances, also of
their looks at timers while they wait.
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import sys
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

sys.path.append(str(Path(__file__).parents[1] / "tests"))

from pages import write_table
from telegram import Update
from telegram.ext import CommandHandler

from ptb_bucket import bucket_application
from ptb_bucket.offline_telegram import OfflineTelegram
from ptb_bucket.state import LAYOUTS
from ptb_bucket.stores import InterceptingStore, MemoryStore
from support.effects.broadcasting import run_virtually, send_with_kills

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    Handler = Callable[[Any], Awaitable[None]]

NAMES: Final = {"put": "PUT", "get": "GET", "list": "LIST", "delete": "DELETE"}
SEGMENT: Final = 100
"""People between two writes of the journal: the default."""


class Counting(InterceptingStore):
    """A store that counts requests."""

    def __init__(self) -> None:
        super().__init__(MemoryStore())
        self.counts: Counter[str] = Counter()

    async def _call(self, operation: str, key: str, send: Callable[[], Awaitable[Any]]) -> Any:
        self.counts[operation] += 1
        return await super()._call(operation, key, send)


async def pay() -> int:
    """Charge somebody."""
    return 1


async def plain(context: Any) -> None:
    """Change data only."""
    context.user_data["n"] = context.user_data.get("n", 0) + 1


async def nothing(_context: Any) -> None:
    """Run after the commit."""


async def paying(context: Any) -> None:
    """Pay once after the commit."""
    await context.application.once("pay", pay)


async def once(context: Any) -> None:
    """Pay once in the handler."""
    await plain(context)
    await context.application.once("pay", pay)


async def at_most_once(context: Any) -> None:
    """Pay at most once in the handler."""
    await plain(context)
    await context.application.once("pay", pay, at_most_once=True)


async def after_commit(context: Any) -> None:
    """Call a function after the commit."""
    await plain(context)
    context.application.after_commit(nothing)


async def once_after_commit(context: Any) -> None:
    """Pay once after the commit."""
    await plain(context)
    context.application.after_commit(paying)


CHOICES: Final[dict[str, Handler]] = {
    "the effect in the handler": plain,
    "`once(...)`": once,
    "`once(..., at_most_once=True)`": at_most_once,
    "`after_commit(f)`": after_commit,
    "`after_commit(f)`, with `once(...)` in `f`": once_after_commit,
}


async def requests_of(layout: str, handler: Handler) -> Counter[str]:
    """Return the requests of an update when everything is loaded."""
    store, telegram = Counting(), OfflineTelegram()
    options: dict[str, Any] = {"layout": layout, "save": "update", "dedupe": True, "jobs": "bucket"}
    builder = bucket_application(store, callbacks=[nothing, paying], **options)
    application: Any = telegram.connect(builder).build()
    application.runs = False

    async def handle(_update: Update, context: Any) -> None:
        await handler(context)

    application.add_handler(CommandHandler("do", handle))
    ada = telegram.user(42, "Ada")
    async with application:
        for _ in range(3):
            store.counts.clear()
            await application.process_update(Update.de_json(ada.message_update("/do"), application.bot))
        return Counter(store.counts)


def _said(counts: Counter[str]) -> str:
    found = [f"{counts[operation]} {name}" for operation, name in NAMES.items() if counts[operation]]
    return ", ".join(found) or "none"


async def choices_table() -> list[str]:
    """Return the table of what each choice costs in addition to an update without effects."""
    lines = [f"| you write | {' | '.join(f'`{layout}`' for layout in LAYOUTS)} |", "|---|" + "---|" * len(LAYOUTS)]
    bases = {layout: await requests_of(layout, plain) for layout in LAYOUTS}
    for said, handler in CHOICES.items():
        cells = [_said(await requests_of(layout, handler) - bases[layout]) for layout in LAYOUTS]
        lines.append(f"| {said} | {' | '.join(cells)} |")
    return lines


def broadcast_table(people: int, kills: int) -> list[str]:
    """Return the table of a broadcast, without kills and with them."""
    lines = [
        "| layout | kills | messages repeated | PUT | GET | LIST | bytes written | bytes read |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for layout in LAYOUTS:
        for number in (0, kills):
            world = run_virtually(send_with_kills(layout, people=people, kills=number, segment=SEGMENT))
            repeated = sum(world.got.values()) - people
            each = [f"{world.requests[name] / people:.3f}" for name in ("put", "get", "list")]
            sizes = [f"{world.bytes[name] / people:,.0f}" for name in ("put", "get")]
            lines.append(f"| `{layout}` | {number} | {repeated:,} | {' | '.join([*each, *sizes])} |")
    return lines


def main() -> None:
    """Count, print, and write the tables of the documentation."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--people", type=int, default=10_000, help="the audience; 0 leaves the broadcast out")
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--write", type=Path, help="the page that has the tables")
    options = parser.parse_args()
    logging.disable(logging.CRITICAL)
    tables = {"costs": asyncio.run(choices_table())}
    if options.people:
        tables["broadcast"] = broadcast_table(options.people, options.kills)
    print("\n\n".join("\n".join(lines) for lines in tables.values()))
    for name, lines in tables.items():
        if options.write:
            write_table(options.write, "effects.py", name, "\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
