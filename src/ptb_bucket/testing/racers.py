"""Processes that race: ``python -m ptb_bucket.testing.racers PROGRAM URI PROCESSES TIMES``.

Or ``python -m ptb_bucket.testing.racers save_aloud URI``.

The results of all processes are printed as JSON. They are forked from a process that has imported everything, because
imports would take seconds in a test that is about milliseconds.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import multiprocessing
import sys
from typing import TYPE_CHECKING, Any, Final

from telegram.ext import ExtBot

from ptb_bucket import BucketPersistence, add_differences
from ptb_bucket.errors import LostRaceError, UnavailableError
from ptb_bucket.offline_telegram import OfflineRequest, OfflineTelegram
from ptb_bucket.stores import Create, open_store

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    Start = Callable[[], object]
    Program = Callable[[str, int, int, Start], Awaitable[Any]]

__all__ = ["create", "increment", "main"]

_PATIENCE: Final = 200
"""The seconds for a commit, and for the others to arrive."""
TELEGRAM: Final = OfflineTelegram()


def _opened(uri: str) -> BucketPersistence:
    persistence: BucketPersistence = BucketPersistence(
        uri, resolver=add_differences, refresh_interval=0, commit_timeout=_PATIENCE
    )
    request = OfflineRequest(TELEGRAM)
    persistence.set_bot(ExtBot(TELEGRAM.token, request=request, get_updates_request=request))
    return persistence


async def increment(uri: str, _name: int, times: int, start: Start) -> int:
    """Count like a handler that loaded its data before others wrote, and return the number of merges."""
    persistence = _opened(uri)
    bot_data = await persistence.get_bot_data()
    start()
    for number in range(times):
        if number:  # the first time, all processes change the same version
            await persistence.refresh_bot_data(bot_data)
        bot_data["count"] += 1
        await persistence.update_bot_data(bot_data)
    await persistence.flush()
    return persistence.stats.conflicts_merged


async def create(uri: str, name: int, times: int, start: Start) -> list[int]:
    """Try to create each of many objects first, all at the same moment, and return the ones that were won."""
    won = []
    async with open_store(uri) as store:
        await store.put(f"hello/{name}", b"", Create())
        for number in range(times):
            start()
            try:
                await store.put(f"race/{number}", b"%d" % name, Create())
            except (LostRaceError, UnavailableError):
                continue
            won.append(number)
    return won


async def save_aloud(uri: str) -> None:
    """Save numbered states of two users until killed, and print each number when it is durable."""
    persistence = _opened(uri)
    users = await persistence.get_user_data()
    for number in itertools.count(users.get(1, {"n": 0})["n"] + 1):
        data = {"n": number, "padding": [number] * 2000}
        await asyncio.gather(persistence.update_user_data(1, data), persistence.update_user_data(2, data))
        sys.stdout.write(f"{number}\n")
        sys.stdout.flush()


async def _import_everything(uri: str) -> None:
    async with open_store(uri) as store:
        [info async for info in store.list()]


def _run(program: Program, name: int, barrier: Any, outcomes: Any, arguments: tuple[str, int]) -> None:
    uri, times = arguments

    async def live() -> Any:
        return await program(uri, name, times, lambda: barrier.wait(_PATIENCE))

    outcomes.put((name, asyncio.run(live())))


def main(program: Program, uri: str, processes: int, times: int) -> None:
    """Run all processes, and wait for each of them."""
    fork = multiprocessing.get_context("fork")
    asyncio.run(_import_everything(uri))
    barrier, outcomes = fork.Barrier(processes), fork.SimpleQueue()
    racers = [fork.Process(target=_run, args=(program, n, barrier, outcomes, (uri, times))) for n in range(processes)]
    for racer in racers:
        racer.start()
    for racer in racers:
        racer.join()
    assert [racer.exitcode for racer in racers] == [0] * processes
    sys.stdout.write(json.dumps([value for _, value in sorted(outcomes.get() for _ in racers)]))


if __name__ == "__main__":
    if sys.argv[1] == "save_aloud":
        asyncio.run(save_aloud(sys.argv[2]))
    main({"increment": increment, "create": create}[sys.argv[1]], sys.argv[2], int(sys.argv[3]), int(sys.argv[4]))
