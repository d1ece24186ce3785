"""Changes in the browser: with a bot running, with a conflict, restored, ended, cancelled, erased, exported."""

from __future__ import annotations

import json

import pytest

from ptb_bucket.state import LAYOUTS, Journals, Record
from ptb_bucket.tools import open_state, text_of
from support.web.population import ADA, aside, populate
from support.web.running_bot import running_bot

ADA_BOOKING = Record.of_conversation("booking", (ADA, ADA))
REMINDER = Record.of_timer(Record.user(ADA), "reminder")


@pytest.fixture(
    params=["per-record", *(pytest.param(name, marks=pytest.mark.long) for name in LAYOUTS if name != "per-record")]
)
def uri(request, tmp_path):
    return populate(tmp_path / "bot", f"layout={request.param}")


def stored(uri, record):
    """Return the value of a record and the writer of the last commit of its document."""

    async def read():
        async with open_state(uri) as state:
            part = await state.archive.part_of(record)
            value = part.records.get(record)
            return None if value is None else json.loads(text_of(state, record, value)), part.commits[0].writer

    return aside(read())


def edit(page, path, text):
    page.goto(f"{page.home}/edit?kind=user_data&id={ADA}&path={path}")
    page.get_by_label("New value").fill(text)
    page.get_by_role("button", name="Show the difference").click()


def test_a_value_keeps_its_type_and_its_writer_is_named(opened, uri):
    with opened(uri, write=True) as page:
        edit(page, "name", 'Ada "the" King')
        assert page.locator(".diff tbody tr").count() == 1
        assert "Ada Lovelace" in page.locator(".before").inner_text()
        page.get_by_role("button", name="Save").click()
        page.get_by_role("heading", name="Saved").wait_for()
        assert page.wrong == []
    value, writer = stored(uri, Record.user(ADA))
    assert value["name"] == 'Ada "the" King'
    assert value["tags"] == {"$set": ["new", "vip"]}
    assert writer.startswith("web:alice:")


def test_another_type_is_refused_until_you_insist(opened, uri):
    with opened(uri, write=True) as page:
        edit(page, "tags", '["new"]')
        assert "from set to list" in page.locator(".problem").inner_text()
        page.get_by_label("Change the type").check()
        page.get_by_role("button", name="Show the difference").click()
        page.get_by_role("button", name="Save").click()
        page.get_by_role("heading", name="Saved").wait_for()
    assert stored(uri, Record.user(ADA))[0]["tags"] == ["new"]


def test_a_running_bot_loses_no_update_and_keeps_what_the_page_changed(opened, uri):
    before = stored(uri, Record.user(ADA))[0]["visits"]
    with opened(uri, write=True) as page, running_bot(uri) as bot:
        edit(page, "name", "Grace")
        bot.go_on(3)
        page.get_by_role("button", name="Save").click()
        page.get_by_role("heading", name="Saved").wait_for()
        bot.go_on(3)
    value, _ = stored(uri, Record.user(ADA))
    assert value["name"] == "Grace"
    assert value["visits"] == before + bot.handled


def test_a_running_bot_that_was_faster_is_shown_and_not_overwritten(opened, uri):
    with opened(uri, write=True) as page, running_bot(uri) as bot:
        edit(page, "name", "Grace")
        bot.say("I am Countess Lovelace")
        page.get_by_role("button", name="Save").click()
        page.get_by_role("heading", name="The bot was faster").wait_for()
        assert "Countess Lovelace" in page.locator(".after").inner_text()
        assert stored(uri, Record.user(ADA))[0]["name"] == "Countess Lovelace"
        page.get_by_role("button", name="Compare mine").click()
        page.get_by_role("button", name="Save").click()
        page.get_by_role("heading", name="Saved").wait_for()
        bot.go_on(3)
    assert stored(uri, Record.user(ADA))[0]["name"] == "Grace"


def test_a_conversation_that_ends_here_ends_in_the_running_bot(opened, uri):
    with opened(uri, write=True) as page, running_bot(uri) as bot:
        assert stored(uri, Record.user(ADA))[0]["in_booking"]
        page.goto(f"{page.home}/person/{ADA}")
        page.get_by_role("link", name="End", exact=True).click()
        page.get_by_role("button", name="End the conversation").click()
        page.get_by_role("heading", name="Saved").wait_for()
        bot.go_on(3)
        assert not stored(uri, Record.user(ADA))[0]["in_booking"]
    assert stored(uri, ADA_BOOKING)[0] is None


def test_a_conversation_is_moved_and_ended(opened, uri):
    with opened(uri, write=True) as page:
        page.goto(f"{page.home}/person/{ADA}")
        page.get_by_role("link", name="Move").click()
        page.get_by_label("New value").fill("confirm")
        page.get_by_role("button", name="Show the difference").click()
        page.get_by_role("button", name="Save").click()
        page.get_by_role("heading", name="Saved").wait_for()
        assert stored(uri, ADA_BOOKING)[0] == "confirm"
        assert stored(uri, ADA_BOOKING)[1].startswith("web:alice:")
        page.goto(f"{page.home}/person/{ADA}")
        page.get_by_role("link", name="End", exact=True).click()
        page.get_by_role("button", name="End the conversation").click()
        page.get_by_role("heading", name="Saved").wait_for()
    value, writer = stored(uri, ADA_BOOKING)
    assert value is None
    assert writer.startswith("web:alice:")


