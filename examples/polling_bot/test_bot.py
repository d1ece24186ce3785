"""Tests of the bot on an offline Telegram, without network and token."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from ptb_bucket.offline_telegram import OfflineTelegram

from bot import build_application

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(autouse=True)
def _empty_bucket(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PTB_BUCKET_URI", f"file:{tmp_path}")


@pytest.fixture
def telegram() -> OfflineTelegram:
    """Return a new Telegram, on which nothing was said yet."""
    return OfflineTelegram()


async def test_a_conversation_continues_after_a_restart(telegram: OfflineTelegram) -> None:
    """The new instance knows what was said before the restart."""
    ada = telegram.user(42, "Ada")
    async with build_application(telegram) as application:
        await ada.send(application, "/start")
        await ada.send(application, "Ada")
    async with build_application(telegram) as application:
        await ada.send(application, "London")
        [answer] = await ada.send(application, "/me")
    assert answer.text == "I know Ada from London."


async def test_two_instances_count_together(telegram: OfflineTelegram) -> None:
    """Each person is counted once, whichever instance they talk to."""
    async with build_application(telegram) as one, build_application(telegram) as two:
        for user_id, instance in enumerate((one, two, one), start=1):
            person = telegram.user(user_id, "Ada")
            for text in ("/start", "Ada", "London"):
                [answer] = await person.send(instance, text)
            assert answer.text is not None
            assert answer.text.startswith(f"You are number {user_id}.")


async def test_it_forgets_when_asked(telegram: OfflineTelegram) -> None:
    """The button deletes what the bot knows about the user."""
    ada = telegram.user(42, "Ada")
    async with build_application(telegram) as application:
        for text in ("/start", "Ada", "London", "/me"):
            await ada.send(application, text)
        [answer] = await ada.press(application, "Forget me")
        assert answer.text == "Forgotten."
        [answer] = await ada.send(application, "/me")
    assert answer.text == "I do not know you yet. /start changes that."
