"""once(): an effect whose outcome is stored with its update or job, and found when that is handled again."""

from __future__ import annotations

import asyncio

import pytest
from telegram.error import BadRequest, Forbidden, TelegramError

from ptb_bucket.application.effects import once as module
from ptb_bucket.errors import CannotStoreError, ConfigurationError, RefusedError
from support.effects.buying import buying, charge, charged, cut, killed


@pytest.mark.parametrize("options", [{}, {"jobs": "bucket", "dedupe": False}], ids=["dedupe", "jobs"])
@pytest.mark.parametrize("at_most_once", [False, True])
async def test_an_update_that_is_handled_again_gets_the_stored_result(bots, options, at_most_once):
    results = []
    update = await killed(bots, buying(results, then=cut, at_most_once=at_most_once), **options)
    async with bots.build(buying(results, at_most_once=at_most_once), **options) as two:
        await bots.deliver(two, update)
    assert results == [{"id": 1, "amount": 5, "tags": ("a", "b")}] * 2
    assert charged == [7]
    assert bots.errors == []
    assert (await bots.user_data())["paid"] == 1


async def test_the_next_update_is_another_unit(bots):
    results = []
    async with bots.build(buying(results)) as one:
        await bots.deliver(one)
        await bots.deliver(one)
    assert charged == [7, 7]


async def test_its_commit_carries_no_half_changes_of_the_handler(bots):
    async def buy(context):
        context.user_data["half"] = True
        await context.application.once("charge", charge, 7)
        cut()

    await killed(bots, buy)
    assert charged == [7]
    assert await bots.user_data() == {}


async def test_it_costs_one_put_and_with_an_intent_two_and_an_update_without_effects_nothing(bots):
    async def plain(context):
        context.user_data["n"] = context.user_data.get("n", 0) + 1

    async def measure(handle, **options):
        async with bots.build(handle, **options) as one:
            await bots.deliver(one)
            await bots.deliver(one)
            bots.requests.clear()
            await bots.deliver(one)
            return [operation for operation, _ in bots.requests]

    async def counted(handle):
        await plain(handle)

    results = []
    base = await measure(counted)
    gets = 1 if bots.layout == "per-type" else 0

    def with_once(**options):
        async def handle(context):
            await plain(context)
            await context.application.once("charge", charge, 7, **options)

        return handle

    single = await measure(with_once())
    assert (single.count("put") - base.count("put"), single.count("get") - base.count("get")) == (1, gets)
    double = await measure(with_once(at_most_once=True))
    assert (double.count("put") - base.count("put"), double.count("get") - base.count("get")) == (2, gets)
    assert {*base} <= {"get", "put"}
    assert results == []


@pytest.mark.parametrize("error", [Forbidden("blocked by Ada"), BadRequest("no"), ValueError("no", 5)])
async def test_a_final_exception_is_an_outcome(bots, error):
    async def refuse(order):
        charged.append(order)
        raise error

    heard = []

    def handling(then=None):
        async def handle(context):
            try:
                await context.application.once("send", refuse, 7, final=(TelegramError, ValueError))
            except Exception as caught:  # noqa: BLE001
                heard.append(caught)
            if then:
                then()

        return handle

    update = await killed(bots, handling(cut))
    async with bots.build(handling()) as two:
        await bots.deliver(two, update)
    assert charged == [7]
    assert [type(one) for one in heard] == [type(error)] * 2
    assert [str(one) for one in heard] == [str(error)] * 2


async def test_another_exception_is_passed_on_and_not_stored(bots):
    async def refuse(order):
        charged.append(order)
        raise ValueError(order)

    update = bots.update()
    async with bots.build(buying([], function=refuse), jobs="bucket", dedupe=False) as one:
        await bots.deliver(one, update)
        await bots.deliver(one, update)
    assert charged == [7, 7]
    assert [str(error) for error in bots.errors] == ["7", "7"]


async def test_a_result_that_cannot_be_stored_does_not_repeat_the_effect(bots):
    async def strange(order):
        charged.append(order)
        return lambda: None

    update = bots.update()
    async with bots.build(buying([], function=strange), jobs="bucket", dedupe=False) as one:
        await bots.deliver(one, update)
        await bots.deliver(one, update)
    assert charged == [7]
    assert [type(error) for error in bots.errors] == [CannotStoreError] * 2


async def test_a_name_that_is_used_twice_needs_the_same_arguments(bots):
    async def buy(context):
        assert await context.application.once("charge", charge, 7) == await context.application.once(
            "charge", charge, 7
        )
        with pytest.raises(RefusedError, match="different arguments"):
            await context.application.once("charge", charge, 8)

    async with bots.build(buy) as one:
        await bots.deliver(one)
    assert charged == [7]
    assert bots.errors == []


async def test_other_arguments_are_refused_also_when_the_update_comes_again(bots):
    update = await killed(bots, buying([], then=cut))
    async with bots.build(buying([], args=(8,))) as two:
        await bots.deliver(two, update)
    assert charged == [7]
    assert [type(error) for error in bots.errors] == [RefusedError]


async def test_a_job_that_is_tried_again_gets_the_stored_result(bots, clock):
    results = []

    async def order(context):
        context.application.after_commit(deliver)

    async def deliver(context):
        results.append(await context.application.once("charge", charge, 7))
        if len(results) == 1:
            raise ValueError

    async with bots.build(order, jobs="bucket", callbacks=[deliver]) as one:
        await bots.deliver(one)
        clock.pass_(40)
    async with bots.build(order, jobs="bucket", callbacks=[deliver]) as two:
        assert (await two.tick()).ran == 1
    assert charged == [7]
    assert len(results) == 2


async def test_each_occurrence_of_a_repeating_job_is_a_unit(bots, clock):
    async def order(context):
        context.job_queue.run_repeating(deliver, 60, first=1, user_id=42)

    async def deliver(context):
        await context.application.once("charge", charge, 7)

    async with bots.build(order, jobs="bucket", callbacks=[deliver]) as one:
        await bots.deliver(one)
        for _ in range(3):
            clock.pass_(61)
            assert (await one.tick()).ran == 1
        assert len(await one.job_queue.find(user_id=42)) == 1
    assert charged == [7, 7, 7]


async def test_outcomes_are_removed_after_two_days(bots, clock, monkeypatch):
    monkeypatch.setattr(module, "TIDIED", 0.0)
    async with bots.build(buying([])) as one:
        await bots.deliver(one)
        clock.pass_(3 * 24 * 3600)
        await bots.deliver(one)
        await bots.deliver(one)
        kept = one._sync.live.replica.timers.of(module.Record.user(42))
    assert len(kept) == 2


async def test_it_is_refused_outside_of_a_unit_and_without_units(bots):
    late, over = [], asyncio.Event()

    async def buy(context):
        async def later():
            await over.wait()
            with pytest.raises(ConfigurationError, match="outside"):
                await context.application.once("charge", charge, 7)
            late.append(True)

        late.append(asyncio.ensure_future(later()))

    async with bots.build(buy) as one:
        with pytest.raises(ConfigurationError, match="outside"):
            await one.once("charge", charge, 7)
        await bots.deliver(one)
        over.set()
        await late[0]
    async with bots.build(buying([]), dedupe=False) as two:
        await bots.deliver(two)
    assert [type(error) for error in bots.errors] == [ConfigurationError]
    assert "dedupe=True" in str(bots.errors[0])
    assert charged == []
    assert late[1] is True
