"""The proxy itself: an event loop in a thread of its own, gone without a trace at exit."""

from __future__ import annotations

import asyncio
import socket
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final, Literal
from urllib.parse import urlsplit

from ptb_bucket.testing.proxy.faults import WireFault, hang, reset, send_half, trickle
from ptb_bucket.testing.proxy.plan import Entry, Journal, seen
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
"""Seconds, some rounds of the loop: asyncio has no list of the connections that it is making."""
_GONE: Final = (OSError, EOFError)


class FaultProxy:
    """An HTTP proxy on loopback in front of one server, usable as a context manager.

    Requests pass unchanged, their Host header too (signatures cover it), one connection to the server for each of the
    client's, kept alive as long as both want. It may be driven from any thread.

    Args:
        target_url: The server, such as ``http://127.0.0.1:4566``.
        trickle_delay: Seconds between two bytes of :attr:`WireFault.TRICKLE`.
        expectation: What a request with ``Expect: 100-continue`` meets: ``continue``; ``silence``, as on servers that
            wait for the body without a word; or ``417``, after which the connection is closed and nothing is recorded.
    """

    def __init__(self, target_url: str, *, trickle_delay: float = 0.05, expectation: Expectation = "continue") -> None:
        target = urlsplit(target_url)
        self._target = (target.hostname or "127.0.0.1", target.port or 80)
        self._delay = trickle_delay
        self._expectation: Expectation = expectation
        self._journal = Journal()
        self._ready = threading.Event()
        self._address = ("", 0)

    @property
    def url(self) -> str:
        """What the client takes for the server."""
        return f"http://{self._address[0]}:{self._address[1]}"

    @property
    def requests(self) -> list[SeenRequest]:
        """Every request that arrived so far, in order, whatever became of it."""
        return self._journal.requests()

    def count(self, method: str, path: str = "") -> int:
        """Return how many requests with this method arrived whose path contains ``path``."""
        return sum(request.method == method and path in request.path for request in self.requests)

    def plan(  # noqa: PLR0913  a fault and when it happens
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
            fault: What goes wrong.
            method: Only with this method.
            path: Only if the path (with its query) contains this.
            when: Only if this says so.
            times: How often; None for always.
            skip: How many matching requests pass before.
            body: Of the answer, where the fault is a status.
            content_type: Of that body.
        """

        def matches(request: SeenRequest) -> bool:
            right = request.method == (method or request.method) and path in request.path
            return right and (when is None or when(request))

        self._journal.add(Entry(fault, matches, times, skip, body, content_type))

    def clear(self) -> None:
        """Forget the plan and the requests seen so far."""
        self._journal.clear()

    @contextmanager
    def refusing(self) -> Iterator[None]:
        """Cut all connections and let nobody connect, as when a server is down, until the end of the block."""
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
        self._kept = _bound(self._address)  # nobody else gets the port meanwhile

    async def _hang_up(self) -> None:
        self._hears = False
        # asyncio loses what was accepted just before a server closes: accept no more, let that arrive, then close.
        for listening in self._listener.sockets:
            self._loop.remove_reader(listening.fileno())
        await asyncio.sleep(_SETTLING)
        self._listener.close()
        for task in self._tasks:
            task.cancel()
        # A task that is cancelled before its first step, or while it closes, leaves its connection to us.
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
            # Both are told before either is awaited: whoever cancels us now leaves nothing open.
            server.close()
            writer.close()
            await gone(writer)
            self._writers.discard(writer)

    async def _handle(
        self, request: Message, server: Upstream, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> bool:
        """Answer one request, well or badly; return whether the connection goes on."""
        entry = self._journal.arrived(seen(request))
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
    """A socket that has a port and does not listen: whoever connects is refused."""
    bound = socket.socket()
    # The connections of before may not be quite gone yet.
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    bound.bind(address)
    return bound
