"""Jobs that run while something else happens: a stop, other work of the same user, a change of their timer, a poll."""

from __future__ import annotations

import asyncio
import time

import pytest

from ptb_bucket.application.timers import claims
from ptb_bucket.application.timers.next_run import occurrence_at
from ptb_bucket.state.timers import DUE_FOLDER, Timer
from ptb_bucket.stores import MemoryStore
from support.applications.counted_bots import CountedBots
from support.simulation.timers import run_process

LONG = 1000
PATIENCE = 20
"""Seconds after which a test fails that waits for something."""


class Work:
    """A job that goes on until it is released."""

    def __init__(self):
        self.begun, self.released = asyncio.Event(), asyncio.Event()
        self.runs = 0

    async def __call__(self, context):
        self.runs += 1
        self.begun.set()
        await asyncio.wait_for(self.released.wait(), LONG)
        context.bot_data["done"] = context.bot_data.get("done", 0) + 1


@pytest.fixture(params=["single", "per-type", "per-record"])
def bots(request):
    return CountedBots(MemoryStore(), request.param)


async def test_a_stop_waits_for_jobs_that_run(bots):
    work = Work()
    async with bots.build({"work": work}, commands={"add": lambda context: run_soon(context, work)}) as bot:
        await bot.start()
        await bots.ada.send(bot, "/add")
        await asyncio.wait_for(work.begun.wait(), PATIENCE)
        stopping = asyncio.create_task(bot.stop())
        await asyncio.sleep(0.1)
        assert not stopping.done()
        work.released.set()
        await stopping
    async with bots.build({"work": work}) as bot:
        assert bot.bot_data == {"done": 1}
        assert await bot.job_queue.find() == ()


def run_soon(context, work, **arguments):
    context.job_queue.run_once(work, 0, **arguments)


def adding(works):
    """Return a command for each job, which adds it."""
    return {
        name: lambda context, name=name, work=work: run_soon(context, work, name=name) for name, work in works.items()
    }


def test_a_claim_is_renewed_while_its_job_waits_for_an_update_of_its_user(bots):
    run_process(lambda: two_instances_and_a_long_update(bots))


async def two_instances_and_a_long_update(bots):
    work = Work()
    work.released.set()

    async def handle_long(_context):
        await asyncio.sleep(2 * claims.LEASE)

    commands = {"add": lambda context: run_soon(context, work, user_id=42), "long": handle_long}
    async with bots.build({"work": work}, commands=commands) as one, bots.build({"work": work}) as two:
        await bots.ada.send(one, "/add")
        update = asyncio.create_task(bots.ada.send(one, "/long"))
        await asyncio.sleep(1)  # the timer's key names the next whole second
        tick = asyncio.create_task(one.tick())
        await asyncio.sleep(1)  # it is claimed
        while not update.done():
            assert (await two.tick()).ran == 0
            await asyncio.sleep(1)
        await tick
    assert work.runs == 1


def test_a_claim_is_renewed_after_a_renewal_that_raised_what_nobody_expects(bots):
    run_process(lambda: a_long_job_and_a_store_that_raises_once(bots))


async def a_long_job_and_a_store_that_raises_once(bots):
    work, raised = Work(), []

    async def raise_once(operation, _key):
        if operation == "put" and work.begun.is_set() and not raised:
            raised.append(operation)
            raise RuntimeError("unexpected")

    commands = {"add": lambda context: run_soon(context, work)}
    async with bots.build({"work": work}, commands=commands) as one, bots.build({"work": work}) as two:
        await bots.ada.send(one, "/add")
        await asyncio.sleep(1)  # as above
        tick = asyncio.create_task(one.tick())
        await work.begun.wait()
        bots.store.before = raise_once
        for _ in range(30):
            await asyncio.sleep(claims.LEASE / 10)
            assert (await two.tick()).ran == 0
        work.released.set()
        assert (await tick).errors == []
    assert (raised, work.runs) == (["put"], 1)


def test_jobs_that_are_cancelled_while_they_run_keep_their_changes_and_those_beside_them(bots):
    """Nobody else can run them, although their claims cannot be renewed any more."""
    run_process(lambda: a_long_job_that_is_cancelled_beside_another_one(bots))


async def a_long_job_that_is_cancelled_beside_another_one(bots):
    cancelled, other = Work(), Work()
    works = {"cancelled": cancelled, "other": other}
    commands = adding(works)
    commands["cancel"] = lambda context: context.job_queue.get_jobs_by_name("cancelled")[0].schedule_removal()
    async with bots.build(works, commands=commands) as one, bots.build(works, commands=commands) as two:
        await bots.ada.send(one, "/cancelled")
        await bots.ada.send(one, "/other")
        await asyncio.sleep(1)  # as above
        tick = asyncio.create_task(one.tick())
        await asyncio.gather(cancelled.begun.wait(), other.begun.wait())
        await bots.ada.send(two, "/cancel")
        await asyncio.sleep(3 * claims.LEASE)
        other.released.set()
        await asyncio.sleep(5)
        cancelled.released.set()
        await tick
        assert (await two.tick()).ran == 0
    async with bots.build(works) as bot:
        assert bot.bot_data == {"done": 2}
    assert (cancelled.runs, other.runs) == (1, 1)


def test_a_timer_does_not_run_where_its_changes_would_be_lost(bots):
    """They cannot be separated from those of a run that has lost some of its own, and so has to be repeated."""
    run_process(lambda: a_run_beside_one_that_has_lost_changes(bots))


