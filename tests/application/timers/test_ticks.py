"""Ticks whose claims fail, that are cut off, or that go on while the application stops."""

from __future__ import annotations

import asyncio

import pytest

from ptb_bucket.errors import AccessError, PTBBucketError
from ptb_bucket.stores import open_store
from ptb_bucket.testing.faults import Fault, FaultyStore
from ptb_bucket.tools import check
from support.applications.side_by_side import until

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


async def test_a_job_that_is_due_again_while_its_run_is_saved_runs_at_once(bots, clock):
    """A process runs its own jobs in time. Its next look at the bucket is an hour later here."""

    def every_minute(context):
        context.job_queue.run_repeating(remind, 60, user_id=42, job_kwargs={"coalesce": False})

    async with bots.build([remind], commands={"add": every_minute}) as one:
        await bots.ada.send(one, "/add")
    clock.pass_(3 * 60 + 1)
    async with bots.build([remind], runs=True, tick=3600) as two:
        await two.start()
        await asyncio.wait_for(until(lambda: len(ran) == 3), 15)
        await two.stop()


@pytest.mark.parametrize("layout_of_bots", ["per-record"])
async def test_without_the_permission_to_delete_jobs_run_and_the_errors_say_what_is_missing(bots, clock, caplog):
    bots.fault = lambda operation, _key: Fault.DENIED if operation == "delete" else None
    async with bots.build([remind], commands=add(remind, 60)) as one:
        for _ in range(2):
            await bots.ada.send(one, "/add")
            clock.pass_(61)
            assert (await one.tick()).ran == 1
            clock.pass_(3700)
            ticked = await one.tick()
            assert (ticked.ran, {type(error) for error in ticked.errors}) == (0, {AccessError})
            assert (await one.tick()).errors == [], "it is tried again after an hour"
        assert one.user_data[42] == {"reminded": 2}
    assert caplog.text.count("Allow the bot to delete objects") == 1


async def test_check_names_the_permission_that_timers_need(bots, clock):
    async with bots.build([remind], commands=add(remind, 60)) as one:
        await bots.ada.send(one, "/add")
    store = FaultyStore(open_store(bots.where), lambda operation, _key: Fault.DENIED if operation == "delete" else None)
    found = {row.name: row for row in await check(store)}["timers"]
    assert ("must be allowed to delete" in found.detail) == (bots.layout == "per-record")
