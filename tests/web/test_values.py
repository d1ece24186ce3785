"""Values on the pages: shown whatever their class, hidden on request, found as people write them, copied as text."""

from __future__ import annotations

import pytest
from telegram.ext import ExtBot

from ptb_bucket import BucketPersistence, StoredAs
from support.web.population import ADA, BOT, aside
from support.web.states import browsing


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


def test_values_are_hidden_until_they_are_clicked(opened, place):
    with opened(place(), mask=True) as page:
        page.goto(page.home + "/person/42")
        name = page.locator(".leaf", has=page.locator(".key", has_text="name")).first
        assert not name.get_by_text("Ada Lovelace").is_visible()
        name.locator("summary").click()
        assert name.get_by_text("Ada Lovelace").is_visible()


def test_a_search_finds_text(opened, place):
    with opened(place()) as page:
        page.get_by_role("searchbox").fill("bring my dog")
        page.keyboard.press("Enter")
        page.get_by_text("1 found in").wait_for()
        assert page.locator("tbody a").all_inner_texts() == ["user_data[42]"]


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
