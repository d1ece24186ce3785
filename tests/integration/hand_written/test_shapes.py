"""Tests that a record in a hand-written document has the shape of its kind; else it is refused and named."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import json

import pytest
from telegram.ext import ContextTypes

from ptb_bucket.cli import main
from ptb_bucket.errors import CannotLoadError, CannotStoreError, CorruptDocumentError, DocumentError
from ptb_bucket.state import BOT_DATA, CALLBACK_QUERIES, HANDLED, Record
from ptb_bucket.tools import open_state
from support.documents.hand_written import BOT, LAYOUT_AND_CODEC, SECRET, SHORT, Bucket, load

KEYBOARD = Record.keyboard("0" * 32)
SHAPES = {
    "bot list": (BOT_DATA, [SECRET]),
    "bot text": (BOT_DATA, SECRET),
    "bot null": (BOT_DATA, None),
    "user text": (Record.user(42), SECRET),
    "user list": (Record.user(42), [[SECRET, 1]]),
    "user null": (Record.user(42), None),
    "user number": (Record.user(42), 7),
    "user set": (Record.user(42), {SECRET}),
    "chat tuple": (Record.chat(-7), (SECRET,)),
    "chat yes": (Record.chat(-7), True),
    "keyboard number": (KEYBOARD, 5),
    "keyboard null": (KEYBOARD, None),
    "keyboard dict": (KEYBOARD, {SECRET: 1}),
    "keyboard short": (KEYBOARD, [1.5]),
    "keyboard long": (KEYBOARD, [1.5, {}, SECRET]),
    "keyboard time": (KEYBOARD, [SECRET, {}]),
    "keyboard yes": (KEYBOARD, [True, {}]),
    "keyboard NaN": (KEYBOARD, [float("nan"), {}]),
    "keyboard for ever": (KEYBOARD, [float("inf"), {}]),
    "keyboard huge": (KEYBOARD, [10**400, {}]),
    "keyboard buttons": (KEYBOARD, [1.5, [SECRET]]),
    "keyboard button": (KEYBOARD, [1.5, {7: SECRET}]),
    "queries list": (CALLBACK_QUERIES, [SECRET]),
    "queries null": (CALLBACK_QUERIES, None),
    "queries value": (CALLBACK_QUERIES, {SECRET: 1}),
    "queries key": (CALLBACK_QUERIES, {1: SECRET}),
    "handled text": (HANDLED, SECRET),
    "handled number": (HANDLED, 5),
    "handled texts": (HANDLED, [1, SECRET]),
    "handled yes": (HANDLED, [True]),
    "handled tuple": (HANDLED, (1, 2)),
    "handled null": (HANDLED, None),
}
CASES = [
    pytest.param(layout, codec, name, marks=() if (layout, codec) in SHORT else pytest.mark.long)
    for layout, codec in LAYOUT_AND_CODEC
    for name in SHAPES
]


@pytest.mark.parametrize(("layout", "codec", "name"), CASES)
async def test_a_record_of_the_wrong_shape_is_an_error_that_names_it(tmp_path, layout, codec, name):
    bucket = Bucket(tmp_path / "bot", layout, codec)
    record, value = SHAPES[name]
    await bucket.write((record, value))
    before = bucket.bytes()
    with pytest.raises(CannotLoadError) as told:
        await load(bucket.bot())
    said = str(told.value)
    assert said.startswith(f"{record.label} cannot be loaded: the value must be ")
    assert SECRET not in said
    assert bucket.bytes() == before


@pytest.mark.parametrize("name", SHAPES)
async def test_a_record_of_the_wrong_shape_is_an_error_when_it_comes_while_we_run(tmp_path, name):
    bucket = Bucket(tmp_path / "bot")
    record, value = SHAPES[name]
    await bucket.write((Record.user(42), {"a": 1}), (Record.chat(-7), {"a": 1}))
    bot = bucket.bot(refresh_interval=0)
    await load(bot)
    await bucket.write((record, value))
    replica = bot._session.replica
    await replica.documents.refresh([record], float("inf"))
    with pytest.raises(CannotLoadError) as told:
        replica.values.load(record)
    assert record.label in str(told.value)
    assert SECRET not in str(told.value)


async def test_keyboards_of_the_wrong_shape_do_not_stop_others_from_being_saved(tmp_path):
    bucket = Bucket(tmp_path / "bot")
    await bucket.write((KEYBOARD, [SECRET, {}]))
    bot = bucket.bot()
    await bot.get_user_data()
    await bot.update_callback_data(([(f"{n:032x}", float(n), {}) for n in range(1, 70)], {}))  # more than are kept
    await bot.update_user_data(42, {"a": 1})
    await bot.flush()
    assert await bucket.bot().get_user_data() == {42: {"a": 1}}
    with pytest.raises(CannotLoadError):
        await bucket.bot().get_callback_data()


@pytest.mark.parametrize("state", [None, 0, "x", (1, 2), frozenset({1}), float("nan"), True])
async def test_a_conversations_state_may_be_anything_that_can_be_looked_up(bucket, state):
    await bucket.write((Record.of_conversation("talk", (1,)), state))
    found = await bucket.bot().get_conversations("talk")
    assert repr(found) == repr({(1,): state})


class Data(dict):
    """A bot author's subclass of dict."""


class Person:
    """A bot author's class."""

    def __init__(self, n: int = 1) -> None:
        self.n = n


