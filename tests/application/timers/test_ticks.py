"""Ticks whose claims fail, that are cut off, or that go on while the application stops."""

from __future__ import annotations

import asyncio

import pytest

from ptb_bucket.errors import PTBBucketError
from ptb_bucket.testing.faults import Fault

ran = []


@pytest.fixture(autouse=True)
def _forget():
    ran.clear()


async def remind(context):
    ran.append(context.job.data)
    context.user_data["reminded"] = context.user_data.get("reminded", 0) + 1


async def slow(context):
    await asyncio.sleep(0.5)
    await remind(context)


def add(callback, seconds):
    return {"add": lambda context: context.job_queue.run_once(callback, seconds, data="tea", user_id=42)}


def once(fault):
    """Let one put fail."""
    left = [fault]
    return lambda operation, key: left.pop() if operation == "put" and left and "timers/" not in key else None


@pytest.mark.parametrize("fault", [Fault.DENIED, Fault.UNAVAILABLE])
async def test_a_claim_that_was_refused_does_not_count(bots, clock, fault):
    """Rule "an unclear claim does not count": the job does not run on it, and the next tick need not wait for it."""
    async with bots.build([remind], commands=add(remind, 60), commit_timeout=0.2) as one:
        await bots.ada.send(one, "/add")
        clock.pass_(61)
        bots.fault = lambda operation, key: fault if operation == "put" and "timers/due" not in key else None
        ticked = await one.tick()
        assert (ticked.ran, ran, len(ticked.errors)) == (0, [], 1)
        assert isinstance(ticked.errors[0], PTBBucketError)
        bots.fault = lambda _operation, _key: None
        assert (await one.tick()).ran == 1
        assert one.user_data[42] == {"reminded": 1}
    assert ran == ["tea"]


async def test_a_claim_whose_answer_is_lost_counts_if_it_is_there(bots, clock):
    async with bots.build([remind], commands=add(remind, 60)) as one:
        await bots.ada.send(one, "/add")
        clock.pass_(61)
        bots.fault = once(Fault.ANSWER_LOST)
        assert (await one.tick()).ran == 1
    assert ran == ["tea"]


async def test_a_tick_that_is_cancelled_cancels_its_runs(bots, clock):
    async with bots.build([slow], commands=add(slow, 60)) as one:
        await bots.ada.send(one, "/add")
        clock.pass_(61)
        tick = asyncio.create_task(one.tick())
        await asyncio.sleep(0.2)
        tick.cancel()
        with pytest.raises(asyncio.CancelledError):
            await tick
        await asyncio.sleep(0.5)
        assert ran == []
        clock.pass_(71)
        assert (await one.tick()).ran == 1
    assert ran == ["tea"]


async def test_the_end_of_an_application_waits_for_its_runs(bots):
    application = bots.build([slow], commands=add(slow, 0.1), runs=True)
    async with application:
        await application.start()
        await bots.ada.send(application, "/add")
        await asyncio.sleep(0.3)
        await application.stop()
    assert ran == ["tea"]
    async with bots.build([remind]) as two:
        await two.load_data(user_ids=42)
        assert two.user_data[42] == {"reminded": 1}
        assert await two.job_queue.find(user_id=42) == ()


async def test_a_process_that_only_ticks_collects_no_alarms(bots, clock):
    async with bots.build([remind], commands=add(remind, 60)) as one, bots.build([remind]) as two:
        await bots.ada.send(one, "/add")
        clock.pass_(61)
        assert (await two.tick()).ran == 1
        assert (await one.tick()).ran == 0
        assert one.timers.alarms._alarms == {}
