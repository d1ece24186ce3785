"""Tests of the words for records and values on the command line, and of the question before deleting old versions."""

from __future__ import annotations

import asyncio
import io
import json
from pathlib import Path

import pytest
from telegram.ext import ExtBot

from ptb_bucket import BucketPersistence
from ptb_bucket.cli import main


@pytest.fixture
def uri(tmp_path):
    async def remember():
        bot = BucketPersistence(f"file:{tmp_path}?keep=9")
        bot.set_bot(ExtBot("123456:offline"))
        for name in ("Ada", "Ada Lovelace"):
            await bot.update_user_data(42, {"name": name, "\x1b[31m": "\x9b2J"})
            await bot.update_conversation("order", (-100, 42), "size")
            await bot.flush()

    asyncio.run(remember())
    return f"file:{tmp_path}?keep=9"


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        ("set {uri} user_data 42 x --dryrun 5", "No such option '--dryrun'"),
        ("end-conversation {uri} order -100 --dry", "No such option '--dry'"),
        ("set {uri} user_data 42 a b 5", "Too many arguments"),
        ("rm {uri} user_data 42 a b", "Too many arguments"),
        ("show {uri} user_data 42 a b", "Too many arguments"),
        ("show {uri} users", "Choose one of: bot_data"),
        ("erase-user {uri} ada", "not a valid ID"),
    ],
)
def test_what_is_no_word_is_not_taken_for_one(uri, words, complaint, capsys):
    assert main([word.format(uri=uri) for word in words.split()]) == 2
    assert complaint in capsys.readouterr().err


@pytest.mark.parametrize("words", [["set", "", "1"], ["set", "", "{}"], ["rm", ""], ["show", ""], ["explain", ""]])
def test_an_empty_variable_of_the_shell_does_not_mean_the_whole_record(uri, words, capsys):
    verb, *more = words
    assert main([verb, uri, "user_data", "42", *more]) == 2
    assert "is empty" in capsys.readouterr().err
    assert main([verb, uri, "user_data", "", *more]) == 2
    assert main(["show", uri, "user_data", "42", "name"]) == 0


def test_negative_numbers_are_no_options(uri, capsys):
    assert main(["set", uri, "chat_data", "-100", "x", "-5.5", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["after"] == -5.5
    assert main(["end-conversation", uri, "order", "-100", "42"]) == 0


def test_what_users_wrote_is_shown_and_not_done(uri, capsys):
    assert main(["show", uri, "user_data", "42"]) == 0
    shown = capsys.readouterr().out
    assert "\x1b" not in shown
    assert "\x9b" not in shown
    assert "\\x9b2J" in shown


KEYS = [(42, "42"), (42, 42), ("a,b", 7), ("a b", 7), ('"', -1)]


def test_every_listed_conversation_can_be_shown_and_is_a_place_to_go_on_from(tmp_path, capsys):
    uri = f"file:{tmp_path}/talks"

    async def remember():
        bot = BucketPersistence(uri)
        bot.set_bot(ExtBot("123456:offline"))
        for key in KEYS:
            await bot.update_conversation("order, please", key, f"{key}")
        await bot.flush()

    asyncio.run(remember())
    found, after = [], []
    while after is not None:
        assert main(["show", uri, "conversations", "--limit", "1", "--json", *after]) == 0
        page = json.loads(capsys.readouterr().out)
        [listed] = page["records"]
        assert main(["show", uri, "conversations", "--json", *listed["id"]]) == 0
        found.append(json.loads(capsys.readouterr().out)["value"])
        after = page["next"] and ["--after", page["next"]]
    assert sorted(found) == sorted(map(str, KEYS))


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.mark.parametrize(("answer", "code"), [("n", 4), ("y", 0)])
def test_a_person_is_asked(answer, code, uri, monkeypatch, capsys):
    monkeypatch.setattr("sys.stdin", Terminal(f"{answer}\n"))
    assert main(["erase-user", uri, "42", "--versions", "--force"]) == code
    said = capsys.readouterr()
    assert "This permanently deletes 3 old versions of 1 object" in said.out + said.err
    everything = b"".join(path.read_bytes() for path in Path(uri[5:-7]).rglob("*") if path.is_file())
    assert (b"Ada" in everything) == (code == 4)
