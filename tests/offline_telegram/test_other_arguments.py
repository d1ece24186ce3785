"""The arguments that ``test_every_method`` leaves out, because each excludes another one that it passes."""

from __future__ import annotations

import datetime as dt
import inspect
import warnings

import pytest
import telegram as ptb
from telegram import Bot

from support.bot_arguments import ADA, GROUP, World
from support.bot_methods import EXCLUDED, METHODS, arguments, expected, unparsed

BOLD = [ptb.MessageEntity("bold", 0, 1)]
SOON = dt.datetime(2035, 1, 1, tzinfo=dt.timezone.utc)
# Argument → its value, and the arguments that it comes with or, if None, without. Functions take the world.
OTHERS = {
    "actor_chat_id": (GROUP, {"user_id": None}),
    "allow_sending_without_reply": (True, {"reply_to_message_id": 987654}),
    "caption_entities": (BOLD, {"caption": "Tea"}),
    "close_date": (SOON, {}),
    "contact": (ptb.Contact("+49123", "Ada"), {"phone_number": None, "first_name": None}),
    "correct_option_id": (1, {"type": "quiz"}),
    "current_offset": ("", {"next_offset": None, "results": [ptb.InlineQueryResultGame("1", "duck")]}),
    "description_entities": (BOLD, {"description": "Tea"}),
    "direct_messages_topic_id": (1, {}),
    "disable_web_page_preview": (True, {}),
    "entities": (BOLD, {}),
    "error_message": ("No", {"ok": False, "shipping_options": None}),
    "explanation_entities": (BOLD, {"type": "quiz", "correct_option_ids": [0], "explanation": "Tea"}),
    "inline_message_id": ("inline", {"chat_id": None, "message_id": None}),
    "is_closed": (True, {}),
    "live_period": (60, {}),
    "location": (ptb.Location(4.0, 3.0), {"latitude": None, "longitude": None}),
    "question_entities": (BOLD, {}),
    "reply_to_message_id": (lambda world: world.text.message_id, {}),
    "sticker_type": ("regular", {}),
    "text_entities": (BOLD, {"text": "Tea"}),
    "venue": (ptb.Venue(ptb.Location(2.0, 1.0), "Pond", "1 Pond Lane"),
              dict.fromkeys(("latitude", "longitude", "title", "address"))),
    "business_connection_id": (lambda world: world.connection, {"chat_id": ADA}),
    "reply_parameters": (lambda world: ptb.ReplyParameters(world.text.message_id, quote="text"), {}),
}  # fmt: skip
IN_AN_INLINE_MESSAGE = {"set_game_score": "game", "get_game_high_scores": "game", "edit_message_live_location": "live",
                        "stop_message_live_location": "live", "edit_message_caption": "photo",
                        "edit_message_media": "photo"}  # fmt: skip
# Of a business connection's methods, those that `test_every_method` calls with one, or with a message of it.
WITH_A_MESSAGE = {"stop_poll": "poll", "stop_message_live_location": "live", "edit_message_live_location": "live",
                  "edit_message_caption": "photo", "edit_message_media": "photo"}  # fmt: skip
CASES = [
    (method, name)
    for method in METHODS
    for name in inspect.signature(getattr(Bot, method)).parameters
    if name in OTHERS
]


def test_no_argument_is_left_out():
    assert OTHERS.keys() >= EXCLUDED


async def business_message(bot, world, method):
    """Send a message through the business connection, of the kind that a method works on."""
    where = {"chat_id": ADA, "business_connection_id": world.connection}
    kind = WITH_A_MESSAGE.get(method, "text")
    if kind == "poll":
        return await bot.send_poll(question="Tea?", options=["Yes", "No"], **where)
    if kind == "live":
        return await bot.send_location(latitude=1.0, longitude=2.0, live_period=60, **where)
    if kind == "photo":
        return await bot.send_photo(photo=b"\x89PNG", **where)
    return await bot.send_message(text="old", **where)


async def others(bot, world, method, name):
    """Return minimal arguments, with the one that is tried instead of the ones that it excludes."""
    value, more = OTHERS[name]
    known = inspect.signature(getattr(Bot, method)).parameters
    given = arguments(method, world, full=False)
    given |= {key: each for key, each in more.items() if key in known}
    given[name] = value(world) if callable(value) else value
    if name == "inline_message_id":
        message = getattr(world, IN_AN_INLINE_MESSAGE.get(method, "text"))
        world.telegram.server.state.inline["inline"] = [GROUP, message.message_id]
    elif name == "business_connection_id" and "message_id" in given:
        message = await business_message(bot, world, method)
        given["message_id"] = message.message_id
        if method == "unpin_chat_message":
            await message.pin()
    elif method == "send_checklist" and name.startswith("reply"):  # it is sent for a business account
        given[name] = world.business.message_id if name[-2:] == "id" else ptb.ReplyParameters(world.business.message_id)
    return {key: each for key, each in given.items() if each is not None}


@pytest.mark.parametrize(("method", "name"), CASES)
async def test_ptb_reads_the_answer_and_no_field_is_left(method, name):
    world = World()
    async with world.telegram.builder().build() as app:
        await world.prepare(app.bot)
        given = await others(app.bot, world, method, name)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # deprecated parameters are called too
            answer = await getattr(app.bot, method)(**given)
    assert isinstance(answer, expected(method))
    assert unparsed(answer) == []
    assert answer is not False
