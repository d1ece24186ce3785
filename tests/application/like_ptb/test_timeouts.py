"""Conversations whose time is up."""

from __future__ import annotations

import asyncio

import pytest
from ptb_sides import ADVICE, running, until
from telegram.ext import (
    ApplicationHandlerStop,
    CallbackContext,
    CommandHandler,
    ContextTypes,
    ConversationHandler,
    MessageHandler,
    TypeHandler,
    filters,
)

pytestmark = [ADVICE, pytest.mark.parametrize("persistent", [True, False])]
ALL, END, TIMEOUT = filters.ALL, ConversationHandler.END, ConversationHandler.TIMEOUT
SHORT, LONG = 0.03, 60


def talk(side, persistent, *, timeouts=None, states=None, **options):
    states = states or {1: [MessageHandler(filters.Regex("stay"), side.note("stay")),
                            MessageHandler(filters.Regex("end"), side.note("end", END))]}  # fmt: skip
    if timeouts is not None:
        states[TIMEOUT] = timeouts
    options = {"name": "talk", "conversation_timeout": SHORT, **options}
    return ConversationHandler(
        [CommandHandler("go", side.note("go", 1))], states, [], persistent=persistent, **options
    )


async def over(app):
    """Wait until no conversation waits for its time, and no job runs."""
    await until(lambda: not app.job_queue.jobs())
    await asyncio.sleep(0.02)


async def test_a_conversation_ends_when_its_time_is_up_and_its_handlers_are_told(sides, persistent):
    async def scenario(side):
        async def late(update, context):
            side.seen.append(("time is up", update.effective_message.text, context.job is not None, context.user_data))

        async with running(side.build(talk(side, persistent, timeouts=[MessageHandler(ALL, late)]))) as app:
            await side.says(app, "/go")
            await over(app)
            await side.says(app, "stay", "/go")
        return side.seen, side.errors

    assert await sides.same(scenario) == (["go", ("time is up", "/go", True, {}), "go"], [])


async def test_its_end_is_there_after_a_restart(sides, persistent):
    async def scenario(side):
        async with running(side.build(talk(side, persistent))) as app:
            await side.says(app, "/go")
            await over(app)
        async with side.build(talk(side, persistent)) as app:
            await side.says(app, "stay")
        return side.seen

    assert await sides.same(scenario) == ["go"]


async def test_each_word_gives_it_new_time(sides, persistent):
    async def scenario(side):
        async with running(side.build(talk(side, persistent, conversation_timeout=LONG))) as app:
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

        async with running(side.build(talk(side, persistent, timeouts=[MessageHandler(ALL, late)]))) as app:
            await side.says(app, "/go")
            await side.says(app, "/go", who=side.bob)
            await side.says(app, "end", who=side.bob)
            await over(app)
        return side.seen

    assert await sides.same(scenario) == ["go", "go", "end", "Ada's time is up"]


@pytest.mark.parametrize("error", [ValueError("wrong"), ApplicationHandlerStop()])
async def test_what_a_timeout_raises(sides, persistent, error):
    async def scenario(side):
        async def late(_update, _context):
            side.seen.append("late")
            raise error

        async def also(_update, _context):
            side.seen.append("never")

        timeouts = [MessageHandler(ALL, late), TypeHandler(object, also)]
        app = side.build(talk(side, persistent, timeouts=timeouts))
        async with running(app):
            await side.says(app, "/go")
            await over(app)
            await side.says(app, "stay")
        return side.seen, side.errors

    seen, errors = await _stop_is_warned_of(sides, scenario, error)
    assert seen == ["go", "late"]
    assert errors == (["ValueError: wrong"] if isinstance(error, ValueError) else [])


async def _stop_is_warned_of(sides, scenario, error):
    if isinstance(error, ValueError):
        return await sides.same(scenario)
    with pytest.warns(Warning, match="ApplicationHandlerStop in TIMEOUT"):
        return await sides.same(scenario)


async def test_a_timeout_that_does_not_block_runs_beside(sides, persistent):
    async def scenario(side):
        opened = []

        async def late(_update, _context):
            side.seen.append("late")
            await until(lambda: opened)
            side.seen.append("later")

        timeouts = [MessageHandler(ALL, late, block=False)]
        async with running(side.build(talk(side, persistent, timeouts=timeouts))) as app:
            await side.says(app, "/go")
            await until(lambda: "late" in side.seen)
            await side.says(app, "stay")
            opened.append(True)
            await until(lambda: "later" in side.seen)
        return side.seen

    assert await sides.same(scenario) == ["go", "late", "later"]


async def test_what_a_timeout_changes_is_saved(sides, persistent):
    async def scenario(side):
        async def late(_update, context):
            context.user_data["late"] = True
            context.bot_data["late"] = True

        async with running(side.build(talk(side, persistent, timeouts=[MessageHandler(ALL, late)]))) as app:
            await side.says(app, "/go")
            await app.update_persistence()
            await until(lambda: app.bot_data)
            await over(app)
        return await side.stored(lambda app: (dict(app.bot_data), dict(app.user_data)))

    assert await sides.same(scenario) == ({"late": True}, {42: {"late": True}})


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
        app = side.build(talk(side, persistent, states=states, timeouts=timeouts, conversation_timeout=LONG))
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
            [], name="inner", persistent=persistent, conversation_timeout=SHORT,
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
        with pytest.warns(Warning) as warned:
            async with app:
                await side.says(app, "/go", "stay")
        return side.seen, sorted({str(one.message) for one in warned if "Ignoring" in str(one.message)})

    seen, [warning] = await sides.same(scenario, at_once=False)
    assert seen == ["go", "stay"]
    assert "Ignoring `conversation_timeout`" in warning
