"""Tests with processes that race and are killed: counts add up, one process creates, no document is half."""

from __future__ import annotations

import asyncio
import contextlib
import json
import random
import signal
import subprocess
import sys
from typing import TYPE_CHECKING, Any, ClassVar

import pytest

from ptb_bucket.testing.conformance.instances import Instances, with_options
from ptb_bucket.testing.conformance.store import Case

if TYPE_CHECKING:
    from ptb_bucket.testing.conformance.backend import Backend
    from ptb_bucket.testing.plugin import Count

__all__ = ["ProcessConformance"]


def _race(program: str, uri: str, processes: int, times: int) -> list[Any]:
    """Return the result of each process, and check that none reported an error."""
    strict = ("-W", "error", "-W", "ignore::FutureWarning")  # Google's of Python 3.10
    command = [sys.executable, *strict, "-m", "ptb_bucket.testing.racers", program, uri, str(processes), str(times)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=280, check=False)  # noqa: S603  ourselves
    assert (done.returncode, done.stderr) == (0, ""), done.stderr
    return list(json.loads(done.stdout))


def _killed(uri: str, saves: int, seconds: float) -> int:
    """Kill a process while it saves, and return the last number that it reported as durable."""
    command = [sys.executable, "-m", "ptb_bucket.testing.racers", "save_aloud", uri]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)  # noqa: S603  ourselves
    assert process.stdout
    said = [process.stdout.readline() for _ in range(saves)]
    with contextlib.suppress(subprocess.TimeoutExpired):  # it goes on for ever
        process.wait(seconds)
    process.kill()
    said += process.communicate()[0].split("\n")[:-1]
    assert process.returncode == -signal.SIGKILL
    return int(said[-1])


class ProcessConformance(Case):
    """Tests to subclass with a fixture ``backend`` whose :meth:`Backend.uri` leads to its place."""

    INCREMENTS: ClassVar[tuple[int, int]] = (4, 25)
    """The increments of each of 8 processes, in a short run and in a long one."""

    CREATIONS: ClassVar[tuple[int, int]] = (10, 50)
    """The rounds of 6 processes, in a short run and in a long one."""

    async def test_what_eight_processes_count_adds_up(self, backend: Backend, count: Count) -> None:
        """No increment through the persistence is lost or applied twice."""
        uri, times = backend.uri("bot/"), count(*self.INCREMENTS)
        async with Instances() as instances:
            await instances.open(uri).update_bot_data({"count": 0})
            merged = _race("increment", uri, 8, times)
            assert sum(merged) > 0  # it was a race
            assert await instances.open(uri).get_bot_data() == {"count": 8 * times}

    KILLS: ClassVar[tuple[int, int]] = (2, 200)
    """The number of processes that are killed while they save, in a short run and in a long one."""

    @pytest.mark.parametrize("layout", ["single", pytest.param("per-type", marks=pytest.mark.long), "per-record"])
    async def test_a_process_that_is_killed_while_saving_keeps_acknowledged_changes(
        self, backend: Backend, count: Count, layout: str
    ) -> None:
        """After ``kill -9`` at any moment, there is a whole document with all changes that were reported as durable."""
        rng = random.Random(20250523)  # noqa: S311  the same each time
        uri = with_options(backend.uri("bot/"), f"layout={layout}")
        for _ in range(count(*self.KILLS)):
            acknowledged = await asyncio.to_thread(_killed, uri, rng.randrange(1, 6), rng.uniform(0, 0.02))
            async with Instances() as instances:
                users = await instances.open(uri).get_user_data()
            for user in (users[1], users[2]):
                assert set(user["padding"]) == {user["n"]}
                assert acknowledged <= user["n"] <= acknowledged + 1
            assert users[1] == users[2] or layout == "per-record"  # there, each user has a separate document

    async def test_of_six_processes_one_creates(self, backend: Backend, count: Count) -> None:
        """Each object has one creator, and the creator's bytes."""
        times = count(*self.CREATIONS)
        won = _race("create", backend.uri(), 6, times)
        assert sorted(number for numbers in won for number in numbers) == list(range(times))
        assert sum(map(bool, won)) > 1  # it was a race
        for name, numbers in enumerate(won):
            for number in numbers:
                assert await backend.read_raw(f"race/{number}") == b"%d" % name
