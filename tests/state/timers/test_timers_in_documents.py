"""Timers in documents: beside the data of their owner, and untouched by an instance that does not use them."""

from __future__ import annotations

import pytest

from ptb_bucket.errors import CorruptDocumentError, ForeignDocumentError
from ptb_bucket.state import BOT_DATA, LAYOUTS, MISSING, Kind, Record, open_layout
from ptb_bucket.state.document import Document, Header
from support.documents.timers import ADA, BO, CAKE, DAILY, ONCE, ROOM, TEA, claimed, replica_on, save, started, stored

NEWS = Record.of_timer(BOT_DATA, "news")
WITHOUT = tuple(kind for kind in Kind if kind is not Kind.TIMER)
CODECS = ["json", "pickle"]


@pytest.mark.parametrize("owner", [BOT_DATA, ADA, ROOM])
def test_a_timer_is_in_the_document_of_its_owner(owner):
    timer = Record.of_timer(owner, "tea")
    for name in ("single", "per-record"):
        assert open_layout(name).key(timer) == open_layout(name).key(owner)
        assert {owner.kind, Kind.TIMER} <= set(open_layout(name).kinds(open_layout(name).key(timer)))
    assert open_layout("per-type").key(timer) == "timers"
    assert open_layout("per-type").kinds("timers") == (Kind.TIMER,)


def test_listing_timers_means_listing_their_owners_and_never_their_keys():
    layout = open_layout("per-record")
    assert layout.folders([Kind.TIMER]) == ["records/bot_data/", "records/chat_data/", "records/user_data/"]
    assert layout.folders([Kind.USER, Kind.TIMER]).count("records/user_data/") == 1
    assert layout.keys([Kind.TIMER]) == layout.keys([Kind.BOT])
    assert layout.kinds("records/timers/00/x") == ()


def section(store, key, codec):
    blob = store._store._blobs[key + {"json": ".json", "pickle": ".pkl"}[codec]]
    return Document.unpack(blob.data, codec=codec, bot_id="1").sections.get(Kind.TIMER)


@pytest.mark.parametrize("codec", CODECS)
@pytest.mark.parametrize("layout", LAYOUTS)
async def test_an_instance_without_the_option_keeps_timers_byte_for_byte(store, layout, codec):
    replica = await started(store, layout, [ADA, TEA, NEWS], codec=codec)
    replica.stage(ADA, {"n": 1})
    for record in (TEA, NEWS):
        replica.stage(record, claimed(DAILY).to_value())
    await replica.commit()
    key = open_layout(layout).key(TEA)
    before = section(store, key, codec)
    store.taken()
    for value in ({"n": 2}, None, {"n": 3}):  # changed, dropped, and written again
        off = await started(store, layout, [ADA], codec=codec, kinds=WITHOUT)
        off.stage(ADA, value)
        await off.commit()
        assert section(store, key, codec) == before
    assert [key for _, key in store.taken() if "timers" in key] == []
    assert await stored(store, TEA, layout, codec=codec) == claimed(DAILY)


@pytest.mark.parametrize("layout", LAYOUTS)
async def test_fields_that_a_newer_version_adds_to_a_timer_survive_changes_of_its_owner(store, layout):
    replica = await started(store, layout)
    replica.stage(TEA, {**DAILY.to_value(), "colour": "red"})
    await replica.commit()
    other = await started(store, layout)
    other.stage(ADA, {"n": 1})
    await other.commit()
    reader = await started(store, layout)
    assert reader.values.read(TEA)["colour"] == "red"


async def test_a_document_with_only_timers_is_no_tombstone_and_must_not_vanish(store):
    await save(store, tea=DAILY)
    replica = await started(store)
    document = replica.documents.ledger(ADA).document
    assert (document.is_tombstone, document.size) == (False, 1)


async def test_dropping_the_owners_data_keeps_its_timers(store):
    await save(store, tea=DAILY)
    replica = await started(store)
    replica.stage(ADA, {"n": 1})
    await replica.commit()
    replica.stage(ADA, None)
    await replica.commit()
    assert (await stored(store, ADA), await stored(store, TEA)) == (MISSING, DAILY)


@pytest.mark.parametrize("wrong", ["x", '["user_data", "1","tea"]', '["user_data","01","tea"]', '["users","1","x"]'])
async def test_a_misspelt_id_of_a_timer_is_refused_like_any_other(wrong):
    header = Header("1", "json")
    data = Document(header).changed(header, {Record(Kind.TIMER, wrong): b"{}"}).pack()
    with pytest.raises(CorruptDocumentError, match="timers contains the invalid key"):
        Document.unpack(data, codec="json", bot_id="1")


