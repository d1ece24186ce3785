"""Processes in one virtual loop: each can be frozen, and thawed later, or killed between two steps of its code."""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import os
import random
import secrets
import time
from contextvars import ContextVar
from datetime import datetime
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

from telegram.ext import JobQueue

from ptb_bucket.state.replica.units import ReplicaUnits
from ptb_bucket.stores.wrappers import retry
from support.documents.virtual_time import VirtualLoop

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Iterator

BEGIN = 1_800_000_000.0
SKEW = 5.0
"""Seconds by which a clock may be wrong, in both directions."""
STEP = 1e-6
"""The shortest pause, in seconds."""
ROUNDS = 20
"""How often tasks are cancelled at most, at the end: a task may have to be cancelled several times."""
PROCESS: ContextVar[Process | None] = ContextVar("PROCESS", default=None)


class Process:
    """A process of an instance.

    Args:
        number: Its number, unique in its world.
        skew: By how many seconds its clock is wrong.
    """

    def __init__(self, number: int, skew: float) -> None:
        self.number, self.skew = number, skew
        self.is_dead = self.is_frozen = False
        self.parked: list[_Step] = []
        self.tasks: list[asyncio.Task[Any]] = []

    def __repr__(self) -> str:
        return f"process {self.number}"

    def begin(self, work: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
        """Start some work in this process."""
        context = contextvars.copy_context()
        context.run(PROCESS.set, self)
        task = context.run(asyncio.get_running_loop().create_task, work)
        self.tasks.append(task)
        return task

    def kill(self) -> None:
        """Let no step of its code run any more."""
        self.is_dead = True

    def freeze(self, seconds: float) -> None:
        """Let no step of its code run for some time. Timers that are over then run all at once."""
        self.is_frozen = True
        outside(asyncio.get_running_loop().call_later, seconds, self._thaw)

    def _thaw(self) -> None:
        if not self.is_dead:
            self.revive()

    def revive(self) -> None:
        """Let its code run on from where it was stopped."""
        self.is_dead = self.is_frozen = False
        parked, self.parked = self.parked, []
        for step in parked:
            step.again()


def outside(call: Any, *args: Any) -> Any:
    """Call a function outside of all processes: what it starts goes on after a process has ended."""
    return contextvars.Context().run(call, *args)


class _Step:
    """A call that the loop makes, in the process that has asked for it."""

    def __init__(self, loop: ProcessLoop, callback: Any, args: tuple[Any, ...], context: Any) -> None:
        self._loop, self._callback, self._args, self._context = loop, callback, args, context
        self.handle: asyncio.Handle

    def __call__(self) -> None:
        process = PROCESS.get()
        if process is None or not (process.is_frozen or process.is_dead):
            self._callback(*self._args)
        else:
            process.parked.append(self)

    def again(self) -> None:
        if not self.handle.cancelled():
            self.handle = self._loop.call_soon(self, context=self._context)


class ProcessLoop(VirtualLoop):
    """A virtual loop in which each call belongs to the process that has asked for it."""

    def call_soon(self, callback, *args, context=None):
        context = contextvars.copy_context() if context is None else context
        if context.get(PROCESS) is None or isinstance(callback, _Step):
            return super().call_soon(callback, *args, context=context)
        step = _Step(self, callback, args, context)
        step.handle = super().call_soon(step, context=context)
        return step.handle

    def call_at(self, when, callback, *args, context=None):
        when = max(when, self.time() + STEP)  # or a pause shorter than the clock can count would last for ever
        context = contextvars.copy_context() if context is None else context
        if context.get(PROCESS) is None:
            return super().call_at(when, callback, *args, context=context)
        step = _Step(self, callback, args, context)
        step.handle = super().call_at(when, step, context=context)
        return step.handle


@contextlib.contextmanager
def seeded(seed: int) -> Iterator[None]:
    """Inside, all that is random follows from a seed, so that a run can be repeated."""
    source = random.Random(seed)
    with (
        patch.object(secrets, "token_hex", lambda size: source.randbytes(size).hex()),
        patch.object(os, "urandom", source.randbytes), patch.object(random, "_urandom", source.randbytes),
        patch.object(retry, "random", SimpleNamespace(Random=lambda: source)),
    ):  # fmt: skip
        yield


@contextlib.contextmanager
def noting_losses(world: Any) -> Iterator[None]:
    """Inside, note when changes of one unit of work are lost, because they were made in one step with another's.

    That happens only if the other unit was done twice, and this process was the second. The first one has to be done
    again.
    """
    lose = ReplicaUnits._lose

    def note_and_lose(units: ReplicaUnits, record: Any, lost: Any) -> None:
        world.note(PROCESS.get(), f"lost {sorted(map(str, lost))}")
        lose(units, record, lost)

    with patch.object(ReplicaUnits, "_lose", note_and_lose):
        yield


def run_processes(world: Any) -> Any:
    """Run a world to its end, in virtual time. Return it."""
    loop = ProcessLoop()
    loop.set_exception_handler(lambda *_: None)  # of tasks of killed processes, which never end
    real = time.monotonic

    def now() -> float:
        process = PROCESS.get()
        return BEGIN + loop.time() + (process.skew if process else 0.0)

    def monotonic() -> float:
        process = PROCESS.get()
        return real() if process is None else 1000.0 * process.number + loop.time()

    def tz_now(queue: Any) -> datetime:
        return datetime.fromtimestamp(now(), queue.scheduler.timezone)

    with (
        patch.object(time, "time", now), patch.object(time, "monotonic", monotonic),
        patch.object(JobQueue, "_tz_now", tz_now), seeded(world.seed), noting_losses(world),
    ):  # fmt: skip
        try:
            loop.run_until_complete(world.run())
        finally:
            loop.run_until_complete(_end(world))
            loop.run_until_complete(loop.shutdown_asyncgens())
            loop.close()
    return world


async def _end(world: Any) -> None:
    """Cancel what is left in all processes, so that nothing waits for a loop that has ended."""
    world.is_over = True
    for process in world.processes:
        process.revive()
    for _ in range(ROUNDS):
        left = asyncio.all_tasks() - {asyncio.current_task()}
        for task in left:
            task.cancel()
        if not left:
            break
        await asyncio.wait(left, timeout=1)


def run_process(work: Callable[[], Coroutine[Any, Any, None]]) -> None:
    """Run the work of one process to its end, in virtual time."""
    process = Process(1, 0.0)

    async def run() -> None:
        await process.begin(work())

    run_processes(SimpleNamespace(seed=0, processes=[process], run=run, note=lambda *_: None))
