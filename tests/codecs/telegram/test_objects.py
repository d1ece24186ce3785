from __future__ import annotations

import datetime as dt

import pytest
from telegram import (
    Animation,
    CallbackQuery,
    Chat,
    ChatMemberMember,
    ChatMemberOwner,
    ChatMemberUpdated,
    Contact,
    InaccessibleMessage,
    InlineKeyboardButton,
    InlineKeyboardMarkup,
    KeyboardButton,
    LinkPreviewOptions,
    Location,
    MaybeInaccessibleMessage,
    Message,
    MessageEntity,
    MessageOriginUser,
    PhotoSize,
    Poll,
    ReplyKeyboardMarkup,
    Update,
    User,
    Voice,
)
from telegram.constants import ChatType
from telegram.ext import Defaults, ExtBot

from ptb_bucket.codecs import BotReference, JsonCodec, PickleCodec, fingerprint, same
from support.values.strategies import TYPES, Cart, identical

NOW = dt.datetime(2024, 5, 1, 12, tzinfo=dt.timezone.utc)
USER = User(1, "Ann", is_bot=False, username="ann")
CHAT = Chat(5, "group", title="Group")
KEYBOARD = InlineKeyboardMarkup([[InlineKeyboardButton("a", callback_data="b"), InlineKeyboardButton("u", url="x.y")]])
MESSAGE = Message(
    1,
    NOW,
    CHAT,
    from_user=USER,
    text="hé 😀",
    entities=[MessageEntity("bold", 0, 1), MessageEntity("text_mention", 0, 1, user=USER)],
    photo=[PhotoSize("f", "u", 1, 2, file_size=3)],
    reply_markup=KEYBOARD,
    forward_origin=MessageOriginUser(NOW, USER),
    api_kwargs={"newer": {"than": ["PTB"]}, "$odd": 1},
)
OBJECTS = [
    *[USER, CHAT, KEYBOARD, MESSAGE, Update(9, message=MESSAGE), Location(1.5, -2.5), Contact("1", "a")],
    Message(2, NOW, CHAT, reply_to_message=MESSAGE, pinned_message=InaccessibleMessage(CHAT, 3)),
    CallbackQuery("1", USER, "c", message=InaccessibleMessage(CHAT, 3), data="d"),
    CallbackQuery("1", USER, "c", message=MESSAGE),
    MaybeInaccessibleMessage(CHAT, 3, NOW),
    ChatMemberUpdated(CHAT, USER, NOW, ChatMemberOwner(USER, is_anonymous=False), ChatMemberMember(USER)),
    Poll.de_json(
        {
            "id": "1",
            "question": "q?",
            "total_voter_count": 1,
            "is_closed": False,
            "is_anonymous": False,
            "type": "regular",
            "allows_multiple_answers": False,
            "open_period": 9,
            "allows_revoting": True,
            "members_only": False,
            "options": [{"text": "a", "voter_count": 1, "persistent_id": "p"}],
        }
    ),
    *[Voice("a", "b", dt.timedelta(seconds=3)), Animation("a", "b", 1, 2, dt.timedelta(seconds=1))],
    *[LinkPreviewOptions(is_disabled=True), LinkPreviewOptions(), ReplyKeyboardMarkup([[KeyboardButton("a")]])],
    Message(1, NOW.replace(microsecond=5), CHAT),
    Message(1, NOW.replace(tzinfo=None), CHAT),
]


@pytest.mark.parametrize("value", OBJECTS, ids=lambda value: type(value).__name__)
def test_round_trip(codec, value):
    again = codec.decode(codec.encode([value]))[0]
    assert type(again) is type(value)
    assert again.to_dict() == value.to_dict()
    assert identical(again, value)
    assert same(again, value)


def test_messages_are_stored_as_bot_api_json():
    bot, codec = ExtBot("1:offline"), JsonCodec()
    codec.bot = bot
    ann = User.de_json(USER.to_dict(), bot)
    assert codec.encode(ann).decode() == (
        '{"$telegram":["User",{"first_name":"Ann","id":1,"is_bot":false,"username":"ann"}]}'
    )
    assert b'"type":"bold"' in JsonCodec().encode(MESSAGE)


