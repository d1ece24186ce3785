"""Broadcasts that are paused, cancelled, parked or refused: whoever waits is told, and nobody gets a message twice."""

from __future__ import annotations

import asyncio

import pytest

from ptb_bucket import JobRetry
from ptb_bucket.errors import ConfigurationError, RefusedError
from support.effects.broadcasting import Instance, World, news, other, run_virtually
from support.parameters import MOST_DIFFERENT


def test_it_can_be_paused_continued_and_cancelled_from_another_instance():
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

    run_virtually(check())


def test_a_pause_counts_also_if_the_instance_that_sends_looks_at_the_journal_meanwhile():
    async def check():
        world = World("single", segment=60)
        one, two = await Instance(world).start(), await Instance(world).start()
        waiting = asyncio.ensure_future(one.application.broadcast(news, world.people(300), name="news-7"))
        while len(world.got) < 70:  # noqa: ASYNC110  virtual time
            await asyncio.sleep(0.1)
        await two.application.turn_broadcast("news-7", "paused")
        assert (await one.application.find_broadcast("news-7")).state == "paused"
        assert (await waiting).state == "paused"
        await asyncio.sleep(10)
        assert (await one.application.find_broadcast("news-7")).state == "paused"
        assert len(world.got) == 120
        for each in (one, two):
            await each.stop()

    run_virtually(check())


def test_wrong_use_is_refused():
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

    run_virtually(check())


@pytest.mark.parametrize("layout", MOST_DIFFERENT)
@pytest.mark.parametrize("way", ["broadcast", "turn_broadcast"])
def test_a_parked_broadcast_goes_on_when_it_is_asked_for_again(layout, way):
    """An instance without the function tries to send until it parks the job. The next deployment has the function."""

    async def check():
        world = World(layout)
        one = await Instance(world).start()
        await one.application.broadcast(news, world.people(300), name="news-7", wait=False)
        await asyncio.sleep(3)
        await one.kill()
        two = await Instance(world, callbacks=[other], job_retry=JobRetry(tries=2, pause=1)).start()
        await asyncio.sleep(300)
        assert 0 < len(world.got) < 300
        await two.stop()
        three = await Instance(world).start()
        if way == "turn_broadcast":
            await three.application.turn_broadcast("news-7", "running")
            await asyncio.sleep(300)
        else:
            await asyncio.wait_for(three.application.broadcast(news, (), name="news-7"), 300)
        report = await three.application.find_broadcast("news-7")
        assert (report.state, report.sent) == ("finished", 300)
        await three.stop()

    run_virtually(check())


@pytest.mark.parametrize("layout", MOST_DIFFERENT)
def test_waiting_ends_with_an_error_if_another_instance_parks_the_job(layout):
    """The one that waits runs no jobs, like a script that only begins the broadcast."""

    async def check():
        world = World(layout)
        one = await Instance(world, callbacks=[other], job_retry=JobRetry(tries=2, pause=1)).start()
        script = Instance(world).application
        await script.initialize()
        waiting = asyncio.ensure_future(script.broadcast(news, world.people(300), name="news-7", wait=True))
        with pytest.raises(RefusedError, match="'news-7' stopped because its job was parked: raised Conf"):
            await asyncio.wait_for(waiting, 10_000)
        await script.shutdown()
        await one.stop()

    run_virtually(check())


@pytest.mark.parametrize("layout", MOST_DIFFERENT)
def test_waiting_ends_with_an_error_if_the_job_is_parked(layout):
    async def check():
        world = World(layout)
        one = await Instance(world).start()
        waiting = asyncio.ensure_future(one.application.broadcast(news, world.people(300), name="news-7"))
        await asyncio.sleep(3)
        for key in [info.key async for info in world.bucket.list("") if "broadcasts/" in info.key]:
            await world.bucket.delete(key)
        with pytest.raises(RefusedError, match="'news-7' stopped because its job was parked: raised Conf"):
            await asyncio.wait_for(waiting, 10_000)
        await one.stop()

    run_virtually(check())
