from __future__ import annotations

import asyncio
import random

import pytest

from ptb_bucket.errors import AccessError, LostRaceError, UnavailableError
from ptb_bucket.stores import Create, MemoryStore, Update
from ptb_bucket.testing.conformance.store.races import increment
from ptb_bucket.testing.faults import Fault, FaultyStore, script

APPLIED = {Fault.ANSWERED_TWICE, Fault.ANSWER_LOST, Fault.HANG_APPLIED}
RAISED = {
    Fault.LOST_RACE: LostRaceError,
    Fault.ANSWERED_TWICE: LostRaceError,
    Fault.UNAVAILABLE: UnavailableError,
    Fault.ANSWER_LOST: UnavailableError,
    Fault.LATE: UnavailableError,
    Fault.DENIED: AccessError,
    Fault.HANG: asyncio.TimeoutError,
    Fault.HANG_APPLIED: asyncio.TimeoutError,
}


@pytest.mark.parametrize("fault", Fault)
async def test_each_fault_does_what_its_name_says(fault):
    below = MemoryStore()
    store = FaultyStore(below, script([None, fault]))
    etag = await store.put("a", b"1", Create())
    with pytest.raises(RAISED[fault]):
        await asyncio.wait_for(store.put("a", b"2", Update(etag)), 0.02)
    assert ((await below.get("a")).data == b"2") == (fault in APPLIED)
    await store.put("b", b"after the script", Create())


async def test_a_late_write_is_applied_on_demand_with_its_own_condition():
    below = MemoryStore()
    store = FaultyStore(below, script([None, Fault.LATE, Fault.LATE]))
    etag = await store.put("a", b"1", Create())
    for data in (b"2", b"3"):
        with pytest.raises(UnavailableError):
            await store.put("a", data, Update(etag))
    assert (await below.get("a")).data == b"1"
    landed, lost = await store.land()
    assert (await below.get("a")).etag == landed
    assert isinstance(lost, LostRaceError)
    assert await store.land() == []


@pytest.mark.parametrize("fault", [Fault.UNAVAILABLE, Fault.DENIED])
async def test_every_operation_can_fail(fault):
    seen = []
    store = FaultyStore(MemoryStore(), lambda operation, key: seen.append((operation, key)) or fault)
    for operation in (store.get("a"), store.put("b", b"", Create()), store.delete("c"), store.delete_version("c", "1")):
        with pytest.raises(RAISED[fault]):
            await operation
    for iteration in (store.list("d"), store.versions("e")):
        with pytest.raises(RAISED[fault]):
            [item async for item in iteration]
    assert seen == [
        ("get", "a"),
        ("put", "b"),
        ("delete", "c"),
        ("delete_version", "c"),
        ("list", "d"),
        ("versions", "e"),
    ]


async def test_a_listing_can_break_off_at_its_end():
    store = FaultyStore(MemoryStore(), script([Fault.ANSWER_LOST], operation="list"))
    await store.put("a", b"1", Create())
    listing = store.list()
    assert (await anext(listing)).key == "a"
    with pytest.raises(UnavailableError):
        await anext(listing)


async def test_unclear_answers_cost_no_increment(count):
    rounds = count(25, 400)
    random_fault = random.Random(1)
    faults = [None, Fault.LOST_RACE, Fault.ANSWERED_TWICE, Fault.UNAVAILABLE, Fault.ANSWER_LOST, Fault.LATE]
    below = MemoryStore()
    await below.put("n", b"", Create())
    stores = [
        FaultyStore(below, lambda operation, _: random_fault.choice(faults) if operation == "put" else None)
        for _ in range(8)
    ]

    async def work(number, store):
        for step in range(rounds):
            await increment(store, "n", f"{number}:{step}")
            await store.land()

    await asyncio.gather(*(work(number, store) for number, store in enumerate(stores)))
    lines = (await below.get("n")).data.decode().splitlines()
    assert sorted(lines) == sorted(f"{number}:{step}" for number in range(8) for step in range(rounds))
