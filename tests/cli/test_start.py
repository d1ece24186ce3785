"""Tests of what the start of a verb imports. Telegram's library takes longer to import than everything else."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys

import pytest
from telegram.ext import ExtBot

from ptb_bucket import BucketPersistence
from ptb_bucket.cli import command_group

RUN = """
import contextlib, io, json, sys
from ptb_bucket.cli import main
with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
    code = main(sys.argv[1:])
heavy = [name for name in ("telegram", "telegram.ext", "httpx", "rich") if name in sys.modules]
print(json.dumps([code, heavy]))
"""
WITHOUT_VALUES = [
    "show {uri}", "show {uri} user_data", "show {uri} user_data 42", "history {uri}", "restore {uri}", "sweep {uri}",
    "erase-user {uri} 7 --dry-run", "export {uri} {new}", "keygen", "--version", "--help",
    "rekey {uri} --to-plain --dry-run",
]  # fmt: skip
WITH_VALUES = [
    "set {uri} user_data 42 premium true", "rm {uri} user_data 42 --dry-run",
    "end-conversation {uri} order 1 1 --dry-run",
    "show {uri} user_data --where premium", "show {uri} user_data 42 name", "explain {uri} user 42",
]  # fmt: skip


@pytest.fixture(scope="module")
def uri(tmp_path_factory):
    folder = tmp_path_factory.mktemp("bot")

    async def remember():
        bot = BucketPersistence(f"file:{folder}?keep=9")
        bot.set_bot(ExtBot("123456:offline"))
        await bot.update_user_data(42, {"name": "Ada"})
        await bot.update_conversation("order", (1, 1), "size")
        await bot.flush()

    asyncio.run(remember())
    return f"file:{folder}?keep=9"


def imported(words):
    done = subprocess.run([sys.executable, "-c", RUN, *words], capture_output=True, text=True, check=True)
    return json.loads(done.stdout.splitlines()[-1])


@pytest.mark.parametrize("words", WITHOUT_VALUES)
def test_a_verb_that_loads_no_values_does_without_telegram(uri, tmp_path, words):
    assert imported([word.format(uri=uri, new=tmp_path / "new.json") for word in words.split()]) == [0, []]


@pytest.mark.parametrize("words", WITH_VALUES)
def test_a_verb_that_loads_values_does_without_the_framework(uri, words):
    code, heavy = imported([word.format(uri=uri) for word in words.split()])
    assert code == 0
    assert "telegram.ext" not in heavy


@pytest.mark.parametrize("verb", sorted(set(command_group._VERBS) - {"demo"}))
def test_the_start_of_every_verb_is_light(verb):
    assert imported([verb, "--help"]) == [0, []]
