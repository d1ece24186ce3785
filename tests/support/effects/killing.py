"""Processes that are killed after any number of steps, on a bucket and a Telegram that live on.

A process is one asyncio task tree with its own application. A *step* is a turn of the event loop, so every await of the
process lies between two steps. Each request to the bucket or to a service takes a step before it is applied and one
before it is answered: a kill can fall before a request, and between a request and its answer.
"""

from __future__ import annotations

import asyncio
import contextlib

from ptb_bucket.application.effects.once import _UNSAVED
from ptb_bucket.errors import UnavailableError
from ptb_bucket.stores import InterceptingStore, MemoryStore

__all__ = ["Process", "Requests", "World", "run_killed"]


class Requests(InterceptingStore):
    """A store whose requests take two steps, and that counts them.

    Args:
        store: The bucket.
        process: The process that sends the requests.
    """

    def __init__(self, store, process):
        super().__init__(store)
        self._process = process

    async def _call(self, operation, key, send):
        self._process.requests.append((operation, key))
        await self._process.step()
        if operation == "put":
            self._process.count_put(key)
        answer = await send()
        await self._process.step()
        return answer

    async def _stream(self, operation, key, begin):
        self._process.requests.append((operation, key))
        await self._process.step()
        async for each in begin():
            yield each


class Process:
    """Act as one process of a bot. When it is dead, it does nothing any more outside of its own memory."""

    def __init__(self):
        self.dead = False
        self.requests, self.calls = [], []
        self.puts_until_outage = None
        """How many puts succeed before all fail; None for all."""

    def count_put(self, key):
        """Fail a put during an outage of the bucket."""
        if self.puts_until_outage is not None:
            self.puts_until_outage -= 1
            if self.puts_until_outage < 0:
                raise UnavailableError("an outage of the bucket", key=key)

    async def step(self):
        await asyncio.sleep(0)
        if self.dead:
            raise asyncio.CancelledError


class World:
    """The bucket, which outlives a kill.

    Args:
        layout: The layout of the bot's state.
    """

    def __init__(self, layout):
        self.layout, self.bucket = layout, MemoryStore()

    def store(self, process):
        return Requests(self.bucket, process)


async def run_killed(process, work, steps):
    """Run work in a process, and kill it after some steps; return whether it had ended by then.

    Args:
        process: The process.
        work: A coroutine.
        steps: After how many turns of the loop to kill it; None for never.
    """
    task = asyncio.ensure_future(work)
    taken = 0
    while not task.done() and (steps is None or taken < steps):
        await asyncio.sleep(0)
        taken += 1
    done = task.done()
    if done and not task.cancelled() and task.exception():
        raise task.exception()
    process.dead = True  # its other tasks end at their next request
    task.cancel()
    with contextlib.suppress(BaseException):
        await task
    _UNSAVED.clear()  # what the process remembered
    return done
