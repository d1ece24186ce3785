"""Tests of stop(): it waits for all running tasks, then cancels and names the rest, with or without a signal."""

from __future__ import annotations

import asyncio
import re

import pytest
from telegram import Update
from telegram.ext import CommandHandler, MessageHandler, TypeHandler, filters

from support.applications.instances import World

HANG = 20
"""Seconds after which something counts as hanging; the deadlines of these tests are far shorter."""

# PTB says so of each task that begins while it stops. Here, stop() waits for them.
pytestmark = [
    pytest.mark.filterwarnings("ignore:Tasks created via `Application.create_task` while"),
    pytest.mark.filterwarnings("ignore:The handler .* has block=False"),
]


async def soon(context):
    await asyncio.sleep(0.05)
    context.bot_data["done"] = True


async def not_blocking(_update, context):
    await soon(context)


async def starts_a_task(_update, context):
    context.application.create_task(soon(context))


async def starts_a_task_that_starts_one(_update, context):
    async def first():
        await asyncio.sleep(0.02)
        context.application.create_task(soon(context))

    context.application.create_task(first())


async def starts_a_job(_update, context):
    context.job_queue.run_once(soon, 0)
    await asyncio.sleep(0.02)


async def starts_a_job_that_starts_one(_update, context):
    async def first(context):
        context.job_queue.run_once(soon, 0)
        await asyncio.sleep(0.02)

    context.job_queue.run_once(first, 0)
    await asyncio.sleep(0.02)


async def shields(_update, context):
    await asyncio.shield(soon(context))


async def fails(_update, _context):
    raise ValueError("for the error handler")


async def queue(application, world, text="/go"):
    await application.update_queue.put(Update.de_json(world.ada.message_update(text), application.bot))


@pytest.mark.parametrize("when", ["in the queue", "under way"])
@pytest.mark.parametrize(
    ("callback", "block"),
    [(not_blocking, False), (starts_a_task, True), (starts_a_task, False), (starts_a_task_that_starts_one, True),
     (starts_a_job, True), (starts_a_job_that_starts_one, True), (shields, False), (fails, True)],
)  # fmt: skip
async def test_what_an_update_started_is_finished_and_saved(world, callback, block, when):
    one = world.build(CommandHandler("go", callback, block=block), save="interval")
    one.add_error_handler(not_blocking, block=False)
    async with one:
        await one.start()
        await queue(one, world)
        if when == "under way":
            await asyncio.sleep(0)
        await one.stop()
        assert one.bot_data == {"done": True}
    assert (await world.stored()).bot_data == {"done": True}


async def test_an_update_that_somebody_processes_by_hand_is_finished_too(world):
    one = await world.start(CommandHandler("go", shields))
    await one.start()
    by_hand = asyncio.ensure_future(world.ada.send(one, "/go"))
    await asyncio.sleep(0.01)
    await one.stop()
    assert by_hand.done()
    assert one.bot_data == {"done": True}


# ---------------------------------------------------------------- what never ends


async def for_ever(_context=None):
    await asyncio.sleep(1000)


async def come_what_may(_context=None):
    for _ in range(8):
        try:
            await asyncio.sleep(0.1)
        except asyncio.CancelledError:
            continue


def as_task(what):
    async def begin(application):
        application.create_task(what(), name="counting stars")

    return begin


def as_job(what):
    async def begin(application):
        application.job_queue.run_once(what, 0, name="counting stars")

    return begin


async def stopped(application):
    await asyncio.wait_for(application.stop(), HANG)


@pytest.mark.parametrize("begin", [as_task(for_ever), as_job(for_ever)], ids=["task", "job"])
@pytest.mark.parametrize("before", [True, False], ids=["in post_init", "while it runs"])
async def test_one_that_never_ends_is_named_and_cancelled(world, begin, before, caplog):
    one = await world.start(shutdown_deadline=0.2)
    if before:
        await begin(one)
    await one.start()
    if not before:
        await begin(one)
    await asyncio.sleep(0.02)
    await stopped(one)
    assert "counting stars was still running at the shutdown deadline" in caplog.text
    assert not any("counting" in task.get_name() for task in asyncio.all_tasks())