def test_a_timer_is_made_due_and_cancelled(opened, uri):
    before = stored(uri, REMINDER)[0]
    with opened(uri, write=True) as page:
        page.goto(f"{page.home}/person/{ADA}")
        page.locator("p", has_text="reminder").get_by_role("link", name="Run").click()
        page.get_by_role("button", name="Make it due now").click()
        page.get_by_role("heading", name="Saved").wait_for()
        after, writer = stored(uri, REMINDER)
        assert after["due"] < before["due"]
        assert after["generation"] == before.get("generation", 1) + 1
        assert writer.startswith("web:alice:")
        page.goto(f"{page.home}/timers")
        page.locator("tr", has_text="reminder").get_by_role("link", name="Cancel").click()
        page.get_by_role("button", name="Cancel the timer").click()
        page.get_by_role("heading", name="Saved").wait_for()
    assert stored(uri, REMINDER)[0] is None
    assert stored(uri, REMINDER)[1].startswith("web:alice:")


def test_a_keyboard_is_dropped(opened, uri):
    with opened(uri, write=True) as page:
        page.goto(f"{page.home}/keyboards")
        page.get_by_role("link", name="Drop").click()
        page.get_by_role("button", name="Drop the keyboard").click()
        page.get_by_role("heading", name="Saved").wait_for()
    assert stored(uri, Record.keyboard("ab" * 16))[0] is None
    assert stored(uri, Record.keyboard("ab" * 16))[1].startswith("web:alice:")


def test_one_record_is_restored_and_others_stay(opened, uri):
    with opened(uri, write=True) as page:
        page.goto(f"{page.home}/person/{ADA}")
        page.locator(".timeline li", has_text="Do you have a table").get_by_role("link", name="restore").last.click()
        assert "Can I bring my dog?" in page.locator(".before").all_inner_texts().__str__()
        page.get_by_role("button", name="Restore").click()
        page.get_by_role("heading", name="Saved").wait_for()
    value, writer = stored(uri, Record.user(ADA))
    assert value["cart"]["items"] == ["2 breakfast"]
    assert stored(uri, ADA_BOOKING)[0] == "people"
    assert writer.startswith("web:alice:")


def test_a_restore_shows_what_the_bot_did_meanwhile(opened, uri):
    uri = uri.replace("keep=50", "keep=5000")  # a fast disk takes 50 saves before the browser has clicked
    with opened(uri, write=True) as page:
        page.goto(f"{page.home}/person/{ADA}")
        page.locator(".timeline li", has_text="Do you have a table").get_by_role("link", name="restore").last.click()
        page.get_by_role("button", name="Restore").wait_for()
        with running_bot(uri) as bot:  # not before: the page lists a limited number of saves
            bot.say("I am Countess Lovelace")
            page.get_by_role("button", name="Restore").click()
            page.get_by_role("heading", name="The bot was faster").wait_for()
    assert stored(uri, Record.user(ADA))[0]["name"] == "Countess Lovelace"


def announce(uri):
    """Store the journal of a broadcast to Ada and another person."""

    async def create():
        async with open_state(uri) as state:
            await Journals(state.store).create("news-7", "news", [7, ADA])

    aside(create())


def test_a_person_is_exported_and_erased_with_receipts(opened, uri):
    announce(uri)
    with opened(uri, write=True) as page:
        page.goto(f"{page.home}/person/{ADA}")
        with page.expect_download() as saved:
            page.get_by_role("button", name="Export").click()
        exported = json.loads(saved.value.path().read_text())
        assert exported["data"]["user_data[42]"]["name"] == "Ada Lovelace"
        assert set(exported["receipt"]["records"]) == set(exported["data"])
        assert exported["receipt"]["exported_by"] == "web:alice"
        page.get_by_role("link", name="Erase").click()
        page.get_by_role("heading", name="Erase person").wait_for()
        assert "would be removed from the broadcasts news-7" in page.locator("main").inner_text()
        page.get_by_label("To confirm").fill("43")
        if page.get_by_label("Erase anyway").count():
            page.get_by_label("Erase anyway").check()
        page.get_by_role("button", name="Erase for good").click()
        assert "Nothing was erased" in page.locator(".problem").inner_text()
        page.go_back()
        page.get_by_label("To confirm").fill("42")
        page.get_by_role("button", name="Erase for good").click()
        page.get_by_role("heading", name="Receipt").wait_for()
        assert "user_data[42]" in page.locator("table").inner_text()
        assert "by web:alice" in page.locator(".good").inner_text()
        assert "was removed from the broadcasts news-7" in page.locator("main").inner_text()
    for record in (Record.user(ADA), ADA_BOOKING):
        value, writer = stored(uri, record)
        assert value is None
        assert writer.startswith("web:alice:")


def test_without_write_nothing_can_be_changed(opened, uri):
    with opened(uri) as page:
        page.goto(f"{page.home}/person/{ADA}")
        assert page.get_by_role("link", name="Edit name").count() == 0
        for address in (f"/edit?kind=user_data&id={ADA}&path=name", f"/erase/{ADA}"):
            assert page.goto(page.home + address).status == 403
