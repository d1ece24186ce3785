"""The way from a process to the store and back: it takes time, answers get lost, and requests arrive late."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from ptb_bucket.errors import LostRaceError, UnavailableError
from ptb_bucket.stores import InterceptingStore
from support.simulation.timers.processes import outside

if TYPE_CHECKING:
    from support.simulation.timers.processes import Process
    from support.simulation.timers.world import TimerWorld

WAIT = 10.0
"""Seconds for which a client waits for an answer."""
LATE = (1.0, 100.0)
"""Seconds after which a late request arrives."""


class Network(InterceptingStore):
    """The store as one process reaches it. Requests go on when the process has been killed.

    Args:
        world: Its faults.
        process: The process.
    """

    def __init__(self, world: TimerWorld, process: Process) -> None:
        super().__init__(world.bucket)
        self._world, self._process = world, process

    async def _call(self, operation, key, send):
        if self._world.is_over:
            raise UnavailableError("the run is over", key=key)
        answer = asyncio.get_running_loop().create_future()
        request = outside(asyncio.get_running_loop().create_task, self._travel(operation, key, send, answer))
        self._world.requests.add(request)
        request.add_done_callback(self._world.requests.discard)
        return await answer

    async def _stream(self, operation, key, begin):
        async def send():
            return [item async for item in begin()]

        for item in await self._call(operation, key, send):
            yield item

    async def _travel(self, operation, key, send, answer) -> None:
        """Carry a request to the store, and its answer back. At each point the process may be killed."""
        world, rng = self._world, self._world.rng
        fault = world.fault(operation, self._process)
        world.journal.append(f"{world.now:.6f} {self._process}: {operation} {key} {fault or ''}")
        if fault:
            world.note(self._process, f"{fault} of {operation} {key}")
        world.may_kill(self._process)
        await asyncio.sleep(rng.uniform(0.001, 0.05))
        if self._process.is_dead and rng.random() < 0.5:
            return
        if fault == "late":
            outside(asyncio.get_running_loop().create_task, _give_up(answer, key))
            await asyncio.sleep(rng.uniform(*LATE))
        if fault == "refused":
            _refuse(answer, UnavailableError("refused", key=key))
            return
        try:
            result = await send()
        except Exception as error:  # noqa: BLE001  the store's answer
            await self._answer(answer, error, is_error=True)
            return
        if operation == "put":  # the ETag is a hash of the content
            world.journal.append(f"{world.now:.6f} {self._process}: {key} is {result}")
        world.may_kill(self._process)
        if fault == "lost":
            await _give_up(answer, key)
        elif fault == "sent twice":
            _refuse(answer, LostRaceError("sent twice", key=key))
        else:
            await self._answer(answer, result)

    async def _answer(self, answer, result, *, is_error=False) -> None:
        await asyncio.sleep(self._world.rng.uniform(0.001, 0.05))
        if not answer.done():
            (answer.set_exception if is_error else answer.set_result)(result)


async def _give_up(answer, key) -> None:
    await asyncio.sleep(WAIT)
    _refuse(answer, UnavailableError("no answer", key=key))


def _refuse(answer, error) -> None:
    if not answer.done():
        answer.set_exception(error)
