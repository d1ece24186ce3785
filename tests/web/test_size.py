"""Many records: how many requests a page sends before it answers, and that what was stopped sends none any more."""

from __future__ import annotations

import asyncio
import json
import re
from collections import Counter
from contextlib import asynccontextmanager

import pytest
from httpx import ASGITransport, AsyncClient

from ptb_bucket import tools
from ptb_bucket.state import BOT_DATA, LAYOUTS, Record
from ptb_bucket.stores import Create, open_store
from ptb_bucket.web import Doorkeeper, Settings, create_app
from support.web.pages import settled
from support.web.population import populate

USERS, CONVERSATIONS = 1_500, 1_200
MOST = 70
"""Requests before a page answers: those for the rows that it shows, and for the pages of listings."""
HOST = "127.0.0.1:8321"


def counting(uri, seconds=0.0):
    """Open a store that counts what it is asked for, and answers after a while, as over a slow network."""
    store = open_store(uri)
    store.requests, get, listing = Counter(), store.get, store.list

    async def slow_get(*args, **how):
        store.requests["get"] += 1
        await asyncio.sleep(seconds)
        return await get(*args, **how)

    def counted_list(prefix=""):
        store.requests["list"] += 1
        return listing(prefix)

    store.get, store.list = slow_get, counted_list
    return store


async def fill(store):
    async def put(record, value):
        header = {"format": 1, "bot_id": "123456", "codec": "json", "sequence": 1, "floor": 0,
                  "commits": [[1, "0123456789ab", "c1", 1_700_000_000]]}  # fmt: skip
        data = json.dumps({"ptb_bucket": header, record.kind.value: {record.id: value}}).encode()
        await store.put(f"{LAYOUTS['per-record'].key(record)}.json", data, Create())

    await put(BOT_DATA, {"day": 1})
    for number in range(1, USERS):
        await put(Record.user(number), {"name": "Ada"})
    for number in range(1, CONVERSATIONS):
        await put(Record.of_conversation("booking", (number, number)), "date" if number % 3 else "people")


@asynccontextmanager
async def asked(store):
    """Open the pages of a state without a server."""
    async with tools.open_state(store, keep_unknown=True) as state:
        said = []
        door = Doorkeeper("127.0.0.1", 8321, "", said.append)
        app = create_app(state, Settings("memory:"), door)
        door.invite()
        async with AsyncClient(transport=ASGITransport(app), base_url=f"http://{HOST}") as client:
            await client.get(said[0])
            store.requests.clear()
            yield client
        await app.state.site.close()


@pytest.fixture(scope="module")
def many():
    asyncio.run(fill(open_store("memory:many")))
    return "memory:many"


@pytest.mark.parametrize(
    "address",
    ["/", "/people?kind=user_data", "/people?kind=user_data&sort=size", "/conversations",
     "/conversations/in?handler=booking&state=date", "/timers", "/keyboards", "/bot", "/person/42", "/parts/states/42",
     "/parts/history?kind=user_data&id=42"],
)  # fmt: skip
async def test_a_page_answers_after_few_requests_and_asks_for_nothing_afterwards(many, address):
    store = counting(many)
    async with asked(store) as client:
        assert (await client.get(address)).status_code == 200
        sent = store.requests.total()
        assert sent <= MOST
        await asyncio.sleep(0.1)
        assert store.requests["get"] <= MOST


async def test_the_funnel_fills_in_step_by_step(many):
    store = counting(many)
    async with asked(store) as client:
        page, steps, left = await client.get("/conversations"), 0, []
        while again := re.search(r'hx-get="([^"]+)" hx-trigger="load delay', page.text):
            left.append(int(re.search(r"Reading: ([\d,]+) to go", page.text)[1].replace(",", "")))
            before = store.requests["get"]
            page = await client.get(f"/conversations{again[1].replace('&amp;', '&')}")
            steps += 1
            assert store.requests["get"] - before <= 500
        assert left == sorted(left, reverse=True)
        assert steps == 3
        assert re.findall(r">(\d+)</a>\s*<meter", page.text) == ["800", "399"]
        assert store.requests["get"] == CONVERSATIONS - 1  # none was read twice
        await client.get("/conversations")
        assert store.requests["get"] == CONVERSATIONS - 1


def test_a_search_that_is_stopped_sends_no_more_requests(opened, tmp_path):
    uri = populate(tmp_path / "bot", "layout=per-record")
    store = counting(uri.partition("&layout")[0], 0.3)
    with opened(uri, store=store) as page:
        page.get_by_role("searchbox").fill("what nobody has said")
        page.keyboard.press("Enter")
        page.get_by_text("still looking").wait_for()
        page.get_by_role("button", name="Stop").click()
        page.get_by_text("records, stopped").wait_for()
        page.wait_for_timeout(100)
        sent = store.requests["get"]
        page.wait_for_timeout(1_500)
        assert store.requests["get"] == sent
        assert page.get_by_text("still looking").count() == 0


def test_the_funnel_can_be_stopped_and_read_on(opened, tmp_path, monkeypatch):
    monkeypatch.setattr("ptb_bucket.web.routes.pages._AT_FIRST", 2)
    monkeypatch.setattr("ptb_bucket.web.routes.pages._AT_ONCE", 2)
    uri = populate(tmp_path / "bot", "layout=per-record")
    store = counting(uri.partition("&layout")[0], 0.2)
    with opened(uri, store=store) as page:
        page.get_by_role("link", name="Conversations", exact=True).click()
        page.get_by_role("link", name="Stop").click()
        page.get_by_text("were not read").wait_for()
        page.wait_for_timeout(300)
        sent = store.requests["get"]
        page.wait_for_timeout(1_500)
        assert store.requests["get"] == sent
        page.get_by_role("link", name="Read on").click()
        settled(page)
        assert page.get_by_text("not read").count() == 0
