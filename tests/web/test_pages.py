"""Every page, on each layout, codec and sealing: its numbers, its names, and that nothing in it fails."""

from __future__ import annotations

import itertools
import os
from contextlib import contextmanager

import httpx
import pytest
from telegram.ext import ExtBot

from ptb_bucket import BucketPersistence, StoredAs
from ptb_bucket.state import Journals
from ptb_bucket.stores import LocalStore
from support.web.pages import served, settled
from support.web.population import ADA, BOT, FUNNEL, aside, populate

KEY = "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE="
SEALINGS = {"plain": {}, "signed": {"PTB_BUCKET_SIGNING_KEYS": KEY}, "encrypted": {"PTB_BUCKET_ENCRYPTION_KEYS": KEY}}
LAYOUTS, CODECS = ("per-record", "single", "per-type"), ("json", "pickle")
EACH = list(itertools.product(LAYOUTS, CODECS, SEALINGS))
IN_BROWSER = {("per-record", "json", "plain")}
"""By default, a browser opens the pages of this one: scripts and styles do not depend on how a state is stored."""
REQUESTED = IN_BROWSER | {
    ("per-record", "pickle", "signed"), ("single", "json", "signed"), ("single", "pickle", "encrypted"),
    ("per-type", "json", "encrypted"), ("per-type", "pickle", "plain"),
}  # fmt: skip
"""By default, pages are requested of these, so that each layout occurs with each codec, and with two sealings."""


def by_default(chosen):
    return [pytest.param(*each, marks=() if each in chosen else pytest.mark.long, id="-".join(each)) for each in EACH]


PAGES = (
    "/", "/people?kind=user_data", "/people?kind=chat_data&sort=size", "/people?kind=user_data&page=2",
    "/conversations",
    "/conversations?stuck=3600", "/conversations/in?handler=booking&state=people", "/timers", "/keyboards", "/bot",
    "/bot?path=log", "/bot?path=log&from=50", "/person/42", "/person/42?at=2099-01-01T00:00", "/chat/-1001",
    "/person/999999",
    "/search?q=breakfast", "/search?q=", "/record?kind=conversations&id=%5B%22booking%22%2C42%2C42%5D",
    "/record?kind=timers&id=%5B%22user_data%22%2C%2242%22%2C%22reminder%22%5D",
)  # fmt: skip
PARTS = ("/parts/states/42", "/parts/keyboards/42", "/parts/keyboards/42?look=1",
         "/parts/history?id=42&kind=user_data&kind=chat_data")  # fmt: skip
WRITING = (
    "/edit?kind=user_data&id=42&path=name", "/edit?kind=bot_data&id=bot&path=menu", "/erase/42",
    "/edit?kind=conversations&id=%5B%22booking%22%2C42%2C42%5D",
    "/plan?action=end&kind=conversations&id=%5B%22booking%22%2C42%2C42%5D",
    "/plan?action=drop&kind=callback_data&id=" + "ab" * 16,
    "/plan?action=run&kind=timers&id=%5B%22user_data%22%2C%2242%22%2C%22reminder%22%5D",
    "/plan?action=cancel&kind=timers&id=%5B%22user_data%22%2C%2242%22%2C%22reminder%22%5D",
)  # fmt: skip


@pytest.fixture
def place(tmp_path, monkeypatch):
    def place(layout="per-record", codec="json", sealing="plain", **how):
        for name, value in SEALINGS[sealing].items():
            monkeypatch.setenv(name, value)
        return populate(tmp_path / "bot", f"layout={layout}&codec={codec}", **how)

    return place


@pytest.mark.parametrize(("layout", "codec", "sealing"), by_default(REQUESTED))
def test_every_page_answers_on_every_kind_of_state(place, layout, codec, sealing):
    with served(place(layout, codec, sealing), write=True) as door, httpx.Client(follow_redirects=True) as client:
        home = f"http://127.0.0.1:{door.port}"
        client.get(door.said[0])
        for address in (*PAGES, *WRITING, *PARTS):
            answer = client.get(home + address)
            assert answer.status_code == 200, address
            assert address.startswith("/parts/") or answer.text.count("<h1>") == 1, address
            assert 'class="problem"' not in answer.text, address
        then = client.get(f"{home}/parts/history?id=42&kind=user_data").text
        assert then.count("<li>") == 3
        assert "Can I bring my dog?" in client.get(f"{home}/copy?kind=user_data&id=42&as=json").text


