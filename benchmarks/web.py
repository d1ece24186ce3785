"""How long the pages of ``ptb-bucket web`` take with many records, and how many requests they send.

    python benchmarks/web.py [--records 100000] [--places file s3] [--json FILE]

Each record has its own object (``layout=per-record``): in a directory, and on moto's S3. Every page is loaded right
after the start, before anything was counted. "first" is the page that a person sees, "counted" is when all figures are
there.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import re
import tempfile
import time
from collections import Counter
from contextlib import ExitStack
from html import unescape
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin
from urllib.request import Request, urlopen

from httpx import ASGITransport, AsyncClient
from sdk.servers import running, without_accounts

from ptb_bucket import tools
from ptb_bucket.state import LAYOUTS
from ptb_bucket.stores import Create, open_store
from ptb_bucket.web import Doorkeeper, Settings, create_app

if TYPE_CHECKING:
    from ptb_bucket.stores import BlobStore

PAGES = {
    "overview": "/", "users": "/people?kind=user_data", "one person": "/person/42", "conversations": "/conversations",
    "timers": "/timers", "bot data": "/bot", "search": "/search?q=zebra",
}  # fmt: skip
AGAIN = re.compile(r'hx-get="([^"]+)" hx-trigger="load delay:(\d+)ms')
"""The part of a page that asks for more after some milliseconds."""
AT_ONCE = 64
LONGEST = 120
"""Seconds after which counting is stopped, as a person may do."""
BOT = "123456"


def document(kind: str, record_id: str, value: Any) -> bytes:
    """Return a document with one record, as a bot writes it."""
    commit = [[1, "0123456789ab", "c1", int(time.time())]]
    header = {"format": 1, "bot_id": BOT, "codec": "json", "sequence": 1, "floor": 0, "commits": commit}
    return json.dumps({"ptb_bucket": header, kind: {record_id: value}}).encode()


async def fill(store: BlobStore, records: int) -> None:
    """Write records: nine of ten are users, and one of ten is a conversation."""
    from ptb_bucket.state import BOT_DATA, Record  # noqa: PLC0415  as the keys need them

    layout, gate = LAYOUTS["per-record"], asyncio.Semaphore(AT_ONCE)

    async def put(record: Record, value: Any) -> None:
        async with gate:
            body = document(record.kind.value, record.id, value)
            await store.put(f"{layout.key(record)}.json", body, Create())

    await put(BOT_DATA, {"log": ["entry"] * 1000})
    for begin in range(1, records, 2000):
        numbers = range(begin, min(begin + 2000, records))
        await asyncio.gather(*(
            put(Record.of_conversation("booking", (number, number)), "date") if number % 10 == 0
            else put(Record.user(number), {"name": f"Person {number}", "visits": number})
            for number in numbers
        ))  # fmt: skip


def counted(store: BlobStore, requests: Counter[str]) -> None:
    """Count the operations of a store from now on; a listing counts one for each thousand entries."""
    get, listing = store.get, store.list

    async def counted_get(*args: Any, **how: Any) -> Any:
        requests["get"] += 1
        return await get(*args, **how)

    async def counted_list(prefix: str = "") -> Any:
        requests["list"] += 1
        number = 0
        async for info in listing(prefix):
            number += 1
            requests["list"] += number % 1000 == 0
            yield info

    store.get, store.list = counted_get, counted_list  # type: ignore[method-assign]


async def measure(uri: str, name: str) -> dict[str, Any]:
    """Return the time and the requests of one page right after a start, and of its figures."""
    requests: Counter[str] = Counter()
    store = open_store(uri)
    counted(store, requests)
    async with tools.open_state(store, keep_unknown=True) as state:
        said: list[str] = []
        door = Doorkeeper("127.0.0.1", 8321, "", said.append)
        app = create_app(state, Settings(uri), door)
        door.invite()
        async with AsyncClient(transport=ASGITransport(app), base_url="http://127.0.0.1:8321", timeout=600) as client:
            await client.get(said[0])
            requests.clear()
            begin = time.perf_counter()
            page = await client.get(PAGES[name])
            first, sent = time.perf_counter() - begin, dict(requests)
            while (again := AGAIN.search(page.text)) and time.perf_counter() - begin < LONGEST:
                await asyncio.sleep(float(again[2]) / 1000)
                page = await client.get(urljoin(PAGES[name], unescape(again[1])))
            await app.state.site.close()
    await store.close()
    return {
        "page": name,
        "first": first,
        "requests": sent,
        "counted": time.perf_counter() - begin,
        "done": again is None,
        "all": dict(requests),
    }


def main() -> None:
    """Measure, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--records", type=int, default=100_000)
    parser.add_argument("--places", nargs="+", default=["file", "s3"], choices=["file", "s3"])
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    rows = []
    for place in options.places:
        with ExitStack() as stack:
            uri = place_of(place, stack)
            asyncio.run(filled(uri, options.records))
            print(f"\n{place}, {options.records:,} records\n\n| page | first | requests | all figures | requests |")
            print("|---|---|---|---|---|")
            for name in PAGES:
                row = {"place": place, **asyncio.run(measure(uri, name))}
                rows.append(row)
                sent, every = (sum(row[which].values()) for which in ("requests", "all"))
                figures = f"{row['counted']:.1f} s" + ("" if row["done"] else ", stopped")
                print(
                    f"| {name} | {row['first']:.2f} s | {sent} | {figures} | {every:,} |",
                    flush=True,
                )
    if options.json:
        options.json.write_text(json.dumps(rows, indent=1) + "\n")


async def filled(uri: str, records: int) -> None:
    """Fill a place."""
    store = open_store(uri)
    await fill(store, records)
    await store.close()


def place_of(place: str, stack: ExitStack) -> str:
    """Return the URI of a new place."""
    if place == "file":
        return f"file:{stack.enter_context(tempfile.TemporaryDirectory())}/bot"
    without_accounts()
    server = stack.enter_context(running("moto"))
    urlopen(Request(f"{server.url}/web", method="PUT")).close()  # noqa: S310  on this machine
    return server.uri("web", "bot")


if __name__ == "__main__":
    main()
