"""Unsaved changes and PTB's values while the bucket changes: neither is replaced or forgotten too early."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from contextlib import suppress
from dataclasses import dataclass

import pytest

from ptb_bucket.codecs import open_codec
from ptb_bucket.errors import AccessError, CannotLoadError, CannotMergeError
from ptb_bucket.state import MISSING, Record
from ptb_bucket.state.records import HANDLED, HANDLED_LIMIT
from ptb_bucket.stores import MemoryStore
from ptb_bucket.testing.faults import Fault, FaultyStore
from support.documents.on_demand_replicas import ADA, replica_on

TALK = Record.of_conversation("talk", (1, 1))
KEYBOARD = Record.keyboard("a" * 32)


def replica_of(store, **options):
    return replica_on(store, layout="single", on_demand=False, **options)


async def save(replica, record, value) -> None:
    replica.stage(record, value)
    await replica.commit()


async def read_again(replica, record) -> None:
    await replica.documents.refresh([record], asyncio.get_running_loop().time())


async def stored(store, record):
    reader = replica_of(store)
    await reader.documents.read_all()
    return reader.values.load(record)


async def several(store, record, value, number=2):
    """Return two instances that have loaded the same value."""
    await save(replica_of(store), record, value)
    replicas = [replica_of(store) for _ in range(number)]
    for replica in replicas:
        await replica.documents.read_all()
        replica.values.load(record)
    return replicas


# ---------------------------------------------------------------- updates that were handled


async def test_of_too_many_handled_updates_the_newest_of_both_instances_are_remembered():
    store = MemoryStore()
    known = list(range(HANDLED_LIMIT))
    one, two = await several(store, HANDLED, known)
    await save(one, HANDLED, [*known, 5001][-HANDLED_LIMIT:])
    await save(two, HANDLED, [*known, 5002][-HANDLED_LIMIT:])
    remembered = await stored(store, HANDLED)
    assert remembered[-2:] == [5001, 5002]
    assert remembered == [*known, 5001, 5002][-HANDLED_LIMIT:]


# ---------------------------------------------------------------- keyboards


@pytest.mark.parametrize("times", [(5.0, 3.0), (3.0, 5.0)])
async def test_a_keyboard_that_two_instances_used_was_used_when_the_later_one_did(times):
    store = MemoryStore()
    replicas = await several(store, KEYBOARD, [1.0, {"b": "data"}])
    for replica, time in zip(replicas, times, strict=True):
        await save(replica, KEYBOARD, [time, {"b": "data"}])
    assert await stored(store, KEYBOARD) == [5.0, {"b": "data"}]


@pytest.mark.parametrize("kept", [0, 1])
async def test_a_keyboard_that_one_instance_used_and_another_removed_stays(kept):
    store = MemoryStore()
    replicas = await several(store, KEYBOARD, [1.0, {"b": "data"}])
    for number, replica in enumerate(replicas):
        await save(replica, KEYBOARD, [2.0, {"b": "data"}] if number == kept else None)
    assert await stored(store, KEYBOARD) == [2.0, {"b": "data"}]


# ---------------------------------------------------------------- a conversation with an unsaved state


class Refusing(FaultyStore):
    """A store that refuses writes until it is opened."""

    def __init__(self, store) -> None:
        super().__init__(store, lambda operation, _: Fault.DENIED if operation == "put" and self.closed else None)
        self.closed = False


@pytest.mark.parametrize("sent", [False, True])
@pytest.mark.parametrize("theirs", ["asked elsewhere", None])
async def test_an_unsaved_state_is_not_replaced_by_the_buckets(sent, theirs):
    bottom = MemoryStore()
    (other,) = await several(bottom, TALK, "begun", 1)
    refusing = Refusing(bottom)
    ours = replica_of(refusing)
    await ours.documents.read_all()
    assert ours.values.load(TALK) == "begun"
    refusing.closed = True
    ours.stage(TALK, "answered here")
    if sent:
        with pytest.raises(AccessError):
            await ours.commit()
    await save(other, TALK, theirs)
    await read_again(ours, TALK)
    assert ours.values.merge(TALK, "answered here") == "answered here"
    assert TALK in ours.pending
    assert ours.values.read(TALK) == "answered here"
    refusing.closed = False
    await ours.commit()  # only now it is decided, and it is counted
    assert ours.documents.metrics.conversations_kept == 1
    assert ours.values.merge(TALK, "answered here") == (MISSING if theirs is None else theirs)


async def test_a_state_under_way_is_not_replaced_by_the_buckets():
    """While nobody knows the outcome of an unanswered send, PTB goes on from its own state."""
    bottom = MemoryStore()
    await several(bottom, TALK, "begun", 0)
    ours = replica_of(FaultyStore(bottom, lambda operation, _: Fault.HANG if operation == "put" else None))
    await ours.documents.read_all()
    ours.values.load(TALK)
    ours.stage(TALK, "answered here")
    sending = asyncio.ensure_future(ours.commit())
    await asyncio.sleep(0.01)
    assert ours.values.merge(TALK, "answered here") == "answered here"
    assert ours.values.read(TALK) == "answered here"
    sending.cancel()
    await asyncio.wait({sending})
    assert TALK in ours.pending


async def test_a_state_that_ptb_changed_since_is_not_replaced_by_the_buckets():
    store = MemoryStore()
    one, two = await several(store, TALK, "begun")
    await save(one, TALK, "asked elsewhere")
    await read_again(two, TALK)
    assert two.values.merge(TALK, "answered here") == "answered here"
    assert two.values.merge(TALK, "begun") == "asked elsewhere"


# ---------------------------------------------------------------- live objects that cannot be brought up to date


async def test_a_live_object_that_cannot_become_the_buckets_value_does_not_undo_it_at_the_next_save():
    store = MemoryStore()
    one, two = await several(store, ADA, {"n": 1})
    live = {"n": 1}
    await save(one, ADA, OrderedDict(n=7))
    await read_again(two, ADA)
    assert not two.values.merge_into(ADA, live)
    assert live == {"n": 1}
    await save(two, ADA, live)  # PTB's next save: nothing changed here
    assert await stored(store, ADA) == OrderedDict(n=7)


@dataclass
class Sword:
    """A class that only a newer deployment registers."""

    damage: int


def knowing_swords(replica):
    replica.documents.codec = replica.documents.merger.codec = open_codec("json", [Sword])
    return replica


async def test_a_live_object_whose_new_value_cannot_be_loaded_does_not_undo_it_at_the_next_save():
    store = MemoryStore()
    newer, older = await several(store, ADA, {"n": 1})
    live = {"n": 1}
    await save(knowing_swords(newer), ADA, {"n": 2, "sword": Sword(7)})
    await read_again(older, ADA)
    with suppress(CannotLoadError):
        older.values.merge_into(ADA, live)
    assert live == {"n": 1}
    await save(older, ADA, live)  # PTB's next save: nothing changed here
    reader = knowing_swords(replica_of(store))
    await reader.documents.read_all()
    assert reader.values.load(ADA) == {"n": 2, "sword": Sword(7)}


async def test_a_live_object_that_a_resolver_failed_on_does_not_undo_the_buckets_value():
    store = MemoryStore()
    one, two = await several(store, ADA, {"n": 1, "m": 1})
    live = {"n": 5, "m": 1}
    await save(one, ADA, {"n": 2, "m": 2})
    await read_again(two, ADA)
    works = two.documents.merger.resolver

    def broken(_):
        raise ZeroDivisionError

    two.documents.merger.resolver = broken
    with suppress(CannotMergeError):
        two.values.merge_into(ADA, live)
    two.documents.merger.resolver = works
    await save(two, ADA, live)
    assert await stored(store, ADA) == {"n": 5, "m": 2}
