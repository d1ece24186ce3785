"""Units of work in several documents: the effects come first, then the ID of the update, and each effect once."""

from __future__ import annotations

import asyncio

import pytest

from ptb_bucket.errors import PTBBucketError, UnsavedError
from ptb_bucket.state import BOT_DATA, HANDLED, LAYOUTS, MISSING
from ptb_bucket.state.document.units import FEW, MANY
from ptb_bucket.state.spool.format import Origin, pack, unpack
from ptb_bucket.stores import MemoryStore
from ptb_bucket.testing.faults import Fault, FaultyStore
from support.documents.on_demand_replicas import ADA, BO, replica_on

SEVERAL = ["per-type", "per-record"]
BOTH = (ADA, BOT_DATA)


@pytest.fixture
def store():
    return MemoryStore()


async def start(store, layout, **options):
    replica = replica_on(store, layout=layout, on_demand=False, **options)
    await replica.documents.read_all()
    return replica


async def handle(replica, update_id, records=BOTH) -> None:
    """Handle an update: append its ID to the log of each record."""
    await replica.documents.refresh([HANDLED, *records], None)
    replica.units.begin(update_id, records)
    for record in records:
        before = replica.values.load(record)
        log = [] if before is MISSING else before["log"]
        replica.stage(record, {"log": [*log, update_id]})
    replica.stage_handled(update_id, records)


async def logs(store, layout) -> list[list[int]]:
    reader = await start(store, layout)
    await reader.documents.refresh([*BOTH, HANDLED], 0)
    values = [reader.values.load(record) for record in BOTH]
    handled = reader.values.load(HANDLED)
    found = [[] if value is MISSING else value["log"] for value in values]
    return [*found, [] if handled is MISSING else handled]


async def begin(store, layout) -> None:
    """Give both instances a first element: two first lists would merge into one."""
    first = await start(store, layout)
    await handle(first, 1)
    await first.commit()


@pytest.mark.parametrize("layout", LAYOUTS)
async def test_an_update_whose_first_handling_is_saved_late_changes_each_record_once(store, layout):
    await begin(store, layout)
    faulty = FaultyStore(store, lambda operation, _: Fault.LATE if operation == "put" else None)
    one, two = await start(faulty, layout), await start(store, layout)
    await handle(one, 2)
    one.documents.retry_policy.deadline = 0.1
    with pytest.raises(PTBBucketError):
        await one.commit()
    await handle(two, 2)
    await faulty.land()
    await two.commit()
    assert await logs(store, layout) == [[1, 2], [1, 2], [1, 2]]
    assert two.documents.metrics.withdrawn == 2


@pytest.mark.parametrize("layout", SEVERAL)
@pytest.mark.parametrize("written", [BOTH, (ADA,), (BOT_DATA,), ()])
async def test_what_is_written_of_an_update_stays_and_only_the_rest_is_added(store, layout, written):
    """Let one instance die in the middle of a commit."""
    await begin(store, layout)
    one = await start(store, layout)
    keys = [f"{one.documents.layout.key(record)}.json" for record in written]
    denied = FaultyStore(store, lambda operation, key: Fault.DENIED if operation == "put" and key not in keys else None)
    one = await start(denied, layout)
    await handle(one, 2)
    with pytest.raises(PTBBucketError):
        await one.commit()
    two = await start(store, layout)
    await handle(two, 2)
    await two.commit()
    assert await logs(store, layout) == [[1, 2], [1, 2], [1, 2]]
    assert two.documents.metrics.withdrawn == len(written)


@pytest.mark.parametrize("layout", SEVERAL)
async def test_an_update_that_is_staged_while_a_commit_is_under_way_is_noted_after_its_effects(store, layout):
    await begin(store, layout)
    staged = False

    async def meanwhile(key):
        nonlocal staged
        if "user_data" in key and not staged:
            staged = True
            await handle(replica, 3, (BOT_DATA,))

    replica = await start(Telling(store, meanwhile), layout)
    await handle(replica, 2, (ADA,))
    await replica.commit()
    assert await logs(store, layout) == [[1, 2], [1], [1, 2]]
    await replica.commit()
    assert await logs(store, layout) == [[1, 2], [1, 3], [1, 2, 3]]


class Telling(FaultyStore):
    """A store that reports each put before it is sent."""

    def __init__(self, store, tell) -> None:
        super().__init__(store, lambda *_: None)
        self._tell = tell

    async def put(self, key, data, mode):
        await self._tell(key)
        return await super().put(key, data, mode)


