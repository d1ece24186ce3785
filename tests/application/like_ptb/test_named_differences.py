"""Where BucketApplication differs from PTB's Application: the rows of the documentation, and no row without a test."""

from __future__ import annotations

import asyncio
import datetime as dt
import gc
import re
import threading
import warnings
from pathlib import Path

import pytest
from ptb_sides import ADVICE, running, until
from telegram import InlineKeyboardButton, InlineKeyboardMarkup
from telegram.ext import (
    BaseUpdateProcessor,
    CallbackQueryHandler,
    CommandHandler,
    ContextTypes,
    ConversationHandler,
    InvalidCallbackData,
    JobQueue,
    MessageHandler,
    TypeHandler,
    filters,
)

from ptb_bucket import BucketApplication
from ptb_bucket.testing.faults import Fault

pytestmark = ADVICE
ALL, END = filters.ALL, ConversationHandler.END
PAGE = Path(__file__).parents[3] / "docs" / "differences.md"
SECTION = PAGE.read_text(encoding="utf-8").partition("## BucketApplication and PTB's Application")[2]
ROWS = re.findall(r"^\| (?!difference |---)(\S[^|]*?) \|", SECTION, re.MULTILINE)
TESTED = set()


def difference(name):
    """Mark the test of a row."""
    TESTED.add(name)
    return lambda test: test


def test_each_row_has_its_test_and_each_difference_its_row():
    assert sorted(ROWS) == sorted(TESTED)


async def put(_update, context):
    context.user_data["n"] = 1


def the_one(ours):
    """What all of ours returned."""
    found = list(ours.values())
    assert all(one == found[0] for one in found), {side.name: one for side, one in ours.items()}
    return found[0]


# ---------------------------------------------------------------- building and starting


@difference("persistence")
async def test_a_bucket_persistence_is_needed(sides):
    async def scenario(side):
        builder = side.telegram.builder()
        if side.name != "PTB":
            builder = builder.application_class(BucketApplication, {})
        try:
            return builder.build().persistence
        except Exception as error:  # noqa: BLE001  the test looks at it
            return f"{type(error).__name__}: {error}"

    ptb, ours = await sides.both(scenario)
    assert ptb is None
    assert the_one(ours).startswith("ConfigurationError: BucketApplication needs a BucketPersistence")


@difference("context types")
async def test_the_persistence_takes_the_context_types_of_the_application(sides):
    class Profile(dict):
        pass

    async def scenario(side):
        types = ContextTypes(user_data=Profile)
        app = side.builder().context_types(types).build()
        other = side.builder(side.persistence(context_types=types))
        return app.persistence.context_types is types, _built(other)

    ptb, ours = await sides.both(scenario)
    assert ptb == (False, "Application")
    takes, other = the_one(ours)
    assert (takes, other.partition(":")[0]) == (True, "ConfigurationError")


def _built(builder):
    try:
        return type(builder.build()).__name__
    except Exception as error:  # noqa: BLE001  the test looks at it
        return f"{type(error).__name__}: {error}"


@difference("class of the job queue")
async def test_ptbs_own_job_queue_becomes_one_of_a_class_of_its_own(sides):
    async def scenario(side):
        queue = side.build().job_queue
        return type(queue) is JobQueue, isinstance(queue, JobQueue)

    ptb, ours = await sides.both(scenario)
    assert (ptb, the_one(ours)) == ((True, True), (False, True))


@difference("advice at start")
async def test_what_several_instances_would_lose_is_warned_of_at_start(sides):
    async def scenario(side):
        app = side.build(
            ConversationHandler([CommandHandler("go", put)], {}, []), MessageHandler(ALL, put, block=False)
        )
        with warnings.catch_warnings(record=True) as warned:
            warnings.simplefilter("always")
            async with app:
                pass
        return sorted(str(one.message).partition(":")[0] for one in warned)

    ptb, ours = await sides.both(scenario, at_once=False)
    assert ptb == []
    lost, later = "ConversationHandler (without a name) is not persistent", "The handler put has block=False"
    for side, found in ours.items():
        assert found == ([lost, later] if side.options["save"] == "update" else [lost])


@difference("methods that return everything")
async def test_get_methods_are_not_overridden_where_records_are_read_one_by_one(sides):
    class Gives:
        async def get_user_data(self):
            return {42: {"n": 1}}

    async def scenario(side):
        try:
            async with side.build(mixin=Gives) as app:
                return dict(app.user_data)
        except Exception as error:  # noqa: BLE001  the test looks at it
            return type(error).__name__

    ptb, ours = await sides.both(scenario)
    assert ptb == {42: {"n": 1}}
    for side, found in ours.items():
        assert found == ("ConfigurationError" if side.layout == "per-record" else ptb)


@difference("second start")
async def test_a_second_start_forgets_what_is_gone_from_the_store(sides):
    async def scenario(side):
        async def look(_update, context):
            side.seen.append(dict(context.user_data))

        app = side.build(MessageHandler(filters.Regex("look"), look), MessageHandler(ALL, put))
        async with app:
            await side.says(app, "hi")
        async with side.build() as other:
            other.drop_user_data(42)
        async with app:
            await side.says(app, "look")
        return side.seen

    ptb, ours = await sides.both(scenario)
    assert (ptb, the_one(ours)) == ([{"n": 1}], [{}])


