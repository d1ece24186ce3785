"""Loading everything at the start: untouched records at once, and all others as if one by one."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field

import pytest

from ptb_bucket.codecs import open_codec
from ptb_bucket.errors import UnreadableRecordError
from ptb_bucket.state import LAYOUTS, MISSING, DocumentSet, Kind, Record, RecordMerger, Replica, open_layout
from ptb_bucket.state.commit import prepare
from ptb_bucket.state.replica import values as module
from ptb_bucket.stores import Create, MemoryStore

USERS = [Record.user(number) for number in range(1, 8)]


@dataclass
class Guest:
    """A value that an older version of the bot stored without its number."""

    name: str
    number: object = field(default_factory=uuid.uuid4)


def replica_on(store, layout="single", codec="json", types=()) -> Replica:
    merger = RecordMerger(open_codec(codec, types), defaults={Kind.USER: dict, Kind.CHAT: dict, Kind.BOT: dict})
    return Replica(DocumentSet(store, open_layout(layout), merger.codec, merger, "1", tuple(Kind)))


@pytest.fixture(autouse=True)
def several_turns(monkeypatch):
    monkeypatch.setattr(module, "TURN", 3)


async def filled(layout="single") -> MemoryStore:
    store = MemoryStore()
    replica = replica_on(store, layout)
    for number, record in enumerate(USERS):
        replica.stage(record, {"n": number})
    await replica.commit()
    return store


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("touched", ["nothing", "given", "staged", "under way"])
async def test_all_at_once_is_like_one_by_one(layout, touched):
    store = await filled(layout)
    one, other = replica_on(store, layout), replica_on(store, layout)
    for replica in (one, other):
        await replica.documents.read_all()
        if touched == "given":
            replica.values.load(USERS[4])
        if touched in ("staged", "under way"):
            replica.stage(USERS[4], {"n": "ours"})
        if touched == "under way":
            prepare(replica.documents.ledger(USERS[4]))
    given = dict(await one.values.load_all(USERS))
    assert given == {record: other.values.load(record) for record in USERS}
    assert [one.values.read(record) for record in USERS] == [other.values.read(record) for record in USERS]
    assert [one.documents.ledger(record).base.get(record) for record in USERS] == [
        other.documents.ledger(record).base.get(record) for record in USERS
    ]


async def test_what_is_absent_is_left_out():
    replica = replica_on(await filled())
    await replica.documents.read_all()
    assert dict(await replica.values.load_all([*USERS[:2], Record.user(99)])).keys() == {*USERS[:2]}
    assert replica.values.load(Record.user(99)) is MISSING


async def test_a_damaged_record_is_left_out_and_named_in_errors(caplog):
    packed = (await (await filled()).get("state.json")).data.replace(b'{"n":4}', b'{"$Cart":{}}')
    store = MemoryStore()
    await store.put("state.json", packed, Create())
    replica = replica_on(store)
    await replica.documents.read_all()
    assert [record for record, _ in await replica.values.load_all(USERS)] == [*USERS[:4], *USERS[5:]]
    assert caplog.text.count("user_data[5] cannot be loaded: the class Cart is not registered") == 1
    with pytest.raises(
        UnreadableRecordError, match=r"user_data\[5\] cannot be loaded: the class Cart is not registered"
    ):
        replica.values.load(USERS[4])


async def test_an_exception_of_a_codec_loses_only_the_record_and_is_not_quoted(monkeypatch):
    replica = replica_on(await filled())
    await replica.documents.read_all()
    decode = replica.documents.codec.decode

    def fail(data, **how):
        if b"4" in data:
            raise RuntimeError("secret 4711")
        return decode(data, **how)

    def fail_all(_records, **_how):
        raise RuntimeError("secret 4711")

    monkeypatch.setattr(replica.documents.codec, "decode", fail)
    monkeypatch.setattr(replica.documents.codec, "decode_all", fail_all)
    assert [record for record, _ in await replica.values.load_all(USERS)] == [*USERS[:4], *USERS[5:]]
    with pytest.raises(
        UnreadableRecordError, match=r"user_data\[5\] cannot be loaded: decoding the stored data raised RuntimeError"
    ) as caught:
        replica.values.load(USERS[4])
    assert "4711" not in str(caught.value)


@pytest.mark.parametrize("codec", ["json", "pickle"])
async def test_a_default_that_is_drawn_is_no_edit_of_the_record_that_lacks_it(codec, monkeypatch):
    store = MemoryStore()
    replica = replica_on(store, codec=codec, types=[Guest])
    guest = Guest("Bo")
    del guest.__dict__["number"]
    monkeypatch.setattr(Guest, "__dataclass_fields__", {"name": Guest.__dataclass_fields__["name"]})
    for record in USERS[:3]:
        replica.stage(record, {"guest": guest})
    await replica.commit()
    monkeypatch.undo()
    replica = replica_on(store, codec=codec, types=[Guest])
    await replica.documents.read_all()
    for record, value in await replica.values.load_all(USERS[:3]):
        again = replica.documents.codec.decode(replica.documents.ledger(record).base.get(record), origin=record.label)
        assert value["guest"].number == again["guest"].number
