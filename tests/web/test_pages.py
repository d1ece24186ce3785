"""Every page, on each layout, codec and sealing: its numbers, its names, and that nothing in it fails."""

from __future__ import annotations

import itertools
import os

import httpx
import pytest

from ptb_bucket.state import Journals
from ptb_bucket.stores import LocalStore
from support.web.pages import served, settled
from support.web.population import FUNNEL, aside, populate
from support.web.states import SEALINGS, browsing

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


def test_data_that_cannot_be_read_is_named_and_hides_nothing(opened, place, tmp_path):
    uri = place("per-type")
    (tmp_path / "bot" / "chat_data.json").write_text("{")
    with opened(uri) as page:
        settled(page)
        assert "chat_data.json" in page.locator(".problem").inner_text()
        assert page.locator(".card", has_text="users").inner_text().startswith("61")
        page.goto(page.home + "/bot")
        assert "breakfast" in page.locator("main").inner_text()


def test_large_data_shows_what_takes_the_space(opened, place):
    with opened(place(log=13_000)) as page:
        page.locator(".card", has_text="bot data").click()
        first = page.locator(".sizes tbody tr").first.inner_text()
        assert first.startswith("log")
        assert "100 %" in first
        assert page.locator(".node").count() < 200


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
