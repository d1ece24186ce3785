"""Tests of nested conversations, of non-blocking handlers in them, and of changes and requests while they run."""

from __future__ import annotations

import asyncio
from contextlib import nullcontext

import pytest
from telegram.ext import (
    CommandHandler,
    ConversationHandler,
    MessageHandler,
    filters,
)

from support.applications.side_by_side import ADVICE, PERSISTENT, refused, running, talk, until, words

pytestmark = [
    ADVICE,
    pytest.mark.filterwarnings("ignore:.*'per_message=:telegram.warnings.PTBUserWarning"),
    pytest.mark.parametrize("persistent", PERSISTENT),
]
ALL, END = filters.ALL, ConversationHandler.END


def nested(side, persistent):
    """Make a conversation in a conversation. The end of the inner one decides where the outer one goes on."""
    inner = ConversationHandler(
        [MessageHandler(words("in"), side.note("in", "a"))],
        {
            "a": [
                MessageHandler(words("deeper"), side.note("deeper")),
                MessageHandler(words("back"), side.note("back", "back")),
                MessageHandler(words("out"), side.note("out", END)),
                MessageHandler(words("away"), side.note("away", "away")),
            ]
        },
        [],
        name="inner", persistent=persistent, map_to_parent={"back": 1, END: 2, "away": END},
    )  # fmt: skip
    return ConversationHandler(
        [CommandHandler("go", side.note("go", 1))],
        {1: [inner], 2: [MessageHandler(words("two"), side.note("two", END))]},
        [], name="outer", persistent=persistent,
    )  # fmt: skip


@pytest.mark.parametrize(("way", "after"), [("back", ["in"]), ("out", ["two"]), ("away", ["go"])])
async def test_an_inner_conversation_says_where_the_outer_one_goes_on(sides, persistent, way, after):
    async def scenario(side):
        async with side.build(nested(side, persistent)) as app:
            await side.says(app, "/go", "in", "deeper", way, "in", "two", "/go")
        return side.seen

    assert await sides.same(scenario) == ["go", "in", "deeper", way, *after] + (["go"] if way == "out" else [])


async def test_nested_conversations_go_on_after_restarts(sides, persistent):
    async def scenario(side):
        for text in ("/go", "in", "deeper", "out", "two", "two"):
            async with side.build(nested(side, persistent)) as app:
                await side.says(app, text)
        return side.seen

    assert await sides.same(scenario) == (["go", "in", "deeper", "out", "two"] if persistent else ["go"])


async def test_states_that_do_not_block_are_waited_for(sides, persistent):
    async def scenario(side):
        opened = []

        async def slow(_update, _context):
            await until(lambda: opened)
            side.seen.append("slow")
            return 2

        states = {
            1: [MessageHandler(words("slow"), slow, block=False)],
            2: [MessageHandler(words("end"), side.note("end", END))],
            ConversationHandler.WAITING: [MessageHandler(ALL, side.note("waiting"))],
        }
        app = side.build(talk(side, persistent, states=states))
        async with running(app):
            await side.says(app, "/go", "slow", "end", "/go")
            opened.append(True)
            await until(lambda: "slow" in side.seen)
            await side.says(app, "end", "end")
        return side.seen

    assert await sides.same(scenario) == ["go", "waiting", "waiting", "slow", "end"]


@pytest.mark.parametrize("result", [None, ValueError("wrong")])
async def test_a_state_that_does_not_block_and_has_no_result_leaves_the_conversation_where_it_was(
    sides, persistent, result
):
    async def scenario(side):
        states = {
            1: [
                MessageHandler(words("nothing"), side.note("nothing", result), block=False),
                MessageHandler(words("end"), side.note("end", END)),
            ]
        }
        app = side.build(talk(side, persistent, states=states))
        async with running(app):
            await side.says(app, "/go", "nothing")
            await until(lambda: "nothing" in side.seen)
            await side.says(app, "end", "end")
        return side.seen, side.errors

    errors = [] if result is None else ["ValueError: wrong"]
    assert await sides.same(scenario) == (["go", "nothing", "end"], errors)


