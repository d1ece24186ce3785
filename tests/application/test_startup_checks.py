"""Startup checks warn of known mistakes."""

from __future__ import annotations

import asyncio
import warnings

import pytest
from telegram.ext import CommandHandler, ConversationHandler, MessageHandler

from ptb_bucket import BucketApplication, BucketPersistence
from support.applications.instances import END, WORDS, say


def conversation(**options):
    return ConversationHandler(
        [CommandHandler("go", say("1", 1))], {1: [MessageHandler(WORDS, say("2", END))]}, [], **options
    )


CASES = [
    (conversation(), True, "not persistent"),
    (conversation(name="c", persistent=True, conversation_timeout=5), False, "conversation_timeout"),
    (MessageHandler(WORDS, say("x"), block=False), True, "saved later"),
    (MessageHandler(WORDS, say("x"), block=False), False, "may be lost"),
]


@pytest.mark.parametrize(("handler", "runs", "text"), CASES)
async def test_each_is_named(world, handler, runs, text):
    application = world.build(handler)
    application.runs = runs
    with pytest.warns(UserWarning, match=text):
        await application.initialize()
    await application.shutdown()


async def test_a_job_where_nothing_runs(world):
    async def job(_context):
        pass

    application = world.build()
    application.runs = False
    application.job_queue.run_once(job, 1000)
    with pytest.warns(UserWarning, match="platform's timers"):
        await application.initialize()
    await application.shutdown()


async def test_a_bot_without_problems_causes_no_warning(world):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        application = await world.start(conversation(name="c", persistent=True, conversation_timeout=5))
    assert application.runs


# ---------------------------------------------------------------- handlers of post_init, and once


def told(caught, text="not persistent"):
    return len([one for one in caught if text in str(one.message)])


@pytest.mark.parametrize("when", ["before", "post_init"])
async def test_handlers_of_post_init_are_checked_and_each_problem_is_reported_once(world, when):
    application = world.build(*([conversation()] if when == "before" else []))
    for _ in range(2):
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            await application.initialize()
            if when == "post_init" and not application.handlers:
                assert told(caught) == 0
                application.add_handler(conversation())
            await application.start()
            await application.stop()
            await application.start()
            await application.stop()
            await application.shutdown()
        assert told(caught) == 1


def test_run_polling_tells_of_handlers_of_post_init(world):
    async def post_init(application):
        application.add_handler(conversation())
        application.job_queue.run_once(stop, 0)

    async def stop(context):
        context.application.stop_running()

    application = world.build()
    application.post_init = post_init
    asyncio.set_event_loop(asyncio.new_event_loop())
    with pytest.warns(UserWarning, match="not persistent") as caught:
        application.run_polling(stop_signals=None)
    assert told(caught) == 1


@pytest.mark.parametrize("runs", [True, False])
async def test_no_warning_about_an_unused_job_queue(world, runs):
    builder = world.telegram.builder().application_class(BucketApplication, {"save": "update"}).job_queue(None)
    application = builder.persistence(BucketPersistence(world.where)).build()
    application.add_handler(MessageHandler(WORDS, say("hi")))
    application.runs = runs
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        async with application:
            await application.start()
            assert await world.said(world.ada, application, "hi") == ["hi"]
            await application.stop()
