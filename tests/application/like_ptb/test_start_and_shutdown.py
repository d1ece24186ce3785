"""Tests of initialize, start, stop and shutdown: their conditions, and the queue and the processors meanwhile."""

from __future__ import annotations

import asyncio

import pytest
from telegram.ext import BaseUpdateProcessor, MessageHandler, TypeHandler, filters

from support.applications.side_by_side import ADVICE, awaited_and_refused, running, until

pytestmark = ADVICE
ALL = filters.ALL


async def test_steps_in_the_wrong_order_are_refused(sides):
    async def scenario(side):
        app = side.build()
        found = [await awaited_and_refused(call()) for call in (app.start, app.stop)]
        found.append(await awaited_and_refused(app.process_update("hi")))
        async with running(app):
            found += [await awaited_and_refused(call()) for call in (app.start, app.shutdown)]
        found.append(await awaited_and_refused(app.stop()))
        return [one.replace(type(app).__name__, "Application") for one in found]

    found = await sides.same(scenario)
    assert [one.partition(":")[0] for one in found] == ["RuntimeError"] * 6


async def test_initialize_and_shutdown_may_be_called_twice_and_in_cycles(sides):
    async def scenario(side):
        async def count(_update, context):
            context.user_data["n"] = context.user_data.get("n", 0) + 1

        app = side.build(MessageHandler(ALL, count))
        for _ in range(3):
            await app.initialize()
            await app.initialize()
            await side.says(app, "hi")
            await app.shutdown()
            await app.shutdown()
        return dict(app.user_data), await side.stored(lambda app: dict(app.user_data)), side.errors

    assert await sides.same(scenario) == ({42: {"n": 3}}, {42: {"n": 3}}, [])


async def test_start_and_stop_may_be_repeated(sides):
    async def scenario(side):
        app = side.build(TypeHandler(str, side.note("a text")))
        async with app:
            for _ in range(2):
                await app.start()
                await app.update_queue.put("hi")
                await until(lambda: app.update_queue.empty() and not app.update_queue._unfinished_tasks)
                side.seen.append(app.running)
                await app.stop()
                side.seen.append(app.running)
        return side.seen

    assert await sides.same(scenario) == ["a text", True, False] * 2


async def test_a_failed_initialization_leaves_nothing_behind(sides):
    async def scenario(side):
        app = side.build()
        broken, seen = [True], []
        initialize = app.update_processor.initialize

        class Processor(BaseUpdateProcessor):
            async def do_process_update(self, update, coroutine):
                await coroutine

            async def initialize(self):
                if broken.pop():
                    raise ValueError("cannot start")

            async def shutdown(self):
                seen.append("shut down")

        await initialize()
        builder = side.builder().concurrent_updates(Processor(1))
        app = builder.build()
        seen.append(await awaited_and_refused(app.__aenter__()))
        return seen, app.running

    seen, is_running = await sides.same(scenario)
    assert (seen[-1], is_running) == ("ValueError: cannot start", False)


async def test_updates_of_the_queue_are_handled_in_order_and_their_errors_do_not_end_it(sides):
    async def scenario(side):
        async def handle(update, _context):
            side.seen.append(update)
            if update == "wrong":
                raise ValueError(update)

        app = side.build(TypeHandler(str, handle))
        async with running(app):
            for update in ("one", "wrong", "two"):
                app.update_queue.put_nowait(update)
            await app.update_queue.join()
        return side.seen, side.errors

    assert await sides.same(scenario) == (["one", "wrong", "two"], ["ValueError: wrong"])


async def test_stop_handles_what_is_queued_before_it_and_drops_what_comes_later(sides):
    async def scenario(side):
        async def handle(update, context):
            side.seen.append(update)
            await until(lambda: not context.application.running)
            context.application.update_queue.put_nowait("after")

        app = side.build(TypeHandler(str, handle))
        async with running(app):
            app.update_queue.put_nowait("before")
        return side.seen, app.update_queue.empty()

    assert await sides.same(scenario) == (["before"], True)


async def test_updates_wait_for_each_other_unless_they_are_concurrent(sides):
    async def scenario(side):
        seen = {}
        for concurrent in (False, True, 2):
            side.seen = []
            opened = asyncio.Event()

            async def handle(update, _context, opened=opened):
                side.seen.append(update)
                if update == 1:
                    await opened.wait()
                else:
                    opened.set()
                side.seen.append(-update)

            app = side.builder().concurrent_updates(concurrent).build()
            app.add_handler(TypeHandler(int, handle))
            async with running(app):
                for update in (1, 2):
                    app.update_queue.put_nowait(update)
                if not concurrent:
                    await asyncio.sleep(0.02)
                    opened.set()
                await app.update_queue.join()
            seen[concurrent] = (side.seen, app.concurrent_updates)
        return list(seen.values())

    assert await sides.same(scenario) == [([1, -1, 2, -2], 1), ([1, 2, -2, -1], 256), ([1, 2, -2, -1], 2)]


async def test_an_update_processor_of_the_bots_own_sees_all_that_the_queue_brings(sides):
    async def scenario(side):
        class Processor(BaseUpdateProcessor):
            async def do_process_update(self, update, coroutine):
                side.seen.append(f"before {update}")
                await coroutine
                side.seen.append(f"after {update}")

            async def initialize(self):
                side.seen.append("initialize")

            async def shutdown(self):
                side.seen.append("shutdown")

        processor = Processor(1)
        app = side.builder().concurrent_updates(processor).build()
        app.add_handler(TypeHandler(str, side.note("handled")))
        async with running(app):
            app.update_queue.put_nowait("hi")
            await app.update_queue.join()
            await app.process_update("not from the queue")
        return side.seen, app.update_processor is processor, app.concurrent_updates

    seen = ["initialize", "before hi", "handled", "after hi", "handled", "shutdown"]
    assert await sides.same(scenario) == (seen, True, 1)


async def test_stop_waits_for_updates_that_are_handled_at_once(sides):
    async def scenario(side):
        async def handle(_update, _context):
            await asyncio.sleep(0.02)
            side.seen.append("handled")

        app = side.builder().concurrent_updates(4).build()
        app.add_handler(TypeHandler(str, handle))
        async with running(app):
            for _ in range(3):
                app.update_queue.put_nowait("hi")
            await asyncio.sleep(0)
        return side.seen

    assert await sides.same(scenario) == ["handled"] * 3


async def test_builder_and_application_are_what_they_are(sides):
    async def scenario(side):
        app = side.builder().job_queue(None).updater(None).build()
        with pytest.warns(Warning, match="No `JobQueue` set up"):
            without = app.job_queue
        return without, app.updater, app.running, app.handlers, app.error_handlers, app.post_init, app.bot.token

    assert await sides.same(scenario, at_once=False) == (None, None, False, {}, {}, None, "123456:offline")


async def test_data_of_chats_and_users_is_read_only_and_bot_data_is_not_replaced_by_accident(sides):
    async def scenario(side):
        app = side.build()
        found = []
        for data in (app.chat_data, app.user_data):
            with pytest.raises(TypeError) as refused:
                data[42] = {}
            found.append(str(refused.value))
        return found, app.user_data[42], app.bot_data

    assert await sides.same(scenario) == (["'mappingproxy' object does not support item assignment"] * 2, {}, {})
