"""Tests of conversations that time out."""

from __future__ import annotations

import asyncio
import datetime as dt
import warnings

import pytest
from telegram.ext import (
    ApplicationHandlerStop,
    CallbackContext,
    CommandHandler,
    ContextTypes,
    ConversationHandler,
    MessageHandler,
    filters,
)

from support.applications.side_by_side import ADVICE, PERSISTENT, running, until

pytestmark = [ADVICE, pytest.mark.parametrize("persistent", PERSISTENT)]
ALL, END, TIMEOUT = filters.ALL, ConversationHandler.END, ConversationHandler.TIMEOUT
LONG = 60


def talk(side, persistent, *, timeouts=None, states=None, **options):
    states = states or {1: [MessageHandler(filters.Regex("stay"), side.note("stay")),
                            MessageHandler(filters.Regex("end"), side.note("end", END))]}  # fmt: skip
    if timeouts is not None:
        states[TIMEOUT] = timeouts
    options = {"name": "talk", "conversation_timeout": LONG, **options}
    return ConversationHandler([CommandHandler("go", side.note("go", 1))], states, [], persistent=persistent, **options)


async def over(app):
    """Set the time to the end of all conversations' timeouts, and wait until no job runs."""
    for job in app.job_queue.jobs():
        job.job.modify(next_run_time=dt.datetime.now(dt.timezone.utc))
    await until(lambda: not app.job_queue.jobs() and not app.job_queue._executor._pending_futures)


async def test_a_conversation_that_times_out_ends_and_calls_its_handlers(sides, persistent):
    async def scenario(side):
        async def late(update, context):
            side.seen.append(("time is up", update.effective_message.text, context.job, context.user_data))

        async with running(side.build(talk(side, persistent, timeouts=[MessageHandler(ALL, late)]))) as app:
            await side.says(app, "/go")
            await over(app)
            await side.says(app, "stay", "/go")
        return side.seen, side.errors

    assert await sides.same(scenario) == (["go", ("time is up", "/go", None, {}), "go"], [])


async def test_its_end_is_there_after_a_restart(sides, persistent):
    async def scenario(side):
        async with running(side.build(talk(side, persistent))) as app:
            await side.says(app, "/go")
            await over(app)
        async with side.build(talk(side, persistent)) as app:
            await side.says(app, "stay")
        return side.seen

    assert await sides.same(scenario) == ["go"]


async def test_each_message_restarts_the_timeout(sides, persistent):
    async def scenario(side):
        async with running(side.build(talk(side, persistent))) as app:
            runs = []
            for text in ("/go", "stay", "stay"):
                await side.says(app, text)
                [job] = app.job_queue.jobs()
                runs.append(job.next_t)
            side.seen.append(runs == sorted(set(runs)))
            await side.says(app, "end")
            side.seen.append(app.job_queue.jobs())
        return side.seen

    assert await sides.same(scenario) == ["go", "stay", "stay", True, "end", ()]


async def test_two_users_have_their_own_time(sides, persistent):
    async def scenario(side):
        async def late(update, _context):
            side.seen.append(f"{update.effective_user.first_name}'s time is up")

        handler = talk(side, persistent, timeouts=[MessageHandler(ALL, late)])
        async with running(side.build(handler)) as app:
            await side.says(app, "/go")
            [job] = app.job_queue.jobs()
            await side.says(app, "/go", who=side.bob)
            await job.run(app)
            await side.says(app, "stay")
            await side.says(app, "stay", who=side.bob)
        return side.seen

    assert await sides.same(scenario) == ["go", "go", "Ada's time is up", "stay"]


async def test_all_handlers_of_a_timeout_run_whether_one_of_them_stops_others_or_not(sides, persistent):
    async def scenario(side):
        async def stop(_update, _context):
            side.seen.append("late")
            raise ApplicationHandlerStop

        timeouts = [MessageHandler(ALL, stop), MessageHandler(ALL, side.note("also late"), block=False)]
        async with running(side.build(talk(side, persistent, timeouts=timeouts))) as app:
            await side.says(app, "/go")
            await over(app)
            await side.says(app, "stay")
        return side.seen, side.errors

    with pytest.warns(Warning, match="ApplicationHandlerStop in TIMEOUT"):
        assert await sides.same(scenario) == (["go", "late", "also late"], [])


