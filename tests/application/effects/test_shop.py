"""The shop of the examples is killed at every await and every request, and loses its bucket before every put."""

from __future__ import annotations

import asyncio
import time

import pytest

from support.effects.shop import HastyShop, Process, Street, deliver, one_kill, one_outage

LAYOUTS = ["single", "per-type", "per-record"]


@pytest.fixture
def clock(monkeypatch):
    ahead, real = [0.0], time.time
    monkeypatch.setattr(time, "time", lambda: real() + ahead[0])
    return ahead


async def kill_everywhere(layout, clock, *, beside=False, every=1):
    """Kill a process after every number of steps; return the number of kills, and the traces of repeats."""
    traces, steps, ended = [], 0, False
    while not ended:
        ended, repeats, trace = await one_kill(Street(layout), steps, clock, beside=beside)
        traces += [trace] * repeats
        steps += every
    return steps, traces


async def fail_everywhere(layout, clock):
    """Let the bucket fail before every put; return the number of puts."""
    calm, was_calm = 0, False
    while not was_calm:
        was_calm = await one_outage(Street(layout), calm, clock)
        calm += 1
    return calm


async def meet(layout, clock):
    """Let two instances hand out goods for one update at the same time."""
    street, updates = Street(layout, HastyShop), []
    processes = [Process(), Process()]
    both = [await street.start(process) for process in processes]
    updates = street.updates()[1:]
    await asyncio.gather(*(deliver(each, updates) for each in both))
    assert len(street.warehouse.handed_out) == 1, "goods"
    for each in both:
        await each.shutdown()


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("beside", [False, True], ids=["alone", "beside another instance"])
async def test_each_kill_charges_once_delivers_once_and_says_so_at_least_once(layout, beside, clock, record_property):
    steps, traces = await kill_everywhere(layout, clock, beside=beside)
    record_property("kills", steps)
    record_property("repeated messages", traces)
    assert steps > 40
    assert len(traces) < steps / 8  # those between the message and the end of the job


@pytest.mark.parametrize("layout", LAYOUTS)
async def test_an_outage_before_any_put_repeats_nothing_when_the_update_comes_again(layout, clock):
    assert await fail_everywhere(layout, clock) > 3


@pytest.mark.parametrize("layout", LAYOUTS)
async def test_two_instances_that_meet_hand_out_goods_once_if_the_intent_is_stored(layout, clock):
    await meet(layout, clock)
