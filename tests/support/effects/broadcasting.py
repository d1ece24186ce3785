"""A broadcast on instances that are killed, in virtual time: everybody's messages are counted, and all requests."""

from __future__ import annotations

import asyncio
import collections
import contextlib
import time
from datetime import datetime, timezone
from unittest.mock import patch

from ptb_bucket import bucket_application
from ptb_bucket.offline_telegram import OfflineRequest, OfflineTelegram
from ptb_bucket.stores import InterceptingStore, MemoryStore
from support.documents.virtual_time import VirtualLoop

__all__ = ["Instance", "World", "news", "other", "run_virtually", "send_with_kills"]

EPOCH = 1_800_000_000.0


async def news(context, user_id):
    await context.bot.send_message(user_id, "news")


async def other(context, user_id):
    raise AssertionError


class Loop(VirtualLoop):
    """A virtual loop whose clock advances a little whenever it is read, as a real one does."""

    def time(self):
        self._virtual_now += 1e-6
        return self._virtual_now


class Counted(InterceptingStore):
    """A store that counts requests and bytes, and that ends with its process."""

    def __init__(self, store, process):
        super().__init__(store)
        self._process = process

    async def _call(self, operation, key, send):
        await self._process.step()
        self._process.world.requests[operation] += 1
        answer = await send()
        await self._process.step()
        self._process.world.bytes["get"] += len(getattr(answer, "data", b"")) if operation == "get" else 0
        return answer

    async def _stream(self, operation, key, begin):
        await self._process.step()
        self._process.world.requests[operation] += 1
        async for each in super()._stream(operation, key, begin):
            yield each

    async def put(self, key, data, mode):
        self._process.world.bytes["put"] += len(data)
        return await super().put(key, data, mode)


class Wire(OfflineRequest):
    """A connection to Telegram with a delay, on which messages are noted with their times."""

    def __init__(self, telegram, process):
        super().__init__(telegram)
        self._process = process

    async def do_request(self, url, method, request_data=None, *args, **kwargs):
        await self._process.step(0.05)
        answer = await super().do_request(url, method, request_data, *args, **kwargs)
        if url.endswith("/sendMessage"):
            self._process.world.calls.append(time.time())
            if answer[0] == 200:
                self._process.world.got[request_data.parameters["chat_id"]] += 1
        await self._process.step(0.05)
        return answer


class Instance:
    """An instance in a process of its own."""

    def __init__(self, world, **options):
        self.world, self.dead = world, False
        store = Counted(world.bucket, self)
        options = {"layout": world.layout, "jobs": "bucket", "callbacks": [news, other], "tick": 5.0, **options}
        builder = world.telegram.connect(bucket_application(store, save="update", **options))
        self.application = builder.request(Wire(world.telegram, self)).build()
        self.application._durable.broadcasts.segment = world.segment

    async def step(self, seconds=0.0):
        await asyncio.sleep(seconds)
        if self.dead:
            raise asyncio.CancelledError

    async def start(self):
        await self.application.initialize()
        await self.application.start()
        return self

    async def stop(self):
        await self.application.stop()
        await self.application.shutdown()

    async def kill(self):
        self.dead = True
        timers = self.application.timers
        for task in {*timers.ticker.running, *timers.alarms._watching}:
            task.cancel()
        await asyncio.sleep(0)


class World:
    """The bucket, Telegram, and what they have seen."""

    def __init__(self, layout, segment=20):
        self.layout, self.segment, self.bucket = layout, segment, MemoryStore()
        self.telegram = OfflineTelegram(clock=lambda: datetime.fromtimestamp(time.time(), timezone.utc))
        self.requests, self.bytes = collections.Counter(), collections.Counter()
        self.got, self.calls = collections.Counter(), []

    def people(self, number):
        """Let some people talk to the bot, and return their IDs."""
        everybody = range(1, number + 1)
        for user_id in everybody:
            self.telegram.user(user_id, "Ada")
            self.telegram.server.state.chats.setdefault(str(user_id), {"id": user_id, "type": "private"})
        return everybody

    @property
    def most_in_a_second(self):
        times = sorted(self.calls)
        return max(sum(1 for one in times[at : at + 60] if one < begin + 1.0) for at, begin in enumerate(times))


def run_virtually(coroutine):
    """Run a coroutine in virtual time."""
    loop = Loop()
    with patch.object(time, "time", lambda: EPOCH + loop.time()), patch.object(time, "monotonic", loop.time):
        try:
            return loop.run_until_complete(coroutine)
        finally:
            left = asyncio.all_tasks(loop)
            for task in left:
                task.cancel()
            if left:
                with contextlib.suppress(RuntimeError):
                    loop.run_until_complete(asyncio.wait(left))
            loop.close()


async def send_with_kills(layout, *, people, kills, segment):
    """Send to people from two instances, and kill the one that sends again and again; return the world afterwards."""
    world = World(layout, segment)
    audience = world.people(people)
    running = [await Instance(world).start(), await Instance(world).start()]
    world.requests.clear()
    world.bytes.clear()
    await running[0].application.broadcast(news, audience, name="news-7", wait=False)
    for number in range(kills):
        target = people * (number + 1) // (kills + 2)
        while len(world.got) < target:  # noqa: ASYNC110  virtual time
            await asyncio.sleep(0.3)
        victim = next(at for at, one in enumerate(running) if one.application.timers.ticker._working)
        await running[victim].kill()
        running[victim] = await Instance(world).start()
    world.report = await running[0].application.broadcast(news, (), name="news-7")
    for one in running:
        await one.stop()
    return world
