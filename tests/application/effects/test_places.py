"""The places where code may ask for effects: handlers of several groups, errors, conversations, tasks and jobs."""

from __future__ import annotations

import asyncio

import pytest
from telegram.ext import CommandHandler, ConversationHandler, MessageHandler, filters

from ptb_bucket.errors import ConfigurationError, RefusedError, UnsavedError
from ptb_bucket.state import AFTER
from ptb_bucket.testing.faults import Fault

charged, sent = [], []


@pytest.fixture(autouse=True)
def _forget():
    charged.clear()
    sent.clear()


async def charge(order):
    charged.append(order)
    return len(charged)


async def send(context):
    sent.append((context.job.chat_id, context.job.user_id))


async def nothing(context):
    pass


OPTIONS = {"jobs": "bucket", "callbacks": [send]}


def asking(results, order=7, **options):
    async def handle(_update, context):
        results.append(await context.application.once("charge", charge, order, **options))

    return handle


async def test_two_handlers_of_one_update_share_an_effect_of_the_same_name(bots):
    results, application = [], bots.build(nothing)
    application.add_handler(CommandHandler("do", asking(results)), 1)
    application.add_handler(CommandHandler("do", asking(results)), 2)
    async with application as one:
        await bots.deliver(one)
    assert (results, charged, bots.errors) == ([1, 1], [7], [])


async def test_two_handlers_that_use_a_name_for_different_things_are_told_apart(bots):
    results, application = [], bots.build(nothing)
    application.add_handler(CommandHandler("do", asking(results)), 1)
    application.add_handler(CommandHandler("do", asking(results, order=8)), 2)
    async with application as one:
        await bots.deliver(one)
    assert charged == [7]
    assert [type(error) for error in bots.errors] == [RefusedError]
    assert "its own name" in str(bots.errors[0])


async def test_an_error_handler_is_part_of_the_update(bots):
    async def fail(context):
        raise ValueError

    results, update = [], bots.update()
    application = bots.build(fail, jobs="bucket", dedupe=False)
    application.add_error_handler(asking(results))
    async with application as one:
        await bots.deliver(one, update)
        await bots.deliver(one, update)
    assert (results, charged) == ([1, 1], [7])


async def test_a_step_of_a_conversation_is_charged_once_when_it_comes_again(bots):
    results = []

    def build():
        application = bots.build(nothing)

        async def begin(_update, _context):
            return "pay"

        async def pay(update, context):
            await asking(results)(update, context)
            return ConversationHandler.END

        talk = ConversationHandler(
            [CommandHandler("begin", begin)], {"pay": [MessageHandler(filters.TEXT, pay)]}, [], name="talk",
            persistent=True,
        )  # fmt: skip
        application.add_handler(talk, 1)
        return application

    async with build() as one:
        await bots.deliver(one, bots.ada.message_update("/begin"))
    update, one = bots.ada.message_update("yes"), build()
    await one.initialize()
    bots.fault = lambda operation, _key: Fault.DENIED if operation == "put" and results else None
    with pytest.raises(UnsavedError):
        await bots.deliver(one, update)
    await one.discard()
    bots.fault = lambda _operation, _key: None
    async with build() as two:
        await bots.deliver(two, update)
    assert charged == [7]
    assert set(results) == {1}


@pytest.mark.filterwarnings("ignore:The handler beside has block=False")
async def test_a_handler_that_nobody_waits_for_is_refused_with_advice(bots):
    heard = []

    async def beside(_update, context):
        with pytest.raises(ConfigurationError, match=r"block=False.*after_commit"):
            await context.application.once("charge", charge, 7)
        heard.append(True)

    async def tasks(_update, context):
        context.application.create_task(beside(_update, context))

    application = bots.build(nothing, runs=True)
    application.add_handler(CommandHandler("do", beside, block=False), 1)
    application.add_handler(CommandHandler("do", tasks), 2)
    async with application as one:
        await one.start()
        await bots.deliver(one)
        await one.stop()  # waits for its tasks
    assert len(heard) == 2
    assert (charged, bots.errors) == ([], [])


@pytest.mark.filterwarnings("ignore:The handler beside has block=False")
async def test_a_handler_that_nobody_waits_for_may_ask_for_a_call_after_the_commit(bots, clock):
    ended = []

    async def beside(_update, context):
        await asyncio.sleep(0.05)
        context.application.after_commit(send)
        ended.append(True)

    application = bots.build(nothing, runs=True, **OPTIONS)
    application.add_handler(CommandHandler("do", beside, block=False), 1)
    async with application as one:
        await bots.deliver(one)
        while not ended:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
        await one.update_persistence()
        clock.pass_(1)
        assert (await one.tick()).ran == 1
    assert sent == [(42, 42)]


async def test_a_job_whose_result_could_not_be_saved_is_tried_again_also_if_its_code_goes_on(bots, clock):
    """Otherwise the job would end, and nothing would tell that its effect has happened."""
    failing, results = [], []

    def fault(operation, _key):
        return Fault.DENIED if failing and operation == "put" else None

    async def pay(order):
        failing.append(True)
        return await charge(order)

    async def careless(context):
        try:
            results.append(await context.application.once("charge", pay, 7))
        except UnsavedError:
            failing.clear()

    async def order(context):
        context.job_queue.run_once(careless, 1, user_id=42)

    bots.fault = fault
    async with bots.build(order, jobs="bucket", callbacks=[careless]) as one:
        await bots.deliver(one)
        clock.pass_(2)
        await one.tick()
        assert results == []
        clock.pass_(100)
        assert (await one.tick()).ran == 1
    assert (results, charged) == ([1], [7])


@pytest.mark.parametrize("outage", ["data", "timer"])
async def test_an_outage_between_two_documents_leaves_no_call_without_its_data(bots, outage):
    """The data is written first. Without it, the timer is not written. Without the timer, the update comes again."""
    where = {"single": ("state", "state"), "per-type": ("user_data", "timers"), "per-record": ("bot_data", "user_data")}
    key_of = dict(zip(("data", "timer"), where[bots.layout], strict=True))[outage]

    async def order(context):
        context.application.after_commit(send)
        context.user_data["paid"] = context.bot_data["paid"] = True

    update, one = bots.update(), bots.build(order, **OPTIONS)
    await one.initialize()
    bots.fault = lambda operation, key: Fault.DENIED if operation == "put" and key_of in key else None
    with pytest.raises(UnsavedError):
        await bots.deliver(one, update)
    stored = b"".join([(await bots.bucket.get(info.key)).data async for info in bots.bucket.list()])
    assert AFTER.encode() not in stored
    assert sent == []
    await one.discard()
    bots.fault = lambda _operation, _key: None
    async with bots.build(order, **OPTIONS) as two:
        await bots.deliver(two, update)
    assert sent == [(42, 42)]