# ---------------------------------------------------------------- updates


@difference("updates of one chat or user")
async def test_updates_of_one_user_wait_for_each_other(sides):
    async def scenario(side):
        async def handle(update, _context):
            who = update.effective_user.first_name
            side.seen.append(f"{who} begins")
            await asyncio.sleep(0.01)
            side.seen.append(f"{who} ends")

        app = side.builder().concurrent_updates(4).build()
        app.add_handler(MessageHandler(ALL, handle))
        async with running(app):
            for who in (side.ada, side.ada, side.bob):
                app.update_queue.put_nowait(side.update("hi", who, app=app))
            await app.update_queue.join()
        return [one for one in side.seen if "Ada" in one], side.seen.index("Bob begins")

    begins, ends = "Ada begins", "Ada ends"
    ptb, ours = await sides.both(scenario)
    assert ptb == ([begins, begins, ends, ends], 2)
    assert the_one(ours) == ([begins, ends, begins, ends], 1)


@difference("handlers that wait for each other")
async def test_handlers_that_process_each_others_updates_are_refused(sides):
    async def scenario(side):
        both = []

        async def handle(update, context):
            both.append(update)
            await until(lambda: len(both) >= 2)
            if update.effective_message.text == "hi":
                other = side.bob if update.effective_user.id == 42 else side.ada
                await context.application.process_update(side.update("from a handler", other, app=app))
                side.seen.append("done")

        app = side.build(MessageHandler(ALL, handle))
        async with app:
            await asyncio.gather(*(side.says(app, "hi", who=who) for who in (side.ada, side.bob)))
        return side.seen, [error[:60] for error in side.errors]

    ptb, ours = await sides.both(scenario)
    assert ptb == (["done", "done"], [])
    seen, [error] = the_one(ours)
    assert (seen, error.startswith("RuntimeError: A handler processes an update of another")) == (["done"], True)


@difference("errors around an update")
async def test_an_error_of_an_update_processor_does_not_end_the_queue(sides):
    class Processor(BaseUpdateProcessor):
        async def do_process_update(self, update, coroutine):
            await coroutine
            if update == "wrong":
                raise ValueError(update)

        async def initialize(self):
            pass

        async def shutdown(self):
            pass

    async def scenario(side):
        async def handle(update, _context):
            side.seen.append(update)

        app = side.builder().concurrent_updates(Processor(1)).build()
        app.add_handler(TypeHandler(str, handle))
        app.add_error_handler(side.hear)
        async with app:
            await app.start()
            for update in ("wrong", "next"):
                app.update_queue.put_nowait(update)
            await asyncio.sleep(0.02)
            try:
                await app.stop()
            except ValueError:
                side.seen.append("stop raises")
        return side.seen, side.errors

    ptb, ours = await sides.both(scenario)
    assert "next" not in ptb[0]
    assert the_one(ours)[0] == ["wrong", "next"]


@difference("an update that comes again")
async def test_an_update_is_handled_once_with_dedupe(sides):
    async def scenario(side):
        if side.name != "PTB":
            side.options["dedupe"] = True
        app = side.build(MessageHandler(ALL, side.note("handled")))
        async with app:
            update = side.update("hi", app=app)
            for _ in range(2):
                await app.process_update(update)
        return side.seen

    ptb, ours = await sides.both(scenario)
    assert (ptb, the_one(ours)) == (["handled"] * 2, ["handled"])


@difference("a state that cannot be read")
async def test_no_handler_runs_on_a_state_that_cannot_be_read(sides):
    async def scenario(side):
        app = side.build(MessageHandler(ALL, side.note("handled")))
        async with app:
            side.plan = lambda operation, _key: Fault.DENIED if operation == "get" else None
            found = None
            try:
                await side.says(app, "hi")
            except Exception as error:  # noqa: BLE001  the test looks at it
                found = type(error).__name__
            side.plan = lambda _operation, _key: None
        return side.seen, found

    ptb, ours = await sides.both(scenario)
    assert (ptb, the_one(ours)) == ((["handled"], None), ([], "AccessError"))


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
            [], conversation_timeout=0.01, name="talk", persistent=True,
        )  # fmt: skip
        async with running(side.build(talk)) as app:
            await side.says(app, "/go")
            await until(lambda: "late" in side.seen)
            saying = asyncio.ensure_future(side.says(app, "hi"))
            await asyncio.sleep(0.02)
            opened.set()
            await saying
        return side.seen[:3]

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
    """What another process would load."""
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
            side.options["shutdown_deadline"] = 0.1
        app = side.build(MessageHandler(ALL, hang))
        async with app:
            await app.start()
            app.update_queue.put_nowait(side.update("hi", app=app))
            await until(lambda: side.seen)
            if side.name != "PTB":
                app._deadline.begin()  # as the signal does
            stopping = asyncio.ensure_future(app.stop())
            done, _ = await asyncio.wait({stopping}, timeout=1 if side.name != "PTB" else 0.2)
            ended.set()
            await stopping
        return bool(done)

    ptb, ours = await sides.both(scenario)
    assert (ptb, the_one(ours)) == (False, True)
