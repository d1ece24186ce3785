"""The differences between BucketApplication and PTB in data, shutdown and saving: more rows of the documentation."""

from __future__ import annotations

import asyncio
import datetime as dt
import gc
import threading

import pytest
from telegram import InlineKeyboardButton, InlineKeyboardMarkup
from telegram.ext import (
    CallbackQueryHandler,
    CommandHandler,
    ConversationHandler,
    InvalidCallbackData,
    MessageHandler,
    filters,
)

from ptb_bucket.testing.faults import Fault
from support.applications.side_by_side import ADVICE, difference, running, the_one, until

pytestmark = ADVICE
ALL, END = filters.ALL, ConversationHandler.END


async def put(_update, context):
    context.user_data["n"] = 1


# ---------------------------------------------------------------- data


@difference("data of others")
async def test_data_of_others_is_loaded_on_demand_where_records_are_read_one_by_one(sides):
    async def scenario(side):
        async with side.build(MessageHandler(ALL, put)) as app:
            await side.says(app, "hi")
        async with side.build() as app:
            app.chat_data[1]["n"] = 1
            found = dict(app.user_data), _raised(lambda: app.migrate_chat_data(old_chat_id=8, new_chat_id=9))
            if side.name != "PTB":
                await app.load_data(user_ids=42)
            return *found, app.user_data[42]

    def _raised(call):
        try:
            call()
        except RuntimeError:
            return "RuntimeError"
        return None

    ptb, ours = await sides.both(scenario)
    assert ptb == ({42: {"n": 1}}, None, {"n": 1})
    for side, found in ours.items():
        assert found == (({}, "RuntimeError", {"n": 1}) if side.layout == "per-record" else ptb)


@difference("data put after a drop")
async def test_what_is_put_after_a_drop_is_saved(sides):
    async def scenario(side):
        async def replace(_update, context):
            context.application.drop_user_data(42)
            context.application.user_data[42]["new"] = 1

        app = side.build(MessageHandler(filters.Regex("replace"), replace), MessageHandler(ALL, put))
        async with app:
            await side.says(app, "hi")
            await app.update_persistence()
            await side.says(app, "replace")
        return await side.stored(lambda app: dict(app.user_data))

    ptb, ours = await sides.both(scenario)
    assert (ptb, the_one(ours)) == ({}, {42: {"new": 1}})


@difference("data that cannot be copied")
@pytest.mark.filterwarnings("ignore:coroutine 'PicklePersistence.*never awaited:RuntimeWarning")
async def test_data_that_cannot_be_copied_costs_only_itself(sides):
    async def scenario(side):
        async def keep(_update, context):
            context.user_data.update(n=1, lock=threading.Lock())

        app = side.build(MessageHandler(ALL, keep))
        await app.initialize()
        raised = None
        try:
            await side.says(app, "hi")
            await app.update_persistence()
        except TypeError as error:
            raised = type(error).__name__
        gc.collect()  # what PTB had begun to save
        app.user_data[42].pop("lock")
        app.mark_data_for_update_persistence(user_ids=42)
        errors = [error.partition(":")[0] for error in side.errors]
        await app.shutdown()
        return raised, errors

    ptb, ours = await sides.both(scenario)
    assert (ptb, the_one(ours)) == (("TypeError", []), (None, ["CannotStoreError"]))


@difference("a full cache of keyboards")
async def test_the_keyboard_that_was_used_least_recently_leaves_a_full_cache(sides):
    async def scenario(side):
        async def send(update, _context):
            text = update.effective_message.text
            keyboard = InlineKeyboardMarkup([[InlineKeyboardButton(text, callback_data=(text,))]])
            await update.effective_message.reply_text("which?", reply_markup=keyboard)

        async def pressed(update, _context):
            found = update.callback_query.data
            side.seen.append("invalid" if isinstance(found, InvalidCallbackData) else found[0])

        app = side.builder().arbitrary_callback_data(2).build()
        app.add_handlers([CallbackQueryHandler(pressed), MessageHandler(ALL, send)])
        async with app:
            await side.says(app, "one", "two")
            await side.ada.press(app, "one")
            await app.update_persistence()
            await side.says(app, "three")
            await side.ada.press(app, "one")
        return side.seen

    ptb, ours = await sides.both(scenario)
    assert (ptb, the_one(ours)) == (["one", "invalid"], ["one", "one"])


# ---------------------------------------------------------------- conversations