async def a_run_beside_one_that_has_lost_changes(bots):
    long, taken, other = Work(), Work(), Work()
    other.released.set()
    works = {"long": long, "taken": taken, "other": other}
    commands = adding(works)
    commands["take"] = lambda context: make_due_again(context.application, "taken")
    async with bots.build(works, commands=commands) as one, bots.build(works, commands=commands) as two:
        await bots.ada.send(one, "/long")
        await bots.ada.send(one, "/taken")
        await asyncio.sleep(1)  # as above
        tick = asyncio.create_task(one.tick())
        await asyncio.gather(long.begun.wait(), taken.begun.wait())
        await bots.ada.send(two, "/take")
        await asyncio.sleep(claims.LEASE / 2)  # the time for a renewal
        taken.released.set()
        assert (await two.tick()).ran == 1  # so the changes of the first run are withdrawn, with those of the long one
        await asyncio.sleep(5)
        await bots.ada.send(two, "/other")
        await asyncio.sleep(1)
        for _ in range(3):
            assert (await one.tick()).ran == 0
            await asyncio.sleep(10)
        assert other.runs == 0
        assert (await two.tick()).ran == 1  # nothing is lost there
        long.released.set()
        await tick
    assert other.runs == 1


def make_due_again(application, name):
    """Take a claimed timer from its instance: make it due again, without its claim."""
    pending = application.timers.pending
    [record] = [record for record in pending.visible if pending.get(record).name == name]
    pending.put(record, pending.get(record).restarted(time.time(), "abcd"))


def cancel(context, _work):
    for job in context.job_queue.jobs():
        job.schedule_removal()


def replace(context, work, **names):
    kwargs = {"id": "tea", "replace_existing": True}
    context.job_queue.run_repeating(work, 60, 600, data="new", job_kwargs=kwargs, **names)


@pytest.mark.parametrize(("change", "left"), [(cancel, []), (replace, ["new"])])
def test_a_change_of_a_timer_while_its_job_runs_is_kept(bots, change, left):
    """Neither the renewal of the claim nor the end of the run brings the old timer back."""
    run_process(lambda: a_change_during_a_run(bots, change, left))


async def a_change_during_a_run(bots, change, left):
    work = Work()
    commands = {
        "add": lambda context: context.job_queue.run_repeating(work, 600, 0, data="old", job_kwargs={"id": "tea"}),
        "change": lambda context: change(context, work),
    }
    async with bots.build({"work": work}, commands=commands) as bot:
        await bots.ada.send(bot, "/add")
        await asyncio.sleep(1)  # as above
        tick = asyncio.create_task(bot.tick())
        await work.begun.wait()
        await bots.ada.send(bot, "/change")
        await asyncio.sleep(claims.LEASE)  # the time for renewals
        work.released.set()
        await tick
    async with bots.build({"work": work}) as bot:
        assert [job.data for job in await bot.job_queue.find()] == left


def pause(context, _work):
    for job in context.job_queue.jobs():
        job.enabled = False


def replace_users(context, work):
    replace(context, work, user_id=42)


def move(context, _work):
    pending = context.application.timers.pending
    for record in pending.visible:
        pending.put(record, pending.get(record).rearmed(time.time() + 600, "abcd"))


@pytest.mark.parametrize("where", ["here", "elsewhere"])
@pytest.mark.parametrize("change", [cancel, replace_users, pause, move])
def test_a_job_does_not_run_if_its_timer_was_changed_while_it_waited_for_an_update(bots, change, where):
    run_process(lambda: a_change_before_a_run(bots, change, where))


async def a_change_before_a_run(bots, change, where):
    work = Work()
    work.released.set()

    async def wait_and_change(context):
        await asyncio.sleep(5)
        if where == "here":
            change(context, work)

    commands = {
        "add": lambda context: run_soon(context, work, user_id=42, job_kwargs={"id": "tea"}),
        "wait": wait_and_change,
        "change": lambda context: change(context, work),
    }
    works = {"work": work}
    async with bots.build(works, commands=commands) as one, bots.build(works, commands=commands) as two:
        await bots.ada.send(one, "/add")
        update = asyncio.create_task(bots.ada.send(one, "/wait"))
        await asyncio.sleep(1)  # as above
        tick = asyncio.create_task(one.tick())
        await asyncio.sleep(1)  # it is claimed
        if where == "elsewhere":
            await bots.ada.send(two, "/change")
        await tick
        assert update.done()
    assert work.runs == 0


async def test_a_look_at_timers_of_others_does_not_delay_own_ones():
    bots = CountedBots(MemoryStore(), "per-record")
    work, listed = Work(), asyncio.Event()
    work.released.set()

    async def wait_for_lists(_operation, key):
        if key == DUE_FOLDER:
            await asyncio.wait_for(listed.wait(), PATIENCE)

    async with bots.build({"work": work}, commands={"add": lambda context: run_soon(context, work)}) as bot:
        bots.store.before = wait_for_lists
        await bot.start()
        await bots.ada.send(bot, "/add")
        await asyncio.wait_for(work.begun.wait(), PATIENCE)
        listed.set()
        await bot.stop()
    assert work.runs == 1


def test_a_timer_that_was_made_due_again_has_all_its_tries_now_and_at_its_next_occurrence():
    parked = Timer("remind", "00", due=1.0, tries=5, parked="raised ValueError", enabled=False)
    again = parked.restarted(2.0, "01")
    assert (again.is_armed, again.failures, again.tries) == (True, 0, 5)
    assert occurrence_at(again, 3.0).failures == occurrence_at(parked, 3.0).failures == 0
