"""Conversation timeouts in the bucket: they fire with no process alive, on any instance, and once."""

from __future__ import annotations

import asyncio

import pytest
from telegram.ext import CallbackQueryHandler, CommandHandler, ConversationHandler, MessageHandler, filters

from ptb_bucket import BucketPersistence
from ptb_bucket.application.timers.claims import Claims
from ptb_bucket.errors import UnreadableRecordError
from ptb_bucket.state import BOT_DATA, Record
from ptb_bucket.state.timers import Timer

WAITING = 3600


def conversation(log, *, timeout=WAITING, **options):
    async def begin(update, _context):
        await update.effective_message.reply_text("Which day?")
        return "day"

    async def day(update, context):
        context.user_data["day"] = update.effective_message.text
        return "time"

    async def stop(_update, _context):
        return ConversationHandler.END

    async def give_up(update, context):
        log.append(update.effective_message.text)
        context.user_data["gave_up"] = context.user_data.get("gave_up", 0) + 1

    return ConversationHandler(
        [CommandHandler("book", begin)],
        {
            "day": [MessageHandler(filters.TEXT & ~filters.COMMAND, day)],
            "time": [MessageHandler(filters.Regex("at"), stop)],
            ConversationHandler.TIMEOUT: [MessageHandler(filters.ALL, give_up)],
        },
        [CommandHandler("stop", stop)],
        name="booking",
        persistent=True,
        conversation_timeout=timeout,
        **options,
    )


def start(bots, log, **options):
    application = bots.build([], **options)
    application.add_handler(conversation(log))
    return application


async def states(bots):
    """Read all states with PTB's own Application, which loads everything."""
    persistence = BucketPersistence(bots.where, layout=bots.layout)
    async with bots.telegram.builder().persistence(persistence).build():
        return await persistence.get_conversations("booking")


async def tick(application, clock, seconds):
    clock.pass_(seconds)
    return (await application.tick()).ran


async def test_it_fires_on_another_instance_and_the_state_is_gone(bots, clock):
    log = []
    async with start(bots, log) as one:
        await bots.ada.send(one, "/book")
    async with start(bots, log) as two:
        assert await tick(two, clock, WAITING - 5) == 0
        assert await tick(two, clock, 10) == 1
        assert await tick(two, clock, 10) == 0
    assert log == ["/book"]
    assert await states(bots) == {}
    async with start(bots, log) as three:
        await three.load_data(user_ids=42)
        assert three.user_data[42] == {"gave_up": 1}
        await bots.ada.send(three, "Monday")
        assert three.user_data[42] == {"gave_up": 1}
    assert bots.errors == []


async def test_each_step_on_any_instance_begins_the_time_anew(bots, clock):
    log = []
    async with start(bots, log) as one:
        await bots.ada.send(one, "/book")
    async with start(bots, log) as two:
        clock.pass_(WAITING - 100)
        await bots.ada.send(two, "Monday")
        assert await tick(two, clock, 200) == 0
        assert await tick(two, clock, WAITING - 100) == 1
    assert log == ["Monday"]
    assert await states(bots) == {}


@pytest.mark.parametrize("how", ["/stop", "at nine"])
async def test_a_conversation_that_ends_on_another_instance_has_no_timeout_left(bots, clock, how):
    log = []
    async with start(bots, log) as one, start(bots, log) as two:
        await bots.ada.send(one, "/book")
        await bots.ada.send(two, "Monday")
        await bots.ada.send(one, how)
        assert await states(bots) == {}
        assert await one.job_queue.find(user_id=42) == ()
        assert await tick(one, clock, WAITING + 10) == 0
    assert log == []


async def test_a_restart_keeps_it(bots, clock):
    log = []
    for text in ("/book", "Monday"):
        async with start(bots, log) as one:
            await bots.ada.send(one, text)
    async with start(bots, log) as two:
        assert await tick(two, clock, WAITING + 10) == 1
    assert log == ["Monday"]


@pytest.mark.filterwarnings("ignore:If 'per_message=True' is used, 'per_chat=True' should also:UserWarning")
@pytest.mark.parametrize("is_inline", [False, True])
async def test_a_conversation_of_a_message_belongs_to_the_bot(bots, clock, is_inline):
    log = []

    def pressed(what, state=None):
        async def handle(_update, _context):
            log.append(what)
            return state

        return [CallbackQueryHandler(handle)]

    def build():
        states = {1: pressed("press", 1), ConversationHandler.TIMEOUT: pressed("give up")}
        keys = {"per_message": True, "per_chat": False, "per_user": False}
        kept = {"name": "booking", "persistent": True, "conversation_timeout": WAITING}
        application = bots.build([])
        application.add_handler(ConversationHandler(pressed("press", 1), states, [], **keys, **kept))
        return application

    async with build() as one, build() as two:
        sent = await one.bot.send_message(42, "Press")
        where = {"inline_message_id": "AAAA"} if is_inline else {"message": sent.to_dict()}
        query = {"id": "1", "from": bots.ada.user, "chat_instance": "c", "data": "d", **where}
        await bots.telegram.deliver(one, bots.telegram.make_update("callback_query", query))
        clock.pass_(WAITING - 100)
        await bots.telegram.deliver(two, bots.telegram.make_update("callback_query", query))
        assert [job.record.timer[0] for job in await one.job_queue.find()] == [BOT_DATA]
        assert await tick(one, clock, 200) == 0
        assert await tick(one, clock, WAITING - 100) == 1
    assert log == ["press", "press", "give up"]
    assert await states(bots) == {}
    assert bots.errors == []


