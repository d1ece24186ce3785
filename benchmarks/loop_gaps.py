"""The longest time that the event loop stands still while a large `single` state is loaded, saved and refreshed.

    python benchmarks/loop_gaps.py [--users 100000] [--codec pickle] [--freeze]

One JSON object, in milliseconds. `idle` is what the machine itself does to a loop that has nothing to do; `garbage
collector` is Python's longest collection meanwhile, which is part of the gap. With `--freeze` the bot does as
docs/how-to/choose-a-layout.md advises large ones, and the collector does not look at what was loaded.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import gc
import json
import tempfile
import time
from typing import TYPE_CHECKING, Any

from people import filled, ours, people

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable

    from ptb_bucket import BucketPersistence

TICK = 0.001
FIRST = 100_000


class Gaps:
    """The longest gaps between two turns of the loop, in milliseconds, by activity."""

    def __init__(self) -> None:
        self.found: dict[str, float] = {}
        self._since = self._collecting = 0.0
        gc.callbacks.append(self._collected)

    @contextlib.asynccontextmanager
    async def during(self, what: str) -> AsyncIterator[None]:
        """Watch the loop during the block."""
        self.found[what] = self._collecting = 0.0
        watching = asyncio.create_task(self._watch(what))
        await asyncio.sleep(10 * TICK)
        try:
            yield
        finally:
            await asyncio.sleep(10 * TICK)
            watching.cancel()
            self.found[f"{what}, garbage collector"], self._collecting = self._collecting, 0.0

    def _collected(self, phase: str, _info: object) -> None:
        now = time.perf_counter()
        if phase == "start":
            self._since = now
        else:
            self._collecting = max(self._collecting, (now - self._since) * 1000)

    async def _watch(self, what: str) -> None:
        while True:
            before = time.perf_counter()
            await asyncio.sleep(TICK)
            self.found[what] = max(self.found[what], (time.perf_counter() - before - TICK) * 1000)


async def measure(users: int, codec: str, *, freeze: bool) -> dict[str, float]:
    """Return all gaps of a codec."""
    gaps = Gaps()
    with tempfile.TemporaryDirectory() as folder:
        options = {"codec": codec, "refresh_interval": 0}
        some = people(users)
        one, two = await filled(f"file:{folder}/bot", some, **options), ours(f"file:{folder}/bot", **options)
        async with gaps.during("idle"):
            await asyncio.sleep(1)
        if freeze:
            gc.disable()
        await _each(
            gaps,
            {
                "load": _loaded(two, freeze=freeze),
                "the other kinds": _others(two),
                "save one user": two.update_user_data(FIRST, {"changed": True}),
                "refresh one user": one.refresh_user_data(FIRST, some[FIRST]),
            },
        )
    return {what: round(gap, 1) for what, gap in gaps.found.items()}


async def _each(gaps: Gaps, steps: dict[str, Awaitable[Any]]) -> None:
    for what, step in steps.items():
        async with gaps.during(what):
            await step


async def _loaded(persistence: BucketPersistence[Any, Any, Any], *, freeze: bool) -> dict[int, Any]:
    data: dict[int, Any] = await persistence.get_user_data()
    if freeze:
        gc.freeze()
        gc.enable()
    return data


async def _others(persistence: BucketPersistence[Any, Any, Any]) -> None:
    await persistence.get_bot_data()
    await persistence.get_chat_data()
    await persistence.get_callback_data()
    await persistence.get_conversations("talk")


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--users", type=int, default=100_000)
    parser.add_argument("--codec", choices=("json", "pickle"), default="json")
    parser.add_argument("--freeze", action="store_true")
    arguments = parser.parse_args()
    print(json.dumps(asyncio.run(measure(arguments.users, arguments.codec, freeze=arguments.freeze))))


if __name__ == "__main__":
    main()