@pytest.mark.parametrize(("layout", "codec", "sealing"), by_default(IN_BROWSER))
def test_every_page_shows_every_kind_of_state(opened, place, layout, codec, sealing):
    with opened(place(layout, codec, sealing), write=True) as page:
        for address in (*PAGES, *WRITING):
            answer = page.goto(page.home + address)
            assert answer.status == 200, address
            settled(page)
            assert page.locator("h1").count() == 1, address
            assert page.locator(".problem").count() == 0, (address, page.locator(".problem").first.text_content())
        assert page.wrong == []
        page.goto(page.home + "/person/42")
        settled(page)
        text = page.locator("main").inner_text()
        assert "is in state" in text
        assert "Can I bring my dog?" in text
        assert "Ada Lovelace" in text
        assert "people" in text
        assert page.locator(".node.set .type", has_text="set").count() >= 1
        assert page.locator(".node.telegram .type", has_text="Message").count() >= 1
        assert page.locator(".timeline li").count() >= 3
        assert page.locator(".timeline li").first.locator(".diff tr").count() >= 3


@pytest.mark.parametrize("layout", ["per-record", "single", pytest.param("per-type", marks=pytest.mark.long)])
def test_the_funnel_counts_the_known_population(opened, place, layout):
    with opened(place(layout)) as page:
        page.get_by_role("link", name="Conversations", exact=True).click()
        settled(page)
        found = {}
        for panel in page.locator("section.panel").all():
            handler = panel.locator("h2").inner_text().split()[0]
            rows = panel.locator("tbody tr").all()
            found[handler] = {
                row.locator(".state").inner_text(): int(row.locator("td a").first.inner_text()) for row in rows
            }
        assert found == FUNNEL
        assert page.locator(".stuck").all_inner_texts() == ["1 stuck"]
        page.locator(".stuck").click()
        page.wait_for_url("**stuck=*")
        settled(page)
        assert page.locator("tbody tr").count() == 1
        assert page.locator("tbody tr").inner_text().startswith("42")
        assert "30 hours" in page.locator("tbody tr").inner_text()


KNOWN = ("codec json", "2 hours ago", "by bot ", "web:alice\t3 hours ago", "Old versions are kept: ", "61\nusers",
         "2\nchats", "21\nconversations", "1\nkeyboard")  # fmt: skip


@pytest.mark.parametrize("layout", ["per-record", "per-type"])
def test_the_overview_and_the_lists_say_what_is_known(opened, place, layout):
    with opened(place(layout)) as page:
        settled(page)
        text = page.locator("main").inner_text()
        for known in KNOWN:
            assert known in text, known
        assert f"layout {layout}" in text
        for order, first in (("id", "42"), ("size", "42"), ("changed", "42")):
            page.goto(f"{page.home}/people?kind=user_data&sort={order}")
            assert page.locator("tbody a").first.inner_text() == first
        known = "3 hours ago" if layout == "per-record" else "30 hours ago"  # her timers are in the same object
        assert known in page.locator("tbody tr").first.inner_text()
        page.goto(page.home + "/timers?all=1")
        settled(page)
        chips = dict(zip(page.locator("tbody td:first-child").all_inner_texts(),
                         page.locator("tbody .chip").all_inner_texts(), strict=True))  # fmt: skip
        assert chips == {"old": "parked", "survey": "late", "reminder": "due", "menu of the day": "due"}
        page.goto(page.home + "/keyboards")
        assert "last used 4 days ago" in page.locator(".keyboard").inner_text()
        page.goto(page.home + "/person/42")
        if layout == "per-record":
            page.get_by_role("button", name="Read all keyboards").click()
        page.locator("section", has_text="whose buttons contain the number 42").locator(".node").first.wait_for()


class Cart:
    """A bot's class, which the page need not know."""

    def __init__(self, items):
        self.items = items


def test_objects_are_shown_nicely_and_edited_with_the_classes_of_the_bot(opened, tmp_path):
    uri = f"file:{tmp_path / 'bot'}?layout=single&codec=pickle"
    types = [StoredAs(Cart, name="Cart")]

    async def save():
        kept = BucketPersistence(uri, types=types)
        kept.set_bot(ExtBot(BOT))
        await kept.update_user_data(ADA, {"cart": Cart(["tea"])})
        await kept.flush()

    aside(save())
    with opened(uri) as page:
        page.goto(page.home + "/person/42")
        assert "tea" in page.locator("main").inner_text()
        assert page.get_by_text("Cart").count() >= 1
    with opened(uri, types=types, write=True) as page:
        page.goto(page.home + "/person/42")
        assert page.locator(".object > summary .type").inner_text() == "Cart"
        page.get_by_role("link", name="Edit cart.items", exact=True).click()
        page.get_by_label("New value").fill('["tea", "cake"]')
        page.get_by_role("button", name="Show the difference").click()
        page.get_by_role("button", name="Save").click()
        page.get_by_role("heading", name="Saved").wait_for()
        page.goto(page.home + "/person/42")
        assert "cake" in page.locator("main").inner_text()
        assert page.locator(".object > summary .type").inner_text() == "Cart"


