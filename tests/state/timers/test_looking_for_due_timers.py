"""Looking for due timers: one request, however many timers are ahead, and due ones in their order."""

from __future__ import annotations

import pytest

from ptb_bucket.errors import ConfigurationError
from ptb_bucket.state import LAYOUTS
from ptb_bucket.state.timers import DueKey
from ptb_bucket.stores import Create, MemoryStore
from support.documents.timers import ADA, DAILY, TEA, Requests, ended, key_of, replica_on, save, started

FIRST = key_of(TEA, DAILY)


async def due(replica, until):
    return [listed.key async for listed in replica.due(until)]


async def test_an_idle_look_is_one_listing_with_any_number_of_timers_ahead(store):
    await save(store, **{f"t{number}": DAILY.but(due=2000.0 + number) for number in range(50)})
    replica = replica_on(store)
    store.taken()
    assert await due(replica, 1999) == []
    assert store.taken() == [("list", "timers/due/")]


@pytest.mark.parametrize(("layout", "key"), [("single", "state.json"), ("per-type", "timers.json")])
async def test_an_idle_look_is_one_conditional_get_where_one_document_has_all_timers(store, layout, key):
    await save(store, layout, **{f"t{number}": DAILY.but(due=2000.0 + number) for number in range(50)})
    replica = await started(store, layout)
    store.taken()
    for _ in range(3):
        assert await due(replica, 1999) == []
    assert store.taken() == [("get", key)] * 3


@pytest.mark.parametrize("layout", LAYOUTS)
async def test_due_timers_come_in_order_and_only_due_ones(store, layout):
    timers = {f"t{number}": DAILY.but(due=float(due)) for number, due in enumerate([30, 10, 40, 20])}
    await save(store, layout, **timers)
    replica = await started(store, layout)
    found = await due(replica, 30)
    assert [key.due for key in found] == [10, 20, 30]
    assert [key.record.timer for key in found] == [(ADA, "t1"), (ADA, "t3"), (ADA, "t0")]
    assert all(isinstance(key, DueKey) for key in found)


@pytest.mark.parametrize("layout", ["single", "per-type"])
async def test_a_look_at_the_one_document_sees_what_another_instance_wrote(store, layout):
    replica = await started(store, layout)
    await save(store, layout, tea=DAILY)
    assert [key.record for key in await due(replica, 1000)] == [TEA]
    await save(store, layout, tea=ended(DAILY))
    assert await due(replica, 1000) == []
    assert [key.record for key in await due(replica, 1060)] == [TEA]


async def test_a_foreign_object_among_the_keys_is_passed_over(store):
    await save(store, tea=DAILY)
    await store.put("timers/due/0", b"", Create())
    assert [key.record for key in await due(replica_on(store), 1000)] == [TEA]


async def test_removing_a_key_is_one_delete(store):
    await save(store, tea=DAILY)
    replica = replica_on(store)
    [key] = await due(replica, 1000)
    store.taken()
    await replica.remove_key(key)
    assert store.taken() == [("delete", FIRST)]
    single = Requests(MemoryStore())
    await (await started(single, "single")).remove_key(key)
    assert [operation for operation, _ in single.taken() if operation == "delete"] == []


async def test_a_store_that_lists_in_no_order_is_refused(store):
    store.lists_in_order = False
    with pytest.raises(ConfigurationError, match="S3 Express"):
        await due(replica_on(store), 1000)
    single = Requests(MemoryStore())
    single.lists_in_order = False
    assert await due(await started(single, "single"), 1000) == []
