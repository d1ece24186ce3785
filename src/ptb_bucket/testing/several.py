"""Several instances of a bot, each a process, and the sender of their updates."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

__all__ = ["Instance", "instances"]

_PATIENCE = 280
_STRICT = ("-W", "error", "-W", "ignore::FutureWarning")  # Google's warning about Python 3.10


class Instance:
    """A process that runs ``ptb_bucket.testing.instance``."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self._numbers = itertools.count()
        self._waiting: dict[int, asyncio.Future[dict[str, Any]]] = {}
        self.complaints = ""
        self.report: dict[str, Any] = {}
        """The report at its end: ``merged`` and ``faults``."""

    @classmethod
    async def start(cls, uri: str, **options: Any) -> Instance:
        """Start an instance, and wait until it has loaded."""
        command = (*_STRICT, "-m", "ptb_bucket.testing.instance", uri, json.dumps(options))
        pipe = asyncio.subprocess.PIPE
        process = await asyncio.create_subprocess_exec(sys.executable, *command, stdin=pipe, stdout=pipe, stderr=pipe)
        instance = cls(process)
        instance._reading = asyncio.create_task(instance._read())
        return instance

    _reading: asyncio.Task[None]

    async def _read(self) -> None:
        assert self._process.stdout
        async for line in self._process.stdout:
            heard = json.loads(line)
            if "number" in heard:
                self._waiting.pop(heard["number"]).set_result(heard)
            self.report = heard.get("report", self.report)
        assert self._process.stderr
        self.complaints = (await self._process.stderr.read()).decode()
        for waiting in self._waiting.values():
            if not waiting.done():
                waiting.set_exception(AssertionError(f"The instance stopped: {self.complaints}"))

    async def send(self, update: dict[str, Any]) -> list[str]:
        """Send an update, and return the bot's messages after it was handled and saved."""
        number = next(self._numbers)
        self._waiting[number] = answer = asyncio.get_running_loop().create_future()
        assert self._process.stdin
        self._process.stdin.write(json.dumps({"number": number, "update": update}).encode() + b"\n")
        heard = await asyncio.wait_for(answer, _PATIENCE)
        assert not heard["error"], heard["error"]
        return list(heard["said"])

    async def stop(self) -> None:
        """Let it shut down, and check that it reported no error."""
        assert self._process.stdin
        self._process.stdin.close()
        await self._reading
        assert (await self._process.wait(), self.complaints) == (0, ""), self.complaints

    async def kill(self) -> None:
        """Kill the process if it is still running."""
        with contextlib.suppress(ProcessLookupError):
            self._process.kill()
        await self._process.wait()
        await self._reading


@contextlib.asynccontextmanager
async def instances(number: int, uri: str, **options: Any) -> AsyncIterator[list[Instance]]:
    """Run several instances on one place, and stop them at the end."""
    running = await asyncio.gather(*(Instance.start(uri, **options) for _ in range(number)))
    try:
        yield running
        await asyncio.wait_for(asyncio.gather(*(instance.stop() for instance in running)), _PATIENCE)
    finally:
        for instance in running:
            await instance.kill()