async def test_an_update_at_the_same_moment_on_another_instance(bots, clock):
    """Exactly one of the two happens: the conversation times out, or it goes on."""
    log = []
    for _ in range(2):
        async with start(bots, log) as one, start(bots, log) as two:
            await bots.ada.send(one, "/book")
            await bots.ada.send(two, "/nothing")
            clock.pass_(WAITING + 10)
            before = two.user_data[42].get("gave_up", 0)
            await asyncio.gather(one.tick(), bots.ada.send(two, "Monday"))
        async with start(bots, log) as three:
            await three.load_data(user_ids=42)
            gave_up = three.user_data[42].get("gave_up", 0) - before
            went_on = three.user_data[42].pop("day", None) == "Monday"
            assert (gave_up, went_on) in ((1, False), (0, True))
            assert bool(await states(bots)) is went_on
            three.mark_data_for_update_persistence(user_ids=42)
            await bots.ada.send(three, "/stop")
    assert bots.errors == []


async def test_a_living_process_fires_in_time(bots):
    log = []
    application = bots.build([], runs=True)
    application.add_handler(conversation(log, timeout=0.2))
    async with application as one:
        await one.start()
        await bots.ada.send(one, "/book")
        for _ in range(100):
            await asyncio.sleep(0.1)
            if log:
                break
        await one.stop()
    assert log == ["/book"]
    assert await states(bots) == {}


@pytest.mark.parametrize("options", [{}, {"name": "booking"}], ids=str)
async def test_a_conversation_that_is_not_persistent_keeps_ptbs_timeout_and_gets_a_warning(bots, options):
    timed_out = asyncio.Event()

    async def begin(_update, _context):
        return 1

    async def give_up(_update, _context):
        timed_out.set()

    states = {1: [], ConversationHandler.TIMEOUT: [MessageHandler(filters.ALL, give_up)]}
    book = ConversationHandler([CommandHandler("book", begin)], states, [], conversation_timeout=0.05, **options)
    application = bots.build([], runs=True)
    application.add_handler(book)
    with pytest.warns(UserWarning, match="ConversationHandler") as warned:
        await application.initialize()
    assert any("kept in this process only" in str(one.message) for one in warned)
    async with application:
        await application.start()
        await bots.ada.send(application, "/book")
        await asyncio.wait_for(timed_out.wait(), 60)
        await application.stop()
    assert bots.errors == []


async def test_a_timeout_handler_that_raises_is_tried_again(bots, clock):
    log = []

    async def fail(_update, _context):
        log.append("failed")
        if len(log) == 1:
            raise ValueError

    application = bots.build([])
    handler = conversation(log)
    handler.states[ConversationHandler.TIMEOUT][:] = [MessageHandler(filters.ALL, fail)]
    application.add_handler(handler)
    async with application:
        await bots.ada.send(application, "/book")
        assert await tick(application, clock, WAITING + 10) == 1
        assert len(bots.errors) == 1
        assert await tick(application, clock, 31) == 1
    assert log == ["failed", "failed"]
    assert await states(bots) == {}


@pytest.mark.parametrize("what", [{}, {"handler": "booking"}, {"handler": "booking", "key": 5}])
async def test_a_damaged_timeout_is_named_and_costs_only_itself(bots, clock, what):
    log = []
    async with start(bots, log) as application:
        await bots.ada.send(application, "/book")
        record = Record.of_timer(Record.user(42), "damaged")
        application.timers.pending.put(record, Timer("timeout", "aa", {}, due=clock.now, options={"timeout": what}))
        await bots.ada.send(application, "/nothing")
        clock.pass_(WAITING + 10)
        ticked = await application.tick()
    assert [type(error) for error in ticked.errors] == [UnreadableRecordError]
    assert record.label in str(ticked.errors[0])
    assert log == ["/book"]


async def test_a_run_that_raises_what_nobody_expects_is_an_error_of_the_tick(bots, clock, monkeypatch, caplog):
    async with start(bots, []) as application:
        await bots.ada.send(application, "/book")
        monkeypatch.setattr(Claims, "take", lambda *_: 1 / 0)
        clock.pass_(WAITING + 10)
        ticked = await application.tick()
    assert ticked.ran == 0
    assert "raised ZeroDivisionError" in str(ticked.errors)
    assert "raised ZeroDivisionError" in caplog.text
