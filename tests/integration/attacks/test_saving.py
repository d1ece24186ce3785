"""Tests of obstacles to saving: another instance, a store that fails or hangs, unexpected data."""

from __future__ import annotations

import asyncio

import pytest
from telegram.ext import PersistenceInput

from ptb_bucket import BucketPersistence
from ptb_bucket.errors import PTBBucketError
from ptb_bucket.offline_telegram import OfflineTelegram
from ptb_bucket.state import LAYOUTS
from ptb_bucket.stores import InterceptingStore, MemoryStore, Update
from ptb_bucket.testing.faults import Fault, FaultyStore
from support.applications.restarting_bot import opened, settle
from support.documents.virtual_time import run_virtually

EVERYBODY = (1, 1)


def bot(buttons=64):
    """Make the bot of a new Application."""
    return OfflineTelegram().builder().arbitrary_callback_data(buttons).build().bot


@pytest.fixture
async def overtaken():
    """Return a function that lets an old instance save its last state after a new one has loaded its conversations."""

    async def overtake(state):
        store = MemoryStore()
        old, new = opened(store), opened(store)
        for persistence in (old, new):
            await persistence.get_conversations("order")
        await old.update_conversation("order", EVERYBODY, state)
        return store, new

    return overtake


@pytest.mark.parametrize("last", ["size", "paying"])
async def test_a_superseded_conversation_can_end(overtaken, last):
    store, new = await overtaken(last)
    for state in ("size", "address", None, "size", "street", None):
        await new.update_conversation("order", EVERYBODY, state)
    await new.flush()
    assert await opened(store).get_conversations("order") == {}


async def test_a_conversation_is_superseded_only_once(overtaken):
    store, new = await overtaken("paying")
    for state in ("size", "address", "street", "town"):
        await new.update_conversation("order", EVERYBODY, state)
    await new.flush()
    assert await opened(store).get_conversations("order") == {EVERYBODY: "town"}
    assert new.stats.conversations_kept == 1


@pytest.mark.parametrize("off", ["callback_data", "chat_data"])
async def test_an_instance_without_callback_data_does_not_trim_what_others_keep(off):
    """An instance with callback data trims them to the size of its cache."""
    store = MemoryStore()
    full = opened(store)
    await full.get_callback_data()
    await full.update_callback_data(([(f"{number:032x}", float(number), {"b": number}) for number in range(60)], {}))
    part = BucketPersistence(store, store_data=PersistenceInput(**{off: False}))
    part.set_bot(bot(buttons=8))
    await part.get_bot_data()
    await part.update_bot_data({"a": 1})
    keyboards, _ = await opened(store).get_callback_data()
    assert len(keyboards) == (60 if off == "callback_data" else 8)


class Mood:
    """A class that only the newer deployment knows."""


async def test_keyboards_of_an_unknown_class_do_not_keep_anything_from_being_saved():
    store = MemoryStore()
    old, new = opened(store), opened(store, types=[Mood])
    for persistence in (old, new):
        await persistence.get_callback_data()
    keyboards = [(f"{number:032x}", float(number), {"b": Mood()}) for number in range(64)]
    await new.update_callback_data((keyboards, {}))
    await old.update_callback_data(([("f" * 32, 100.0, {"b": 1})], {}))
    await old.update_bot_data({"a": 1})
    newer = opened(store, types=[Mood])
    assert await newer.get_bot_data() == {"a": 1}
    kept, _ = await newer.get_callback_data()
    assert sum(isinstance(buttons["b"], Mood) for _, _, buttons in kept) >= 63