@pytest.mark.parametrize(
    "data", [(1, [2]), [], (), {"a": {1}}, Cart(1, [2]), NOW, USER, None, 5, ChatType.PRIVATE, MESSAGE, {"$x": 1}]
)
def test_any_object_as_callback_data(codec, data):
    markup = InlineKeyboardMarkup([[InlineKeyboardButton("a", callback_data=data)]])
    for value in (markup, Message(1, NOW, CHAT, reply_markup=markup)):
        assert identical(codec.decode(codec.encode(value)), value)


def test_the_path_into_a_keyboard(codec):
    markup = InlineKeyboardMarkup([[InlineKeyboardButton("a", callback_data=[object()])]])
    with pytest.raises(TypeError, match="the type object is not supported") as caught:
        codec.encode({"m": markup})
    assert caught.value.path == ('["m"]', ".inline_keyboard", "[0]", "[0]", ".callback_data", "[0]")


def of(bot, value):
    again = type(value).de_json(value.to_dict(), bot)
    again.set_bot(bot)
    return again


def test_the_live_bot_is_set_again(codec, bot):
    codec.bot = bot
    update = of(bot, Update(1, message=MESSAGE))
    keyboard = InlineKeyboardMarkup([[InlineKeyboardButton("a", callback_data=(of(bot, USER),))]])
    keyboard.set_bot(bot)
    again, other = codec.decode(codec.encode([update, keyboard]))
    for value in (again, again.message, again.message.from_user, again.message.entities[1].user, other):
        assert value.get_bot() is bot
    assert other.inline_keyboard[0][0].callback_data[0].get_bot() is bot
    codec.bot = None


@pytest.mark.parametrize("owner", [None, ExtBot("654321:other")], ids=["none", "another"])
@pytest.mark.parametrize("value", [USER, InlineKeyboardMarkup([[InlineKeyboardButton("a", callback_data=(1,))]])])
def test_an_object_of_no_bot_or_another_one_has_none_as_with_pickle_persistence(codec, bot, owner, value):
    codec.bot = bot
    value.set_bot(owner)
    again = codec.decode(codec.encode({"value": value}))["value"]
    with pytest.raises(RuntimeError, match="no bot associated"):
        again.get_bot()
    assert identical(again, value)
    assert not again.api_kwargs
    assert codec.encode({"value": again}) == codec.encode({"value": value})
    value.set_bot(None)
    codec.bot = None


def test_a_stored_bot_gives_access_to_nothing(codec, bot):
    codec.bot = bot
    data = codec.encode({"own": bot, "other": ExtBot("654321:other"), "cart": Cart(bot, [bot])})
    again = codec.decode(data)
    assert again["own"] == BotReference(is_live=True)
    assert again["cart"].items == [BotReference(is_live=True)]
    assert "offline" not in f"{again!r} {again['own']} {vars(again['cart'])}"
    with pytest.raises(AttributeError, match=r"context\.bot"):
        _ = again["own"].token
    assert codec.encode(again["own"]) == codec.encode(bot)
    codec.bot = None
    assert b"offline" not in data


@pytest.mark.parametrize("cls", [JsonCodec, PickleCodec])
def test_the_time_zone_of_the_bot(cls):
    codec = cls(TYPES)
    berlin = pytest.importorskip("zoneinfo").ZoneInfo("Europe/Berlin")
    codec.bot = ExtBot("123456:offline", defaults=Defaults(tzinfo=berlin))
    message = Message.de_json(MESSAGE.to_dict(), codec.bot)
    again = codec.decode(codec.encode(message))
    assert identical(again, message)
    assert again.date.tzinfo is berlin


class Special(User):
    __slots__ = ()


def test_a_subclass_of_ones_own(bot):
    for cls in (JsonCodec, PickleCodec):
        with pytest.raises(TypeError, match=r"the class Special \(module .*\) is not registered"):
            cls().encode(Special(1, "a", is_bot=False))
        codec = cls([Special])
        codec.bot = bot
        special = Special(1, "a", is_bot=False)
        special.set_bot(bot)
        again = codec.decode(codec.encode(special))
        assert identical(again, special)
        assert again.get_bot() is bot


def test_fingerprints_see_all_content():
    other = Message.de_json({**MESSAGE.to_dict(), "text": "other"})
    assert other == MESSAGE
    assert not same(other, MESSAGE)
    assert fingerprint(Message.de_json(MESSAGE.to_dict())) == fingerprint(MESSAGE)
