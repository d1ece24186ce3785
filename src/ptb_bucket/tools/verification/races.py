"""Races of several processes: of those that create or replace the same version of an object, exactly one wins."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from ptb_bucket.errors import NotFoundError
from ptb_bucket.tools.verification.workers import Put, Worker, soon, started

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ptb_bucket.tools.verification.effort import Effort
    from ptb_bucket.tools.verification.place import Grounds
    from ptb_bucket.tools.verification.requests import Tally
    from ptb_bucket.tools.verification.workers import Outcome

__all__ = ["Races", "broken_race", "plan_races", "run_races"]

_TRIES: Final = 3
"""The times that a round is repeated in which nobody won, which clouds allow for simultaneous writes."""


@dataclass(frozen=True)
class Races:
    """The result of all races.

    Args:
        rounds: The number of rounds.
        right: The rounds with exactly one winner, whose bytes are stored.
        broken: The first round that went wrong, as a sentence; empty if there is none.
    """

    rounds: int = 0
    right: int = 0
    broken: str = ""


def plan_races(effort: Effort, tally: Tally) -> None:
    """Add the requests of the races to a tally."""
    tally.add("writes", effort.processes * (1 + 2 * effort.races))
    tally.add("reads", 3 * effort.races)
    tally.add("deletes", effort.processes + effort.races)


def broken_race(outcomes: Sequence[Outcome], stored: int | None) -> str:
    """Judge one round.

    Args:
        outcomes: The outcome of each process.
        stored: The number of the process whose bytes are stored; None if the object is as before the round.

    Returns:
        What went wrong, as a sentence without a full stop; empty if at most one process won and its bytes are stored.
    """
    won = [number for number, one in enumerate(outcomes) if one.outcome == "won"]
    maybe = [number for number, one in enumerate(outcomes) if one.outcome == "unclear"]
    errors = [one.message for one in outcomes if one.outcome == "error"]
    if errors:
        return f"a process could not write: {errors[0].rstrip('.')}"
    if len(won) > 1:
        return (
            f"{len(won)} of {len(outcomes)} processes wrote on the same condition and got a success, so one overwrote "
            "the other"
        )
    if won and stored != won[0]:
        return "a process got a success, but the object has other bytes"
    if stored is not None and stored not in won + maybe:
        return "the server refused a process's write, but its bytes are stored"
    return ""


async def run_races(grounds: Grounds, effort: Effort) -> Races:
    """Let processes create objects, and then replace them, each time at the same moment."""
    async with AsyncExitStack() as stack:
        workers = await started([Worker(grounds.uri) for _ in range(effort.processes)], stack)
        hello = [worker.put(Put(f"races/hello-{number}", "hello")) for number, worker in enumerate(workers)]
        problems = [one.message for one in await asyncio.gather(*hello) if one.outcome != "won"]
        grounds.tally.add("writes", len(workers))
        if problems:
            return Races(broken=f"a process could not write: {problems[0]}")
        race = _Race(grounds, workers)
        for kind in ("create", "replace"):
            for number in range(effort.races):
                await race.run(f"races/{number}", replace=kind == "replace")
        return race.result()


class _Race:
    """The rounds so far.

    Args:
        grounds: The place.
        workers: The processes.
    """

    def __init__(self, grounds: Grounds, workers: Sequence[Worker]) -> None:
        self._grounds = grounds
        self._workers = workers
        self._rounds = self._right = 0
        self._broken: list[str] = []

    def result(self) -> Races:
        return Races(self._rounds, self._right, self._broken[0] if self._broken else "")

    async def run(self, key: str, *, replace: bool) -> None:
        """Run a round, again if nobody won."""
        self._rounds += 1
        for _ in range(_TRIES):
            etag = (await self._grounds.store.get(key)).etag if replace else ""
            problem, decided = await self._round(key, etag)
            if problem:
                self._broken.append(f"{'Replacing' if replace else 'Creating'} {key!r}: {problem}.")
                return
            if decided:
                self._right += 1
                return
        self._broken.append(f"No process won the race for {key!r} in {_TRIES} attempts.")

    async def _round(self, key: str, etag: str) -> tuple[str, bool]:
        tally, interval = self._grounds.tally, self._grounds.store.min_write_interval
        await tally.pace(self._grounds.store.describe(key), interval)
        tally.written.add(self._grounds.store.describe(key))
        at, mark = soon(), f"{'replaced' if etag else 'created'} by process "
        puts = (worker.put(Put(key, f"{mark}{n}", etag, at)) for n, worker in enumerate(self._workers))
        outcomes = await asyncio.gather(*puts)
        tally.add("writes", len(self._workers))
        text = await self._read(key)
        stored = int(text.removeprefix(mark)) if text.startswith(mark) else None
        return broken_race(outcomes, stored), stored is not None

    async def _read(self, key: str) -> str:
        try:
            return (await self._grounds.store.get(key)).data.decode()
        except NotFoundError:
            return ""
