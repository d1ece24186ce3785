"""Processes that send the puts of races and of lost answers."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import sys
import tempfile
import time
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Final

from ptb_bucket.errors import UnavailableError

if TYPE_CHECKING:
    from types import TracebackType

    from typing_extensions import Self

    from ptb_bucket.stores import StoreUri

__all__ = ["Outcome", "Put", "Worker", "soon", "started"]

_PATIENCE: Final = 90.0
"""The seconds to wait for an answer: a start with imports on a busy machine, and a store's own time limit."""
_ENDING: Final = 5.0
"""The seconds to wait for the end of a process before it is killed."""
_LINE: Final = 2**20


@dataclass(frozen=True)
class Put:
    """A put for a worker.

    Args:
        key: The object's key.
        text: The start of the object's bytes, which says whose it is.
        etag: The ETag that the object must have; empty to create it.
        at: The moment to send it, as seconds since 1970.
        size: The number of bytes of the object; 0 for those of the text alone.
        limit: The number of bytes after which the connection is cut; 0 never.
        torn: Cut at this byte, instead of after the answer.
    """

    key: str
    text: str
    etag: str = ""
    at: float = 0.0
    size: int = 0
    limit: int = 0
    torn: bool = False

    @property
    def data(self) -> bytes:
        """Return the object's bytes."""
        return self.text.ljust(self.size, ".").encode()


@dataclass(frozen=True)
class Outcome:
    """The outcome of a put, as the store reported it.

    Args:
        outcome: ``won``, ``lost``, ``unclear`` or ``error``.
        etag: The new ETag, if it won.
        message: The error.
        uploads: The times that the connection was seen to send the object, if it was cut.
    """

    outcome: str
    etag: str = ""
    message: str = ""
    uploads: int = 0


class Worker:
    """A process with a separate store, usable as a context manager. Its end never waits for the server for long.

    Args:
        uri: The place.
        cut: Lead its connections through a relay that can cut them.
    """

    def __init__(self, uri: StoreUri, *, cut: bool = False) -> None:
        self._uri = uri
        self._arguments = ["--cut"] if cut else []

    async def __aenter__(self) -> Self:
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115  closed with the process
        self._process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "ptb_bucket.tools.verification.worker", *self._arguments,
            stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=self._errors, limit=_LINE,
            env={**os.environ, "PYTHONSAFEPATH": "1"},  # a module in this directory must not replace one of Python's
        )  # fmt: skip
        self._send(str(self._uri))
        return self

    @property
    def _pipes(self) -> tuple[asyncio.StreamWriter, asyncio.StreamReader]:
        if self._process.stdin is None or self._process.stdout is None:
            raise AssertionError("The process has no pipes. This is a bug in ptb-bucket. Please report it.")
        return self._process.stdin, self._process.stdout

    def _send(self, value: object) -> None:
        self._pipes[0].write(json.dumps(value).encode() + b"\n")

    async def put(self, put: Put) -> Outcome:
        """Send a put, and wait for its outcome.

        Raises:
            UnavailableError: The process ended, or does not answer.
        """
        self._send(asdict(put))
        try:
            line = await asyncio.wait_for(self._pipes[1].readline(), _PATIENCE)
        except asyncio.TimeoutError:
            line = b""
        if not line:
            raise UnavailableError(f"A verification process {await self._end()}. Run the command again.")
        answer: dict[str, Any] = json.loads(line)
        return Outcome(**answer)

    async def _end(self) -> str:
        """Return how the process ended, with the last line of its errors."""
        with contextlib.suppress(asyncio.TimeoutError):
            await asyncio.wait_for(self._process.wait(), 1)
        self._errors.seek(0)
        said = self._errors.read().decode(errors="replace").strip().rpartition("\n")[2]
        code = self._process.returncode
        return ("does not answer" if code is None else f"ended with code {code}") + (f": {said}" if said else "")

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if self._process.returncode is None:
                await self._stop(kindly=kind is None)
        finally:
            self._errors.close()
            self._pipes[0].close()
            with contextlib.suppress(OSError):  # the process ended before it had read everything
                await self._pipes[0].wait_closed()

    async def _stop(self, *, kindly: bool) -> None:
        """End the process, and wait for it: a put that is under way could write after the cleaning."""
        self._pipes[0].close()
        with contextlib.suppress(asyncio.TimeoutError):
            await asyncio.wait_for(asyncio.shield(self._process.wait()), _ENDING if kindly else 0.5)
        if self._process.returncode is None:
            self._process.kill()
            await self._process.wait()


async def started(workers: list[Worker], stack: contextlib.AsyncExitStack) -> list[Worker]:
    """Start processes at the same time, and return them."""
    return list(await asyncio.gather(*map(stack.enter_async_context, workers)))


def soon() -> float:
    """Return a moment at which several processes can begin together."""
    return time.time() + 0.03
