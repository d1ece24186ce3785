"""once() without a clear outcome: lost answers, effects that were cut off, and two instances at once."""

from __future__ import annotations

import asyncio
import contextlib

import pytest

from ptb_bucket.application.effects import once as module
from ptb_bucket.errors import OutcomeUnknownError, UnsavedError
from ptb_bucket.testing.faults import Fault
from support.effects.buying import buying, charge, charged, cut, killed

LONG = 60
"""Seconds that only a failure takes."""


async def test_an_intent_without_an_outcome_is_not_repeated(bots):
    async def lost(order):
        charged.append(order)
        cut()

    update = await killed(bots, buying([], function=lost, at_most_once=True))
    async with bots.build(buying([], at_most_once=True)) as two:
        await bots.deliver(two, update)
    [error] = bots.errors
    assert isinstance(error, OutcomeUnknownError)
    assert (error.name, error.unit) == ("charge", f"update {update['update_id']}")
    assert "Ask the service" in str(error)
    assert charged == [7]


async def test_without_an_intent_it_is_repeated_if_its_result_was_not_recorded(bots):
    async def lost(order):
        charged.append(order)
        cut()

    update = await killed(bots, buying([], function=lost))
    async with bots.build(buying([])) as two:
        await bots.deliver(two, update)
    assert charged == [7, 7]


async def test_two_calls_at_once_are_one_effect(bots):
    async def buy(context):
        once = context.application.once
        one, two = await asyncio.gather(once("charge", charge, 7), once("charge", charge, 7))
        assert one == two

    async with bots.build(buy) as one:
        await bots.deliver(one)
    assert charged == [7]
    assert bots.errors == []


@pytest.mark.parametrize("fault", [Fault.ANSWER_LOST, Fault.UNAVAILABLE, Fault.LATE])
@pytest.mark.parametrize("discards", [False, True])
async def test_an_unclear_answer_repeats_the_effect_neither_here_nor_elsewhere_if_it_was_applied(bots, fault, discards):
    results = []
    failing = []

    def plan(operation, _key):
        return fault if failing and operation == "put" else None

    async def charge_then_fail(order):
        failing.append(True)
        return await charge(order)

    update = bots.update()
    application = bots.build(buying(results, function=charge_then_fail))
    await application.initialize()
    bots.fault = plan
    with contextlib.nullcontext() if fault is Fault.ANSWER_LOST else pytest.raises(UnsavedError):
        await bots.deliver(application, update)
    bots.fault = lambda _operation, _key: None
    if discards:
        await application.discard()
        application = bots.build(buying(results))
        await application.initialize()
    await bots.deliver(application, update)
    await application.shutdown()
    assert charged == [7]
    assert (await bots.user_data())["paid"] == 1


async def test_an_intent_that_was_not_saved_has_begun_nothing(bots):
    async def nothing(context):
        pass

    update = bots.update()
    async with bots.build(buying([], at_most_once=True)) as one:
        bots.fault = lambda operation, _key: Fault.UNAVAILABLE if operation == "put" else None
        with pytest.raises(UnsavedError):
            await bots.deliver(one, update)
        assert charged == []
        bots.fault = lambda _operation, _key: None
        await bots.deliver(one, update)
    assert charged == [7]


async def test_of_two_instances_at_once_the_first_result_counts(bots):
    results, arrived, both = [], [], asyncio.Event()

    async def together(order):
        arrived.append(order)
        if len(arrived) == 2:
            both.set()
        await asyncio.wait_for(both.wait(), LONG)
        return await charge(order)

    update = bots.update()
    async with (
        bots.build(buying(results, function=together)) as one,
        bots.build(buying(results, function=together)) as two,
    ):
        await asyncio.gather(bots.deliver(one, update), bots.deliver(two, update))
    assert charged == [7, 7]
    assert results[0] == results[1]
    assert (await bots.user_data())["paid"] == 1


async def test_a_result_that_became_known_during_the_effect_is_not_overwritten(bots):
    """The other instance is done, and this one has read that, for another reason, before its own effect has ended."""
    results, update = [], bots.update()
    began, gates = ({"one": asyncio.Event(), "two": asyncio.Event()} for _ in range(2))

    def handling(name):
        async def slow(order):
            began[name].set()
            await gates[name].wait()
            return await charge(order)

        return buying(results, function=slow)

    async with bots.build(handling("one")) as one, bots.build(handling("two")) as two:
        both = [asyncio.ensure_future(bots.deliver(each, update)) for each in (one, two)]
        await asyncio.wait_for(asyncio.gather(*(event.wait() for event in began.values())), LONG)
        gates["one"].set()
        await both[0]
        record = module.Record.of_timer(module.Record.user(42), f"effect:update {update['update_id']}:charge")
        await two._sync.live.replica.documents.refresh([record], asyncio.get_running_loop().time())
        two._sync.live.replica.values.load(record)  # as a look at all timers does
        gates["two"].set()
        await both[1]
    assert charged == [7, 7]
    assert results[0] == results[1]
    assert (await bots.user_data())["paid"] == 1


async def test_an_intent_lets_one_of_two_instances_begin(bots):
    gate = asyncio.Event()

    async def slow(order):
        await gate.wait()
        return await charge(order)

    update = bots.update()
    async with (
        bots.build(buying([], function=slow, at_most_once=True), commit_timeout=LONG) as one,
        bots.build(buying([], function=slow, at_most_once=True), commit_timeout=LONG) as two,
    ):
        both = [asyncio.ensure_future(bots.deliver(each, update)) for each in (one, two)]
        await asyncio.wait(both, timeout=LONG, return_when=asyncio.FIRST_COMPLETED)  # the one that may not begin
        gate.set()
        await asyncio.gather(*both)
    assert charged == [7]
    assert [type(error) for error in bots.errors] == [OutcomeUnknownError]
