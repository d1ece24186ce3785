"""A bot with a broadcast that is under way, its journal and its audience."""

from __future__ import annotations

import base64
import time

from telegram.ext import ExtBot

from ptb_bucket import BucketPersistence
from ptb_bucket.state import BOT_DATA, BROADCAST, Journals, Kind, Record
from ptb_bucket.state.timers import Timer

ADA = 987654321
KEY = base64.b64encode(b"k" * 32).decode()
PEOPLE = [7, *range(100_000, 110_000), ADA, 8]


async def remember(uri, **journal):
    """Store a bot with a broadcast that is under way, as its journal says, and the timer that drives it."""
    bot = BucketPersistence(uri)
    bot.set_bot(ExtBot("123456:offline"))
    await bot.update_user_data(7, {"name": "Grace"})
    replica = bot._session.replica
    replica.documents.kinds = tuple(Kind)
    timer = Timer(BROADCAST, "00", "news-7", "news-7", due=time.time() + 1e6)
    replica.stage(Record.of_timer(BOT_DATA, f"{BROADCAST}news-7"), timer.to_value())
    await bot.flush()
    journals = Journals(replica.documents.store)
    made = await journals.create("news-7", "news", PEOPLE)
    await journals.write(made.but(done=5, sent=3, blocked=[7, ADA], failed=[], **journal))


async def journal_of(state):
    return await Journals(state.store).read("news-7")


async def audience_of(state):
    return await Journals(state.store).people(await journal_of(state), 0, len(PEOPLE))
