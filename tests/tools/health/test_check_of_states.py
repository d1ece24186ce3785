"""Tests that ``check`` says whose state it found, what is wrong with it, and which records cannot be decoded."""

from __future__ import annotations

import enum
import json
from datetime import datetime, timezone

import pytest

from ptb_bucket import BucketPersistence
from ptb_bucket.errors import NotFoundError, RefusedError
from ptb_bucket.offline_telegram import OfflineTelegram
from ptb_bucket.state import LAYOUTS, Record
from ptb_bucket.stores import Create, MemoryStore, StoreWrapper
from ptb_bucket.tools import Verdict, check, open_state
from ptb_bucket.tools.edit.edit import remove
from ptb_bucket.tools.rekeying import rekey

HEADER = {"format": 1, "bot_id": "7", "codec": "json", "sequence": 0, "floor": 0, "commits": []}
STATE = json.dumps({"ptb_bucket": HEADER}).encode()


class Going(StoreWrapper):
    """A store in which another process removes a document after it was listed and before it is read."""

    async def get(self, key, **how):
        await self._store.delete(key)
        return await super().get(key, **how)


async def test_a_state_that_is_removed_during_the_check_is_reported():
    store = MemoryStore()
    await store.put("state.json", STATE, Create())
    found = {one.name: one for one in await check(Going(store))}
    assert found["state"].verdict is Verdict.FAILED
    assert "removed while it was being read" in found["state"].detail


async def test_a_state_that_is_removed_meanwhile_is_not_sealed_anew():
    store = MemoryStore()
    await store.put("state.json", STATE, Create())
    with pytest.raises(NotFoundError, match="removed while it was being read"):
        await rekey(Going(store))


@pytest.mark.parametrize(
    ("documents", "options", "verdict", "words"),
    [
        ({"state.json": STATE}, "", Verdict.OK, "bot 7, layout single, codec json, last commit never"),
        ({"state.json": STATE}, "?layout=per-type", Verdict.FAILED, "layout=single&codec=json"),
        ({"user_data.json": STATE}, "", Verdict.OK, "set ?layout=per-type&codec=json"),
        ({"user_data.json": STATE}, "?layout=per-type", Verdict.OK, "never"),
        ({"state.json": STATE, "user_data.json": STATE}, "", Verdict.FAILED, "contains more than one state"),
        ({"state.json": STATE, "user_data.json": STATE}, "?layout=single", Verdict.WARNING, "more than one state"),
        ({"user_data.json": STATE, "chat_data.json": STATE.replace(b'"7"', b'"8"')}, "", Verdict.FAILED, "7, 8"),
        ({"state.json": b"{"}, "", Verdict.FAILED, "state.json"),
        ({"notes.txt": b"1"}, "", Verdict.OK, "No state is stored yet"),
    ],
)  # fmt: skip
async def test_owner_of_a_document(tmp_path, documents, options, verdict, words):
    for name, data in documents.items():
        (tmp_path / name).write_bytes(data)
    state = next(one for one in await check(f"file:{tmp_path}{options}") if one.name == "state")
    assert (state.verdict, words in state.detail) == (verdict, True), state
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir() if path.name != ".lock"} == documents


# ---------------------------------------------------------------- records


class Mood(enum.Enum):
    GOOD = 1


class NoMood(enum.Enum):
    BAD = 1


NoMood.__name__ = NoMood.__qualname__ = "Mood"


async def stored(uri, **data):
    persistence = BucketPersistence(uri, types=[Mood])
    persistence.set_bot(OfflineTelegram().builder().build().bot)
    for number, value in data.items():
        await persistence.update_user_data(int(number.removeprefix("u")), value)
    await persistence.flush()


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("codec", ["json", "pickle"])
async def test_records_that_the_bot_could_not_decode_are_named(tmp_path, layout, codec):
    uri = f"file:{tmp_path}/bot?layout={layout}&codec={codec}"
    await stored(uri, u42={"mood": Mood.GOOD}, u43={"n": 1})
    found = {types: {one.name: one for one in await check(uri, types=types)} for types in ((), (Mood,), (NoMood,))}
    assert "records" not in found[()], "without its classes, nothing can be said"
    assert found[(Mood,)]["records"].verdict is Verdict.OK
    assert found[(Mood,)]["records"].detail == "2 records can be decoded"
    records = found[(NoMood,)]["records"]
    assert records.verdict is Verdict.WARNING
    assert records.detail.startswith("1 of 2 records can't be decoded")
    assert "user_data[42]: " in records.detail
    assert records.facts["unreadable"] == ["user_data[42]"]


async def test_damaged_records_are_named_without_the_bots_classes(tmp_path):
    """A damaged pickle breaks its document's checksum, which 'state' says."""
    uri = f"file:{tmp_path}/bot"
    await stored(uri, u42={"when": datetime(2026, 1, 2, tzinfo=timezone.utc)}, u43={"mood": Mood.GOOD})
    path = tmp_path / "bot" / "state.json"
    path.write_bytes(path.read_bytes().replace(b"2026-01-02T00:00:00", b"2026-99-02T00:00:00"))
    records = {one.name: one for one in await check(uri)}["records"]
    assert records.facts["unreadable"] == ["user_data[42]"]
    assert "99" not in records.detail


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("codec", ["json", "pickle"])
async def test_a_record_that_cannot_be_decoded_can_be_removed_as_a_whole(tmp_path, layout, codec):
    uri = f"file:{tmp_path}/bot?layout={layout}&codec={codec}"
    await stored(uri, u42={"mood": Mood.GOOD}, u43={"n": 1})
    async with open_state(uri, types=[NoMood], keep_unknown=True) as state:
        with pytest.raises(RefusedError, match=r"user_data\[42\]"):
            await remove(state, Record.user(42), "mood")
        assert (await remove(state, Record.user(42), dry_run=True)).changed
        assert await state.archive.part_of(Record.user(42))
        assert (await remove(state, Record.user(42))).changed
    left = BucketPersistence(uri)
    left.set_bot(OfflineTelegram().builder().build().bot)
    assert await left.get_user_data() == {43: {"n": 1}}
    assert left.stats.unreadable == ()
