"""States that must not be taken for empty ones, and must not be overwritten."""

from __future__ import annotations

import asyncio
import enum
import json
import threading

import pytest
from telegram.ext import ExtBot

from ptb_bucket import BucketPersistence, StoredAs
from ptb_bucket.errors import (
    AccessError,
    CannotLoadError,
    CannotStoreError,
    CorruptDocumentError,
    ForeignDocumentError,
    UnavailableError,
    UnsavedError,
    VanishedDocumentError,
)
from ptb_bucket.offline_telegram import OfflineRequest, OfflineTelegram
from ptb_bucket.stores import Create, MemoryStore, Update
from ptb_bucket.testing.faults import Fault, FaultyStore

REQUEST = OfflineRequest(OfflineTelegram())  # with its own request object, each bot would read all CA certificates


def opened(store, **options) -> BucketPersistence:
    persistence = BucketPersistence(store, **options)
    bot = ExtBot("123456:offline", arbitrary_callback_data=True, request=REQUEST, get_updates_request=REQUEST)
    persistence.set_bot(bot)
    return persistence


async def a_store(**options) -> MemoryStore:
    store = MemoryStore()
    await opened(store, **options).update_user_data(42, {"name": "Ada"})
    return store


async def damage(store, key, change) -> bytes:
    blob = await store.get(key)
    data = change(blob.data)
    await store.put(key, data, Update(blob.etag))
    return data


def edited(**header):
    def change(data):
        document = json.loads(data)
        document["ptb_bucket"].update(header)
        return json.dumps(document).encode()

    return change


DAMAGES = [
    ("truncated", lambda data: data[:-20], CorruptDocumentError, "not valid JSON"),
    ("empty", lambda _: b"", CorruptDocumentError, "not valid JSON"),
    ("not text", lambda data: b"\xff" + data, CorruptDocumentError, "UTF-8"),
    ("something else", lambda _: b'{"users": {}}', CorruptDocumentError, "has no ptb-bucket header"),
    ("a list", lambda _: b"[1]", CorruptDocumentError, "expected"),
    ("two documents", lambda data: data + data, CorruptDocumentError, "after the document"),
    ("twice the same", lambda data: data.replace(b'"42"', b'"42": {},\n"42"'), CorruptDocumentError, "twice"),
    ("mistyped", lambda data: data.replace(b"user_data", b"users_data"), CorruptDocumentError, "users_data"),
    ("header gone", edited(sequence="many"), CorruptDocumentError, "header is damaged"),
    ("newer", edited(format=99), ForeignDocumentError, "Upgrade ptb-bucket"),
    ("another bot's", edited(bot_id="777"), ForeignDocumentError, "belongs to bot 777"),
    ("other records", edited(codec="pickle"), ForeignDocumentError, "codec=json"),
]


@pytest.mark.parametrize(("change", "error", "message"), [row[1:] for row in DAMAGES], ids=[row[0] for row in DAMAGES])
async def test_a_document_that_cannot_be_used_stops_the_start_and_stays_as_it_is(change, error, message):
    store = await a_store()
    data = await damage(store, "state.json", change)
    persistence = opened(store)
    with pytest.raises(error, match=message):
        await persistence.get_user_data()
    with pytest.raises(error):
        await persistence.update_user_data(1, {"x": 1})
    with pytest.raises(UnsavedError, match=message):
        await persistence.flush()
    assert (await store.get("state.json")).data == data


async def test_the_error_names_object_and_version_but_no_data():
    store = await a_store()
    await damage(store, "state.json", lambda data: data[:-20])
    with pytest.raises(CorruptDocumentError) as caught:
        await opened(store).get_user_data()
    assert (caught.value.key, caught.value.etag) == ("state.json", (await store.get("state.json")).etag)
    assert "state.json" in str(caught.value)
    assert caught.value.etag in str(caught.value)
    assert "Ada" not in str(caught.value)


async def test_a_record_with_an_invalid_id_stops_the_start():
    store = await a_store()
    await damage(store, "state.json", lambda data: data.replace(b'"42"', b'"Ada"'))
    with pytest.raises(CorruptDocumentError, match="invalid key"):
        await opened(store).get_user_data()


@pytest.mark.parametrize(
    "change",
    [lambda data: data[:-1], lambda data: data[:40] + b"x" + data[41:], lambda _: b"", lambda _: b"\x80\x04N."],
)
async def test_damaged_binary_documents(change):
    store = await a_store(codec="pickle")
    await damage(store, "state.pkl", change)
    with pytest.raises(CorruptDocumentError, match=r"state\.pkl"):
        await opened(store, codec="pickle").get_user_data()


@pytest.mark.parametrize(
    ("stored", "asked"),
    [
        ({"layout": "single"}, {"layout": "per-type"}),
        ({"layout": "per-type"}, {"layout": "single"}),
        ({"codec": "json"}, {"codec": "pickle"}),
        ({"codec": "pickle", "layout": "per-type"}, {}),
    ],
)
async def test_a_wrong_layout_or_codec_does_not_start_empty(stored, asked):
    store = await a_store(**stored)
    with pytest.raises(ForeignDocumentError, match="Open it with") as caught:
        await opened(store, **asked).get_user_data()
    for name, value in stored.items():
        assert f"{name}={value}" in str(caught.value)


