"""Scenarios of the shop: kills everywhere, outages everywhere, and two instances that meet."""

from __future__ import annotations

import asyncio

from support.effects.killing import Process
from support.effects.shop import HastyShop, Street, deliver, one_kill, one_outage

__all__ = ["fail_everywhere", "kill_everywhere", "kill_in_the_end", "meet"]


async def kill_everywhere(layout, clock, *, beside=False, every=1, first=0):
    """Kill a process after every number of steps; return the number of kills, and the traces of repeats."""
    traces, steps, ended = [], first, False
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


async def kill_in_the_end(layout, clock):
    """Kill a process at each step but those in which it starts, where no bug of an effect shows."""
    return await kill_everywhere(layout, clock, first=30)


async def meet(layout, clock):
    """Let two instances hand out goods for one update at the same time."""
    street = Street(layout, HastyShop)
    both = [await street.start(Process()) for _ in range(2)]
    updates = street.updates()[1:]
    await asyncio.gather(*(deliver(each, updates) for each in both))
    assert len(street.warehouse.handed_out) == 1, "goods"
    for each in both:
        await each.shutdown()
