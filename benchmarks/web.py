"""The time that pages of ``ptb-bucket web`` take with many records, and the number of requests that they send.

    python benchmarks/web.py [--records 100000] [--places file s3] [--json FILE]

Each record has its own object (``layout=per-record``): in a directory, and on moto's S3. Every page is loaded right
after the start, before anything was counted. "first" is the page that a person sees, "counted" is when all figures are
there.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import re
import sys
import tempfile
import time
from collections import Counter
from contextlib import ExitStack
from html import unescape
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin

from httpx import ASGITransport, AsyncClient
from sdk.servers import SERVERS, running, without_accounts

from ptb_bucket import tools
from ptb_bucket.state import BOT_DATA, LAYOUTS, Record
from ptb_bucket.stores import Create, open_store
from ptb_bucket.web import Doorkeeper, Settings, create_app

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ptb_bucket.stores import BlobStore

PAGES = {
    "overview": "/", "users": "/people?kind=user_data", "one person": "/person/42", "conversations": "/conversations",
    "timers": "/timers", "bot data": "/bot", "search": "/search?q=zebra",
}  # fmt: skip
AGAIN = re.compile(r'hx-get="([^"]+)" hx-trigger="load delay:(\d+)ms')
"""The part of a page that asks for more after some milliseconds."""
AT_ONCE = 64
HERE = os.pathsep.join([str(Path(__file__).parent), os.environ.get("PYTHONPATH", "")])
FILLED_MOTO = (sys.executable, "-m", "sdk.filled_moto")
PATIENT = {"read_timeout": "120", "timeout": "240"}
"""moto looks at all keys for each listing, and at a hundred thousand for seconds if versions are asked for."""
LONGEST = 120
"""Seconds after which counting is stopped, as a person may do."""
BOT = "123456"


def document(kind: str, record_id: str, value: Any) -> bytes:
    """Return a document with one record, as a bot writes it."""
    commit = [[1, "0123456789ab", "c1", int(time.time())]]
    header = {"format": 1, "bot_id": BOT, "codec": "json", "sequence": 1, "floor": 0, "commits": commit}
    return json.dumps({"ptb_bucket": header, kind: {record_id: value}}).encode()


def objects(records: int) -> Iterator[tuple[str, bytes]]:
    """Yield the keys and documents of records: nine of ten are users, and one of ten is a conversation."""
    layout = LAYOUTS["per-record"]
    many: Iterator[tuple[Record, Any]] = (
        (Record.of_conversation("booking", (number, number)), "date") if number % 10 == 0
        else (Record.user(number), {"name": f"Person {number}", "visits": number})
        for number in range(1, records)
    )  # fmt: skip
    for record, value in ((BOT_DATA, {"log": ["entry"] * 1000}), *many):
        yield f"{layout.key(record)}.json", document(record.kind.value, record.id, value)


async def fill(uri: str, records: int) -> None:
    """Write records into a place."""
    store, gate = open_store(uri), asyncio.Semaphore(AT_ONCE)

    async def put(key: str, body: bytes) -> None:
        async with gate:
            await store.put(key, body, Create())

    rest = objects(records)
    while some := list(islice(rest, 2000)):
        await asyncio.gather(*(put(*one) for one in some))
    await store.close()


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
            uri = place_of(place, stack, options.records)
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


def place_of(place: str, stack: ExitStack, records: int) -> str:
    """Return the URI of a new place with records. moto begins with them, because a put takes it milliseconds."""
    if place == "file":
        uri = f"file:{stack.enter_context(tempfile.TemporaryDirectory())}/bot"
        asyncio.run(fill(uri, records))
        return uri
    without_accounts()
    SERVERS["filled moto"] = ("s3", lambda port: ([*FILLED_MOTO, str(port), str(records)], {"PYTHONPATH": HERE}))
    return stack.enter_context(running("filled moto", patience=300)).uri("web", "bot", **PATIENT)


if __name__ == "__main__":
    main()
