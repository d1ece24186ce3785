"""Tests of forgetting a person: the owners of records, and old versions, read from the directory itself."""

from __future__ import annotations

import asyncio

import pytest
from telegram.ext import ExtBot

from ptb_bucket import BucketPersistence
from ptb_bucket.errors import AccessError, RefusedError, UnavailableError, UnsavedError
from ptb_bucket.state import Record
from ptb_bucket.stores import LocalStore, MemoryStore
from ptb_bucket.testing.faults import Fault, FaultyStore
from ptb_bucket.tools import open_state
from ptb_bucket.tools.edit.erasing import erase, find_person, is_of, past_of

PERSON = 4242


def running(where, **settings):
    bot = BucketPersistence(where, **settings)
    bot.set_bot(ExtBot("123456:offline"))
    return bot


async def remembered(where, **settings):
    bot = running(where, **settings)
    await asyncio.gather(
        bot.update_user_data(PERSON, {"name": "Ada"}),
        bot.update_user_data(7, {"name": "Grace", "friend": PERSON}),
        bot.update_chat_data(PERSON, {"words": "Ada"}),
        bot.update_conversation("order", (-100, PERSON), "Ada"),
        bot.update_conversation("order", (-100, 7), "size"),
    )
    await bot.flush()
    return bot


@pytest.mark.parametrize(
    ("record", "theirs"),
    [
        (Record.user(PERSON), True),
        (Record.user(-PERSON), False),
        (Record.chat(PERSON), True),
        (Record.chat(-100), False),
        (Record.of_conversation("o", (-100, PERSON)), True),
        (Record.of_conversation("o", (PERSON,)), True),
        (Record.of_conversation("o", (-100, 7, PERSON)), False),
        (Record.of_conversation("o", (7, f"{PERSON}")), False),
        (Record.of_conversation(f"{PERSON}", (7, 7)), False),
    ],
)
def test_owner_of_a_record(record, theirs):
    assert is_of(record, PERSON) == theirs


@pytest.mark.parametrize("codec", ["json", "pickle"])
@pytest.mark.parametrize("layout", ["single", "per-type", "per-record"])
async def test_no_file_holds_the_person(tmp_path, layout, codec):
    uri = f"file:{tmp_path}?keep=10&layout={layout}&codec={codec}"
    bot = await remembered(uri)
    await bot.update_user_data(PERSON, None)  # only old versions hold it
    await bot.flush()
    async with open_state(uri) as state:
        found = await find_person(state, PERSON)
        assert {record.label for records in found.records.values() for record in records} == {
            "chat_data[4242]", "conversations['order'][(-100, 4242)]",
        }  # fmt: skip
        assert [record.label for record in found.mentions] == ["user_data[7]"]
        past = await past_of(state, found)
        deleted = await erase(state, found, past, force=True)
        assert deleted >= past.number > 0
        assert (await past_of(state, await find_person(state, PERSON))).number == 0
    everything = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    assert b"Ada" not in everything
    assert b"Grace" in everything
    users = await running(uri).get_user_data()
    assert users == {7: {"name": "Grace", "friend": PERSON}}


@pytest.mark.parametrize("layout", ["per-type", "per-record"])
async def test_old_versions_of_documents_that_were_deleted_are_found(tmp_path, layout):
    """A listing does not show deleted objects, but their versions still hold the person's data."""
    uri = f"file:{tmp_path}?keep=10&layout={layout}"
    bot = running(uri)
    await bot.update_user_data(PERSON, {"name": "Ada"})
    await bot.update_chat_data(PERSON, {"words": "Ada"})
    await bot.update_bot_data({"name": "Grace"})
    await bot.flush()
    store = LocalStore(tmp_path, keep=10)
    for info in [info async for info in store.list() if "bot_data" not in info.key]:
        await store.delete(info.key)
    async with open_state(uri) as state:
        found = await find_person(state, PERSON)
        past = await past_of(state, found)
        assert past.number == 2
        assert await erase(state, found, past, force=True) == 2
    assert not [path for path in tmp_path.rglob("*") if path.is_file() and b"Ada" in path.read_bytes()]


