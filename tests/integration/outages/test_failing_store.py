"""Tests of a failing store: errors are reported, saves are retried, and in the end each change is saved once."""

from __future__ import annotations

import asyncio
import random

import pytest

from ptb_bucket import add_differences
from ptb_bucket.errors import AccessError, PTBBucketError, UnavailableError, UnsavedError
from ptb_bucket.stores import MemoryStore
from ptb_bucket.testing.faults import Fault, FaultyStore, script
from support.applications.restarting_bot import World, asked, opened, settle
from support.documents.virtual_time import run_virtually


class Outage:
    """A store whose writes fail as long as it is down."""

    def __init__(self, fault=Fault.UNAVAILABLE):
        self.fault, self.store = fault, MemoryStore()
        self.faulty = FaultyStore(self.store, lambda what, _: self.fault if what == "put" else None)

    def over(self):
        self.fault = None

    async def users(self):
        return await opened(self.store).get_user_data()


@pytest.mark.parametrize(("fault", "error"), [(Fault.UNAVAILABLE, UnavailableError), (Fault.DENIED, AccessError)])
def test_a_failed_commit_is_raised_by_one_caller_then_by_flush_and_made_up_for_later(fault, error):
    async def scenario():
        outage = Outage(fault)
        persistence = opened(outage.faulty, commit_timeout=1)
        updates = [persistence.update_user_data(user, {"n": user}) for user in range(100)]
        results = await asyncio.gather(*updates, return_exceptions=True)
        assert [type(result) for result in results if result is not None] == [error]
        assert len(persistence.stats.pending) == 100
        assert error.__name__ in persistence.stats.last_error
        with pytest.raises(
            UnsavedError, match=r"100 records are not saved \(user_data\[0\], user_data\[10\], "
        ) as told:
            await persistence.flush()
        assert isinstance(told.value.causes[0], error)
        outage.over()
        await persistence.update_bot_data({})
        assert persistence.stats.pending == ()
        assert persistence.stats.last_error is None
        await persistence.flush()
        return await outage.users()

    assert len(run_virtually(scenario())) == 100


@pytest.mark.parametrize("flushed", [False, True], ids=["", "after flush() had failed"])
def test_what_is_pending_is_retried_every_interval_even_if_ptb_calls_nothing(flushed):
    async def scenario():
        outage = Outage()
        persistence = opened(outage.faulty, update_interval=60, commit_timeout=1)
        with pytest.raises(UnavailableError):
            await persistence.update_user_data(42, {"a": 1})
        if flushed:
            with pytest.raises(PTBBucketError):
                await persistence.flush()
        await asyncio.sleep(200)
        assert persistence.stats.pending == ("user_data[42]",)
        outage.over()
        await asyncio.sleep(70)
        assert persistence.stats.pending == ()
        writes = persistence.stats.writes
        await asyncio.sleep(1000)
        assert persistence.stats.writes == writes
        await persistence.flush()
        return await outage.users()

    assert run_virtually(scenario()) == {42: {"a": 1}}


async def test_no_task_is_left_behind_by_flush_whether_it_succeeds_or_fails():
    outage = Outage()
    persistence = opened(outage.faulty, update_interval=0.01, commit_timeout=0.01)
    with pytest.raises(UnavailableError):
        await persistence.update_user_data(42, {"a": 1})
    with pytest.raises(PTBBucketError):
        await persistence.flush()
    await settle()
    assert asyncio.all_tasks() == {asyncio.current_task()}
    outage.over()
    await persistence.flush()
    await settle()
    assert asyncio.all_tasks() == {asyncio.current_task()}
    assert await outage.users() == {42: {"a": 1}}


@pytest.mark.parametrize("moment", range(0, 100, 7))
def test_no_task_is_left_behind_by_a_flush_that_fails_while_a_retry_is_under_way(moment):
    """PTB's run_polling closes the loop right after shutdown: what still runs then is destroyed with a warning."""

    async def scenario():
        persistence = opened(Outage().faulty, update_interval=0.05, commit_timeout=0.3)
        with pytest.raises(UnavailableError):
            await persistence.update_user_data(42, {"a": 1})
        await asyncio.sleep(moment / 100)
        await asyncio.gather(persistence.update_user_data(42, {"a": 2}), return_exceptions=True)
        with pytest.raises(PTBBucketError):
            await persistence.flush()
        await settle()
        return asyncio.all_tasks() - {asyncio.current_task()}

    assert run_virtually(scenario()) == set()