async def test_a_timeout_that_raises_does_not_end_the_conversation(sides, persistent):
    async def scenario(side):
        timeouts = [MessageHandler(ALL, side.note("late", ValueError("wrong")))]
        async with running(side.build(talk(side, persistent, timeouts=timeouts))) as app:
            await side.says(app, "/go")
            await over(app)
            await side.says(app, "end", "stay")
        return side.seen, side.errors

    assert await sides.same(scenario) == (["go", "late", "end"], ["ValueError: wrong"])


async def test_a_timeout_changes_bot_data_and_what_it_marks(sides, persistent):
    async def scenario(side):
        async def late(_update, context):
            for data in (context.bot_data, context.user_data, context.chat_data):
                data["late"] = True
            context.application.mark_data_for_update_persistence(user_ids=42)

        async with running(side.build(talk(side, persistent, timeouts=[MessageHandler(ALL, late)]))) as app:
            await side.says(app, "/go")
            await app.update_persistence()
            await over(app)
        return await side.stored(lambda app: (dict(app.bot_data), dict(app.user_data), app.chat_data[42]))

    assert await sides.same(scenario) == ({"late": True}, {42: {"late": True}}, {})


async def test_a_timeout_sees_the_context_of_its_own_class(sides, persistent):
    async def scenario(side):
        async def late(_update, context):
            side.seen.append(type(context) is _Context)

        app = side.build(
            talk(side, persistent, timeouts=[MessageHandler(ALL, late)]), context_types=ContextTypes(context=_Context)
        )
        async with running(app):
            await side.says(app, "/go")
            await over(app)
        return side.seen

    assert await sides.same(scenario) == ["go", True]


class _Context(CallbackContext):
    pass


async def test_a_state_that_does_not_block_gets_its_time_when_it_is_known(sides, persistent):
    async def scenario(side):
        async def slow(_update, _context):
            await asyncio.sleep(0.01)
            return END

        states = {1: [MessageHandler(filters.Regex("slow"), slow, block=False)]}
        timeouts = [MessageHandler(ALL, side.note("late"))]
        app = side.build(talk(side, persistent, states=states, timeouts=timeouts))
        async with running(app):
            await side.says(app, "/go")
            side.seen.append(len(app.job_queue.jobs()))
            await side.says(app, "slow")
            await until(lambda: not app.job_queue.jobs())
        return side.seen

    assert await sides.same(scenario) == ["go", 1]


async def test_inner_conversations_have_their_own_time(sides, persistent):
    async def scenario(side):
        async def late(_update, _context):
            side.seen.append("inner time is up")

        inner = ConversationHandler(
            [MessageHandler(filters.Regex("in"), side.note("in", "a"))],
            {"a": [], TIMEOUT: [MessageHandler(ALL, late)]},
            [], name="inner", persistent=persistent, conversation_timeout=LONG,
        )  # fmt: skip
        app = side.build(talk(side, persistent, states={1: [inner]}, name="outer", conversation_timeout=None))
        async with running(app):
            await side.says(app, "/go", "in")
            await over(app)
            await side.says(app, "in")
        return side.seen

    assert await sides.same(scenario) == ["go", "in", "inner time is up", "in"]


@pytest.mark.parametrize("without", ["a job queue", "a running one"])
async def test_without_a_job_queue_a_timeout_is_warned_of(sides, persistent, without):
    async def scenario(side):
        builder = side.builder()
        app = (builder.job_queue(None) if without == "a job queue" else builder).build()
        app.add_handler(talk(side, persistent))
        with warnings.catch_warnings(record=True) as warned:
            warnings.simplefilter("always")
            async with app:
                await side.says(app, "/go", "stay")
        return side.seen, sorted({str(one.message) for one in warned if "Ignoring" in str(one.message)})

    seen, [warning] = await sides.same(scenario, at_once=False)
    assert seen == ["go", "stay"]
    assert "Ignoring `conversation_timeout`" in warning