@pytest.mark.parametrize("layout", LAYOUTS)
async def test_an_update_that_cannot_be_told_from_one_that_is_saved_comes_again(store, layout):
    await begin(store, layout)
    one, two = await start(store, layout), await start(store, layout)
    for update_id in (2, 3):  # at the same time
        one.units.begin(update_id, [BOT_DATA])
    one.stage(BOT_DATA, {"log": [1, 2, 3]})
    for update_id in (2, 3):
        one.stage_handled(update_id, [BOT_DATA])
    await handle(two, 2, (BOT_DATA,))
    await two.commit()
    with pytest.raises(UnsavedError, match="bot_data") as caught:
        await one.commit()
    assert caught.value.records == ("bot_data",)
    assert one.pending == set()
    assert (await logs(store, layout))[1:] == [[1, 2], [1, 2]]
    await handle(one, 3, (BOT_DATA,))
    await one.commit()
    assert (await logs(store, layout))[1:] == [[1, 2, 3], [1, 2, 3]]


@pytest.mark.parametrize("layout", SEVERAL)
async def test_an_update_that_is_handled_again_while_its_first_effects_are_pending_changes_nothing_twice(store, layout):
    """An instance has lost its changes to one document, and the put of the other document is denied."""
    await begin(store, layout)
    plan = [Fault.DENIED]
    faulty = FaultyStore(store, lambda operation, key: plan[0] if operation == "put" and "user_data" in key else None)
    one, two = await start(faulty, layout), await start(store, layout)
    await handle(two, 2, (BOT_DATA,))
    await two.commit()
    for update_id, records in ((2, [BOT_DATA]), (3, BOTH)):
        one.units.begin(update_id, records)
    one.stage(BOT_DATA, {"log": [1, 2, 3]})
    one.stage(ADA, {"log": [1, 3]})
    one.stage_handled(2, [BOT_DATA])
    one.units.end(3)  # it is not noted
    with pytest.raises(PTBBucketError):
        await one.commit()
    await handle(one, 3)
    plan[0] = None
    with pytest.raises(UnsavedError, match="bot_data"):
        await one.commit()  # the loss is reported
    await one.commit()
    assert await logs(store, layout) == [[1, 3], [1, 2, 3], [1, 2, 3]]


async def test_a_document_of_one_person_lists_fewer_updates(store):
    replica = await start(store, "per-record")
    limits = [replica.documents.ledger(record).units.limit for record in (ADA, BO, BOT_DATA)]
    assert limits == [FEW, FEW, MANY]
    assert (await start(store, "single")).documents.ledger(ADA).units.limit == MANY


@pytest.mark.parametrize("layout", LAYOUTS)
async def test_a_spool_file_keeps_the_updates_of_its_changes(store, layout):
    await begin(store, layout)
    faulty = FaultyStore(store, lambda operation, _: Fault.UNAVAILABLE if operation == "put" else None)
    one, two = await start(faulty, layout), await start(store, layout)
    one.documents.retry_policy.deadline = 0.1
    await handle(one, 2)
    with pytest.raises(PTBBucketError):
        await one.commit()
    tracked = one.documents.tracked.of(ADA)
    data = pack(tracked.ledger, Origin("1", layout, "json", tracked.name))
    await handle(two, 2)
    await two.commit()
    later = await start(store, layout)
    ledger = later.documents.tracked.of(ADA).ledger
    unpack(data).restore(ledger)
    later.documents.tracked.for_staging(ADA)
    ledger.document = ledger.etag = None
    await later.documents.tracked.of(ADA).read()
    await later.commit()
    assert await logs(store, layout) == [[1, 2], [1, 2], [1, 2]]


async def test_a_spool_of_changes_that_no_update_made_is_as_before(store):
    one = await start(store, "single")
    one.stage(ADA, {"log": [1]})
    tracked = one.documents.tracked.of(ADA)
    assert b'"steps"' not in pack(tracked.ledger, Origin("1", "single", "json", tracked.name))


async def test_nothing_is_kept_of_updates_that_have_ended(store):
    replica = await start(store, "per-type")
    for update_id in range(20):
        await handle(replica, update_id)
        await replica.commit()
    assert (replica.units.running, replica.units.effects, replica.units.lost) == ({}, {}, {})
    await asyncio.sleep(0)


@pytest.mark.parametrize("layout", LAYOUTS)
async def test_what_is_lost_here_and_noted_by_another_instance_stays_noted(store, layout):
    await begin(store, layout)
    one, two = await start(store, layout), await start(store, layout)
    for update_id in (2, 3):
        one.units.begin(update_id, [BOT_DATA])
    one.stage(BOT_DATA, {"log": [1, 2, 3]})
    for update_id in (2, 3):
        one.stage_handled(update_id, [BOT_DATA])
    await handle(two, 2, (BOT_DATA,))
    await two.commit()
    await one.documents.refresh([HANDLED, BOT_DATA], asyncio.get_running_loop().time())
    one.values.load(BOT_DATA)  # 3 is lost
    await handle(two, 3, (BOT_DATA,))
    await two.commit()
    await one.documents.refresh([HANDLED, BOT_DATA], asyncio.get_running_loop().time())
    one.values.load(HANDLED)
    await handle(one, 4, (BOT_DATA,))
    with pytest.raises(UnsavedError, match="bot_data"):
        await one.commit()
    assert (await logs(store, layout))[1:] == [[1, 2, 3, 4], [1, 2, 3, 4]]