@pytest.mark.parametrize("cancelled", [0, 1, 2])
async def test_cancelling_one_caller_does_not_cancel_the_commit(cancelled):
    store = MemoryStore()
    persistence = opened(store)
    await persistence.get_user_data()
    updates = [asyncio.create_task(persistence.update_user_data(user, {"n": 1})) for user in (1, 2, 3)]
    await asyncio.sleep(0)
    updates[cancelled].cancel()
    results = await asyncio.gather(*updates, return_exceptions=True)
    assert [isinstance(result, asyncio.CancelledError) for result in results] == [n == cancelled for n in range(3)]
    await settle()
    assert set(await opened(store).get_user_data()) == {1, 2, 3}
    assert persistence.stats.writes == 1
    await persistence.flush()


async def test_flush_reports_a_commit_that_failed_after_its_first_caller_was_cancelled():
    outage = Outage(Fault.DENIED)
    persistence = opened(outage.faulty)
    await persistence.get_user_data()
    updates = [asyncio.create_task(persistence.update_user_data(user, {"n": 1})) for user in (1, 2)]
    await asyncio.sleep(0)
    updates[0].cancel()
    await asyncio.wait(updates)
    with pytest.raises(PTBBucketError):
        await persistence.flush()


def test_a_store_that_never_answers_does_not_hang_the_shutdown():
    """commit_timeout limits one commit even if the store's client has no timeout."""

    async def scenario():
        persistence = opened(FaultyStore(MemoryStore(), script([Fault.HANG] * 9)), commit_timeout=5)
        with pytest.raises(PTBBucketError):
            await asyncio.wait_for(persistence.update_user_data(42, {"a": 1}), 600)
        with pytest.raises(PTBBucketError):
            await asyncio.wait_for(persistence.flush(), 600)

    run_virtually(scenario())


UNSURE = [Fault.LOST_RACE, Fault.ANSWERED_TWICE, Fault.UNAVAILABLE, Fault.ANSWER_LOST, Fault.LATE, None]


def check_exactly_once(seed):
    async def scenario():
        rng = random.Random(seed)
        store = MemoryStore()
        await opened(store).update_bot_data({"n": 0, "list": []})
        stores = [FaultyStore(store, script([rng.choice(UNSURE) for _ in range(40)])) for _ in range(2)]
        pair = [opened(each, refresh_interval=0, resolver=add_differences) for each in stores]
        for each in pair:
            each._session.replica.documents.retry_policy.backoff.random = rng
        objects = [await each.get_bot_data() for each in pair]
        for number in range(20):
            for at in rng.sample((0, 1), 2):
                await pair[at].refresh_bot_data(objects[at])
                objects[at]["n"] += 1
                objects[at]["list"].append((at, number))
            await asyncio.gather(*(each.update_bot_data(live) for each, live in zip(pair, objects, strict=True)))
            await stores[rng.randrange(2)].land()
        await asyncio.gather(*(each.flush() for each in pair))
        assert [each.stats.undecidable for each in pair] == [0, 0], seed
        return await opened(store).get_bot_data()

    bot_data = run_virtually(scenario())
    assert bot_data["n"] == 40, seed
    assert len(bot_data["list"]) == 40, seed
    for at in (0, 1):
        assert [item for item in bot_data["list"] if item[0] == at] == [(at, number) for number in range(20)]


def test_lost_answers_and_lost_races_are_applied_exactly_once(count):
    for seed in range(count(15, 500)):
        check_exactly_once(seed)


def test_an_application_survives_an_outage_and_nothing_is_missing_or_doubled():
    async def scenario():
        outage = Outage()
        world = World(outage.faulty)
        ada = world.telegram.user(42, "Ada")
        async with world.running() as app:
            for fault in (Fault.ANSWER_LOST, Fault.UNAVAILABLE, Fault.DENIED, Fault.LATE, Fault.LOST_RACE):
                outage.fault = fault
                await asked(ada, app, "/count")
                await app.update_persistence()
                await outage.faulty.land()
            outage.over()
        return await World(outage.store).state()

    bot_data, chats, *_ = run_virtually(scenario())
    assert (chats, len(bot_data["log"])) == ({42: {42: 5}}, 5)


# ---------------------------------------------------------------- on_flush


async def test_on_flush_saves_at_shutdown_only(where):
    world = World(where, {"on_flush": True})
    ada = world.telegram.user(42, "Ada")
    async with world.running() as app:
        await asked(ada, app, "/count", "/offer", "/order")
        for _ in range(3):
            await asked(ada, app, "/count")
            await app.update_persistence()
        assert app.persistence.stats.writes == 0
        assert "user_data[42]" in app.persistence.stats.pending
    assert app.persistence.stats.writes == 1
    async with world.running() as app:
        assert await asked(ada, app, "/count", "small") == ["5 5", "How do you pay?"]


async def test_on_flush_merges_with_what_the_other_one_did_in_between(where):
    world = World(where)
    async with world.running(persistence=world.persistence(on_flush=True)) as late:
        late.bot_data["list"] = ["late"]
        await late.update_persistence()
        async with world.running() as early:
            early.bot_data["list"] = ["early"]
    assert (await world.state())[0] == {"list": ["early", "late"]}
