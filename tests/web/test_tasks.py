"""Answer what somebody who sees the page for the first time wants to know, with at most five clicks and fields each."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest

from support.web.pages import settled
from support.web.population import populate

MOST = 5


class Hand:
    """A hand that clicks and fills in, and counts both."""

    def __init__(self, page):
        self.page, self.moves = page, 0

    def click(self, found):
        self.moves += 1
        found.click()

    def fill(self, found, text):
        self.moves += 1
        found.fill(text)


@pytest.fixture
def uri(tmp_path):
    return populate(tmp_path / "bot", "layout=per-record", log=13_000)


def test_who_is_stuck_since_yesterday_what_she_said_and_let_her_out(opened, uri):
    with opened(uri, write=True) as page:
        hand = Hand(page)
        hand.click(page.get_by_role("link", name="Conversations", exact=True))
        hand.click(page.get_by_text("1 stuck"))
        hand.click(page.locator("tbody a").first)
        settled(page)
        assert "Can I bring my dog?" in page.locator(".telegram").inner_text()
        hand.click(page.get_by_role("link", name="End", exact=True))
        hand.click(page.get_by_role("button", name="End the conversation"))
        page.get_by_role("heading", name="Saved").wait_for()
        assert hand.moves <= MOST


def test_what_the_bot_knew_about_user_42_on_a_day(opened, uri):
    with opened(uri) as page:
        hand = Hand(page)
        hand.fill(page.get_by_role("searchbox"), "42")
        hand.click(page.get_by_role("button", name="Search"))
        then = datetime.now(timezone.utc) - timedelta(hours=80)
        hand.fill(page.get_by_label("As it was on"), then.strftime("%Y-%m-%dT%H:%M"))
        hand.click(page.get_by_role("button", name="Show", exact=True))
        page.get_by_text("Show it as it is now").wait_for()
        text = page.locator("main").inner_text()
        assert "Hello!" in text
        assert "Can I bring my dog?" not in text
        assert hand.moves <= MOST


def test_why_bot_data_is_3_mb(opened, uri):
    with opened(uri) as page:
        hand = Hand(page)
        assert "3.0 MB" in page.locator(".card", has_text="bot data").inner_text()
        hand.click(page.locator(".card", has_text="bot data"))
        first = page.locator(".sizes tbody tr").first.inner_text()
        assert first.startswith("log")
        assert "13,000 parts" in first
        assert hand.moves <= MOST
