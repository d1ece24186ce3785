"""A call of every verb that prints something, and the folder with the bot that the calls name."""

from __future__ import annotations

import os
import sys
import time

import pytest
from telegram.ext import ExtBot

from ptb_bucket import BucketPersistence
from ptb_bucket.state import Journals, Kind, Record
from ptb_bucket.state.timers import Timer

CALLS = {
    "demo": "--uri file:{new}",
    "init": "{new}",
    "check": "{uri}",
    "verify": "{uri} --quick --yes",
    "show": "{uri} user_data",
    "web": "{uri} --port 0",
    "set": "{uri} user_data 42 premium true",
    "edit": "{uri} user_data 42",
    "rm": "{uri} user_data 42",
    "end-conversation": "{uri} order 42 42",
    "erase-user": "{uri} 42 --force",
    "copy": "{uri} file:{new}",
    "broadcasts": "{uri}",
    "history": "{uri}",
    "explain": "{uri} user 42",
    "restore": "{uri}",
    "keygen": "",
    "rekey": "{uri} --to-plain",
    "sweep": "{uri}",
    "timers": "{uri}",
    "tick": "{uri} --app my_bot:build_application",
    "import": "{memory} file:{new} --bot-id 7",
    "export": "{uri} -",
}
"""Every verb → arguments with which it prints something."""
BOT = """
import os
from ptb_bucket import bucket_application
from ptb_bucket.offline_telegram import OfflineTelegram

def build_application():
    builder = bucket_application(os.environ["PTB_BUCKET_URI"], jobs="bucket", callbacks=[])
    return OfflineTelegram(bot_id=7).connect(builder).build()
"""
NAME = "a-name-of-a-broadcast-or-a-key-that-is-longer-than-eighty-columns-of-a-terminal-are-wide"
DIFFERENT = ("demo", "web", "show", "export {uri} -", "tick", "verify {uri} --quick", "--help")
"""The starts of lines whose verbs write or wait in another way than the others. A short run tries these."""


async def remember(uri):
    bot = BucketPersistence(uri, update_interval=60)
    bot.set_bot(ExtBot("7:offline"))
    for name in ("Ada", "Ada Lovelace"):
        await bot.update_user_data(42, {"name": name, NAME: 1})
        await bot.update_conversation("order", (42, 42), "size")
        await bot.update_conversation(NAME, (42, 42), "size")
        await bot.flush()
    replica = bot._session.replica
    replica.documents.kinds = tuple(Kind)
    timer = Timer("remind", "a1", due=time.time() + 1e6, user_id=42, name=NAME)
    replica.stage(Record.of_timer(Record.user(42), "tea"), timer.to_value())
    await bot.flush()
    await Journals(replica.documents.store).create(NAME[:60], "news", [42])


def command(line, folder, uri=None):
    values = {"uri": uri or f"file:{folder}/bot", "new": folder / "new", "memory": folder / "memory.json"}
    return [sys.executable, "-m", "ptb_bucket.cli", *(word.format(**values) for word in line.split())]


def environment(**more):
    return os.environ | {"EDITOR": "sed -i s/Ada/Bo/", "PYTHONUNBUFFERED": ""} | more


def short(lines):
    """Leave most lines to long runs, because each needs a new interpreter or two seconds."""
    return [line if line.startswith(DIFFERENT) else pytest.param(line, marks=pytest.mark.long) for line in lines]
