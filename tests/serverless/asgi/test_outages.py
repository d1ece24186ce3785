"""Tests of the ASGI entry point without a server, while its bucket is slow or away, and of saving at its end."""

from __future__ import annotations

import asyncio

import pytest
from telegram.error import NetworkError

from ptb_bucket import open_store
from ptb_bucket.serverless.asgi import asgi_webhook
from ptb_bucket.stores import InterceptingStore
from support.serverless.asgi_server import load_bot, logs, post, running, talking_to


@pytest.fixture
def bot(monkeypatch, bucket, faults):
    """Make a bot that saves by itself only once in a minute, which is longer than any test waits."""
    return load_bot(monkeypatch, bucket, faults, PATIENCE="0.2", INTERVAL="60", SHUTDOWN_DEADLINE="1")


@pytest.fixture
def pause(monkeypatch):
    """Set the seconds before each further try to save."""
    return lambda seconds: monkeypatch.setattr("ptb_bucket.serverless.asgi.saving.PAUSE", seconds)


class Builder:
    """A builder of bots that keeps the bots it has built."""

    def __init__(self, bot):
        self._build, self.built = bot.build_application, []

    def __call__(self):
        self.built.append(self._build())
        return self.built[-1]


class Slow(InterceptingStore):
    """A store that reads only after a test allows it."""

    def __init__(self, store, go_on):
        super().__init__(store)
        self._go_on = go_on

    async def _call(self, operation, key, send):
        if operation == "get":
            await self._go_on.wait()
        return await super()._call(operation, key, send)


async def test_a_load_that_takes_longer_than_a_request_may_goes_on_without_it(bot, bucket, monkeypatch):
    """Otherwise each request would begin anew, and the bot would never start."""
    go_on, build = asyncio.Event(), Builder(bot)
    monkeypatch.setenv("PATIENCE", "5")
    monkeypatch.setattr(bot, "open_store", lambda uri: Slow(open_store(uri), go_on))
    async with talking_to(asgi_webhook(build, deadline=0.5)) as client:
        assert await asyncio.gather(*(post(client, "add lost", chat) for chat in (1, 2))) == [503, 503]
        go_on.set()
        assert await post(client, "add x") == 200
        assert len(build.built) == 1
    await build.built[0].shutdown()
    assert await logs(bucket) == {7: ["x"]}


async def test_each_try_to_load_that_fails_lets_go_of_its_connections(bot, faults):
    faults.write_text("get DENIED\n")
    build = Builder(bot)
    async with running(asgi_webhook(build, deadline=5)) as client:
        assert await post(client, "add lost") == 503
        faults.unlink()
        assert await post(client, "add found") == 200
        assert len(build.built) == 3
        for application in build.built[:2]:
            with pytest.raises(NetworkError, match="not initialized"):
                await application.bot.get_me()
        assert await build.built[2].bot.get_me()


async def test_after_an_outage_the_next_update_saves_what_is_behind_and_is_handled(bot, bucket, faults, pause):
    pause(0.01)
    async with running(asgi_webhook(bot.build_application, deadline=0.5)) as client:
        faults.write_text("put DENIED\n")
        assert await post(client, "add late", 8) == 503
        await asyncio.sleep(0.05)
        assert (await client.get("/readyz")).json()["reason"] == "changes are not saved"
        assert await post(client, "add refused", 9) == 503
        faults.unlink()
        assert await post(client, "add after") == 200
        assert (await client.get("/readyz")).json() == {"ready": True}
        assert await logs(bucket) == {8: ["late"], 7: ["after"]}


async def test_at_the_end_a_stuck_handler_leaves_half_of_the_time_for_saving(bot, bucket, faults, pause, caplog):
    pause(60)
    async with running(asgi_webhook(bot.build_application, deadline=0.2)) as client:
        faults.write_text("put DENIED\n")
        assert await asyncio.gather(post(client, "stubborn", 9), post(client, "add late", 8)) == [503, 503]
        faults.unlink()
    assert await logs(bucket) == {8: ["late"]}
    assert "The server is stopping. Cancelled" in caplog.text


async def test_at_the_end_no_update_is_taken_and_those_under_way_are_waited_for_and_then_cancelled(bot, bucket):
    build = Builder(bot)
    app = asgi_webhook(build, deadline=10)
    async with talking_to(app) as client:
        async with app.router.lifespan_context(app):
            posts = [asyncio.create_task(post(client, text, chat)) for text, chat in (("slow x 0.2", 8), ("never", 9))]
            await asyncio.sleep(0.1)
            posts.append(asyncio.create_task(posted_later(client)))
        assert await post(client, "add refused") == 503
        assert await asyncio.gather(*posts) == [200, 503, 503]
    assert await logs(bucket) == {8: ["x"]}
    assert len(build.built) == 1
    assert not [task for task in asyncio.all_tasks() if task.get_name().startswith("update")]


async def posted_later(client):
    await asyncio.sleep(0.05)
    return await post(client, "add refused")


async def test_at_the_end_what_cannot_be_saved_is_named(bot, faults, pause, caplog):
    pause(60)
    async with running(asgi_webhook(bot.build_application, deadline=0.2)) as client:
        faults.write_text("put DENIED\n")
        assert await post(client, "add x", 8) == 503
    assert "chat_data[8]" in caplog.text
