"""Instances of one bot on one bucket, and the updates that reach them."""

from __future__ import annotations

import asyncio
import itertools
import random
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from telegram.ext import MessageHandler, filters

from contending.bucket import Limited, Line
from ptb_bucket import BucketApplication, BucketPersistence
from ptb_bucket.errors import UnsavedError
from ptb_bucket.offline_telegram import OfflineTelegram
from ptb_bucket.stores import MemoryStore

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

__all__ = ["Case", "Outcome", "measure"]

PEOPLE = 100


@dataclass(frozen=True)
class Case:
    """Describe one measurement.

    Args:
        instances: How many instances there are.
        seconds: The simulated duration.
        rate: Updates per second of all instances together; 0: each instance handles the next one when the last is done.
        read_ms, write_ms: The average time of a request, in milliseconds.
        spread: The part of that time that varies.
        interval: The seconds between two writes of one object that the bucket accepts; 0 for no limit.
        burst: How many writes it accepts at once after a pause.
        layout: The layout of the documents.
        seed: Decides everything that is random.
    """

    instances: int
    seconds: float
    rate: float = 0.0
    read_ms: float = 20.0
    write_ms: float = 40.0
    spread: float = 0.25
    interval: float = 0.0
    burst: int = 1
    layout: str = "single"
    seed: int = 1


@dataclass
class Outcome:
    """Hold the figures of one measurement.

    Args:
        waits: For each instance, the seconds from the arrival of an update until its change was durable.
        counts: The requests of all instances together.
        unsaved: How many updates ended with an error, because their change was not durable in time.
        seconds: The simulated duration.
    """

    waits: list[list[float]] = field(default_factory=list)
    counts: dict[str, int] = field(default_factory=dict)
    unsaved: int = 0
    seconds: float = 0.0


async def measure(case: Case) -> Outcome:
    """Run one case in the running loop, which should be a virtual one, and check that no update was lost."""
    fleet = Fleet(case)
    await fleet.start()
    outcome = await fleet.run()
    await fleet.check(sum(map(len, outcome.waits)))
    return outcome


class Fleet:
    """The instances of one case."""

    def __init__(self, case: Case) -> None:
        self.case, self.random = case, random.Random(case.seed)
        self.bottom, self.limit = MemoryStore(), Limited(case.interval, case.burst)
        self.telegram = OfflineTelegram()
        self.people = [self.telegram.user(number, f"User {number}") for number in range(1, PEOPLE + 1)]
        self.lines = [self._line() for _ in range(case.instances)]
        self.apps: list[Any] = []

    def _line(self) -> Line:
        case = self.case
        seconds = {"get": case.read_ms / 1e3, "put": case.write_ms / 1e3}
        return Line(
            self.bottom, self.limit, seconds=seconds, spread=case.spread, interval=case.interval, random=self.random
        )

    async def start(self) -> None:
        """Start the instances, and let their first writes pass."""
        for number, line in enumerate(self.lines):
            app = self._application(line, number)
            await app.initialize()
            await self.people[number].send(app, "hello")
            self.apps.append(app)
            await asyncio.sleep(2 * self.case.interval)

    def _application(self, line: Line, number: int) -> Any:
        persistence: BucketPersistence = BucketPersistence(line, layout=self.case.layout, update_interval=3600)
        builder = self.telegram.builder().application_class(BucketApplication, {"save": "update"})
        app = builder.persistence(persistence).build()
        app.add_handler(MessageHandler(filters.ALL, _counting(f"instance {number}")))
        retry_policy = persistence._session.replica.documents.retry_policy  # noqa: SLF001  a seed must replay
        retry_policy.backoff.random = self.random
        return app

    async def run(self) -> Outcome:
        """Let updates arrive until the time is over, and wait until all are done."""
        outcome = Outcome([[] for _ in self.apps], seconds=self.case.seconds)
        for line in self.lines:
            line.counts.clear()
        await (self._arrivals(outcome) if self.case.rate else self._one_after_another(outcome))
        for line in self.lines:
            for name, count in line.counts.items():
                outcome.counts[name] = outcome.counts.get(name, 0) + count
        return outcome

    async def _arrivals(self, outcome: Outcome) -> None:
        """Let updates of different people arrive at random times, at any instance."""
        loop = asyncio.get_running_loop()
        end, tasks, people = loop.time() + self.case.seconds, [], itertools.cycle(self.people)
        while loop.time() < end:
            await asyncio.sleep(self.random.expovariate(self.case.rate))
            number = self.random.randrange(len(self.apps))
            tasks.append(asyncio.ensure_future(self._update(outcome, number, next(people))))
        await asyncio.gather(*tasks)

    async def _one_after_another(self, outcome: Outcome) -> None:
        """Keep each instance busy with one update at a time."""
        end = asyncio.get_running_loop().time() + self.case.seconds
        await asyncio.gather(*(self._busy(outcome, number, end) for number in range(len(self.apps))))

    async def _busy(self, outcome: Outcome, number: int, end: float) -> None:
        people = itertools.cycle(self.people[number :: len(self.apps)])
        while asyncio.get_running_loop().time() < end:
            await self._update(outcome, number, next(people))

    async def _update(self, outcome: Outcome, number: int, person: Any) -> None:
        begin = asyncio.get_running_loop().time()
        try:
            await person.send(self.apps[number], "count")
        except UnsavedError:
            outcome.unsaved += 1
        outcome.waits[number].append(asyncio.get_running_loop().time() - begin)

    async def check(self, updates: int) -> None:
        """Make sure that the bucket has every change at the end, also of updates that ended with an error."""
        for app in self.apps:
            while app.unsaved_for:
                await app.update_persistence()
        app = self._application(self._line(), 99)
        await app.initialize()
        assert sum(app.bot_data.values()) == updates + len(self.apps), "a change was lost"


def _counting(name: str) -> Callable[[Any, Any], Awaitable[None]]:
    async def count(_update: Any, context: Any) -> None:
        context.bot_data[name] = context.bot_data.get(name, 0) + 1
        context.user_data["n"] = context.user_data.get("n", 0) + 1

    return count