@pytest.mark.parametrize("result", [1, END, None, ValueError("wrong")])
async def test_an_entry_point_that_does_not_block(sides, persistent, result):
    async def scenario(side):
        entry = [CommandHandler("go", side.note("go", result), block=False)]
        async with side.build(talk(side, persistent, entry=entry)) as app:
            await app.start()
            await side.says(app, "/go")
            await until(lambda: "go" in side.seen)
            await side.says(app, "stay")
            await app.stop()
        async with side.build(talk(side, persistent)) as app:
            await side.says(app, "stay")
        return side.seen, side.errors

    stays = ["stay", *(["stay"] if persistent else [])] if result == 1 else []
    errors = ["ValueError: wrong"] if isinstance(result, Exception) else []
    assert await sides.same(scenario) == (["go", *stays], errors)


async def test_what_a_state_that_does_not_block_decides_before_the_stop_is_there_after_it(sides, persistent):
    async def scenario(side):
        async def slow(_update, context):
            await until(lambda: not context.application.running)
            return 2

        states = {1: [MessageHandler(ALL, slow, block=False)], 2: [MessageHandler(ALL, side.note("two", END))]}
        async with side.build(talk(side, persistent, states=states)) as app:
            await app.start()
            await side.says(app, "/go", "slow")
            await app.stop()
        async with side.build(talk(side, persistent, states=states)) as app:
            await side.says(app, "end")
        return side.seen

    assert await sides.same(scenario) == ["go", *(["two"] if persistent else [])]


async def test_the_block_of_a_conversation_counts_for_its_handlers(sides, persistent):
    async def scenario(side):
        opened = []

        async def slow(_update, _context):
            await until(lambda: opened)
            side.seen.append("slow")
            return 1

        app = side.build(talk(side, persistent, entry=[CommandHandler("go", slow)], block=False))
        app.add_handler(MessageHandler(ALL, side.note("next group")), 1)
        async with running(app):
            await side.says(app, "/go")
            opened.append(True)
            await until(lambda: "slow" in side.seen)
            await side.says(app, "stay")
            await until(lambda: "stay" in side.seen)
        return sorted(side.seen)

    assert await sides.same(scenario) == ["next group", "next group", "slow", "stay"]


async def test_a_conversation_that_is_added_while_the_application_runs_is_loaded(sides, persistent):
    async def scenario(side):
        async with side.build(talk(side, persistent)) as app:
            await side.says(app, "/go")
        async with running(side.build()) as app:
            with _added(persistent):
                app.add_handler(talk(side, persistent))
            await asyncio.sleep(0.02)  # PTB loads it in a separate task
            await side.says(app, "two")
        async with side.build(talk(side, persistent)) as app:
            await side.says(app, "end")
        return side.seen

    assert await sides.same(scenario, at_once=False) == (["go", "two", "end"] if persistent else ["go"])


def _added(persistent):
    return pytest.warns(Warning, match="persistent `ConversationHandler`") if persistent else nullcontext()


async def test_settings_of_a_conversation_are_not_changed_and_checked(sides, persistent):
    async def scenario(side):
        handler = talk(side, persistent)
        names = ("entry_points", "states", "fallbacks", "allow_reentry", "per_user", "per_chat", "per_message")
        found = [refused(lambda name=name: setattr(handler, name, True)) for name in (*names, "name", "persistent")]
        found.append(refused(lambda: talk(side, persistent, per_chat=False, per_user=False)))
        return found, (handler.name, handler.persistent, handler.map_to_parent, handler.conversation_timeout)

    found, settings = await sides.same(scenario)
    assert [one.partition(":")[0] for one in found] == ["AttributeError"] * 9 + ["ValueError"]
    assert settings == ("talk", persistent, None, None)


async def test_updates_without_a_chat_or_user_belong_to_no_conversation(sides, persistent):
    async def scenario(side):
        async with side.build(talk(side, persistent)) as app:
            for update in ("text", 7, None):
                await app.process_update(update)
        return side.seen, side.errors

    assert await sides.same(scenario) == ([], [])