async def test_a_timer_in_the_document_of_another_owner_is_refused(store):
    await save(store, tea=DAILY)
    blobs, key = store._store._blobs, open_layout("per-record").key
    blobs[key(BO) + ".json"] = blobs[key(ADA) + ".json"]
    with pytest.raises(ForeignDocumentError, match="but this record belongs in"):
        await started(store, records=[BO])


# ---------------------------------------------------------------- in a replica


@pytest.mark.parametrize("layout", LAYOUTS)
async def test_the_timers_of_an_owner_are_stored_and_staged_ones_without_those_that_are_to_go(store, layout):
    namesake = Record.of_timer(Record.user(10), "tea")  # the ID of its owner begins with that of ADA
    replica = await started(store, layout, [TEA, CAKE, namesake])
    for record in (TEA, CAKE, namesake):
        replica.stage(record, DAILY.to_value())
    await replica.commit()
    reader = await started(store, layout, [ADA, BO, BOT_DATA])
    assert reader.timers_of(ADA) == [TEA]
    cup = Record.of_timer(ADA, "cup")
    reader.stage(cup, ONCE.to_value())
    assert reader.timers_of(ADA) == [TEA, cup]
    reader.values.load(TEA)
    reader.stage(TEA, None)
    assert reader.timers_of(ADA) == [cup]
    await reader.commit()
    assert (reader.timers_of(ADA), reader.timers_of(BO), reader.timers_of(BOT_DATA)) == ([cup], [CAKE], [])


async def test_timers_come_with_their_owner_without_a_request(store):
    await save(store, tea=DAILY)
    replica = await started(store, records=[ADA])
    store.taken()
    assert [replica.values.load(record) for record in replica.timers_of(ADA)] == [DAILY.to_value()]
    assert store.taken() == []


async def test_forgetting_an_owner_forgets_its_timers_and_a_timer_is_not_forgotten_alone(store):
    await save(store, tea=DAILY)
    replica = await started(store)
    assert not replica.forget(TEA)
    replica.stage(TEA, claimed(DAILY).to_value())
    assert not replica.forget(ADA)  # its timer is not durable
    await replica.commit()
    assert replica.forget(ADA)
    assert replica.timers_of(ADA) == []
    await replica.documents.refresh([ADA], None)
    assert replica.timers_of(ADA) == [TEA]


async def test_loading_or_saving_a_timer_does_not_count_as_loading_its_owner(store):
    """Otherwise, data that PTB made without knowing the stored data would replace it."""
    replica = await started(store)
    replica.stage(ADA, {"n": 1, "kept": True})
    replica.stage(TEA, DAILY.to_value())
    await replica.commit()
    blind = replica_on(store)
    await blind.documents.refresh([TEA], None)
    blind.values.load(TEA)
    blind.stage(TEA, claimed(DAILY).to_value())
    await blind.commit()
    assert not blind.documents.has_read(ADA)
    assert blind.documents.has_read(TEA)
    blind.stage(ADA, {"n": 2})
    await blind.commit()
    assert await stored(store, ADA) == {"n": 1, "kept": True}


@pytest.mark.parametrize("layout", LAYOUTS)
async def test_all_timers_can_be_gone_through(store, layout):
    replica = await started(store, layout, [TEA, CAKE, NEWS, ADA])
    for record in (TEA, CAKE, NEWS):
        replica.stage(record, DAILY.to_value())
    replica.stage(ADA, {"n": 1})
    await replica.commit()
    reader = await started(store, layout, [BOT_DATA])
    assert {record async for record in reader.documents.iterate(Kind.TIMER)} == {TEA, CAKE, NEWS}
    everything = replica_on(store, layout, on_demand=False)
    await everything.documents.read_all()
    assert set(everything.documents.records(Kind.TIMER)) == {TEA, CAKE, NEWS}
    assert set(everything.documents.records(Kind.USER)) == {ADA}


async def test_many_timers_of_one_owner_are_one_commit(store):
    replica = await started(store)
    store.taken()
    for number in range(100):
        replica.stage(Record.of_timer(ADA, f"t{number}"), DAILY.but(nonce=f"{number:x}").to_value())
    await replica.commit()
    made = store.taken()
    assert made[-1] == ("put", open_layout("per-record").key(ADA) + ".json")
    assert len(made) == 101
