"""Processes that race: ``python racers.py PROGRAM URI PROCESSES TIMES``; prints what each of them returned, as JSON.

They are forked from one that has imported everything, which saves seconds of a test that is about milliseconds.
"""

from __future__ import annotations

import asyncio
import json
import multiprocessing
import sys

from telegram.ext import ExtBot

import ptb_bucket_gcs._objects  # noqa: F401  the SDK, before forking
from ptb_bucket import BucketPersistence, add_differences, open_store
from ptb_bucket.errors import LostRaceError
from ptb_bucket.stores import Create

PATIENCE = 120
FORK = multiprocessing.get_context("fork")


async def increment(uri, _name, times, start):
    """Count, as a handler does that was given its data before the others wrote theirs."""
    persistence = BucketPersistence(uri, resolver=add_differences, refresh_interval=0, commit_timeout=PATIENCE)
    persistence.set_bot(ExtBot("123456:offline"))
    bot_data = await persistence.get_bot_data()
    start()
    for _ in range(times):
        await persistence.refresh_bot_data(bot_data)
        bot_data["count"] += 1
        await persistence.update_bot_data(bot_data)
    await persistence.flush()
    return persistence.stats.conflicts_merged


async def create(uri, name, times, start):
    """Try to be the first on each of many objects, all at the same time; which ones were won."""
    won = []
    async with open_store(uri) as store:
        await store.put(f"hello/{name}", b"", Create())
        for number in range(times):
            start()
            try:
                await store.put(f"race/{number}", b"%d" % name, Create())
            except LostRaceError:
                continue
            won.append(number)
    return won


def run(program, name, barrier, outcomes, arguments):
    """One process."""
    uri, times = arguments
    outcomes.put((name, asyncio.run(program(uri, name, times, lambda: barrier.wait(PATIENCE)))))


def main(program, uri, processes, times):
    """Run them all."""
    barrier, outcomes = FORK.Barrier(processes), FORK.SimpleQueue()
    racers = [FORK.Process(target=run, args=(program, n, barrier, outcomes, (uri, times))) for n in range(processes)]
    for racer in racers:
        racer.start()
    for racer in racers:
        racer.join()
    assert [racer.exitcode for racer in racers] == [0] * processes
    sys.stdout.write(json.dumps([value for _, value in sorted(outcomes.get() for _ in racers)]))


if __name__ == "__main__":
    main({"increment": increment, "create": create}[sys.argv[1]], sys.argv[2], int(sys.argv[3]), int(sys.argv[4]))