async def test_erasing_without_versions_keeps_old_versions_and_counts_them(tmp_path):
    uri = f"file:{tmp_path}?keep=10"
    await remembered(uri)
    async with open_state(uri) as state:
        found = await find_person(state, PERSON)
        assert await erase(state, found, None, force=True) == 0
        assert (await past_of(state, found)).number == 1


async def test_objects_that_never_held_the_person_keep_their_past(tmp_path):
    uri = f"file:{tmp_path}?keep=10&layout=per-type"
    bot = running(uri)
    for number in range(3):
        await bot.update_user_data(PERSON, {"x": number})
        await bot.update_chat_data(-100, {"x": number})
        await bot.flush()
    async with open_state(uri) as state:
        found = await find_person(state, PERSON)
        await erase(state, found, await past_of(state, found), force=True)
        for key, number in (("user_data", 1), ("chat_data", 3)):
            assert len([one async for one in state.archive.versions(key)]) == number


async def test_an_old_version_that_cannot_be_read_counts_as_one_that_holds_the_person(tmp_path):
    store = LocalStore(tmp_path, keep=10)
    bot = running(store)
    for number in range(2):
        await bot.update_bot_data({"x": number})
        await bot.flush()
    [old] = [path for path in tmp_path.rglob("*") if path.is_file() and b'"x":0' in path.read_bytes()]
    old.write_bytes(b"damaged")
    async with open_state(store) as state:
        assert (await past_of(state, await find_person(state, PERSON))).number == 1


async def test_where_old_versions_cannot_be_deleted_nothing_changes(tmp_path):
    below = LocalStore(tmp_path, keep=10)
    bot = await remembered(below)
    await bot.update_bot_data({"x": 1})
    await bot.flush()
    before = await below.get("state.json")
    store = FaultyStore(below, lambda operation, _: Fault.DENIED if operation == "delete_version" else None)
    async with open_state(store) as state:
        found = await find_person(state, PERSON)
        with pytest.raises(AccessError):
            await erase(state, found, await past_of(state, found), force=True)
    assert await below.get("state.json") == before


async def test_what_is_erased_is_said_where_its_old_version_cannot_be_deleted(tmp_path):
    below = LocalStore(tmp_path, keep=10)
    await remembered(below)
    store = FaultyStore(below, lambda operation, _: Fault.DENIED if operation == "delete_version" else None)
    async with open_state(store) as state:
        found = await find_person(state, PERSON)
        with pytest.raises(UnsavedError, match="were erased, but some old versions could not be deleted"):
            await erase(state, found, await past_of(state, found), force=True)


async def test_erasing_reports_a_bot_that_keeps_writing_the_person():
    below = MemoryStore()
    bot = await remembered(below)

    class Writes(FaultyStore):
        async def put(self, key, data, mode):
            etag = await super().put(key, data, mode)
            await bot.update_user_data(PERSON, {"again": etag})
            return etag

    async with open_state(Writes(below, lambda *_: None)) as state:
        with pytest.raises(UnsavedError, match=r"A running bot keeps writing user_data\[4242\]"):
            await erase(state, await find_person(state, PERSON), None, force=True)


async def test_only_bots_that_committed_lately_are_taken_to_be_running(monkeypatch):
    store = MemoryStore()
    monkeypatch.setattr("ptb_bucket.state.document.header.time.time", lambda: 1_700_000_000.0)
    await remembered(store)
    monkeypatch.undo()
    async with open_state(store) as state:
        found = await find_person(state, PERSON)
        assert not found.running
        await erase(state, found, None)
    async with open_state(store) as state:
        assert not (await find_person(state, PERSON)).running  # the tool's own commit is nobody's memory
    await remembered(store)
    async with open_state(store) as state:
        with pytest.raises(RefusedError, match="--force"):
            await erase(state, await find_person(state, PERSON), None)


async def test_an_error_on_the_way_is_no_receipt():
    below = MemoryStore()
    await remembered(below)
    store = FaultyStore(below, lambda operation, _: Fault.UNAVAILABLE if operation == "get" else None)
    with pytest.raises(UnavailableError):
        async with open_state(store) as state:
            await find_person(state, PERSON)