@pytest.mark.parametrize("begin", [as_task(come_what_may), as_job(come_what_may)], ids=["task", "job"])
async def test_one_that_does_not_heed_it_is_left_behind_by_name_and_no_more_jobs_run(world, begin, caplog):
    ran = []

    async def tick(_context):
        ran.append(1)

    one = await world.start(shutdown_deadline=0.2)
    await one.start()
    one.job_queue.run_repeating(tick, 0.05)
    await begin(one)
    await asyncio.sleep(0.02)
    await stopped(one)
    assert re.search("did not stop when they were cancelled: .*counting stars", caplog.text)
    await asyncio.sleep(0.1)  # one that had begun may end
    ticks = len(ran)
    await asyncio.sleep(0.2)
    assert len(ran) == ticks


async def test_shutdown_does_not_wait_for_plain_asyncio_tasks(world, caplog):
    one = await world.start()
    mine = asyncio.create_task(for_ever())
    await one.start()
    await stopped(one)
    assert not mine.done()
    assert "deadline" not in caplog.text
    mine.cancel()


@pytest.mark.parametrize("block", [True, False])
async def test_a_handler_that_stops_its_own_application_ends(world, block):
    ends, over = [], asyncio.Event()

    async def stop(_update, context):
        try:
            await context.application.stop()
            ends.append("stopped")
        finally:
            over.set()

    one = await world.start(CommandHandler("go", stop, block=block), shutdown_deadline=0.2)
    await one.start()
    await queue(one, world)
    await asyncio.wait_for(over.wait(), HANG)
    # PTB's own stop() waits for the task of a handler with block=False, and takes it along when it is given up.
    assert ends == (["stopped"] if block else [])


async def test_a_cancelled_stop_cancels_all_of_it(world):
    one = await world.start()
    await one.start()
    one.create_task(for_ever(), name="counting stars")
    with pytest.raises(asyncio.TimeoutError):
        await asyncio.wait_for(one.stop(), 0.05)
    await asyncio.sleep(0.01)
    assert not any(task.get_name() == "counting stars" for task in asyncio.all_tasks())  # as in PTB


async def test_after_a_stop_that_cut_something_off_it_starts_again(world, caplog):
    async def put(_update, context):
        context.user_data["n"] = context.user_data.get("n", 0) + 1

    handlers = CommandHandler("hang", as_handler(for_ever)), MessageHandler(filters.ALL, put)
    one = await world.start(*handlers, shutdown_deadline=0.2)
    await one.start()
    for text in ("first", "/hang", "second"):
        await queue(one, world, text)
    await stopped(one)
    assert "arrived after the shutdown deadline and was not handled" in caplog.text
    await world.ada.send(one, "by hand")
    await one.start()
    await queue(one, world, "third")
    await stopped(one)
    assert one.user_data[42] == {"n": 3}


def as_handler(what):
    async def handle(_update, _context):
        await what()

    return handle


async def test_two_applications_wait_for_their_own_work_only(tmp_path, caplog):
    worlds = [World(f"file:{tmp_path}/{number}") for number in range(2)]
    one, other = [await world.start(shutdown_deadline=0.2) for world in worlds]
    for application in (one, other):
        await application.start()
        await as_job(for_ever)(application)
        application.create_task(for_ever(), name=f"of {'one' if application is one else 'other'}")
    await stopped(one)
    assert [task.get_name() for task in asyncio.all_tasks() if task.get_name().startswith("of ")] == ["of other"]
    assert caplog.text.count("job counting stars was still running") == 1
    await stopped(other)
    for world in worlds:
        await world.close()


async def test_a_stop_that_is_not_due_is_refused_as_in_ptb(world):
    one = await world.start(TypeHandler(Update, not_blocking))
    with pytest.raises(RuntimeError, match="This Application is not running!"):
        await one.stop()
