"""Processes that run due timers and are killed again and again, and what must be in the bucket afterwards."""

# ruff: noqa: T201

from __future__ import annotations

import asyncio
import random
import subprocess
import sys
import time
from collections import Counter
from typing import Any

from ptb_bucket import bucket_application
from ptb_bucket.errors import PTBBucketError
from ptb_bucket.offline_telegram import OfflineTelegram

PEOPLE = 50
TICKERS = 3
LEASE, MARGIN = 4.0, 2.0
"""Shorter than in earnest, so that a timer whose process was killed soon runs again."""
PATIENCE = 600.0
"""Seconds in which all timers have to run after the last kill."""


async def work(context: Any) -> None:
    """Append the label to both records, and report it."""
    print(context.job.data, flush=True)
    for data in (context.user_data, context.chat_data):
        data.setdefault("runs", []).append(context.job.data)


def built(uri: str, layout: str) -> Any:
    """Build an instance."""
    options = {"save": "update", "jobs": "bucket", "callbacks": [work], "refresh_interval": 0.0}
    builder = bucket_application(uri, layout=layout, commit_timeout=120, **options)
    application = OfflineTelegram().connect(builder).build()
    application.runs = False
    return application


# ---------------------------------------------------------------- in the child


async def tick_for_ever(uri: str, layout: str) -> None:
    """Run what is due, until this process is killed."""
    from ptb_bucket.application.timers import claims  # noqa: PLC0415  the parent goes on with longer ones

    claims.LEASE, claims.MARGIN = LEASE, MARGIN
    async with built(uri, layout) as application:
        while True:
            try:
                await application.tick(5)
            except PTBBucketError as error:
                print(f"# {error}", file=sys.stderr)
            await asyncio.sleep(0.05)


# ---------------------------------------------------------------- in the parent


class Ticker:
    """A process that ticks, and its successors."""

    def __init__(self, uri: str, layout: str, runs: Counter[str]) -> None:
        self._command = [sys.executable, __file__, uri, layout]
        self._runs = runs
        self.process: asyncio.subprocess.Process
        self.since = 0
        """Runs since its start."""

    async def start(self) -> None:
        """Start a process."""
        pipe = subprocess.PIPE
        self.process = await asyncio.create_subprocess_exec(*self._command, stdout=pipe, stderr=subprocess.DEVNULL)
        self.since = 0
        self._listening = asyncio.create_task(self._listen(self.process))

    async def _listen(self, process: asyncio.subprocess.Process) -> None:
        while line := await process.stdout.readline():
            self._runs[line.decode().strip()] += 1
            self.since += 1

    async def kill(self) -> None:
        """Kill it, with SIGKILL."""
        if self.process.returncode is None:
            self.process.kill()
        await self.process.wait()
        await self._listening


async def check_kills(uri: str, layout: str, timers: int, kills: int) -> None:
    """Let several processes run timers while they are killed. Each timer has run once, as far as the data tells."""
    rng, runs = random.Random(timers), Counter[str]()
    await _add(uri, layout, timers)
    tickers = [Ticker(uri, layout, runs) for _ in range(TICKERS)]
    for one in tickers:
        await one.start()
    try:
        for number in range(kills):
            await _kill_one(tickers, rng, timers - (kills - number))
        left = await _wait(uri, layout, runs, timers)
    finally:
        for one in tickers:
            await one.kill()
    assert left == 0, f"{left} timers have not run"
    assert len(runs) == timers
    repeated = sum(runs.values()) - timers
    print(f"{layout}: {timers} timers, {kills} kills, {repeated} runs repeated")
    assert repeated <= 10 * kills  # so many run at once in each process


async def _kill_one(tickers: list[Ticker], rng: random.Random, last: int) -> None:
    """Kill a process in the middle of its work, and start another one."""
    victim, wanted = rng.choice(tickers), rng.randrange(1, 12)
    until = time.monotonic() + 20
    while victim.since < wanted and time.monotonic() < until and len(victim._runs) < last:  # noqa: ASYNC110  several things may end it
        await asyncio.sleep(0.01)
    await asyncio.sleep(rng.uniform(0, 0.05))
    await victim.kill()
    await victim.start()


async def _add(uri: str, layout: str, timers: int) -> None:
    async def add(application: Any) -> None:
        for number in range(timers):
            person = 1 + number % PEOPLE
            application.job_queue.run_once(work, 0, f"t{number}", user_id=person, chat_id=-person)

    async with built(uri, layout) as application:
        await application.run_and_save(add)


async def _wait(uri: str, layout: str, runs: Counter[str], timers: int) -> int:
    """Wait until all timers have run, and compare what they have left. Return how many are there still."""
    people = range(1, PEOPLE + 1)
    until = time.monotonic() + PATIENCE
    while len(runs) < timers and time.monotonic() < until:  # noqa: ASYNC110  several things may end it
        await asyncio.sleep(0.5)
    async with built(uri, layout) as application:
        queue = application.job_queue
        while left := await queue.find(user_id=people, chat_id=[-one for one in people]):
            if time.monotonic() > until:
                return len(left)
            await asyncio.sleep(0.5)
        await application.load_data(user_ids=people, chat_ids=[-one for one in people])
        wanted = Counter({f"t{number}": 1 for number in range(timers)})
        for kind in (application.user_data, application.chat_data):
            found = Counter(label for data in kind.values() for label in data.get("runs", ()))
            assert found == wanted, (found - wanted, wanted - found)
    return 0


if __name__ == "__main__":
    asyncio.run(tick_for_ever(*sys.argv[1:]))
