"""The proxy: an event loop in a separate thread, which leaves nothing behind at exit."""

from __future__ import annotations

import asyncio
import socket
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final, Literal
from urllib.parse import urlsplit

from ptb_bucket.testing.proxy.faults import WireFault, hang, reset, send_half, trickle
from ptb_bucket.testing.proxy.plan import FaultPlan, PlannedFault, seen
from ptb_bucket.testing.proxy.upstream import LIMIT, Upstream, gone
from ptb_bucket.testing.proxy.wire import closes, plain_answer, read_request

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Iterator
    from types import TracebackType

    from typing_extensions import Self

    from ptb_bucket.testing.proxy.plan import SeenRequest
    from ptb_bucket.testing.proxy.wire import Expectation, Message

__all__ = ["FaultProxy"]

_PATIENCE: Final = 10
"""Seconds to wait for the thread to start and to end."""
_SETTLING: Final = 0.01
"""The seconds for some turns of the loop, because asyncio has no list of the connections that it is opening."""
_GONE: Final = (OSError, EOFError)


class FaultProxy:
    """An HTTP proxy on loopback in front of one server, usable as a context manager.

    Requests pass unchanged, including their Host header, which signatures cover. Each connection of a client has its
    own connection to the server, which stays open as long as both sides want. You can control it from any thread.

    Args:
        target_url: The server, such as ``http://127.0.0.1:4566``.
        trickle_delay: The seconds between two bytes of :attr:`WireFault.TRICKLE`.
        expectation: The answer to ``Expect: 100-continue``: ``continue``; ``silence``, as on servers that wait for the
            body; or ``417``, after which the connection is closed and nothing is recorded.
    """

    def __init__(self, target_url: str, *, trickle_delay: float = 0.05, expectation: Expectation = "continue") -> None:
        target = urlsplit(target_url)
        self._target = (target.hostname or "127.0.0.1", target.port or 80)
        self._delay = trickle_delay
        self._expectation: Expectation = expectation
        self._plan = FaultPlan()
        self._ready = threading.Event()
        self._address = ("", 0)

    @property
    def url(self) -> str:
        """Return the URL to which clients connect instead of the server's."""
        return f"http://{self._address[0]}:{self._address[1]}"

    @property
    def requests(self) -> list[SeenRequest]:
        """Return all requests that arrived so far, in order, with any outcome."""
        return self._plan.requests()

    def count(self, method: str, path: str = "") -> int:
        """Return how many requests with this method arrived whose path contains ``path``."""
        return sum(request.method == method and path in request.path for request in self.requests)

    def plan(  # noqa: PLR0913  a fault and its conditions
        self,
        fault: WireFault,
        *,
        method: str | None = None,
        path: str = "",
        when: Callable[[SeenRequest], bool] | None = None,
        times: int | None = 1,
        skip: int = 0,
        body: bytes = b"",
        content_type: str = "text/plain",
    ) -> None:
        """Plan a fault; each request meets the first planned fault that it matches.

        Args:
            fault: The fault.
            method: Only requests with this method meet it.
            path: Only requests whose path (with its query) contains this meet it.
            when: Only requests for which this returns True meet it.
            times: The number of requests that meet it; None for all.
            skip: The number of matching requests that pass first.
            body: The body of the answer, if the fault is a status.
            content_type: The body's type.
        """

        def matches(request: SeenRequest) -> bool:
            right = request.method == (method or request.method) and path in request.path
            return right and (when is None or when(request))

        self._plan.add(PlannedFault(fault, matches, times, skip, body, content_type))

    def clear(self) -> None:
        """Forget the plan and the requests seen so far."""
        self._plan.clear()

    @contextmanager
    def refusing(self) -> Iterator[None]:
        """Cut all connections and refuse new ones until the end of the block, as if the server were down."""
        self._do(self._refuse())
        try:
            yield
        finally:
            self._do(self._listen(self._kept))

    def _do(self, work: Coroutine[Any, Any, None]) -> None:
        asyncio.run_coroutine_threadsafe(work, self._loop).result(_PATIENCE)

    def __enter__(self) -> Self:
        self._ready.clear()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()), name="fault proxy", daemon=True)
        self._thread.start()
        assert self._ready.wait(_PATIENCE), "the proxy did not start"
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> Literal[False]:
        self._loop.call_soon_threadsafe(self._done.set)
        self._thread.join(_PATIENCE)
        assert not self._thread.is_alive(), "the proxy did not end"
        return False

    async def _serve(self) -> None:
        self._loop, self._done = asyncio.get_running_loop(), asyncio.Event()
        self._tasks: set[asyncio.Task[None]] = set()
        self._writers: set[asyncio.StreamWriter] = set()
        await self._listen(_bound(("127.0.0.1", 0)))
        self._ready.set()
        await self._done.wait()
        await self._hang_up()

    async def _listen(self, where: socket.socket) -> None:
        self._listener = await asyncio.start_server(self._connected, sock=where, limit=LIMIT)
        self._address = where.getsockname()
        self._hears = True

    async def _refuse(self) -> None:
        await self._hang_up()
        self._kept = _bound(self._address)  # reserves the port meanwhile

    async def _hang_up(self) -> None:
        self._hears = False
        # asyncio loses connections accepted just before a server closes: stop accepting, let them arrive, then close.
        for listening in self._listener.sockets:
            self._loop.remove_reader(listening.fileno())
        await asyncio.sleep(_SETTLING)
        self._listener.close()
        for task in self._tasks:
            task.cancel()
        # A task that is cancelled before its first step, or while it closes, does not close its connection.
        for writer in self._writers:
            writer.transport.abort()
        await asyncio.gather(*self._tasks, *map(gone, self._writers), return_exceptions=True)
        self._writers.clear()
        await self._listener.wait_closed()

    def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if not self._hears:
            writer.transport.abort()  # accepted while we were closing
            return
        self._writers.add(writer)
        task = asyncio.get_running_loop().create_task(self._converse(reader, writer))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        server = Upstream(self._target)
        try:
            while (request := await read_request(reader, writer, self._expectation)) and await self._handle(
                request, server, reader, writer
            ):
                pass
        except _GONE:
            reset(writer)  # what the client would see without a proxy
        finally:
            # Close both before awaiting either, so that a cancellation leaves nothing open.
            server.close()
            writer.close()
            await gone(writer)
            self._writers.discard(writer)

    async def _handle(
        self, request: Message, server: Upstream, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> bool:
        """Answer a request, with its fault if one is planned; return True if the connection continues."""
        entry = self._plan.arrived(seen(request))
        answer = None if entry and not entry.fault.applies else await server.ask(request)
        if entry and entry.fault.status:
            answer = plain_answer(entry.fault.status, entry.body, entry.content_type)
        elif entry:
            await self._misbehave(entry.fault, answer, reader, writer)
            return False
        assert answer is not None
        writer.write(answer.head + answer.body)
        await writer.drain()
        return not closes(answer) and request.header(b"connection") != b"close"

    async def _misbehave(
        self, fault: WireFault, answer: Message | None, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        if fault in {WireFault.HANG_BEFORE, WireFault.HANG_AFTER}:
            await hang(reader)
        elif fault in {WireFault.RESET_BEFORE, WireFault.RESET_AFTER}:
            reset(writer)
        elif answer is not None and fault is WireFault.HALF_ANSWER:
            await send_half(writer, answer)
        elif answer is not None and fault is WireFault.TRICKLE:
            await trickle(writer, answer, self._delay)


def _bound(address: tuple[str, int]) -> socket.socket:
    """Return a socket that has a port but does not listen, so that it refuses connections."""
    bound = socket.socket()
    # The connections of before may not be quite gone yet.
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    bound.bind(address)
    return bound
