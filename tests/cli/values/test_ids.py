"""IDs on the command line: numbers as Telegram writes them. Python would read more texts as numbers."""

from __future__ import annotations

import asyncio

import pytest
from telegram.ext import ExtBot

from ptb_bucket import BucketPersistence
from ptb_bucket.cli import main

UNUSUAL = ["4_2", "\u0664\u0662", "42 ", "+42", "4.2", "0x2a", "forty-two"]


@pytest.fixture
def uri(tmp_path):
    async def remember():
        persistence = BucketPersistence(f"file:{tmp_path}/bot")
        persistence.set_bot(ExtBot("123456:offline"))
        await persistence.update_user_data(42, {"name": "Ada"})
        await persistence.flush()

    asyncio.run(remember())
    return f"file:{tmp_path}/bot"


@pytest.mark.parametrize("user_id", UNUSUAL)
@pytest.mark.parametrize(
    "words",
    [
        ("erase-user", "{uri}", "{id}"),
        ("timers", "list", "{uri}", "--user", "{id}"),
        ("timers", "list", "{uri}", "--chat", "{id}"),
        ("show", "{uri}", "user_data", "{id}"),
        ("set", "{uri}", "user_data", "{id}", "name", '"Eve"'),
    ],
    ids=lambda words: words[0],
)
def test_an_id_that_telegram_would_not_write_is_refused(uri, capsys, words, user_id):
    assert main([word.format(uri=uri, id=user_id) for word in words]) == 2
    assert "is not a valid ID. IDs are numbers." in capsys.readouterr().err


@pytest.mark.parametrize("bot_id", ["007", "\u0667", "\u00b2", "7 ", "-7", "7:secret"])
@pytest.mark.parametrize(
    "words",
    [
        ("copy", "{uri}", "{copy}", "--bot-id", "{id}"),
        ("check", "{uri}", "--bot-id", "{id}"),
        ("import", "{file}", "{copy}", "--bot-id", "{id}"),
    ],
    ids=lambda words: words[0],
)
def test_a_bot_id_that_telegram_would_not_write_is_refused(uri, tmp_path, capsys, words, bot_id):
    (tmp_path / "memory.json").write_text("{}")
    places = {"uri": uri, "copy": f"file:{tmp_path}/copy", "file": tmp_path / "memory.json", "id": bot_id}
    assert main([word.format(**places) for word in words]) == 2
    printed = capsys.readouterr().err
    assert "The bot ID must be a number" in printed
    assert "secret" not in printed
    assert not (tmp_path / "copy").exists()


def test_a_negative_chat_is_a_chat(uri, capsys):
    assert main(["timers", "list", uri, "--chat", "-100123"]) == 0
    assert main(["show", uri, "chat_data", "-100123"]) == 3
    assert "chat_data[-100123]" in capsys.readouterr().err
