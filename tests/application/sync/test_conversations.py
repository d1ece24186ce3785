"""Tests that a conversation goes on at the instance that gets its next update."""

from __future__ import annotations

import asyncio
import itertools

import pytest
from telegram import InlineKeyboardButton, InlineKeyboardMarkup
from telegram.ext import CallbackQueryHandler, CommandHandler, ConversationHandler, MessageHandler, filters

from ptb_bucket.state import LAYOUTS, Kind, Record
from support.applications.instances import END, WORDS, say


def nested():
    inner = ConversationHandler(
        [MessageHandler(filters.Regex("^in$"), say("inner 1", 1))],
        {1: [MessageHandler(WORDS, say("inner 2", 2))], 2: [MessageHandler(WORDS, say("inner end", END))]},
        [CommandHandler("out", say("out", END))],
        name="inner", persistent=True, map_to_parent={END: "after"},
    )  # fmt: skip
    return ConversationHandler(
        [CommandHandler("go", say("outer 1", "a"))],
        {"a": [inner], "after": [MessageHandler(WORDS, say("bye", END))]},
        [CommandHandler("stop", say("stopped", END))],
        name="outer", persistent=True,
    )  # fmt: skip


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("save", ["update", "interval"])
async def test_nested_conversations_hop_between_instances(world, layout, save):
    instances = [await world.start(nested(), layout=layout, save=save) for _ in range(3)]
    dialogue = [("/go", "outer 1"), ("in", "inner 1"), ("x", "inner 2"), ("y", "inner end"), ("z", "bye")]
    for _ in range(2):
        for instance, (text, answer) in zip(itertools.cycle(instances), dialogue):
            assert await world.said(world.ada, instance, text) == [answer]
            await instance.update_persistence()
        assert await world.said(world.ada, instances[2], "nothing") == []


async def test_ended_elsewhere_stays_ended(world):
    one, two = await world.start(nested()), await world.start(nested())
    await world.said(world.ada, one, "/go")
    assert await world.said(world.ada, two, "in") == ["inner 1"]
    assert await world.said(world.ada, one, "/out") == ["out"]
    assert await world.said(world.ada, two, "/stop") == ["stopped"]
    for instance in (one, two, one):
        assert await world.said(world.ada, instance, "in") == []
    assert (await world.stored())._conversation_handler_conversations == {}


KEYS = [c for c in itertools.product([True, False], repeat=3) if any(c[:2]) and c[0] >= c[2]]


@pytest.mark.parametrize(("per_chat", "per_user", "per_message"), KEYS)
async def test_every_kind_of_key(world, per_chat, per_user, per_message):
    async def offer(update, _context):
        row = [InlineKeyboardButton("next", callback_data="next")]
        await update.effective_message.reply_text("?", reply_markup=InlineKeyboardMarkup([row]))

    def conversation():
        step = CallbackQueryHandler if per_message else (lambda callback: MessageHandler(WORDS, callback))
        return ConversationHandler(
            [step(say("1", 1))], {1: [step(say("2", 2))], 2: [step(say("3", END))]}, [],
            name="c", persistent=True, per_chat=per_chat, per_user=per_user, per_message=per_message,
        )  # fmt: skip

    instances = [await world.start(CommandHandler("offer", offer), conversation()) for _ in range(2)]
    await world.ada.send(instances[0], "/offer")
    for instance, answer in zip(itertools.cycle(instances), "1231"):
        sent = await (world.ada.press(instance, "next") if per_message else world.ada.send(instance, "go"))
        assert [message.text for message in sent] == [answer]


def flat():
    return ConversationHandler(
        [CommandHandler("go", say("1", 1))],
        {1: [MessageHandler(WORDS, say("2", 2))], 2: [MessageHandler(WORDS, say("3", 3))]}, [],
        name="c", persistent=True,
    )  # fmt: skip


async def test_an_unsaved_change_here_is_not_overwritten(world):
    one, two = await world.start(flat(), save="interval"), await world.start(flat())
    await world.said(world.ada, one, "/go")  # not saved
    await world.said(world.ada, two, "/go")
    await world.said(world.ada, two, "x")
    assert await world.said(world.ada, one, "y") == ["2"], "it goes on with its own"


async def test_a_superseded_state_continues_with_the_buckets_state(world):
    one, two = await world.start(flat(), save="interval"), await world.start(flat())
    await world.said(world.ada, one, "/go")  # not saved: it will come too late
    await world.said(world.ada, two, "/go")
    await world.said(world.ada, two, "x")
    await one.update_persistence()
    assert one.persistence.stats.conversations_kept == 1
    assert await world.said(world.ada, one, "y") == ["3"]


async def test_a_pending_state_is_not_touched(world):
    go_on = asyncio.Event()

    async def slow(_update, _context):
        await go_on.wait()
        return 2

    def conversation():
        return ConversationHandler(
            [CommandHandler("go", slow, block=False)], {2: [MessageHandler(WORDS, say("two", END))]}, [],
            name="c", persistent=True,
        )  # fmt: skip

    with pytest.warns(UserWarning, match="block=False"):
        one = await world.start(conversation(), save="update")
    await one.start()
    await world.ada.send(one, "/go")
    assert await world.said(world.ada, one, "hm") == []
    go_on.set()
    await asyncio.sleep(0)
    assert await world.said(world.ada, one, "now") == ["two"]
    await one.stop()


