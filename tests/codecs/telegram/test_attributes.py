"""Tests with an object of each Telegram class: loading restores every attribute, private ones too."""

from __future__ import annotations

import datetime as dt
import inspect
import io

import pytest
import telegram
from telegram import (
    InputMediaAudio,
    InputMediaDocument,
    InputMediaPhoto,
    InputMediaVideo,
    InputTextMessageContent,
    LinkPreviewOptions,
    Message,
    PhotoSize,
    ReplyParameters,
    TelegramObject,
)
from telegram.ext import Defaults, ExtBot, PicklePersistence
from telegram.request import BaseRequest

from ptb_bucket.codecs import JsonCodec, PickleCodec, PtbPickleReader
from support.values.telegram_objects import CLASSES, differences, full, minimal, owned

MARKER = LinkPreviewOptions().is_disabled
"""PTB compares it by identity."""


async def written_by_ptb(path, value, bot):
    persistence = PicklePersistence(path)
    persistence.set_bot(bot)
    await persistence.update_bot_data({"value": value})


async def read_by_ptb(path, bot):
    persistence = PicklePersistence(path)
    persistence.set_bot(bot)
    return (await persistence.get_bot_data())["value"]


def imported(path, bot):
    pickles = PtbPickleReader([], bot)
    return pickles.value(pickles.read(io.BytesIO(path.read_bytes()))["bot_data"])["value"]


def test_every_public_class_is_known():
    public = {name: getattr(telegram, name) for name in telegram.__all__}
    things = {name for name, cls in public.items() if inspect.isclass(cls) and issubclass(cls, TelegramObject)}
    assert things - set(CLASSES) == {"Bot"}  # which is stored as a reference


@pytest.mark.filterwarnings("ignore::telegram.warnings.PTBDeprecationWarning")  # a constructor of PTB's warns
@pytest.mark.parametrize("make", [minimal, full])
@pytest.mark.parametrize("has_bot", [True, False], ids=["of the bot", "of none"])
@pytest.mark.parametrize("cls", [JsonCodec, PickleCodec])
def test_every_attribute_comes_back(cls, has_bot, make, bot):
    codec, wrong = cls(), {}
    codec.bot = bot
    for name, thing in CLASSES.items():
        value = owned(make(thing), bot if has_bot else None)
        if found := differences(value, codec.decode(codec.encode(value))):
            wrong[name] = found
    assert not wrong


@pytest.mark.parametrize("make", [minimal, full])
async def test_every_attribute_is_imported_as_pickle_persistence_loads_it(make, bot, tmp_path):
    """Only two markers differ, which PTB writes as None, and copies of a marker, which equal no other copy."""
    values = {name: owned(make(cls), bot) for name, cls in CLASSES.items()}
    await written_by_ptb(tmp_path / "bot.pickle", list(values.values()), bot)
    of_ptb, ours = await read_by_ptb(tmp_path / "bot.pickle", bot), imported(tmp_path / "bot.pickle", bot)
    wrong = {}
    for name, one, other in zip(values, of_ptb, ours, strict=True):
        found = [line for line in differences(one, other) if not line.endswith(ALLOWED)]
        if found:
            wrong[name] = found
    assert not wrong


ALLOWED = (
    "parse_mode: NoneType is DefaultValue",
    "_effective_attachment: NoneType is DefaultValue",
    ": another DefaultValue",
)


class Wire(BaseRequest):
    """A request object that notes what is sent."""

    read_timeout = None

    def __init__(self):
        self.sent = []

    async def initialize(self):
        """Do nothing, as there is nothing to open."""

    async def shutdown(self):
        """Do nothing, as there is nothing to close."""

    async def do_request(self, url, method, request_data=None, **_):
        self.sent.append(request_data.parameters if request_data else None)
        me = b'{"id": 123456, "is_bot": true, "first_name": "Bot", "username": "bot"}'
        return 200, b'{"ok": true, "result": %s}' % (me if url.endswith("getMe") else b"[]")


def album():
    return [
        *[
            InputMediaPhoto("one"),
            InputMediaVideo("two", duration=dt.timedelta(seconds=3)),
            InputMediaDocument("three"),
        ],
        InputMediaAudio("four", title="A"),
    ]


async def sender(defaults=None):
    wire = Wire()
    bot = ExtBot("123456:offline", request=wire, get_updates_request=Wire(), defaults=defaults)
    await bot.initialize()
    return bot, wire


async def sent(bot, wire, media, **more):
    await bot.send_media_group(1, media, **more)
    return wire.sent[-1]["media"]


@pytest.mark.parametrize("defaults", [None, Defaults(parse_mode="HTML")], ids=["no defaults", "HTML by default"])
@pytest.mark.parametrize("parse_mode", [{}, {"parse_mode": "MarkdownV2"}], ids=["", "in Markdown"])
@pytest.mark.parametrize("cls", [JsonCodec, PickleCodec])
@pytest.mark.parametrize("is_imported", [False, True], ids=["stored", "imported"])
async def test_a_loaded_album_is_sent_with_a_caption_as_a_new_one(is_imported, cls, parse_mode, defaults, tmp_path):
    bot, wire = await sender(defaults)
    codec = cls()
    codec.bot = bot
    value = album()
    if is_imported:
        await written_by_ptb(tmp_path / "bot.pickle", value, bot)
        value = imported(tmp_path / "bot.pickle", bot)
    loaded = codec.decode(codec.encode({"album": value}))["album"]
    new = await sent(bot, wire, album(), caption="*hi*", **parse_mode)
    assert await sent(bot, wire, loaded, caption="*hi*", **parse_mode) == new
    assert not differences(loaded[0], album()[0])  # sending changed a copy


async def test_a_caption_that_pickle_persistence_kept_is_sent_as_it_would_send_it(tmp_path):
    """It cannot say if None or no value was given: with a text, None means "no formatting"."""
    bot, wire = await sender(Defaults(parse_mode="HTML"))
    await written_by_ptb(tmp_path / "bot.pickle", [InputMediaPhoto("one", caption="1 < 2", parse_mode=None)], bot)
    (media,) = await sent(bot, wire, imported(tmp_path / "bot.pickle", bot))
    assert media == {"caption": "1 < 2", "media": "one", "type": "photo"}


@pytest.mark.parametrize(
    "value",
    [
        *[InputMediaPhoto("one", parse_mode=None), InputTextMessageContent("x", parse_mode=None)],
        *[LinkPreviewOptions(is_disabled=None, url="x"), ReplyParameters(1, allow_sending_without_reply=None)],
    ],
    ids=lambda value: type(value).__name__,
)
@pytest.mark.parametrize("cls", [JsonCodec, PickleCodec])
def test_none_is_kept_apart_from_a_default(cls, value):
    assert not differences(value, cls().decode(cls().encode(value)))


def test_pickles_that_older_versions_stored_load_with_the_marker_itself():
    old = PickleCodec().encode(InputMediaPhoto("one"))
    assert b"DefaultValue" in old
    assert PickleCodec().decode(old).parse_mode is MARKER


async def test_an_imported_message_finds_its_attachment(bot, tmp_path):
    """PicklePersistence itself loads a message that claims to have no attachment."""
    photo = PhotoSize("f", "u", 1, 2)
    message = Message(1, dt.datetime(2024, 5, 1, tzinfo=dt.timezone.utc), minimal(CLASSES["Chat"]), photo=[photo])
    await written_by_ptb(tmp_path / "bot.pickle", message, bot)
    assert imported(tmp_path / "bot.pickle", bot).effective_attachment == (photo,)
    assert (await read_by_ptb(tmp_path / "bot.pickle", bot)).effective_attachment is None