def test_a_value_that_only_a_pickle_can_express_hides_nothing(tmp_path):
    knot = Cart(())
    knot.items = (knot,)
    with browsing(
        tmp_path, {42: {knot: "tea"}, 43: {"said": "tea"}}, "single&codec=pickle", [StoredAs(Cart)]
    ) as client:
        assert "2 found in 3 records." in client.get("/search?q=tea").text
        for number in (42, 43):
            answer = client.get(f"/person/{number}")
            assert answer.status_code == 200
            assert 'class="problem"' not in answer.text


def test_how_long_is_a_dash_where_nothing_tells_it(opened, tmp_path):
    uri = populate(tmp_path / "bot", "layout=single").replace("keep=50", "keep=0")
    for folder in (tmp_path / "bot").rglob(".versions"):
        os.rename(folder, tmp_path / "gone")  # noqa: PTH104  as a person would
    with opened(uri) as page:
        page.get_by_role("link", name="Conversations", exact=True).click()
        page.wait_for_url("**/conversations*")
        settled(page)
        assert page.get_by_text("is not known here").count() == 1
        assert page.locator("tbody tr").first.locator("td").nth(1).inner_text() == "—"
        assert page.locator(".stuck").count() == 0


def test_a_pickle_persistence_file_opens_without_its_classes(opened, tmp_path):
    import pickle  # noqa: PLC0415  only here

    cart = type("Cart", (), {"__module__": "shop_of_nobody"})
    import sys  # noqa: PLC0415  as above
    import types  # noqa: PLC0415  as above

    module = types.ModuleType("shop_of_nobody")
    module.Cart = cart
    sys.modules["shop_of_nobody"] = module
    made = cart()
    made.items = ["tea"]
    data = {"user_data": {ADA: {"cart": made, "tags": {"new"}}}, "chat_data": {}, "bot_data": {}, "callback_data": None,
            "conversations": {"booking": {(ADA, ADA): "date"}}}  # fmt: skip
    path = tmp_path / "bot.pickle"
    path.write_bytes(pickle.dumps(data))
    del sys.modules["shop_of_nobody"]
    with opened(path) as page:
        page.goto(page.home + "/person/42")
        page.get_by_text("is in state").wait_for()
        assert page.locator(".type", has_text="Cart").count() == 1
        assert "tea" in page.locator("main").inner_text()
        assert "shop_of_nobody" not in sys.modules


def test_data_that_cannot_be_read_is_named_and_hides_nothing(opened, place, tmp_path):
    uri = place("per-type")
    (tmp_path / "bot" / "chat_data.json").write_text("{")
    with opened(uri) as page:
        settled(page)
        assert "chat_data.json" in page.locator(".problem").inner_text()
        assert page.locator(".card", has_text="users").inner_text().startswith("61")
        page.goto(page.home + "/bot")
        assert "breakfast" in page.locator("main").inner_text()


def test_values_are_hidden_until_they_are_clicked(opened, place):
    with opened(place(), mask=True) as page:
        page.goto(page.home + "/person/42")
        name = page.locator(".leaf", has=page.locator(".key", has_text="name")).first
        assert not name.get_by_text("Ada Lovelace").is_visible()
        name.locator("summary").click()
        assert name.get_by_text("Ada Lovelace").is_visible()


def test_large_data_shows_what_takes_the_space(opened, place):
    with opened(place(log=13_000)) as page:
        page.locator(".card", has_text="bot data").click()
        first = page.locator(".sizes tbody tr").first.inner_text()
        assert first.startswith("log")
        assert "100 %" in first
        assert page.locator(".node").count() < 200


def test_a_search_finds_text(opened, place):
    with opened(place()) as page:
        page.get_by_role("searchbox").fill("bring my dog")
        page.keyboard.press("Enter")
        page.get_by_text("1 found in").wait_for()
        assert page.locator("tbody a").all_inner_texts() == ["user_data[42]"]


@contextmanager
def browsing(tmp_path, data, layout="single", types=(), **settings):
    """Serve a state with the data of some users, and yield a client that has entered. No browser is needed."""
    uri = f"file:{tmp_path / 'bot'}?layout={layout}"

    async def save():
        kept = BucketPersistence(uri, types=types)
        kept.set_bot(ExtBot(BOT))
        await kept.update_bot_data({"day": 1})
        for number, value in data.items():
            await kept.update_user_data(number, value)
        await kept.flush()

    aside(save())
    with served(uri, types=types, **settings) as door, httpx.Client(follow_redirects=True) as client:
        client.base_url = f"http://127.0.0.1:{door.port}"
        client.get(door.said[0])
        yield client