async def test_what_the_context_types_make_and_dicts_of_all_kinds_are_taken(tmp_path):
    for number, (make, value) in enumerate(
        ((dict, Data(a=1)), (Data, {"a": 1}), (Data, Data(a=1)), (Person, Person(2)), (Person, {"a": 1}))
    ):
        bucket = Bucket(tmp_path / str(number))
        options = {"context_types": ContextTypes(user_data=make), "types": [Data, Person]}
        bot = bucket.bot(**options)
        await bot.update_user_data(1, value)
        await bot.flush()
        again = bucket.bot(**options)
        assert type((await again.get_user_data())[1]) is type(value)


@pytest.mark.parametrize("make", [dict, Data, Person, list])
async def test_plain_values_are_refused_whatever_the_context_types_make(tmp_path, make):
    bucket = Bucket(tmp_path / "bot")
    await bucket.write((Record.user(42), SECRET))
    bot = bucket.bot(context_types=ContextTypes(user_data=make))
    with pytest.raises(
        CannotLoadError, match=rf"user_data\[42\].* the value must be of type {make.__qualname__}, not str"
    ) as told:
        await bot.get_user_data()
    assert SECRET not in str(told.value)


@pytest.mark.parametrize("value", ["text", [1], 5, {1}, ()])
async def test_what_could_not_be_loaded_is_not_saved(bucket, value):
    bot = bucket.bot()
    await bot.update_user_data(42, {"kept": 1})
    with pytest.raises(
        CannotStoreError, match=r"user_data\[42\] cannot be stored: the value must be of type dict"
    ) as told:
        await bot.update_user_data(42, value)
    assert told.value.record == "user_data[42]"
    assert await bucket.bot().get_user_data() == {42: {"kept": 1}}


def test_set_refuses_a_value_of_the_wrong_shape(tmp_path, capfd):
    bucket = Bucket(tmp_path / "bot")
    asyncio.run(bucket.write((HANDLED, [1, 2])))
    before = bucket.bytes()
    for words in (
        ["updates", "handled", '"text"'],
        ["callback_data", "queries", "[1]"],
        ["callback_data", "0" * 32, "5"],
        ["user_data", "42", "[1]"],
        ["bot_data", '"x"'],
    ):
        assert main(["set", bucket.uri, *words]) != 0, words
        assert "Traceback" not in capfd.readouterr().err
    assert bucket.bytes() == before


async def test_data_of_a_class_that_the_context_types_do_not_make_is_refused(tmp_path):
    bucket = Bucket(tmp_path / "bot")
    bot = bucket.bot(context_types=ContextTypes(user_data=Person))
    await bot.update_user_data(42, Person(2))
    await bot.flush()
    with pytest.raises(
        CannotLoadError, match=r"user_data\[42\] cannot be loaded: the value must be of type dict, not Person"
    ):
        await bucket.bot(types=[Person]).get_user_data()


async def test_a_tool_that_does_not_know_the_context_types_takes_classes_of_the_bot(tmp_path):
    bucket = Bucket(tmp_path / "bot")
    bot = bucket.bot(context_types=ContextTypes(user_data=Person))
    await bot.update_user_data(42, Person(2))
    await bot.flush()
    for options in ({"types": [Person]}, {"keep_unknown": True}):
        async with open_state(bucket.uri, **options) as state:
            replica = await state.loaded([Record.user(42)])
            assert type(replica.values.load(Record.user(42))).__name__ in {"Person", "UnknownInstance"}


@pytest.mark.parametrize(
    "record", [["user_data", "042"], ["conversations", '["talk",-0]'], ["timers", "1"], ["bot_data", "x"]]
)
async def test_a_spool_with_a_record_that_no_document_may_hold_is_refused(tmp_path, record):
    bucket = Bucket(tmp_path / "bot")
    await bucket.write((Record.user(42), {"a": 1}))
    origin = {"bot_id": BOT, "layout": "single", "codec": "json", "document": str(tmp_path / "bot" / "state.json")}
    layers = {"seen": None, "staged": base64.b64encode(json.dumps({"secret": SECRET}).encode()).decode()}
    body = json.dumps(
        {"origin": origin, "etag": None, "hollow": False, "last_commit": None, "unread": False, "dropped": [],
         "records": [[*record, layers]], "attempt": None}
    ).encode()  # fmt: skip
    (tmp_path / "spool").mkdir()
    path = tmp_path / "spool" / f"{1:020d}-00000000.spool"
    path.write_bytes(b"ptb-bucket spool 1 " + hashlib.sha256(body).hexdigest().encode() + b"\n" + body)
    before = bucket.bytes()
    with pytest.raises(CorruptDocumentError) as told:
        await bucket.bot(spool_dir=tmp_path / "spool").get_user_data()
    assert str(path) in str(told.value)
    assert SECRET not in str(told.value)
    assert bucket.bytes() == before
    assert path.exists()


@pytest.mark.parametrize("value", [[1], None, 5, "text", True])
@pytest.mark.parametrize("section", ["user_data", "conversations", "bot_data", "updates"])
async def test_a_section_of_the_wrong_shape_is_named(tmp_path, section, value):
    bucket = Bucket(tmp_path / "bot")
    await bucket.write((Record.user(42), {"a": SECRET}))
    path = tmp_path / "bot" / "state.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), section: value}))
    with pytest.raises(DocumentError, match=f"the section '{section}' must be an object") as told:
        await load(bucket.bot())
    assert SECRET not in str(told.value)
