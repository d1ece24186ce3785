"""Tests of create_task's tasks and of non-blocking handlers: their results, their errors, and saving their changes."""

from __future__ import annotations

import asyncio
import sys
import warnings

import pytest
from telegram.ext import ApplicationHandlerStop, Defaults, MessageHandler, filters

from support.applications.side_by_side import ADVICE, running, until

pytestmark = ADVICE
ALL = filters.ALL


async def test_a_task_returns_its_result_under_its_name(sides):
    async def scenario(side):
        async def work():
            return 7

        app = side.build()
        async with running(app):
            task = app.create_task(work(), name="my task")
            return await task, task.get_name()

    assert await sides.same(scenario) == (7, "my task")


async def test_an_error_of_a_task_is_raised_and_told_with_its_update_and_coroutine(sides):
    async def scenario(side):
        async def work():
            raise ValueError("wrong")

        async def hear(update, context):
            side.seen.append((update, type(context.coroutine).__name__, str(context.error)))

        app = side.build()
        app.add_error_handler(hear)
        async with running(app):
            task = app.create_task(work(), update="an update")
            await asyncio.wait({task})
            return side.seen, side.errors, repr(task.exception())

    seen = [("an update", "coroutine", "wrong")]
    assert await sides.same(scenario) == (seen, ["ValueError: wrong"], "ValueError('wrong')")


async def test_a_cancelled_task_is_no_error(sides):
    async def scenario(side):
        app = side.build()
        async with running(app):
            task = app.create_task(asyncio.sleep(60))
            await asyncio.sleep(0)
            task.cancel()
            await asyncio.wait({task})
        return task.cancelled(), side.errors

    assert await sides.same(scenario) == (True, [])


async def test_a_future_is_awaited(sides):
    async def scenario(side):
        app = side.build()
        async with running(app):
            future = asyncio.get_running_loop().create_future()
            task = app.create_task(future)
            future.set_result(7)
            return await task

    assert await sides.same(scenario) == 7


@pytest.mark.skipif(sys.version_info >= (3, 12), reason="Python has no coroutines of generators any more")
@pytest.mark.filterwarnings("ignore:.*Generator-based coroutines")
async def test_a_generator_is_run(sides):
    async def scenario(side):
        def work():
            yield
            side.seen.append("went on")

        app = side.build()
        async with running(app):
            await app.create_task(work())
        return side.seen

    assert await sides.same(scenario) == ["went on"]


async def test_stop_waits_for_tasks(sides):
    async def scenario(side):
        async def work():
            await asyncio.sleep(0.02)
            side.seen.append("done")

        app = side.build()
        async with app:
            await app.start()
            app.create_task(work())
            await app.stop()
            return side.seen

    assert await sides.same(scenario) == ["done"]


async def test_a_task_of_an_application_that_does_not_run_is_warned_of(sides):
    async def scenario(side):
        app = side.build()
        found = []
        async with app:
            for _ in ("before start", "after stop"):
                with warnings.catch_warnings(record=True) as warned:
                    warnings.simplefilter("always")
                    await app.create_task(asyncio.sleep(0))
                found += [str(one.message) for one in warned]
                await app.start()
                await app.stop()
        return found

    [first, _] = await sides.same(scenario, at_once=False)
    assert "while the application is not running won't be automatically awaited" in first


async def test_what_a_task_does_for_an_update_is_saved(sides):
    async def scenario(side):
        app = side.build()

        async def work():
            app.user_data[42]["n"] = 1

        async with running(app):
            update = side.update("hi")
            await app.create_task(work(), update=update)
        return await side.stored(lambda app: dict(app.user_data))

    assert await sides.same(scenario) == {42: {"n": 1}}


@pytest.mark.parametrize("by", ["handler", "defaults"])
async def test_a_handler_that_does_not_block_lets_the_next_group_run_and_what_it_changes_is_saved(sides, by):
    async def scenario(side):
        opened = asyncio.Event()

        async def later(_update, context):
            await opened.wait()
            context.user_data["n"] = 1
            side.seen.append("later")

        options = {"block": False} if by == "handler" else {}
        builder = side.builder().defaults(Defaults(block=by == "handler"))
        app = builder.build()
        app.add_handler(MessageHandler(ALL, later, **options))
        app.add_handler(MessageHandler(ALL, side.note("next"), block=True), 1)
        async with running(app):
            await side.says(app, "hi")
            opened.set()
            await until(lambda: "later" in side.seen)
        return side.seen, await side.stored(lambda app: dict(app.user_data))

    assert await sides.same(scenario) == (["next", "later"], {42: {"n": 1}})


async def test_an_error_of_a_handler_that_does_not_block_goes_to_the_error_handlers(sides):
    async def scenario(side):
        app = side.build(MessageHandler(ALL, side.note("wrong", ValueError("wrong")), block=False))
        async with running(app):
            await side.says(app, "hi")
        return side.seen, side.errors

    assert await sides.same(scenario) == (["wrong"], ["ValueError: wrong"])


async def test_a_handler_that_does_not_block_cannot_stop_others(sides):
    async def scenario(side):
        async def stop(_update, _context):
            raise ApplicationHandlerStop

        app = side.build(MessageHandler(ALL, stop, block=False))
        app.add_handler(MessageHandler(ALL, side.note("next")), 1)
        with warnings.catch_warnings(record=True) as warned:
            warnings.simplefilter("always")
            async with running(app):
                await side.says(app, "hi")
        return side.seen, side.errors, sorted(str(one.message) for one in warned if "Stop" in str(one.message))

    warning = "ApplicationHandlerStop is not supported with handlers running non-blocking."
    assert await sides.same(scenario, at_once=False) == (["next"], [], [warning])
