"""Tests that planted secrets and user data never appear in a log line, an error text or a repr."""

from __future__ import annotations

import asyncio
import logging
import traceback

import pytest
from telegram.ext import ExtBot

from ptb_bucket import Sealing, add_differences
from ptb_bucket.errors import PTBBucketError
from ptb_bucket.state import LAYOUTS
from ptb_bucket.stores import MemoryStore, Update
from ptb_bucket.testing.faults import Fault, FaultyStore
from support.applications.restarting_bot import World, asked, opened

MARK = "hunter2"
"""In every value, never in an id or a key of a dict, which messages may name."""
BASE64 = "aHVudGVyM"
"""What begins its base64, which spools hold."""
TOKEN = f"123456:{MARK}"
KEY = (MARK * 7)[:43]
FAULTS = [None, Fault.LOST_RACE, Fault.ANSWERED_TWICE, Fault.UNAVAILABLE, Fault.ANSWER_LOST, Fault.LATE, Fault.DENIED]


class Cart:
    """A class that is not registered."""

    def __init__(self):
        self.items = [MARK]

    def __repr__(self):
        return MARK


def texts(caplog):
    """Return all that our loggers wrote, with the tracebacks that a handler would print."""
    for entry in caplog.records:
        if entry.name.split(".")[0].startswith("ptb_bucket"):
            yield entry.getMessage()
            if entry.exc_info:
                yield "".join(traceback.format_exception(*entry.exc_info))


class BusyBot:
    """A bot that does everything, and keeps every resulting text."""

    def __init__(self, tmp_path, codec, layout):
        self.store, self.fault, self.said = MemoryStore(), None, []
        self.spool = tmp_path / "spool"
        self.options = {"codec": codec, "layout": layout, "commit_timeout": 0.02, "resolver": add_differences}
        self.sealing = Sealing(signing_keys=KEY, environment={})

    def open(self, **options):
        faulty = FaultyStore(self.store, lambda *_: self.fault)
        options = {"sealing": self.sealing, "spool_dir": self.spool} | self.options | options
        persistence = opened(faulty, **options)
        self.said += [repr(persistence), repr(faulty), repr(self.sealing)]
        return persistence

    async def tried(self, awaitable):
        try:
            return await awaitable
        except PTBBucketError as error:
            while error is not None:
                self.said += [str(error), repr(error)]
                error = error.__cause__ if isinstance(error.__cause__, PTBBucketError) else None

    async def changes(self, persistence, number):
        data = {"text": MARK, "list": [f"{MARK} {number}"], "set": {MARK, number}, "bytes": MARK.encode()}
        await self.tried(persistence.update_bot_data({**data, "n": number}))
        await self.tried(persistence.update_user_data(42, {**data, "bad": Cart()}))
        await self.tried(persistence.update_chat_data(-1, {**data, "bad": asyncio.Lock(), MARK.encode(): object}))
        await self.tried(persistence.update_conversation("talk", (1, 2), f"{MARK} {number}"))
        await self.tried(persistence.update_callback_data(([("a" * 32, 1.0, {"b" * 32: MARK})], {"q": "a" * 32})))
        self.said += [repr(persistence.stats), repr(persistence._session.replica), repr(persistence._session)]

    async def run(self):
        one, two = self.open(refresh_interval=0), self.open()
        for persistence in (one, two):
            await self.tried(persistence.get_bot_data())
        for number, fault in enumerate(FAULTS * 2):
            self.fault = fault
            await self.changes((one, two)[number % 2], number)
            await self.tried(one.refresh_bot_data({"text": MARK}))
        for persistence in (one, two):
            await self.tried(persistence.flush())
        self.fault = None
        await self.tampered()

    async def tampered(self):
        for info in [info async for info in self.store.list()]:
            blob = await self.store.get(info.key)
            for data in (
                blob.data[: len(blob.data) // 2],
                blob.data.replace(MARK.encode(), b"HUNTER2"),
                MARK.encode() * 9,
            ):
                await self._put(info.key, data)
                for sealing in (self.sealing, Sealing(environment={})):
                    await self.tried(self.open(sealing=sealing).get_bot_data())
            await self._put(info.key, blob.data)
        for path in list(self.spool.glob("*.spool")):
            if path.exists():  # it is merged and removed as soon as the commit that carries it is through
                path.write_bytes(path.read_bytes()[:-5])
                await self.tried(self.open().get_bot_data())

    async def _put(self, key, data):
        await self.store.put(key, data, Update((await self.store.get(key)).etag))


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("codec", ["json", "pickle"])
async def test_no_text_of_a_run_with_faults_contains_a_value_a_key_or_a_token(tmp_path, caplog, codec, layout):
    caplog.set_level(logging.DEBUG)
    bot = BusyBot(tmp_path, codec, layout)
    await bot.run()
    said = [*bot.said, *texts(caplog)]
    assert len(said) > 50
    assert [text for text in said if MARK in text or BASE64 in text] == []


async def test_nor_does_an_application_tell_its_token(caplog):
    caplog.set_level(logging.DEBUG)
    fault = [None]
    world = World(FaultyStore(MemoryStore(), lambda *_: fault[0]), {"commit_timeout": 0.02})
    ada = world.telegram.user(42, MARK)
    async with world.running() as app:
        await asked(ada, app, "/count", "/offer", f"{MARK} and more")
        app.user_data[42]["secret"] = MARK
        fault[0] = Fault.UNAVAILABLE
        await app.update_persistence()
        fault[0] = None
    assert [text for text in texts(caplog) if MARK in text] == []
    with pytest.raises(PTBBucketError) as told:
        opened(MemoryStore()).set_bot(ExtBot(TOKEN.replace(":", "")))
    assert MARK not in str(told.value)


@pytest.mark.parametrize(
    "uri", [f"s3://user:{MARK}@bucket", f"s3://bucket?secret_access_key={MARK}", f"file:./x?token={MARK}"]
)
def test_nor_does_the_refusal_of_a_uri_repeat_what_it_refuses(uri):
    with pytest.raises(PTBBucketError) as told:
        opened(uri)
    assert MARK not in str(told.value)