async def test_a_new_bot_starts_empty_with_a_warning_that_names_the_key(caplog):
    store = MemoryStore()
    await store.put("unrelated.txt", b"x", Create())
    assert await opened(store).get_user_data() == {}
    assert "state.json in memory does not exist. Starting with empty state" in caplog.text


@pytest.mark.parametrize(("fault", "error"), [(Fault.DENIED, AccessError), (Fault.UNAVAILABLE, UnavailableError)])
@pytest.mark.parametrize("operation", ["get", "list"])
async def test_what_could_not_be_read_is_not_empty(fault, error, operation):
    store = FaultyStore(MemoryStore(), lambda happening, _: fault if happening == operation else None)
    with pytest.raises(error):
        await opened(store).get_user_data()


async def test_a_document_that_vanished_is_an_error_and_is_not_written_again():
    store = await a_store()
    persistence = opened(store, refresh_interval=0)
    data = (await persistence.get_user_data())[42]
    await store.delete("state.json")
    with pytest.raises(VanishedDocumentError, match=r"state\.json in memory .* no longer exists"):
        await persistence.refresh_user_data(42, data)
    with pytest.raises(VanishedDocumentError):
        await persistence.update_user_data(42, {"name": "Bo"})
    assert [info.key async for info in store.list()] == []
    assert data == {"name": "Ada"}


async def test_an_unregistered_type_is_named_when_it_is_loaded():
    class Mood(enum.Enum):
        GOOD = 1

    store = MemoryStore()
    await opened(store, types=[Mood]).update_user_data(42, {"mood": Mood.GOOD})
    data = await opened(store).get_user_data()
    assert 42 not in data
    with pytest.raises(CannotLoadError, match=r"user_data\[42\] cannot be loaded: .*Mood"):
        data[42]
    with pytest.raises(KeyError):
        data[43]


# ---------------------------------------------------------------- values that cannot be stored


@pytest.mark.parametrize("codec", ["json", "pickle"])
async def test_one_bad_value_costs_only_itself(codec):
    store = MemoryStore()
    persistence = opened(store, codec=codec)
    await persistence.update_user_data(42, {"job": "old", "name": "Ada"})
    results = await asyncio.gather(
        persistence.update_user_data(42, {"job": threading.Lock(), "name": "Eve", "deep": {"ok": 1, "no": [print]}}),
        persistence.update_user_data(43, {"name": "Bo"}),
        persistence.update_chat_data(1, {"list": [threading.Lock()]}),
        return_exceptions=True,
    )
    assert [type(result) for result in results] == [CannotStoreError, type(None), CannotStoreError]
    assert str(results[0]).startswith(
        ("user_data[42]['job'] cannot be stored: ", 'user_data[42]["job"] cannot be stored: ')
    )
    assert str(results[2]).startswith("chat_data[1]")
    again = opened(store, codec=codec)
    assert await again.get_user_data() == {42: {"job": "old", "name": "Eve", "deep": {"ok": 1}}, 43: {"name": "Bo"}}
    assert await again.get_chat_data() == {}


async def test_flush_tells_of_what_could_not_be_stored_until_it_is_gone():
    persistence = opened(MemoryStore())
    with pytest.raises(CannotStoreError):
        await persistence.update_user_data(42, {"lock": threading.Lock()})
    assert persistence.stats.pending == ("user_data[42]",)
    assert "lock" in persistence.stats.last_error
    with pytest.raises(UnsavedError, match=r"user_data\[42\]"):
        await persistence.flush()
    await persistence.update_user_data(42, {"lock": None})
    await persistence.flush()
    assert (persistence.stats.pending, persistence.stats.last_error) == ((), None)


async def test_a_record_that_contains_itself_is_stored():
    store = MemoryStore()
    data = {"name": "Ada", "deep": {"ok": 1}}
    data["deep"]["self"] = data
    await opened(store).update_user_data(42, data)
    again = (await opened(store).get_user_data())[42]
    assert again["deep"]["self"] is again
    assert again["deep"]["ok"] == 1


class Ring:
    def __init__(self, to):
        self.to = to


async def test_a_cycle_through_functions_is_refused_and_its_neighbours_are_saved():
    store = MemoryStore()
    types = [StoredAs(Ring, encode=lambda ring: [ring.to], decode=lambda parts: Ring(*parts))]
    ring = Ring(None)
    ring.to = [ring]
    with pytest.raises(CannotStoreError, match=r'user_data\[42\]\["ring"\].*contains itself'):
        await opened(store, types=types).update_user_data(42, {"name": "Ada", "ring": ring, "deep": {"ok": 1}})
    assert await opened(store).get_user_data() == {42: {"name": "Ada", "deep": {"ok": 1}}}


async def test_bot_data_that_cannot_be_stored_keeps_its_stored_version():
    store = MemoryStore()
    persistence = opened(store)
    await persistence.update_bot_data({"a": 1})
    with pytest.raises(CannotStoreError, match="bot_data"):
        await persistence.update_bot_data(threading.Lock())
    assert await opened(store).get_bot_data() == {"a": 1}


async def test_user_data_is_in_no_error_and_no_log_line(caplog):
    store = MemoryStore()
    persistence = opened(store)
    with pytest.raises(CannotStoreError) as caught:
        await persistence.update_user_data(42, {"job": [threading.Lock(), "rosebud"], "name": "rosebud"})
    assert "rosebud" not in str(caught.value) + caplog.text
