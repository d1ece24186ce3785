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
from ptb_bucket.state import Record
from ptb_bucket.state.timers import Timer
from ptb_bucket.tools import open_state

RUN = """
import contextlib, io, json, sys
from ptb_bucket.cli import main
HEAVY = ("telegram", "telegram.ext", "httpx", "rich")
for words in map(json.loads, sys.argv[1:]):
    before = set(sys.modules)
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        try:
            code = main(words)
        except SystemExit as error:
            code = error.code
    print(json.dumps([code, [name for name in HEAVY if name in sys.modules.keys() - before]]))
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
    "timers {uri}", "timers {uri} --due 1h", "timers rm {uri} user_data 42 tea --dry-run",
    "timers run {uri} user_data 42 tea --dry-run",
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
        async with open_state(f"file:{folder}?keep=9") as state:
            replica, tea = state.replica(), Timer("remind", "0a", {"text": "Tea!"}, due=2e9, user_id=42)
            await replica.documents.read_all()
            replica.stage(Record.of_timer(Record.user(42), "tea"), tea.to_value())
            await replica.commit()

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


def imported(*lines):
    """Run verbs after each other in one new interpreter; return the code of each, and what it was the first to import.

    None of them may import anything heavy, so it makes no difference that they share an interpreter.
    """
    words = [json.dumps(line) for line in lines]
    done = subprocess.run([sys.executable, "-c", RUN, *words], capture_output=True, text=True, check=True)
    return [json.loads(line) for line in done.stdout.splitlines()]


@pytest.fixture(scope="module")
def verbs(uri, exported, tmp_path_factory):
    """Return what each verb imports."""
    folder = tmp_path_factory.mktemp("verbs")
    lines = [
        [word.format(uri=uri, exported=exported, new=folder / f"{number}.json") for word in line.split()]
        for number, line in enumerate(VERBS)
    ]
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("EDITOR", "true")
        return dict(zip(VERBS, imported(*lines), strict=True))


@pytest.mark.parametrize("words", VERBS)
def test_a_verb_does_without_telegram(verbs, words):
    assert verbs[words] == [0, []]


@pytest.mark.parametrize("words", WITH_TELEGRAM_OBJECTS)
def test_a_verb_that_loads_telegram_objects_does_without_the_framework(with_user, words):
    [[code, heavy]] = imported([word.format(uri=with_user) for word in words.split()])
    assert code == 0
    assert "telegram" in heavy
    assert "telegram.ext" not in heavy


def test_the_start_of_every_verb_is_light():
    verbs = sorted(set(command_group._VERBS) - {"demo"})
    found = dict(zip(verbs, imported(*([verb, "--help"] for verb in verbs)), strict=True))
    assert found == {verb: [0, []] for verb in verbs}
