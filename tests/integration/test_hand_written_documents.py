"""Hand-written and hostile documents: an id has one spelling, a record the shape of its kind; else it is refused.

Whoever may write to the bucket must not get more out of the bot than an error that names the record.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import json
from pathlib import Path

import pytest
from telegram.ext import ContextTypes

from ptb_bucket.cli import main
from ptb_bucket.codecs import JsonCodec, PickleCodec
from ptb_bucket.errors import CannotLoadError, CannotStoreError, CorruptDocumentError, DocumentError
from ptb_bucket.state import BOT_DATA, CALLBACK_QUERIES, HANDLED, LAYOUTS, Kind, Record, open_layout
from ptb_bucket.state.document.document import Document
from ptb_bucket.state.document.header import Header
from ptb_bucket.tools import open_state, read_memory
from support.applications.restarting_bot import opened

BOT = "123456"
SECRET = "4111-1111"
LAYOUT_AND_CODEC = [(layout, codec) for layout in LAYOUTS for codec in ("json", "pickle")]
CODECS = {"json": JsonCodec(), "pickle": PickleCodec()}
KEYBOARD = Record.keyboard("0" * 32)

SPELLINGS = [
    "042", "+42", "4_2", " 42", "42 ", "42\n", "٤٢", "\uff14\uff12", "-0", "00", "42.0", "1e3", "0x2a", "",
    "-", "--1", "-042",
    "4\u200b2", "²", "true", "null", "None", "1" * 5000,
]  # fmt: skip
CONVERSATIONS = [
    '["talk",042]', '["talk",-0]', '["talk",42.0]', '["talk",1e3]', '["talk",true]', '["talk",null]', '["talk",[42]]',
    '["talk",{"a":1}]', '["talk",NaN]', "[42,42]", "[]",
    '"talk"', '{"talk":42}', '["talk",42', '["talk",42]]', "42", "",
    '["talk",' + "1" * 5000 + "]", "[" * 5000, '["talk",+42]', '["talk",٤٢]',
]  # fmt: skip
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
SHORT = {("single", "json"), ("per-record", "pickle")}
CASES = [
    pytest.param(layout, codec, name, marks=() if (layout, codec) in SHORT else pytest.mark.long)
    for layout, codec in LAYOUT_AND_CODEC
    for name in SHAPES
]


class Bucket:
    """A directory into which a test writes documents by hand, with correct checksums."""

    def __init__(self, root: Path, layout: str = "single", codec: str = "json") -> None:
        self.root, self.layout, self.codec = root, open_layout(layout), codec
        self.uri = f"file:{root}?layout={layout}&codec={codec}"

    def bot(self, **options):
        return opened(self.uri, **options)

    async def write(self, *records) -> None:
        """Put records of any id and value into the documents where a bot would look for them."""
        documents: dict[str, dict[Record, bytes]] = {}
        for record, value in ((BOT_DATA, {}), *records):
            documents.setdefault(self.layout.key(record), {})[record] = CODECS[self.codec].encode(value)
        async with open_state(self.uri, bot_id=BOT, create=True) as state:
            for key, changes in documents.items():
                empty = Document(Header(BOT, self.codec).advanced("hand", "c"))
                path = state.archive.name(key)
                place = Path(state.store.describe(path))
                place.parent.mkdir(parents=True, exist_ok=True)
                place.write_bytes(empty.changed(empty.header, changes).pack())  # noqa: ASYNC240

    def bytes(self) -> dict[Path, bytes]:
        return {path: path.read_bytes() for path in self.root.rglob("*") if path.suffix in (".json", ".pkl")}


@pytest.fixture(
    params=[pytest.param(pair, marks=() if pair in SHORT else pytest.mark.long) for pair in LAYOUT_AND_CODEC],
    ids="-".join,
)
def bucket(request, tmp_path) -> Bucket:
    return Bucket(tmp_path / "bot", *request.param)


async def load(bot) -> None:
    """Load everything as PTB does."""
    await bot.get_bot_data()
    await bot.get_chat_data()
    await bot.get_user_data()
    await bot.get_callback_data()
    await bot.get_conversations("talk")
    replica = bot._session.replica
    replica.documents.kinds = tuple(Kind)
    await replica.documents.read_all()
    await replica.documents.refresh([HANDLED], None)
    replica.values.load(HANDLED)


# ---------------------------------------------------------------- ids


@pytest.mark.parametrize("kind", [Kind.USER, Kind.CHAT])
async def test_an_id_in_another_spelling_is_refused_and_named(bucket, kind):
    for spelling in SPELLINGS:
        record = Record(kind, spelling)
        await bucket.write((record, {"secret": SECRET}))
        before = bucket.bytes()
        bot = bucket.bot()
        with pytest.raises(DocumentError) as told:
            await load(bot)
        said = str(told.value)
        assert f"{kind.value} contains the invalid key {spelling[:80]!r}" in said
        assert any(str(path) in said for path in before)
        assert SECRET not in said
        assert bucket.bytes() == before
        for path in before:
            path.unlink()


async def test_a_conversations_id_in_another_spelling_is_refused_and_named(bucket):
    for spelling in CONVERSATIONS:
        await bucket.write((Record(Kind.CONVERSATION, spelling), SECRET))
        before = bucket.bytes()
        with pytest.raises(DocumentError) as told:
            await load(bucket.bot())
        said = str(told.value)
        assert f"conversations contains the invalid key {spelling[:80]!r}" in said
        assert SECRET not in said
        assert bucket.bytes() == before
        for path in before:
            path.unlink()


@pytest.mark.parametrize("record", [Record(Kind.BOT, "n"), Record(Kind.UPDATES, "claims")])
async def test_a_section_with_one_record_has_no_other_one(tmp_path, record):
    bucket = Bucket(tmp_path / "bot")
    await bucket.write((record, {"secret": SECRET}))
    with pytest.raises(
        CorruptDocumentError, match=f"{record.kind.value} contains the invalid key '{record.id}'. The only valid key is"
    ):
        await load(bucket.bot())


async def test_two_spellings_of_one_conversation_are_refused(bucket):
    if bucket.layout.lazy:
        return  # each spelling has its own document, at the place that its key leads to
    for spelling in ('["talk", 42]', '["t\\u0061lk",42]', ' ["talk",42]', '["talk",42\t]'):
        await bucket.write((Record.of_conversation("talk", (42,)), 1), (Record(Kind.CONVERSATION, spelling), 2))
        with pytest.raises(CorruptDocumentError, match="twice, in different spellings"):
            await load(bucket.bot())
        for path in bucket.bytes():
            path.unlink()


async def test_a_conversations_text_may_be_spaced_and_escaped_by_hand(tmp_path):
    bucket = Bucket(tmp_path / "bot")
    await bucket.write((Record(Kind.CONVERSATION, '[ "t\\u0061lk" , 42,"é" ]'), "there"))
    bot = bucket.bot()
    assert await bot.get_conversations("talk") == {(42, "é"): "there"}
    await bot.update_conversation("talk", (42, "é"), "on")
    await bot.flush()
    assert await bucket.bot().get_conversations("talk") == {(42, "é"): "on"}


@pytest.mark.parametrize("number", [0, -1, 42, -1001234567890, 2**64, 10**300])
async def test_every_number_that_is_saved_is_loaded(bucket, number):
    bot = bucket.bot()
    key = (number, str(number))
    await bot.update_user_data(number, {"n": 1})
    await bot.update_chat_data(number, {"n": 2})
    await bot.update_conversation('a "b" é \x7f \' \ud800', key, 3)
    await bot.flush()
    again = bucket.bot()
    assert await again.get_user_data() == {number: {"n": 1}}
    assert await again.get_chat_data() == {number: {"n": 2}}
    assert await again.get_conversations('a "b" é \x7f \' \ud800') == {key: 3}


async def test_a_number_that_cannot_be_loaded_is_not_saved(tmp_path):
    bot = Bucket(tmp_path / "bot").bot()
    for save in (
        bot.update_user_data(10**5000, {"n": 1}),
        bot.update_chat_data(10**5000, {"n": 1}),
        bot.update_conversation("talk", (10**5000,), 1),
        bot.update_conversation(None, (1,), 1),
    ):
        with pytest.raises(CannotStoreError):
            await save


@pytest.mark.parametrize(
    "words",
    [["show"], ["set", "user_data", "42", "a", "1"], ["rm", "user_data", "42"], ["sweep"], ["rekey", "--to-plain"]],
)
def test_no_verb_works_on_an_id_in_another_spelling(tmp_path, capfd, words):
    bucket = Bucket(tmp_path / "bot")
    asyncio.run(bucket.write((Record(Kind.USER, "042"), {"secret": SECRET})))
    before = bucket.bytes()
    assert main([words[0], bucket.uri, *words[1:]]) != 0
    said = capfd.readouterr().err
    assert "user_data contains the invalid key '042'. Expected '42'" in said
    assert SECRET not in said
    assert bucket.bytes() == before


@pytest.mark.parametrize(
    ("kind", "key"), [("user_data", "042"), ("chat_data", "+42"), ("conversations", '["talk",-0]'), ("user_data", "٤٢")]
)
def test_an_import_refuses_an_id_in_another_spelling(tmp_path, kind, key):
    file = tmp_path / "export.json"
    file.write_text(json.dumps({"ptb_bucket_export": 1, "bot_id": BOT, kind: {key: {"secret": SECRET}}}))
    with pytest.raises(CannotLoadError, match=f"{kind} contains the invalid key ") as told:
        list(read_memory(file).records())
    assert repr(key) in str(told.value)
    assert SECRET not in str(told.value)


@pytest.mark.parametrize(
    "text",
    [
        '{"ptb_bucket_export": 1, "bot_id": "1", "user_data": {"42": {"a": 1}, "42": {"b": 1}}}',
        '{"user_data_json": "{\\"42\\": {\\"a\\": 1}, \\"042\\": {\\"b\\": 1}}"}',
        '{"user_data_json": "{\\"42\\": {\\"a\\": 1}, \\"42\\": {\\"b\\": 1}}"}',
        '{"chat_data_json": {"42": {"a": 1}, "4_2": {"b": 1}}}',
        '{"conversations_json": {"talk": {"[42]": 1, "[ 42 ]": 2}}}',
    ],
)
def test_an_import_never_chooses_between_two_spellings(tmp_path, text):
    file = tmp_path / "memory.json"
    file.write_text(text)
    with pytest.raises(CannotLoadError):
        list(read_memory(file).records())


# ---------------------------------------------------------------- shapes


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
