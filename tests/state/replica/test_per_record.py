"""Layout per-record: documents are read when they are needed, and unloaded records can be written."""

from __future__ import annotations

import asyncio
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ptb_bucket._aio import AT_ONCE
from ptb_bucket.errors import ForeignDocumentError
from ptb_bucket.state import BOT_DATA, MISSING, Kind, Record
from ptb_bucket.state.document.layouts import recognise
from ptb_bucket.stores import Create, InterceptingStore, MemoryStore, MeteredStore, StoreWrapper
from support.documents.on_demand_replicas import ADA, BO, LAYOUT, read, replica_on, write

TALK = Record.of_conversation("talk", (1, 1))
ids = st.text(max_size=90) | st.text(alphabet='Aa/.=%"[]\u00e9', max_size=300)
kinds = st.sampled_from([kind for kind in Kind if kind is not Kind.TIMER])
records = st.builds(Record, kinds, ids)


# ---------------------------------------------------------------- keys


@given(records, records)
def test_each_record_has_a_key_of_its_own_that_every_store_takes_and_a_listing_understands(one, other):
    keys = [LAYOUT.key(record) for record in (one, other)]
    assert (keys[0] == keys[1]) == (one == other)
    for key, record in zip(keys, (one, other), strict=True):
        assert LAYOUT.kinds(key)[0] is record.kind
        assert recognise(f"{key}.json") == ("per-record", "json")
        assert len(key) < 240
        assert set(key) <= set("abcdefghijklmnopqrstuvwxyz0123456789/_,-=")
        assert key.startswith(tuple(LAYOUT.folders([record.kind])))


@given(st.text(alphabet="records/user_data01f=42", max_size=40) | st.text(max_size=40))
def test_foreign_keys_are_ignored(text):
    found = LAYOUT.kinds(text)
    assert not found or text.startswith(f"records/{found[0].value}/")


@pytest.mark.parametrize(
    "key", ["records/user_data/42", "records/user_data/00/42", "records/users/73/42", "records/user_data/73/4=zz", "x"]
)
def test_keys_that_are_almost_ours(key):
    assert LAYOUT.kinds(key) == ()
    assert recognise(f"{key}.json") is None


def test_a_kinds_keys_are_spread_over_prefixes():
    spread = Counter(LAYOUT.key(Record.user(number)).split("/")[2] for number in range(10_000))
    assert len(spread) == 256
    assert max(spread.values()) < 100


# ---------------------------------------------------------------- reading


async def test_a_start_reads_what_every_update_needs_and_a_refresh_the_rest_in_one_round():
    store = MeteredStore(MemoryStore())
    await write(store, {Record.user(number): {"n": number} for number in range(50)} | {BOT_DATA: {"b": 1}})
    store.meter.reads = store.meter.lists = 0
    replica = replica_on(store)
    await replica.documents.read_all()
    assert (store.meter.reads, store.meter.lists) == (2, 0)  # bot_data and the handled updates
    await replica.documents.refresh([BOT_DATA, Record.user(7), TALK], asyncio.get_running_loop().time())
    assert store.meter.reads == 5
    assert replica.values.load(Record.user(7)) == {"n": 7}
    assert replica.values.load(TALK) is MISSING
    await replica.documents.refresh([Record.user(7), TALK], None)
    assert store.meter.reads == 5
    assert replica.documents.records(Kind.USER) == [Record.user(7)]


async def test_without_bot_data_one_page_of_a_listing_tells_that_the_bot_is_not_new(caplog):
    class Counting(InterceptingStore):
        listed = 0

        async def _stream(self, operation, key, begin):
            async for item in super()._stream(operation, key, begin):
                self.listed += 1
                yield item

    store = Counting(MemoryStore())
    await write(store, {Record.user(number): {"n": number} for number in range(50)})
    caplog.clear()
    store.listed = 0
    await replica_on(store).documents.read_all()
    assert store.listed == 1
    assert "which is normal for a new bot" not in caplog.text
    await replica_on(MemoryStore()).documents.read_all()
    assert "which is normal for a new bot" in caplog.text


@pytest.mark.parametrize("on_demand", [True, False])
@pytest.mark.parametrize(("theirs", "ours"), [("single", "per-record"), ("per-record", "single")])
async def test_a_state_of_another_layout_does_not_count_as_empty(theirs, ours, on_demand):
    store = MemoryStore()
    await write(store, {ADA: {"n": 1}}, layout=theirs)
    with pytest.raises(ForeignDocumentError, match=f"layout={theirs}"):
        await replica_on(store, layout=ours, on_demand=on_demand).documents.read_all()


async def test_everything_is_read_at_start_without_reads_on_demand():
    store = MemoryStore()
    values = {Record.user(number): {"n": number} for number in range(30)}
    values |= {TALK: 3, Record.of_conversation("A" * 300, (1,)): 4}
    await write(store, values)
    replica = replica_on(store, on_demand=False)
    await replica.documents.read_all()
    found = [record for kind in Kind for record in replica.documents.records(kind)]
    assert {record: replica.values.load(record) for record in found} == values


