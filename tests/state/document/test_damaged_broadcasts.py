"""Journals and audiences that are damaged, or that a newer ptb-bucket wrote, are refused before anything follows."""

from __future__ import annotations

import json

import pytest

from ptb_bucket.errors import CorruptDocumentError, NewerDocumentError
from ptb_bucket.state import Broadcast, Journals
from ptb_bucket.stores import MemoryStore, Update

KEY = "broadcasts/news/journal.json"


async def store_with(change):
    """Return a store with a broadcast whose journal was changed."""
    store = MemoryStore()
    await Journals(store).create("news", "send_news", [7, 8])
    blob = await store.get(KEY)
    await store.put(KEY, json.dumps(change(json.loads(blob.data))).encode(), Update(blob.etag))
    return store


async def test_a_newer_field_is_ignored():
    store = await store_with(lambda journal: {**journal, "colour": "red"})
    assert (await Journals(store).read("news")).people == 2


@pytest.mark.parametrize("number", [2, 10**30])
async def test_a_newer_format_is_refused(number):
    store = await store_with(lambda journal: {**journal, "format": number})
    journals = Journals(store)
    for work in (journals.read("news"), journals.turn("news", "paused"), journals.forget(KEY, 7), journals.has(KEY, 7)):
        with pytest.raises(NewerDocumentError, match=rf"{KEY} uses format {number}.*Upgrade ptb-bucket"):
            await work
    assert json.loads((await store.get(KEY)).data)["format"] == number


@pytest.mark.parametrize(
    "wrong",
    [
        {"people": "x"}, {"people": -1}, {"people": True}, {"people": 2.0}, {"blocked": 7}, {"blocked": ["7"]},
        {"failed": None}, {"done": "1"}, {"sent": None}, {"state": "asleep"}, {"state": ["running"]}, {"state": None},
        {"began": "today"}, {"began": float("nan")}, {"updated": float("inf")}, {"updated": 1e300}, {"began": True},
        {"callback": 1}, {"attempt": None}, {"by": 1}, {"name": 1}, {"name": "other"}, {"format": None},
        {"format": "1"}, {"format": 0}, {"format": True}, {"people": ...}, {"attempt": ...}, {"format": ...},
        {"done": 3}, {"name": "a/b"},
    ],
    ids=str,
)  # fmt: skip
async def test_a_wrong_field_is_damage(wrong):
    def change(journal):
        return {name: value for name, value in {**journal, **wrong}.items() if value is not ...}

    store = await store_with(change)
    with pytest.raises(CorruptDocumentError, match=KEY):
        await Journals(store).read("news")


@pytest.mark.parametrize("data", [b"", b"[]", b"null", b'"x"', b"{}", b"[" * 100_000, b"\xff"])
def test_anything_else_is_damage(data):
    with pytest.raises(CorruptDocumentError, match=KEY):
        Broadcast.from_json(data, KEY)


@pytest.mark.parametrize("ids", [["7", 8], [7, None], [7, True], [7.5], {"7": 8}])
async def test_an_audience_has_only_numbers(ids):
    store = MemoryStore()
    made = await Journals(store).create("news", "send_news", [7, 8])
    key = made.parts[0]
    await store.put(key, json.dumps(ids).encode(), Update((await store.get(key)).etag))
    with pytest.raises(CorruptDocumentError, match="is not the audience"):
        await Journals(store).people(made, 0, 2)
