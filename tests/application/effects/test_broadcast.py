"""broadcast(): everybody gets the message, also after kills on two instances, and Telegram's limits are kept."""

from __future__ import annotations

import asyncio
import collections
import logging
import time
from datetime import datetime, timezone

import pytest

from ptb_bucket import bucket_application
from ptb_bucket.errors import ConfigurationError, RefusedError
from ptb_bucket.offline_telegram import ApiError, OfflineRequest, OfflineTelegram
from ptb_bucket.stores import InterceptingStore, MemoryStore
from support.documents.virtual_time import VirtualLoop

_LOGGER = logging.getLogger("effects")
EPOCH = 1_800_000_000.0
LAYOUTS = ["single", "per-type", "per-record"]


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
        return answer

    async def put(self, key, data, mode):
        self._process.world.bytes += len(data)
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
        self.requests, self.got, self.calls, self.bytes = collections.Counter(), collections.Counter(), [], 0

    def people(self, number):
        for user_id in range(1, number + 1):
            person = self.telegram.user(user_id, "Ada")
            self.telegram.server.state.chats.setdefault(str(user_id), {"id": user_id, "type": "private"})
            del person
        return range(1, number + 1)

    @property
    def most_in_a_second(self):
        times = sorted(self.calls)
        return max(sum(1 for one in times[at : at + 60] if one < begin + 1.0) for at, begin in enumerate(times))


@pytest.fixture
def virtually(monkeypatch):
    """Run a coroutine in virtual time."""

    def run(coroutine):
        loop = Loop()
        monkeypatch.setattr(time, "time", lambda: EPOCH + loop.time())
        monkeypatch.setattr(time, "monotonic", loop.time)
        try:
            return loop.run_until_complete(coroutine)
        finally:
            left = asyncio.all_tasks(loop)
            for task in left:
                task.cancel()
            if left:
                loop.run_until_complete(asyncio.wait(left))
            monkeypatch.undo()
            loop.close()

    return run


@pytest.mark.parametrize("layout", LAYOUTS)
def test_everybody_gets_the_message_once_and_the_limits_are_kept(layout, virtually):
    async def check():
        world = World(layout)
        one = await Instance(world).start()
        report = await one.application.broadcast(news, world.people(100), name="news-7")
        assert (report.state, report.people, report.done, report.sent) == ("finished", 100, 100, 100)
        assert set(world.got.values()) == {1}
        assert len(world.got) == 100
        assert world.most_in_a_second <= 30
        assert (await one.application.broadcast(news, [5], name="news-7")) == report
        await one.stop()

    virtually(check())


@pytest.mark.parametrize("layout", LAYOUTS)
def test_kills_on_two_instances_repeat_at_most_a_segment_each(layout, virtually, request):
    long = request.config.getoption("--long")
    people, kills, segment = (10_000, 50, 100) if long else (400, 6, 20)

    async def check():
        world = World(layout, segment)
        audience = world.people(people)
        running = [await Instance(world).start(), await Instance(world).start()]
        await running[0].application.broadcast(news, audience, name="news-7", wait=False)
        for number in range(kills):
            target = people * (number + 1) // (kills + 2)
            while len(world.got) < target:  # noqa: ASYNC110  virtual time
                await asyncio.sleep(0.3)
            victim = next(at for at, one in enumerate(running) if one.application.timers.ticker._working)
            await running[victim].kill()
            running[victim] = await Instance(world).start()
        report = await running[0].application.broadcast(news, (), name="news-7")
        assert report.state == "finished"
        assert set(world.got) == set(audience)
        repeats = sum(world.got.values()) - people
        puts, size = world.requests["put"] / people, world.bytes / people
        _LOGGER.warning("%s: %d repeats, for each person %.4f puts and %.0f bytes", layout, repeats, puts, size)
        assert 0 < repeats <= kills * segment
        assert world.most_in_a_second <= 30
        for one in running:
            await one.stop()

    virtually(check())