def timed():
    return ConversationHandler(
        [CommandHandler("go", say("1", 1))],
        {1: [MessageHandler(WORDS, say("2", 2))], 2: [MessageHandler(WORDS, say("3", 1))],
         ConversationHandler.TIMEOUT: [MessageHandler(filters.ALL, say("too late"))]},
        [CommandHandler("end", say("over", END))],
        name="c", persistent=True, conversation_timeout=0.2,
    )  # fmt: skip


async def fire(application):
    """Run the timeout's job now."""
    for job in application.job_queue.jobs():
        await job.run(application)
        job.schedule_removal()


@pytest.mark.parametrize(("elsewhere", "left"), [(["x"], {(42, 42): 2}), (["/end"], {}), (["/end", "/go"], None)])
async def test_a_timeout_does_not_end_what_has_moved_on_elsewhere(world, elsewhere, left):
    one, two = await world.start(timed()), await world.start(timed())
    for application in (one, two):
        await application.start()
    await world.ada.send(one, "/go")
    for text in elsewhere:
        await world.ada.send(two, text)
    if left is not None:
        world.telegram.transcript.clear()
        await fire(one)
        assert [line.text for line in world.telegram.transcript] == []
        assert dict(one._conversation_handler_conversations["c"]) == left
    for application in (one, two):
        await application.stop()


async def test_a_timeout_ends_what_has_not_moved_on_and_that_is_saved(world):
    one, two = await world.start(timed()), await world.start(timed())
    await one.start()
    await world.ada.send(one, "/go")
    await fire(one)
    assert world.telegram.transcript[-1].text == "too late"
    assert await world.said(world.ada, two, "x") == []
    await one.stop()


@pytest.mark.parametrize("sequential", [True, False])
async def test_a_timeout_that_is_due_while_a_handler_of_that_user_runs_waits_for_it(world, sequential):
    happened, began, go_on = [], asyncio.Event(), asyncio.Event()

    async def slow(_update, _context):
        began.set()
        await go_on.wait()
        happened.append("handled")

    async def too_late(_update, _context):
        happened.append("too late")

    conversation = ConversationHandler(
        [CommandHandler("go", say("1", 1))],
        {1: [MessageHandler(WORDS, say("2", 2))], ConversationHandler.TIMEOUT: [MessageHandler(filters.ALL, too_late)]},
        [], name="c", persistent=True, conversation_timeout=1000,
    )  # fmt: skip
    one = await world.start(conversation, CommandHandler("slow", slow), sequential=sequential)
    await one.start()
    await world.ada.send(one, "/go")
    sending = asyncio.ensure_future(world.ada.send(one, "/slow"))
    await began.wait()
    firing = asyncio.ensure_future(fire(one))
    await asyncio.sleep(0.05)
    go_on.set()
    await asyncio.gather(sending, firing)
    assert happened == ["handled", "too late"][:: 1 if sequential else -1]
    await one.stop()


async def test_a_timeout_that_was_due_when_its_conversation_moved_on_does_not_end_it(world):
    """The conversation moves on while the timeout waits for its turn. The next state has its own timeout."""
    began, go_on = asyncio.Event(), asyncio.Event()

    async def slow(_update, _context):
        began.set()
        await go_on.wait()
        return 2

    conversation = ConversationHandler(
        [CommandHandler("go", say("1", 1))],
        {1: [MessageHandler(WORDS, slow)], 2: [MessageHandler(WORDS, say("3", END))],
         ConversationHandler.TIMEOUT: [MessageHandler(filters.ALL, say("too late"))]},
        [], name="c", persistent=True, conversation_timeout=1000,
    )  # fmt: skip
    one = await world.start(conversation)
    await one.start()
    await world.ada.send(one, "/go")
    [due] = one.job_queue.jobs()
    sending = asyncio.ensure_future(world.ada.send(one, "x"))
    await began.wait()
    firing = asyncio.ensure_future(due.run(one))
    await asyncio.sleep(0.02)
    go_on.set()
    await asyncio.gather(sending, firing)
    assert "too late" not in [line.text for line in world.telegram.transcript]
    assert [job.removed for job in one.job_queue.jobs()] == [False], "the next state's timeout is still to come"
    assert await world.said(world.ada, one, "y") == ["3"]
    await one.stop()


async def test_after_a_reinitialise_what_ended_elsewhere_stays_ended(world):
    one, two = world.build(nested()), await world.start(nested())
    await one.initialize()
    for who in (world.ada, world.bob):
        await world.said(who, one, "/go")
    await one.shutdown()
    await world.said(world.ada, two, "/stop")
    await one.initialize()
    await one.update_persistence()
    assert await world.said(world.ada, one, "in") == []
    assert await world.said(world.bob, one, "in") == ["inner 1"]
    await one.shutdown()
    assert set((await world.stored()).persistence._session.replica.documents.records(Kind.CONVERSATION)) == {
        Record.of_conversation(name, (43, 43)) for name in ("outer", "inner")
    }
