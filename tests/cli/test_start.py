"""Tests of what the start of a verb imports. python-telegram-bot takes longer to import than everything else."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys

import pytest
from telegram import User
from telegram.ext import ExtBot

from ptb_bucket import BucketPersistence
from ptb_bucket.cli import command_group, main

RUN = """
import contextlib, io, json, sys
from ptb_bucket.cli import main
with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
    code = main(sys.argv[1:])
heavy = [name for name in ("telegram", "telegram.ext", "httpx", "rich") if name in sys.modules]
print(json.dumps([code, heavy]))
"""
VERBS = [
    "show {uri}", "show {uri} user_data", "show {uri} user_data 42", "history {uri}", "restore {uri}", "sweep {uri}",
    "erase-user {uri} 7 --dry-run", "export {uri} {new}", "keygen", "--version", "--help",
    "rekey {uri} --to-plain --dry-run", "check {uri}",
    "set {uri} user_data 42 premium true", "rm {uri} user_data 42 --dry-run",
    "end-conversation {uri} order 1 1 --dry-run",
    "edit {uri} user_data 42", "copy {uri} file:{new}", "import {exported} file:{new} --bot-id 123456",
    "broadcasts {uri}", "verify {uri} --dry-run", "init {new}",
    "show {uri} user_data --where premium", "show {uri} user_data 42 name", "explain {uri} user 42",
]  # fmt: skip
WITH_TELEGRAM_OBJECTS = [
    "check {uri}",
    "show {uri} chat_data --where size>9",
    "set {uri} chat_data 42 size 10 --dry-run",
]


def remember(folder, chat_data):
    async def save():
        bot = BucketPersistence(f"file:{folder}?keep=9")
        bot.set_bot(ExtBot("123456:offline"))
        await bot.update_user_data(42, {"name": "Ada"})
        await bot.update_chat_data(42, chat_data)
        await bot.update_conversation("order", (1, 1), "size")
        await bot.flush()

    asyncio.run(save())
    return f"file:{folder}?keep=9"


@pytest.fixture(scope="module")
def uri(tmp_path_factory):
    return remember(tmp_path_factory.mktemp("bot"), {"ids": {1, 2}})


@pytest.fixture(scope="module")
def with_user(tmp_path_factory):
    return remember(tmp_path_factory.mktemp("bot"), {"last": User(42, "Ada", is_bot=False), "size": 9})


@pytest.fixture(scope="module")
def exported(uri, tmp_path_factory):
    file = tmp_path_factory.mktemp("export") / "bot.json"
    assert main(["export", uri, str(file), "-q"]) == 0
    return file


def imported(words):
    done = subprocess.run([sys.executable, "-c", RUN, *words], capture_output=True, text=True, check=True)
    return json.loads(done.stdout.splitlines()[-1])


@pytest.mark.parametrize("words", VERBS)
def test_a_verb_does_without_telegram(uri, exported, tmp_path, monkeypatch, words):
    monkeypatch.setenv("EDITOR", "true")
    files = {"new": tmp_path / "new.json", "exported": exported}
    assert imported([word.format(uri=uri, **files) for word in words.split()]) == [0, []]


@pytest.mark.parametrize("words", WITH_TELEGRAM_OBJECTS)
def test_a_verb_that_loads_telegram_objects_does_without_the_framework(with_user, words):
    code, heavy = imported([word.format(uri=with_user) for word in words.split()])
    assert code == 0
    assert "telegram" in heavy
    assert "telegram.ext" not in heavy


@pytest.mark.parametrize("verb", sorted(set(command_group._VERBS) - {"demo"}))
def test_the_start_of_every_verb_is_light(verb):
    assert imported([verb, "--help"]) == [0, []]
