"""The replica's timing, in virtual time: pacing, deadlines, group commit, retries."""

from __future__ import annotations

import asyncio
import random
import sys

import pytest

from ptb_bucket._aio import Backoff, RetryPolicy
from ptb_bucket.codecs import open_codec
from ptb_bucket.errors import AccessError, UnavailableError, UnsavedError
from ptb_bucket.state import DocumentSet, Kind, Record, RecordMerger, Replica, open_layout
from ptb_bucket.state.replica.group_commit import GroupCommit
from ptb_bucket.stores import InterceptingStore, MemoryStore, MeteredStore
from ptb_bucket.testing.faults import Fault, FaultyStore, script
from support.documents.virtual_time import run_virtually

ADA, BO = Record.user(1), Record.user(2)


class Slow(InterceptingStore):
    """A store in which every request takes a second."""

    async def _call(self, operation, key, send):
        await asyncio.sleep(1)
        return await super()._call(operation, key, send)


def replica_on(store, **options) -> Replica:
    merger = RecordMerger(open_codec("json", []), defaults={Kind.USER: dict, Kind.CHAT: dict, Kind.BOT: dict})
    retry_policy = RetryPolicy(deadline=30, backoff=Backoff(random=random.Random(1)))
    layout = open_layout(options.pop("layout", "single"))
    return Replica(DocumentSet(store, layout, merger.codec, merger, "1", tuple(Kind), retry_policy=retry_policy))


def test_a_store_that_wants_a_distance_gets_it_and_later_changes_join():
    async def scenario():
        store = MeteredStore(MemoryStore())
        store.min_write_interval = 1.0
        replica = replica_on(store)
        for number in range(20):
            replica.stage(ADA, {"n": number})
            task = asyncio.ensure_future(replica.commit())
            await asyncio.sleep(0.1)
        await task
        return store.meter.writes, replica.values.read(ADA), asyncio.get_running_loop().time()

    writes, value, _ = run_virtually(scenario())
    assert writes == 3  # at 0, 1 and 2 seconds
    assert value == {"n": 19}


def test_a_commit_gives_up_at_its_deadline_and_keeps_everything():
    async def scenario():
        replica = replica_on(FaultyStore(MemoryStore(), lambda *_: Fault.UNAVAILABLE if down else None))
        down = False
        await replica.documents.read_all()
        down = True
        replica.stage(ADA, {"n": 1})
        with pytest.raises(UnavailableError):
            await replica.commit()
        gave_up = asyncio.get_running_loop().time()
        down = False
        pending = replica.pending
        await replica.commit()
        return gave_up, pending, replica.pending

    gave_up, before, after = run_virtually(scenario())
    assert 20 < gave_up <= 31
    assert (before, after) == ({ADA}, set())


@pytest.mark.parametrize("fault", [Fault.LOST_RACE, Fault.ANSWERED_TWICE, Fault.UNAVAILABLE, Fault.ANSWER_LOST])
def test_a_put_is_applied_once_for_every_answer(fault):
    async def scenario():
        bottom = MemoryStore()
        replica = replica_on(FaultyStore(bottom, script([None, fault, fault])))
        replica.stage(ADA, {"log": ["a"]})
        await replica.commit()
        replica.stage(ADA, {"log": ["a", "b"]})
        await replica.commit()
        again = replica_on(bottom)
        await again.documents.read_all()
        return again.values.load(ADA)

    assert run_virtually(scenario()) == {"log": ["a", "b"]}


def test_documents_fail_one_by_one():
    async def scenario():
        refuse = {"user_data.json"}
        faulty = FaultyStore(
            MemoryStore(), lambda operation, key: Fault.DENIED if operation == "put" and key in refuse else None
        )
        replica = replica_on(faulty, layout="per-type")
        await replica.documents.read_all()
        replica.stage(ADA, {"n": 1})
        replica.stage(Record.chat(5), {"n": 1})
        with pytest.raises(AccessError):
            await replica.commit()
        first = replica.pending
        refuse.add("bot_data.json")
        replica.stage(Record(Kind.BOT, "bot"), {"n": 1})
        with pytest.raises(UnsavedError) as caught:
            await replica.commit()
        return first, str(caught.value)

    first, message = run_virtually(scenario())
    assert first == {ADA}
    assert "bot_data.json, user_data.json could not be saved" in message


