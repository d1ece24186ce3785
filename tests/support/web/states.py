"""States that a page shows: the population with each sealing, and the data of a few users."""

from __future__ import annotations

from contextlib import contextmanager

import httpx
from telegram.ext import ExtBot

from ptb_bucket import BucketPersistence
from support.web.pages import served
from support.web.population import BOT, aside

KEY = "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE="
SEALINGS = {"plain": {}, "signed": {"PTB_BUCKET_SIGNING_KEYS": KEY}, "encrypted": {"PTB_BUCKET_ENCRYPTION_KEYS": KEY}}


@contextmanager
def browsing(tmp_path, data, layout="single", types=(), **settings):
    """Serve a state with the data of some users, and yield a client that has entered. No browser is needed."""
    uri = f"file:{tmp_path / 'bot'}?layout={layout}"

    async def save():
        kept = BucketPersistence(uri, types=types)
        kept.set_bot(ExtBot(BOT))
        await kept.update_bot_data({"day": 1})
        for number, value in data.items():
            await kept.update_user_data(number, value)
        await kept.flush()

    aside(save())
    with served(uri, types=types, **settings) as door, httpx.Client(follow_redirects=True) as client:
        client.base_url = f"http://127.0.0.1:{door.port}"
        client.get(door.said[0])
        yield client
