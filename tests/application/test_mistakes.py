"""Known mistakes are told at start."""

from __future__ import annotations

import warnings

import pytest
from instances import END, WORDS, say
from telegram.ext import CommandHandler, ConversationHandler, MessageHandler


def conversation(**options):
    return ConversationHandler(
        [CommandHandler("go", say("1", 1))], {1: [MessageHandler(WORDS, say("2", END))]}, [], **options
    )


CASES = [
    (conversation(), True, "not persistent"),
    (conversation(name="c", persistent=True, conversation_timeout=5), False, "conversation_timeout"),
    (MessageHandler(WORDS, say("x"), block=False), True, "saved later"),
    (MessageHandler(WORDS, say("x"), block=False), False, "frozen or lost"),
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
    with pytest.warns(UserWarning, match="timer of your platform"):
        await application.initialize()
    await application.shutdown()


async def test_a_bot_without_mistakes_is_not_warned_of(world):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        application = await world.start(conversation(name="c", persistent=True, conversation_timeout=5))
    assert application.runs