def test_refreshes_that_ask_at_the_same_time_share_one_request():
    async def scenario():
        metered = MeteredStore(MemoryStore())
        replica = replica_on(Slow(metered))
        await replica.documents.read_all()
        before = metered.meter.reads
        now = asyncio.get_running_loop().time()
        await asyncio.gather(*(replica.documents.refresh([record], now) for record in (ADA, BO, Record.chat(1))))
        shared = metered.meter.reads - before
        await replica.documents.refresh([ADA], asyncio.get_running_loop().time())
        return shared, metered.meter.reads - before - shared

    assert run_virtually(scenario()) == (1, 1)


# ---------------------------------------------------------------- group commit


def grouped(store, interval=60.0):
    replica = replica_on(store)
    return replica, GroupCommit(replica, interval)


async def update(replica, group, record, value):
    replica.stage(record, value)
    await group.join()


def test_a_gather_is_one_commit_and_later_updates_are_not_answered_by_it():
    async def scenario():
        metered = MeteredStore(MemoryStore())
        replica, group = grouped(Slow(metered))
        await replica.documents.read_all()
        first = asyncio.gather(*(update(replica, group, Record.user(n), {"n": n}) for n in range(3000)))
        await asyncio.sleep(0.5)  # the first put is under way
        late = asyncio.gather(*(update(replica, group, Record.user(n), {"n": -n}) for n in range(1, 3000)))
        await first
        pending = len(replica.pending)
        await late
        return metered.meter.writes, pending, len(replica.pending)

    writes, pending, left = run_virtually(scenario())
    assert (writes, pending, left) == (2, 2999, 0)


@pytest.mark.skipif(sys.version_info < (3, 12), reason="eager tasks came with Python 3.12")
def test_a_gather_is_one_commit_with_eager_tasks_too():
    async def scenario():
        asyncio.get_running_loop().set_task_factory(asyncio.eager_task_factory)
        metered = MeteredStore(MemoryStore())
        replica, group = grouped(metered)
        await asyncio.gather(*(update(replica, group, Record.user(n), {"n": n}) for n in range(100)))
        return metered.meter.writes

    assert run_virtually(scenario()) == 1


def test_one_caller_gets_the_error_and_the_retry_saves():
    async def scenario():
        faulty = FaultyStore(MemoryStore(), script([Fault.DENIED, Fault.DENIED]))
        replica, group = grouped(faulty, interval=60)
        calls = (update(replica, group, Record.user(n), {"n": n}) for n in range(5))
        results = await asyncio.gather(*calls, return_exceptions=True)
        failed = len(replica.pending)
        await asyncio.sleep(61)
        still = len(replica.pending)
        await asyncio.sleep(61)
        return results, failed, still, len(replica.pending), group.last_error

    results, failed, still, saved, error = run_virtually(scenario())
    assert [type(result) for result in results] == [AccessError] + [type(None)] * 4
    assert (failed, still, saved, error) == (5, 5, 0, None)


def test_a_cancelled_caller_cancels_nothing():
    async def scenario():
        replica, group = grouped(Slow(MemoryStore()))
        await replica.documents.read_all()
        tasks = [asyncio.ensure_future(update(replica, group, Record.user(n), {"n": n})) for n in range(3)]
        await asyncio.sleep(0.5)
        tasks[0].cancel()
        tasks[1].cancel()
        await tasks[2]
        return len(replica.pending)

    assert run_virtually(scenario()) == 0


def test_nothing_staged_is_no_request():
    async def scenario():
        metered = MeteredStore(MemoryStore())
        replica, group = grouped(metered)
        await group.finish()
        await replica.documents.read_all()
        reads = metered.meter.reads
        await update(replica, group, ADA, {})
        await update(replica, group, ADA, None)
        return metered.meter.reads - reads, metered.meter.writes

    assert run_virtually(scenario()) == (0, 0)