@pytest.mark.parametrize("layout", LAYOUTS)
def test_saving_does_not_wait_for_ever_behind_a_refresh_without_an_answer(layout):
    """Run in virtual time, where waiting for ever raises an error and an hour passes at once."""

    async def scenario():
        bottom = MemoryStore()
        hanging = False
        store = FaultyStore(bottom, lambda operation, _: Fault.HANG if hanging and operation == "get" else None)
        persistence = opened(store, layout=layout, refresh_interval=0, commit_timeout=5)
        await persistence.get_user_data()
        hanging = True
        await asyncio.sleep(1)  # later than the load, or there would be nothing to ask
        refreshing = asyncio.create_task(persistence.refresh_user_data(42, {}))
        await settle()
        assert not refreshing.done()
        hanging = False
        results = await asyncio.wait_for(
            asyncio.gather(persistence.update_user_data(42, {"a": 1}), persistence.flush(), return_exceptions=True),
            3600,
        )
        refreshing.cancel()
        await asyncio.gather(refreshing, return_exceptions=True)
        assert all(result is None or isinstance(result, PTBBucketError) for result in results)
        await asyncio.wait_for(persistence.flush(), 3600)
        return await opened(bottom, layout=layout).get_user_data()

    assert run_virtually(scenario()) == {42: {"a": 1}}


@pytest.fixture
async def restarted():
    """Make changes that no save or flush can store, then repair the store and give the persistence a new bot."""
    bottom, down = MemoryStore(), True
    persistence = opened(
        FaultyStore(bottom, lambda operation, _: Fault.UNAVAILABLE if down and operation == "put" else None),
        commit_timeout=0.01,
    )
    await persistence.get_user_data()
    with pytest.raises(PTBBucketError):
        await persistence.update_user_data(42, {"old": 1})
    with pytest.raises(PTBBucketError):
        await persistence.flush()
    persistence.set_bot(bot())
    down = False
    return bottom, persistence


async def test_a_new_application_loads_unsaved_changes(restarted):
    _bottom, persistence = restarted
    assert await persistence.get_user_data() == {42: {"old": 1}}


async def test_a_new_application_saves_what_could_not_be_saved_together_with_its_own(restarted):
    bottom, persistence = restarted
    live = (await persistence.get_user_data())[42]
    live["new"] = 1
    await persistence.update_user_data(42, dict(live))
    await persistence.flush()
    assert await opened(bottom).get_user_data() == {42: {"old": 1, "new": 1}}


class Paced(InterceptingStore):
    """A slow store that requires a second between two writes."""

    def __init__(self, store) -> None:
        super().__init__(store)
        self.min_write_interval = 1.0

    async def _call(self, operation, key, send):
        await asyncio.sleep(0.01)
        return await super()._call(operation, key, send)


def test_a_store_that_wants_a_longer_distance_than_the_timeout_is_saved_to():
    async def scenario():
        bottom = MemoryStore()
        persistence = opened(Paced(bottom), commit_timeout=0.5)
        await persistence.get_bot_data()
        for number in (1, 2):
            await persistence.update_bot_data({"a": number})
        await persistence.flush()
        return await opened(bottom).get_bot_data()

    assert run_virtually(scenario()) == {"a": 2}


async def edited(store, old: bytes, new: bytes) -> None:
    """Edit the document by hand."""
    blob = await store.get("state.json")
    assert old in blob.data
    await store.put("state.json", blob.data.replace(old, new), Update(blob.etag))


async def test_a_conversation_whose_key_was_edited_by_hand_with_spaces_can_end():
    store = MemoryStore()
    await opened(store).update_conversation("order", EVERYBODY, "size")
    await edited(store, rb"[\"order\",1,1]", rb"[\"order\", 1, 1]")
    persistence = opened(store)
    assert await persistence.get_conversations("order") == {EVERYBODY: "size"}
    await persistence.update_conversation("order", EVERYBODY, None)
    assert await opened(store).get_conversations("order") == {}


async def test_a_conversation_whose_key_was_edited_by_hand_with_spaces_goes_on():
    store = MemoryStore()
    await opened(store).update_conversation("order", EVERYBODY, "size")
    await edited(store, rb"[\"order\",1,1]", rb"[\"order\", 1, 1]")
    persistence = opened(store)
    await persistence.get_conversations("order")
    await persistence.update_conversation("order", EVERYBODY, "paying")
    assert await opened(store).get_conversations("order") == {EVERYBODY: "paying"}
