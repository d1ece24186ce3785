"""The folder that the calls of every verb need, and a bot with old versions."""

from __future__ import annotations

import asyncio
import json
import shutil

import pytest
from telegram.ext import ExtBot

from ptb_bucket import BucketPersistence
from support.processes.verb_calls import BOT, remember


@pytest.fixture(scope="module")
def filled(tmp_path_factory):
    """A state that has something to show for each verb, and the files that verbs read."""
    folder = tmp_path_factory.mktemp("filled")
    (folder / "my_bot.py").write_text(BOT)
    (folder / "memory.json").write_text(json.dumps({"user_data_json": json.dumps({"42": {"name": "Ada"}})}))
    asyncio.run(remember(f"file:{folder}/bot?keep=9"))
    return folder


@pytest.fixture
def folder(filled, tmp_path, monkeypatch):
    """The present directory: a copy of it."""
    shutil.copytree(filled, tmp_path, dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def uri(tmp_path):
    async def remember():
        bot = BucketPersistence(f"file:{tmp_path}/bot?keep=9", update_interval=60)
        bot.set_bot(ExtBot("123456:offline"))
        for name in ("Ada", "Ada Lovelace"):
            long = {"name": name, "long": ["a value"] * 2000}
            await asyncio.gather(bot.update_user_data(42, long), bot.update_user_data(43, {"name": name}))
            await bot.flush()

    asyncio.run(remember())
    return f"file:{tmp_path}/bot?keep=9"