@difference("a conversation's timeout")
async def test_a_message_waits_for_the_timeout_of_its_conversation(sides):
    async def scenario(side):
        opened = asyncio.Event()

        async def late(_update, _context):
            side.seen.append("late")
            await opened.wait()

        talk = ConversationHandler(
            [CommandHandler("go", side.note("go", 1))],
            {1: [MessageHandler(ALL, side.note("stay"))], ConversationHandler.TIMEOUT: [MessageHandler(ALL, late)]},
            [], conversation_timeout=60, name="talk", persistent=True,
        )  # fmt: skip
        async with running(side.build(talk)) as app:
            await side.says(app, "/go")
            [job] = app.job_queue.jobs()
            job.job.modify(next_run_time=dt.datetime.now(dt.timezone.utc))
            await until(lambda: "late" in side.seen)
            saying = asyncio.ensure_future(side.says(app, "hi"))
            await asyncio.sleep(0.02)
            opened.set()
            await saying
        return side.seen

    ptb, ours = await sides.both(scenario)
    assert (ptb, the_one(ours)) == (["go", "late", "stay"], ["go", "late"])


async def test_a_message_that_came_before_the_timeout_of_its_conversation_is_handled_first(sides):
    async def scenario(side):
        opened = asyncio.Event()

        async def slow(_update, _context):
            side.seen.append("slow")
            await opened.wait()

        talk = ConversationHandler(
            [CommandHandler("go", side.note("go", 1))],
            {1: [MessageHandler(ALL, side.note("stay", END))], ConversationHandler.TIMEOUT: []},
            [], conversation_timeout=60, name="talk", persistent=True,
        )  # fmt: skip
        app = side.build(talk)
        app.add_handler(MessageHandler(filters.TEXT & ~filters.COMMAND, slow), -1)
        async with running(app):
            await side.says(app, "/go")
            saying = asyncio.ensure_future(side.says(app, "hi"))
            await until(lambda: "slow" in side.seen)
            [job] = app.job_queue.jobs()
            job.job.modify(next_run_time=dt.datetime.now(dt.timezone.utc))
            await until(lambda: not app.job_queue.jobs())
            await asyncio.sleep(0.02)
            opened.set()
            await saying
        return side.seen, side.errors, talk.timeout_jobs

    ptb, ours = await sides.both(scenario)
    assert (ptb, the_one(ours)) == ((["go", "slow"], [], {}), (["go", "slow", "stay"], [], {}))


# ---------------------------------------------------------------- saving and stopping


@difference("time of saving")
@pytest.mark.parametrize("on_flush", [False, True])
async def test_an_update_is_saved_before_it_is_answered(sides, on_flush):
    async def scenario(side):
        async with side.build(MessageHandler(ALL, put), on_flush=on_flush) as app:
            await side.says(app, "hi")
            at_once = await _seen_by_another(side)
            await app.update_persistence()
            return at_once, await _seen_by_another(side)

    ptb, ours = await sides.both(scenario)
    later = {} if on_flush else {42: {"n": 1}}
    assert ptb == ({}, later)
    for side, found in ours.items():
        saved = side.options["save"] == "update"
        assert found == ({42: {"n": 1}} if saved else {}, {42: {"n": 1}} if saved else later)


async def _seen_by_another(side):
    """Return the data that another process would load."""
    return await side.stored(lambda app: {user: data for user, data in app.user_data.items() if data})


@difference("a save that fails")
async def test_a_save_that_fails_is_raised(sides):
    class Breaks:
        async def update_user_data(self, user_id, data):
            raise ValueError("cannot save")

    async def scenario(side):
        app = side.build(MessageHandler(ALL, put), mixin=Breaks if side.name == "PTB" else object)
        await app.initialize()
        side.plan = lambda operation, _key: Fault.DENIED if operation == "put" else None
        found = []
        for call in (side.says(app, "hi"), app.update_persistence(), app.shutdown()):
            try:
                await call
                found.append(None)
            except Exception as error:  # noqa: BLE001  the test looks at it
                found.append(type(error).__name__)
        if side.name != "PTB":
            await app.discard()
        return found

    ptb, ours = await sides.both(scenario)
    assert ptb == [None] * 3
    for side, found in ours.items():
        assert found == ["UnsavedError" if side.options["save"] == "update" else None, None, "UnsavedError"]


@difference("a stop signal")
async def test_handlers_that_run_when_a_signal_comes_are_ended_in_time(sides):
    async def scenario(side):
        async def hang(_update, _context):
            side.seen.append("begun")
            await ended.wait()

        ended = asyncio.Event()
        if side.name != "PTB":
            side.options["shutdown_deadline"] = 2.0
        app = side.build(MessageHandler(ALL, hang))
        async with app:
            await app.start()
            app.update_queue.put_nowait(side.update("hi", app=app))
            await until(lambda: side.seen)
            if side.name != "PTB":
                app._shutdown.deadline.begin()  # as the signal does
            stopping = asyncio.ensure_future(app.stop())
            done, _ = await asyncio.wait({stopping}, timeout=30 if side.name != "PTB" else 0.2)
            ended.set()
            await stopping
        return bool(done)

    ptb, ours = await sides.both(scenario)
    assert (ptb, the_one(ours)) == (False, True)