@pytest.mark.filterwarnings("ignore:.*retry_after:telegram.warnings.PTBDeprecationWarning")
def test_telegrams_wish_to_wait_is_obeyed_and_those_who_blocked_the_bot_are_collected(virtually):
    async def check():
        world = World("single")
        audience = world.people(60)
        one = await Instance(world).start()
        world.telegram.refuse(ApiError("Forbidden: bot was blocked by the user", code=403), times=2)
        world.telegram.refuse(ApiError("Bad Request: chat not found"), times=1)
        world.telegram.flood(30)
        report = await one.application.broadcast(news, audience, name="news-7")
        assert (report.sent, len(report.blocked), len(report.failed)) == (57, 2, 1)
        pause = max(after - before for before, after in zip(world.calls, world.calls[1:], strict=False))
        assert pause >= 29
        assert set(world.got.values()) == {1}
        await one.stop()

    virtually(check())


def test_it_can_be_paused_continued_and_cancelled_from_another_instance(virtually):
    async def check():
        world = World("single")
        one, two = await Instance(world).start(), await Instance(world).start()
        await one.application.broadcast(news, world.people(300), name="news-7", wait=False)
        await asyncio.sleep(3)
        await two.application.turn_broadcast("news-7", "paused")
        await asyncio.sleep(20)
        before = len(world.got)
        assert 0 < before < 300
        await asyncio.sleep(100)
        assert len(world.got) == before
        await two.application.turn_broadcast("news-7", "running")
        await asyncio.sleep(5)
        assert len(world.got) > before
        await one.application.turn_broadcast("news-7", "cancelled")
        report = await one.application.broadcast(news, (), name="news-7")
        assert report.state == "cancelled"
        await asyncio.sleep(100)  # the segment that was being sent is counted
        report = await one.application.broadcast(news, (), name="news-7")
        assert report.done < 300
        assert len(world.got) == report.done
        assert set(world.got.values()) == {1}
        for each in (one, two):
            await each.stop()

    virtually(check())


def test_two_broadcasts_share_the_limit(virtually):
    async def check():
        world = World("single")
        audience = world.people(100)
        one, two = await Instance(world).start(), await Instance(world).start()
        reports = await asyncio.gather(
            one.application.broadcast(news, audience, name="a"), two.application.broadcast(news, audience, name="b")
        )
        assert [report.state for report in reports] == ["finished"] * 2
        assert set(world.got.values()) == {2}
        assert world.most_in_a_second <= 30
        for each in (one, two):
            await each.stop()

    virtually(check())


@pytest.mark.parametrize("layout", LAYOUTS)
def test_iter_user_ids_feeds_it(layout, virtually):
    async def check():
        world = World(layout)
        world.people(5)
        one = await Instance(world).start()
        await one.application.load_data(user_ids=range(1, 6))
        for user_id in range(1, 6):
            one.application.user_data[user_id]["n"] = 1
        one.application.mark_data_for_update_persistence(user_ids=range(1, 6))
        await one.application.update_persistence()
        ids = one.application.persistence.iter_user_ids()
        report = await one.application.broadcast(news, ids, name="news-7")
        assert report.sent == 5
        await one.stop()

    virtually(check())


def test_where_nothing_runs_between_updates_ticks_drive_it(virtually):
    async def check():
        world = World("per-record")
        audience = world.people(800)
        one = Instance(world)
        one.application.runs = False
        await one.application.initialize()
        await one.application.broadcast(news, audience, name="news-7")
        ticks = 0
        while (await one.application._durable.broadcasts.journals.read("news-7")).state == "running":
            await asyncio.sleep(60)
            await one.application.tick()
            ticks += 1
        assert set(world.got.values()) == {1}
        assert len(world.got) == 800
        assert ticks in {2, 3}
        await one.application.shutdown()

    virtually(check())


def test_wrong_use_is_refused(virtually):
    async def check():
        world = World("single")
        one = await Instance(world).start()
        await one.application.broadcast(news, (), name="news-7")
        with pytest.raises(RefusedError, match=r"already exists.*another name"):
            await one.application.broadcast(other, (), name="news-7")
        with pytest.raises(ConfigurationError, match="letters"):
            await one.application.broadcast(news, (), name="a/b")
        with pytest.raises(ConfigurationError, match="not listed"):
            await one.application.broadcast(check, (), name="c")
        with pytest.raises(ConfigurationError, match="no broadcast"):
            await one.application.turn_broadcast("d", "paused")
        await one.stop()

    virtually(check())
