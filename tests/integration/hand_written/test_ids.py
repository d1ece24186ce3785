"""Tests that an id in a hand-written document has one spelling; every other one is refused, and its record named."""

from __future__ import annotations

import asyncio
import json

import pytest

from ptb_bucket.cli import main
from ptb_bucket.errors import CannotLoadError, CannotStoreError, CorruptDocumentError, DocumentError
from ptb_bucket.state import Kind, Record
from ptb_bucket.tools import read_memory
from support.documents.hand_written import BOT, SECRET, Bucket, load

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
