"""A booking bot with people whose states and history are known, saved over several days."""

from __future__ import annotations

import asyncio
import atexit
import os
import shutil
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta, timezone
from functools import cache
from pathlib import Path
from unittest.mock import patch

from telegram import Chat, Message, User
from telegram.ext import ExtBot

from ptb_bucket import BucketPersistence
from ptb_bucket.state import BOT_DATA, Record
from ptb_bucket.state.timers import Timer
from ptb_bucket.tools import open_state

BOT = "123456:offline"
FUNNEL = {"booking": {"date": 9, "people": 4, "confirm": 2}, "feedback": {"stars": 5, "comment": 1}}
"""Handler → state → the number of people in it."""
ADA = 42
NAMES = ("Ada", "Grace", "Linus", "Margaret", "Dennis", "Barbara", "Ken", "Radia", "Tim", "Joan", "Alan", "Hedy")
HOUR = 3600


def populate(folder, options="", *, log=400, timers=True):
    """Save the population in a directory, as a bot would have over four days.

    Args:
        folder: The directory.
        options: Options of the URI, such as ``layout=single``. Versions are kept.
        log: The number of entries in the bot's log, each of about 230 bytes.
        timers: Set timers, too.
    """
    keys = tuple(os.environ.get(f"PTB_BUCKET_{which}_KEYS") for which in ("SIGNING", "ENCRYPTION"))
    shutil.copytree(_made(options, log, timers, keys), folder, dirs_exist_ok=True)
    return f"file:{folder}?keep=50&{options}".rstrip("&")


@cache
def _made(options, log, timers, _keys):
    """Make a population once for all tests of a process, and return its directory."""
    folder = Path(tempfile.mkdtemp(prefix="ptb-bucket-web-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    aside(_populate(folder, options, log, timers))
    return folder


def aside(work):
    """Run a coroutine in a thread, because a browser's library runs a loop in this one. Return its result."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(asyncio.run, work).result()


async def _populate(folder, options, log, timers):
    uri = f"file:{folder}?keep=50&{options}"
    kept = BucketPersistence(uri)
    kept.set_bot(ExtBot(BOT))
    with at(folder, 96 * HOUR):
        await begin(kept, log)
    with at(folder, 50 * HOUR):
        await kept.update_user_data(ADA, ada(["2 breakfast"], {"new"}, "Do you have a table by the window?"))
        await kept.update_conversation("booking", (ADA, ADA), "date")
        await kept.flush()
    with at(folder, 30 * HOUR):
        await kept.update_user_data(ADA, ada(["2 breakfast", "1 tea"], {"new", "vip"}, "Can I bring my dog?"))
        await kept.update_conversation("booking", (ADA, ADA), "people")
        await kept.flush()
    if timers:
        with at(folder, 3 * HOUR):
            await set_timers(uri)
    with at(folder, 2 * HOUR):
        await newcomers(kept)


async def begin(kept, log):
    await kept.get_user_data()
    await kept.get_chat_data()
    await kept.get_bot_data()
    await kept.get_callback_data()
    for handler in FUNNEL:
        await kept.get_conversations(handler)
    await kept.update_user_data(ADA, ada([], {"new"}, "Hello!"))
    for number in range(100, 160):
        name = NAMES[number % len(NAMES)]
        await kept.update_user_data(
            number, {"name": name, "visits": number % 7, "tags": {"new"} if number % 3 else set()}
        )
    await kept.update_chat_data(ADA, {"language": "en", "reminders": True})
    await kept.update_chat_data(-1001, {"title": "Friends of breakfast", "members": {ADA, 100, 101}})
    entries = [f"2026-11-20 12:{at % 60:02} user {at} asked: {'x' * 190}" for at in range(log)]
    kept.opened = {"menu": {"breakfast": 12.5, "tea": 3}, "admins": {ADA}, "log": entries, "opened": (7, 22)}
    await kept.update_bot_data(kept.opened)
    await kept.update_callback_data(([("ab" * 16, time.time(), {"b1": ("book", ADA)})], {"q1": "ab" * 16}))
    await kept.flush()


async def newcomers(kept):
    number = 100
    for handler, states in FUNNEL.items():
        for state, people in states.items():
            for _ in range(people - (handler == "booking" and state == "people")):  # Ada is the other one
                await kept.update_conversation(handler, (number, number), state)
                number += 1
    kept.opened |= {"guests": 21}
    await kept.update_bot_data(kept.opened)
    await kept.flush()


async def set_timers(uri):
    now = time.time() + 3 * HOUR
    ada_owns = Record.user(ADA)
    timers = {
        Record.of_timer(ada_owns, "reminder"): Timer("remind", "0a", due=now + 5 * HOUR, user_id=ADA, chat_id=ADA),
        Record.of_timer(ada_owns, "survey"): Timer("ask", "0b", due=now - HOUR, user_id=ADA),
        Record.of_timer(BOT_DATA, "menu of the day"): Timer("send_menu", "0c", due=now + 20 * HOUR),
        Record.of_timer(Record.user(101), "old"): Timer(
            "gone", "0d", due=now - 9 * HOUR, parked="no callback is named gone"
        ),
    }
    async with open_state(uri, author="web:alice") as state:
        replica = state.replica()
        await replica.documents.read_all()
        for record, timer in timers.items():
            replica.values.load(record)
            replica.stage(record, timer.to_value())
        await replica.commit()


def ada(cart, tags, said):
    user = User(ADA, "Ada", is_bot=False, username="ada")
    chat = Chat(ADA, "private", first_name="Ada")
    when = datetime(2026, 11, 26, 9, 30, tzinfo=timezone.utc)
    message = Message(len(said), when, chat, from_user=user, text=said)
    return {
        "name": "Ada Lovelace", "visits": 2 + len(cart), "tags": set(tags),
        "cart": {"items": list(cart), "paid": False},
        "last_message": message, "seat": (3, "window"), "member_since": when - timedelta(days=300),
    }  # fmt: skip


class at:  # noqa: N801  reads as a word
    """Let everything in the block happen a number of seconds ago: by the clock of commits, and of old versions."""

    def __init__(self, folder, seconds):
        self.folder, self.moment = folder, time.time() - seconds
        self.clock = patch.object(time, "time", lambda: self.moment)

    def __enter__(self):
        self.began = time.time_ns() - 20_000_000
        self.clock.start()

    def __exit__(self, *_):
        self.clock.stop()
        for path in [path for path in self.folder.rglob("*") if path.is_file()]:
            if path.stat().st_mtime_ns >= self.began:
                os.utime(path, (self.moment, self.moment))
            name, _, digest = path.name.partition("-")
            if path.parent.parent.name == ".versions" and int(name) >= self.began:
                path.rename(path.with_name(f"{int(self.moment * 1e9) + int(name) - self.began}-{digest}"))