@pytest.mark.parametrize(
    ("value", "asked", "shown"),
    [
        ('she said "hi there"', 'said "HI there"', r"she said \&#34;hi there\&#34;"),
        ("one\ntwo", "one\ntwo", r"one\ntwo"),
        ("C:\\tea", "c:\\t", r"C:\\tea"),
        ("ß" * 200 + "breakfast", "breakfast", "ssbreakfast"),
        ("tea", '"said":"tea"', "{&#34;said&#34;:&#34;tea&#34;}"),
    ],
)
def test_a_search_finds_text_as_people_write_it_and_shows_it(tmp_path, value, asked, shown):
    with browsing(tmp_path, {42: {"said": value}}) as client:
        text = client.get("/search", params={"q": asked}).text
        assert "1 found in 2 records." in text
        assert shown in text


def test_a_search_shows_no_values_that_are_hidden(tmp_path):
    with browsing(tmp_path, {42: {"said": "breakfast"}}, mask=True) as client:
        text = client.get("/search?q=break").text
        assert "1 found in 2 records." in text
        assert "breakfast" not in text


def test_a_search_that_found_enough_says_that_it_stopped(tmp_path):
    with browsing(tmp_path, {number: {"said": "tea"} for number in range(1, 211)}) as client:
        text = client.get("/search", params={"q": "tea"}).text
        assert "200 found in " in text
        assert " records, stopped at this limit." in text


def test_the_objects_of_broadcasts_count_where_old_versions_are_to_be_deleted(tmp_path):
    async def leave():
        journals = Journals(LocalStore(tmp_path / "bot", keep=5))
        await journals.create("news", "send", [42])
        for key in (await journals.objects())["news"]:
            await journals.forget(key, 42)

    with browsing(tmp_path, {43: {"name": "Ada"}}, "single&keep=5", write=True) as client:
        aside(leave())
        text = client.get("/erase/42").text
        assert "1 old versions of 1 objects contain or contained the person." in text
        assert "old versions of deleted objects may also contain" in text


def test_copies_are_text(opened, place):
    with opened(place()) as page:
        answer = page.request.get(page.home + "/copy?kind=user_data&id=42&as=python")
        assert answer.headers["content-type"].startswith("text/plain")
        text = answer.text()
        assert "'tags': {'new', 'vip'}" in text
        assert "'seat': (3, 'window')" in text
        assert "telegram.Message(" in text


def test_a_click_copies_a_value_and_nothing_else(opened, place):
    with opened(place(), context={"permissions": ["clipboard-read", "clipboard-write"]}) as page:
        page.goto(page.home + "/record?kind=user_data&id=42&path=name")
        copy = page.get_by_role("link", name="JSON", exact=True)
        copy.click()
        page.get_by_text("Copied", exact=True).wait_for(state="attached")
        assert page.evaluate("navigator.clipboard.readText()") == '"Ada Lovelace"'
        page.context.clear_cookies()  # the session has ended
        copy.click()
        page.get_by_role("heading", name="ptb-bucket web").wait_for()
        assert page.evaluate("navigator.clipboard.readText()") == '"Ada Lovelace"'


def test_a_value_that_does_not_exist_is_not_copied(tmp_path):
    with browsing(tmp_path, {42: {"name": "Ada"}}) as client:
        for address in ("/copy?kind=user_data&id=43", "/copy?kind=user_data&id=42&path=nothing"):
            answer = client.get(address)
            assert answer.status_code == 404
            assert "There is no such value." in answer.text
        assert client.get("/copy?kind=user_data&id=42&path=name").text == '"Ada"'


@pytest.mark.parametrize("time", ["soon", "9999-12-31T23:59-05:00", "0001-01-01T00:00+05:00", "2026-02-30"])
def test_a_time_that_does_not_exist_is_refused(tmp_path, time):
    with browsing(tmp_path, {42: {"name": "Ada"}}) as client:
        answer = client.get("/person/42", params={"at": time})
        assert answer.status_code == 400
        assert "is not a valid time" in answer.text


@pytest.mark.parametrize("layout", LAYOUTS)
def test_only_records_that_share_a_document_are_said_to(tmp_path, layout):
    with browsing(tmp_path, {}, layout) as client:
        shares = "All records share a document here." in client.get("/people?kind=user_data").text
        assert shares is (layout != "per-record")
