"""A relay for all TCP connections of one process, which cuts a connection in the middle of a request or of an answer.

It works below any SDK and below TLS, because it sees only bytes. A connection to a server leads to the relay instead,
which listens on loopback and forwards the bytes. Only the process that :func:`redirect` is called in is affected.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
import threading
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Coroutine

__all__ = ["Relay", "redirect"]

_CHUNK: Final = 65536
_PATIENCE: Final = 10.0
"""The seconds to wait for an answer before it is lost anyway, and for the relay's thread."""
_QUIET: Final = 0.5
"""The seconds without another byte of an answer, after which it counts as complete."""
_GONE: Final = (OSError, EOFError)


class Relay:
    """A relay in a separate thread.

    ``uploads`` counts the connections that have sent the armed number of bytes since :meth:`arm`. More than one means
    that a request was sent again.
    """

    def __init__(self) -> None:
        self.uploads = 0
        self._limit: int | None = None
        self._torn = False
        self._ports: dict[Any, int] = {}
        self._pipes: set[_Pipe] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._lock = threading.Lock()
        self._ready = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._live()), name="relay", daemon=True)
        self._thread.start()
        self._ready.wait(_PATIENCE)

    @property
    def thread(self) -> int | None:
        """Return the identifier of the relay's thread, whose own connections lead to the servers."""
        return self._thread.ident

    def arm(self, limit: int, *, torn: bool) -> None:
        """Cut the first connection that sends so many bytes from now on.

        Args:
            limit: The number of bytes.
            torn: Cut at this byte, so that the server gets half a request. Otherwise the rest of the request is
                forwarded, and the connection is cut when the server has answered.
        """
        self.uploads, self._torn, self._limit = 0, torn, limit
        for pipe in list(self._pipes):
            pipe.sent = 0

    def disarm(self) -> None:
        """Forward everything again."""
        self._limit = None

    def port_for(self, address: Any) -> int:
        """Return the port on loopback that leads to an address."""
        with self._lock:
            if address not in self._ports:
                self._ports[address] = self._do(self._listen(address))
            return self._ports[address]

    def _do(self, work: Coroutine[Any, Any, int]) -> int:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(_PATIENCE)

    async def _live(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._ready.set()
        await asyncio.Event().wait()

    async def _listen(self, address: Any) -> int:
        async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await self._forward(address, reader, writer)

        server = await asyncio.start_server(connected, "127.0.0.1", 0)
        port: int = server.sockets[0].getsockname()[1]
        return port

    async def _forward(self, address: Any, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            server, to_server = await asyncio.open_connection(address[0], address[1])
        except OSError:
            _reset(writer)
            return
        pipe = _Pipe(writer, to_server)
        self._pipes.add(pipe)
        try:
            await asyncio.gather(self._upwards(pipe, reader), self._downwards(pipe, server))
        except _GONE:
            pipe.cut()
        finally:
            self._pipes.discard(pipe)
            pipe.close()

    async def _upwards(self, pipe: _Pipe, reader: asyncio.StreamReader) -> None:
        """Forward what the client sends, up to the byte at which the connection is cut."""
        while data := await reader.read(_CHUNK):
            limit, before = self._limit, pipe.sent
            pipe.sent += len(data)
            if limit is not None and before < limit <= pipe.sent:
                self.uploads += 1
                if self.uploads == 1 and self._torn:
                    await pipe.send_up(data[: limit - before])
                    pipe.cut()
                    return
                if self.uploads == 1:
                    self._keep(asyncio.ensure_future(pipe.lose_the_answer()))
            await pipe.send_up(data)
        pipe.end_up()

    async def _downwards(self, pipe: _Pipe, server: asyncio.StreamReader) -> None:
        """Forward what the server sends, unless the answer is to be lost."""
        while data := await server.read(_CHUNK):
            await pipe.send_down(data)
        pipe.close()

    def _keep(self, task: asyncio.Task[None]) -> None:
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


class _Pipe:
    """The two ends of one connection. ``sent`` is the number of bytes from the client since the relay was armed."""

    def __init__(self, client: asyncio.StreamWriter, server: asyncio.StreamWriter) -> None:
        self._client, self._server = client, server
        self._answered: asyncio.Event | None = None
        self.sent = 0

    async def send_up(self, data: bytes) -> None:
        self._server.write(data)
        await self._server.drain()

    async def send_down(self, data: bytes) -> None:
        if self._answered is not None:
            self._answered.set()  # and the client never sees it
            return
        self._client.write(data)
        await self._client.drain()

    async def lose_the_answer(self) -> None:
        """Discard the server's answer, and reset the client's connection when it is complete."""
        self._answered = asyncio.Event()
        with contextlib.suppress(asyncio.TimeoutError):
            await asyncio.wait_for(self._answered.wait(), _PATIENCE)
            while True:  # until nothing has arrived for a while
                self._answered.clear()
                await asyncio.wait_for(self._answered.wait(), _QUIET)
        self.cut()

    def end_up(self) -> None:
        with contextlib.suppress(OSError):
            self._server.write_eof()

    def cut(self) -> None:
        """Reset the client's connection, and end the server's."""
        _reset(self._client)
        self._server.transport.abort()

    def close(self) -> None:
        self._client.close()
        self._server.close()


def _reset(writer: asyncio.StreamWriter) -> None:
    """Let the client see a reset: without lingering, the kernel discards unsent bytes and sends RST."""
    with contextlib.suppress(OSError):
        writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


def redirect(relay: Relay) -> None:
    """Lead all TCP connections of this process through a relay, except those of the relay itself.

    It replaces ``socket.socket.connect`` and ``connect_ex``, through which asyncio and ``socket.create_connection``
    connect. Names are resolved before, and TLS checks the server's name as ever.
    """
    for name in ("connect", "connect_ex"):
        original = getattr(socket.socket, name)

        def connect(self: socket.socket, address: Any, original: Any = original) -> Any:
            if self.type != socket.SOCK_STREAM or threading.get_ident() == relay.thread:
                return original(self, address)
            if self.family == socket.AF_INET:
                return original(self, ("127.0.0.1", relay.port_for(tuple(address[:2]))))
            if self.family == socket.AF_INET6:
                return original(self, ("::ffff:127.0.0.1", relay.port_for(tuple(address[:2]))))
            return original(self, address)

        setattr(socket.socket, name, connect)
