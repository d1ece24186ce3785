"""The hosts' clocks, one for each instance. Now and then they are set wrong."""

from __future__ import annotations

import asyncio
from contextvars import ContextVar

SKEW: ContextVar[list[float]] = ContextVar("SKEW", default=[0.0])  # noqa: B039  read only, where no instance runs
BEGIN = 1_800_000_000
JUMPS = (0, 60, -7200, 30 * 3600, -60 * 3600)


class Clocks:
    """A replacement for the module ``time`` in the one place of the engine that reads a wall clock."""

    @staticmethod
    def time() -> float:
        return BEGIN + asyncio.get_running_loop().time() + SKEW.get()[0]


async def jump_often(instance) -> None:
    """Set an instance's clock at random times."""
    while True:
        await asyncio.sleep(instance.rng.expovariate(1 / instance.world.size.lifetime))
        instance.clock[0] = instance.rng.choice(JUMPS)
