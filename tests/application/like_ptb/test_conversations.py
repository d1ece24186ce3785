"""Tests of conversations: their users, their steps and their ends."""

from __future__ import annotations

from contextlib import nullcontext

import pytest
from telegram import InlineKeyboardButton, InlineKeyboardMarkup
from telegram.ext import (
    ApplicationHandlerStop,
    CallbackQueryHandler,
    CommandHandler,
    ConversationHandler,
    MessageHandler,
    filters,
)

from support.applications.side_by_side import ADVICE, PERSISTENT, talk, words

pytestmark = [
    ADVICE,
    pytest.mark.filterwarnings("ignore:.*'per_message=:telegram.warnings.PTBUserWarning"),
    pytest.mark.parametrize("persistent", PERSISTENT),
]
ALL, END = filters.ALL, ConversationHandler.END


async def test_words_move_a_conversation_on_and_others_do_not(sides, persistent):
    async def scenario(side):
        async with side.build(talk(side, persistent)) as app:
            await side.says(app, "two", "/go", "one", "stay", "/go", "two", "one", "two", "end", "two", "/go")
        return side.seen

    assert await sides.same(scenario) == ["go", "stay", "two", "one", "two", "end", "go"]


async def test_a_conversation_goes_on_after_a_restart_if_it_is_persistent(sides, persistent):
    async def scenario(side):
        for texts in (["/go"], ["two"], ["end"], ["two"]):
            async with side.build(talk(side, persistent)) as app:
                await side.says(app, *texts)
        return side.seen

    assert await sides.same(scenario) == (["go", "two", "end"] if persistent else ["go"])


@pytest.mark.parametrize("keys", ["chat", "user", "both"])
async def test_a_conversation_belongs_to_its_chat_its_user_or_both(sides, persistent, keys):
    async def scenario(side):
        group = side.telegram.group(-1, "Group")
        options = {"per_chat": keys != "user", "per_user": keys != "chat"}
        async with side.build(talk(side, persistent, **options)) as app:
            await side.says(app, "/go", chat=group)
            await side.says(app, "two", chat=group, who=side.bob)
            side.seen.append("Bob has spoken")
            await side.says(app, "two")
        return side.seen

    heard = {"chat": ["two", "Bob has spoken"], "user": ["Bob has spoken", "two"], "both": ["Bob has spoken"]}
    assert await sides.same(scenario) == ["go", *heard[keys]]


async def test_a_conversation_may_belong_to_a_message(sides, persistent):
    keyboard = InlineKeyboardMarkup([[InlineKeyboardButton("next", callback_data="next")]])

    async def scenario(side):
        async def send(update, _context):
            await update.effective_message.reply_text("press", reply_markup=keyboard)

        talk = ConversationHandler(
            [CallbackQueryHandler(side.note("begin", 1))],
            {1: [CallbackQueryHandler(side.note("end", END))]},
            [], per_message=True, persistent=persistent, name="talk",
        )  # fmt: skip
        async with side.build(talk, MessageHandler(ALL, send)) as app:
            [one] = await side.ada.send(app, "hi")
            [two] = await side.ada.send(app, "hi")
            for message in (one, two, one):
                await side.ada.press(app, "next", message=message)
        return side.seen

    assert await sides.same(scenario) == ["begin", "begin", "end"]


async def test_fallbacks_come_last_and_may_end(sides, persistent):
    async def scenario(side):
        fallbacks = [
            MessageHandler(words("stay", "what"), side.note("fallback")),
            CommandHandler("stop", side.note("stop", END)),
        ]
        async with side.build(talk(side, persistent, fallbacks=fallbacks)) as app:
            await side.says(app, "what", "/go", "stay", "what", "two", "/stop", "what", "end")
        return side.seen

    assert await sides.same(scenario) == ["go", "stay", "fallback", "two", "stop"]


@pytest.mark.parametrize("allowed", [True, False])
async def test_it_begins_again_if_that_is_allowed(sides, persistent, allowed):
    async def scenario(side):
        async with side.build(talk(side, persistent, allow_reentry=allowed)) as app:
            await side.says(app, "/go", "two", "/go", "stay")
        return side.seen

    assert await sides.same(scenario) == (["go", "two", "go", "stay"] if allowed else ["go", "two"])


@pytest.mark.parametrize("result", [None, END, "unknown"])
async def test_what_the_first_message_returns(sides, persistent, result):
    async def scenario(side):
        entry = [CommandHandler("go", side.note("go", result))]
        async with side.build(talk(side, persistent, entry=entry)) as app:
            with _warned(result == "unknown"):
                await side.says(app, "/go")
            await side.says(app, "stay", "/go") if result != "unknown" else await side.says(app, "stay")
        return side.seen, side.errors

    seen, errors = await sides.same(scenario, at_once=False)
    assert (seen, errors) == (["go"] if result == "unknown" else ["go", "go"], [])


def _warned(expected):
    return pytest.warns(Warning, match="returned state unknown which is unknown") if expected else nullcontext()


async def test_none_is_a_state_of_its_own_name_only(sides, persistent):
    async def scenario(side):
        states = {1: [MessageHandler(ALL, side.note("stays"))]}
        async with side.build(talk(side, persistent, states=states)) as app:
            await side.says(app, "/go", "a", "b")
        async with side.build(talk(side, persistent, states=states)) as app:
            await side.says(app, "c")
        return side.seen

    assert await sides.same(scenario) == ["go", "stays", "stays", *(["stays"] if persistent else [])]


async def test_a_handler_that_raises_leaves_the_state_as_it_is(sides, persistent):
    async def scenario(side):
        states = {1: [MessageHandler(words("wrong"), side.note("wrong", ValueError("wrong"))),
                      MessageHandler(words("end"), side.note("end", END))]}  # fmt: skip
        async with side.build(talk(side, persistent, states=states)) as app:
            await side.says(app, "/go", "wrong", "end", "end")
        return side.seen, side.errors

    assert await sides.same(scenario) == (["go", "wrong", "end"], ["ValueError: wrong"])


async def test_a_stop_with_a_state_moves_on_and_stops_other_groups(sides, persistent):
    async def scenario(side):
        async def stop(_update, _context):
            side.seen.append("stop")
            raise ApplicationHandlerStop(2)

        states = {1: [MessageHandler(ALL, stop)], 2: [MessageHandler(ALL, side.note("two", END))]}
        app = side.build(talk(side, persistent, states=states))
        app.add_handler(MessageHandler(ALL, side.note("other group")), 1)
        async with app:
            await side.says(app, "/go", "on", "end")
        return side.seen

    assert await sides.same(scenario) == ["go", "other group", "stop", "two", "other group"]