async def test_no_more_requests_at_once_than_there_are_connections():
    class Busy(InterceptingStore):
        now = most = 0

        async def _call(self, operation, key, send):
            self.now += 1
            self.most = max(self.most, self.now)
            await asyncio.sleep(0.001)
            self.now -= 1
            return await super()._call(operation, key, send)

    store = Busy(MemoryStore())
    await write(store, {Record.user(number): {"n": number} for number in range(40)})
    await replica_on(store, on_demand=False).documents.read_all()
    assert store.most == AT_ONCE


async def test_a_record_in_the_wrong_document_stops_the_reader():
    store = MemoryStore()
    await write(store, {ADA: {"n": 1}})
    blob = await store.get(LAYOUT.key(ADA) + ".json")
    await store.put(LAYOUT.key(BO) + ".json", blob.data, Create())
    with pytest.raises(ForeignDocumentError, match=r"contains user_data\[1\]"):
        await read(store, BO)


# ---------------------------------------------------------------- written without having been read


async def test_unloaded_values_are_added_and_the_buckets_values_stay(caplog):
    store = MemoryStore()
    await write(store, {ADA: {"name": "Ada", "inbox": ["a"], "deep": {"x": 1}}})
    replica = replica_on(store)
    await replica.documents.read_all()
    replica.stage(ADA, {"name": "?", "inbox": ["b"], "deep": {"x": 2, "y": 3}})
    await replica.commit()
    assert await read(store, ADA) == {"name": "Ada", "inbox": ["a", "b"], "deep": {"x": 1, "y": 3}}
    assert replica.documents.metrics.unread_merged == 1
    assert "user_data[1] was changed without being loaded" in caplog.text


async def test_a_lost_race_to_create_it_is_read_and_merged_in_the_same_way():
    bottom = MemoryStore()
    replica = replica_on(bottom)
    await replica.documents.read_all()
    replica.stage(ADA, {"name": "?", "b": 2})
    between = Between(bottom, write(bottom, {ADA: {"name": "Ada"}}))
    replica.documents.store = replica.documents.tracked.of(ADA).store = between
    await replica.commit()
    assert await read(bottom, ADA) == {"name": "Ada", "b": 2}
    assert replica.documents.metrics.unread_merged == 1


class Between(StoreWrapper):
    """A store in which something happens before the first put."""

    def __init__(self, store, event):
        super().__init__(store)
        self._event = event

    async def put(self, key, data, mode):
        if self._event:
            event, self._event = self._event, None
            await event
        return await super().put(key, data, mode)


@pytest.mark.parametrize("staged", [True, False])
async def test_a_value_set_before_loading_is_superseded_in_the_live_object(staged):
    store = MemoryStore()
    await write(store, {ADA: {"name": "Ada", "age": 36}})
    replica = replica_on(store)
    await replica.documents.read_all()
    live = {"name": "?", "seen": 1}
    if staged:
        replica.stage(ADA, live)
    await replica.documents.refresh([ADA], asyncio.get_running_loop().time())
    replica.values.merge_into(ADA, live)
    assert live == {"name": "Ada", "age": 36, "seen": 1}
    live["age"] = 37  # from here on it is a change like any other
    replica.stage(ADA, live)
    await replica.commit()
    assert await read(store, ADA) == {"name": "Ada", "age": 37, "seen": 1}
    assert replica.documents.metrics.unread_merged == 1


async def test_an_unloaded_empty_object_deletes_nothing():
    store = MemoryStore()
    await write(store, {ADA: {"name": "Ada"}})
    replica = replica_on(store)
    await replica.documents.read_all()
    replica.stage(ADA, {})  # application.user_data[1] was only looked at
    await replica.commit()
    assert (replica.pending, await read(store, ADA)) == (set(), {"name": "Ada"})


async def test_what_was_loaded_as_absent_merges_as_ever():
    store = MemoryStore()
    replica = replica_on(store)
    await replica.documents.refresh([ADA], None)
    replica.values.load(ADA)
    await write(store, {ADA: {"name": "theirs"}})
    replica.stage(ADA, {"name": "ours"})
    await replica.commit()
    assert await read(store, ADA) == {"name": "ours"}
    assert replica.documents.metrics.unread_merged == 0


# ---------------------------------------------------------------- letting go


async def test_what_is_clean_can_be_forgotten_and_is_read_again():
    store = MemoryStore()
    await write(store, {ADA: {"n": 1}})
    replica = replica_on(store)
    await replica.documents.refresh([ADA], None)
    assert replica.values.load(ADA) == {"n": 1}
    assert replica.forget(ADA)
    assert replica.documents.records(Kind.USER) == []
    await replica.documents.refresh([ADA], None)
    assert replica.values.load(ADA) == {"n": 1}


async def test_what_is_not_durable_or_being_read_is_not_forgotten():
    class Held(StoreWrapper):
        async def get(self, key, **options):
            await release.wait()
            return await super().get(key, **options)

    release = asyncio.Event()
    release.set()
    replica = replica_on(Held(MemoryStore()))
    await replica.documents.refresh([ADA, BO], None)
    replica.values.load(ADA)
    replica.stage(ADA, {"n": 1})
    release.clear()
    reading = asyncio.ensure_future(replica.documents.refresh([BO], asyncio.get_running_loop().time() + 1))
    await asyncio.sleep(0)
    assert [replica.forget(record) for record in (ADA, BO)] == [False, False]
    release.set()
    await reading
    await replica.commit()
    assert [replica.forget(record) for record in (ADA, BO)] == [True, True]
