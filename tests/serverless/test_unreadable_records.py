"""Records that this deployment cannot decode: their updates are answered 503 until newer code gets them."""

from __future__ import annotations

import asyncio
import contextlib
import enum
import json

import httpx
import pytest
from telegram.ext import ExtBot

from ptb_bucket import BucketPersistence
from ptb_bucket.offline_telegram import OfflineTelegram
from ptb_bucket.serverless.asgi import asgi_webhook
from support.serverless.asgi_server import HEADERS, post
from support.serverless.asgi_server import SECRET as ASGI_SECRET
from support.serverless.lambda_events import Environment

LAYOUTS = ["single", "per-record"]


class Mood(enum.Enum):
    """A class of the newer code, which older code has not registered."""

    GOOD = 1


async def write(where, user=None, chat=None):
    """Save a user's data with the newer code."""
    newer = BucketPersistence(where, types=[Mood])
    newer.set_bot(ExtBot(OfflineTelegram().token, arbitrary_callback_data=True))
    if user:
        await newer.update_user_data(user, {"mood": Mood.GOOD})
    if chat:
        await newer.update_chat_data(chat, {"mood": Mood.GOOD})
    await newer.flush()


async def users(where):
    newer = BucketPersistence(where, types=[Mood])
    newer.set_bot(ExtBot(OfflineTelegram().token, arbitrary_callback_data=True))
    try:
        return await newer.get_user_data()
    finally:
        await newer.flush()


# ---------------------------------------------------------------- Lambda


@pytest.fixture(params=LAYOUTS)
def where(request, tmp_path):
    return f"file:{tmp_path}/bot?layout={request.param}"


def test_lambda_answers_503_for_that_user_only(where, caplog):
    asyncio.run(write(where, user=42))
    environment = Environment(where)
    for count in (1, 2):
        assert environment.post(environment.update("hi")) == 503
        assert environment.post(environment.update("hi", user=43)) == 200
        assert asyncio.run(users(where)) == {42: {"mood": Mood.GOOD}, 43: {"count": count}}
    assert len(environment.built) == 1, "nothing has to be loaded anew"
    assert "user_data[42] cannot be loaded: the class Mood is not registered" in caplog.text


def test_lambda_does_not_acknowledge_a_change_that_meets_a_newer_record(where):
    async def overtaken(update, _context):
        if update.effective_user.id == 42:
            await write(where, user=42)

    environment = Environment(where)
    environment.hook = overtaken
    assert environment.post(environment.update("hi")) == 503
    assert environment.post(environment.update("hi", user=43)) == 200
    assert environment.post(environment.update("hi")) == 503
    assert asyncio.run(users(where)) == {42: {"mood": Mood.GOOD}, 43: {"count": 1}}
    assert len(environment.handled) == 2, "no handler runs for a record that is known to be unreadable"


# ---------------------------------------------------------------- ASGI


@pytest.fixture
def bot(monkeypatch, tmp_path):
    monkeypatch.setenv("BUCKET", f"file:{tmp_path}/bucket")
    monkeypatch.setenv("TELEGRAM_WEBHOOK_SECRET", ASGI_SECRET)
    monkeypatch.setenv("FAULTS", str(tmp_path / "faults"))
    monkeypatch.setenv("PATIENCE", "0.3")
    from support.serverless import asgi_bot  # noqa: PLC0415  it reads its environment

    return asgi_bot


@pytest.fixture
async def client(bot):
    app = asgi_webhook(bot.build_application, deadline=5)
    async with contextlib.AsyncExitStack() as stack:
        await stack.enter_async_context(app.router.lifespan_context(app))
        transport = httpx.ASGITransport(app)
        yield await stack.enter_async_context(
            httpx.AsyncClient(transport=transport, base_url="http://bot", headers=HEADERS)
        )


async def test_asgi_answers_503_for_that_chat_only(client, tmp_path):
    where = f"file:{tmp_path}/bucket"
    await write(where, chat=7)
    for _ in range(2):
        assert await post(client, "add x", chat=7) == 503
        assert await post(client, "add x", chat=8) == 200
    document = json.loads((tmp_path / "bucket" / "state.json").read_text())
    assert document["chat_data"] == {"7": {"mood": {"$Mood": "GOOD"}}, "8": {"log": ["x", "x"]}}


async def test_asgi_does_not_acknowledge_a_change_that_meets_a_newer_record(client, tmp_path):
    where = f"file:{tmp_path}/bucket"
    assert await post(client, "add a", chat=8) == 200
    slow = asyncio.create_task(post(client, "slow x 0.5", chat=7))
    await asyncio.sleep(0.2)
    await write(where, chat=7)
    assert await slow == 503
    for _ in range(2):
        assert await post(client, "add b", chat=8) == 200
        assert await post(client, "add x", chat=7) == 503
    document = json.loads((tmp_path / "bucket" / "state.json").read_text())
    assert document["chat_data"] == {"7": {"mood": {"$Mood": "GOOD"}}, "8": {"log": ["a", "b", "b"]}}


async def test_asgi_does_not_acknowledge_it_either_if_the_first_try_met_an_outage(client, tmp_path):
    slow = asyncio.create_task(post(client, "slow x 0.3", chat=7))
    await asyncio.sleep(0.1)
    await write(f"file:{tmp_path}/bucket", chat=7)
    (tmp_path / "faults").write_text("put UNAVAILABLE\nget UNAVAILABLE\n")
    await asyncio.sleep(0.8)
    (tmp_path / "faults").unlink()
    assert await slow == 503
    assert await post(client, "add x", chat=8) == 200
