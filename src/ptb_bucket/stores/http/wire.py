"""Connections for httpcore on asyncio's own transports, which cost a fraction of anyio's streams."""

from __future__ import annotations

import asyncio
import select
import sys
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final, Protocol
from weakref import WeakSet

import httpcore

from ptb_bucket._aio import within

if TYPE_CHECKING:
    import ssl
    from collections.abc import Coroutine, Iterable

__all__ = ["Connections"]

_NEXT_ADDRESS: Final = 0.25
"""Seconds after which the next address of a host is tried at the same time (RFC 8305)."""
_UNLIMITED: Final = 86400.0
_ROUNDS: Final = 3
"""How often the loop runs until a transport has closed its socket: once by itself, and more often under TLS."""


class Connections(httpcore.AsyncNetworkBackend):
    """Opens connections and knows those that are open. Source: httpcore, "Network Backends"."""

    def __init__(self) -> None:
        self._wires: WeakSet[_Wire] = WeakSet()
        self._closed = False

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,  # noqa: ARG002  none are set
    ) -> httpcore.AsyncNetworkStream:
        """Connect to a server.

        Args:
            host: Its name or address.
            port: Its port.
            timeout: Seconds.
            local_address: The address to connect from.
            socket_options: Not used.

        Raises:
            httpcore.ConnectTimeout: The server did not answer in time.
            httpcore.ConnectError: The connection failed.
        """
        wire = _Wire()
        loop = asyncio.get_running_loop()
        local = (local_address, 0) if local_address else None
        connecting = loop.create_connection(
            lambda: wire, host, port, happy_eyeballs_delay=_NEXT_ADDRESS, local_addr=local
        )
        try:
            await _connected(connecting, timeout)
        except BaseException:
            await wire.close()  # if it was opened while the caller was cancelled
            raise
        if self._closed:  # the pool does not know a connection that was not open yet
            await wire.close()
            raise httpcore.ConnectError("The store was closed before the request was sent.")
        self._wires.add(wire)
        return _Stream(wire)

    async def close(self) -> None:
        """Close all connections, also those that requests are waiting for, and open no more."""
        self._closed = True
        for wire in list(self._wires):
            await wire.close()

    def abandon(self) -> list[object]:
        """Close the sockets without the loop, which can no longer do anything. Return what nothing may touch."""
        wires = list(self._wires)
        for wire in wires:
            wire.abandon()
        return [wires]


async def _connected(work: Coroutine[Any, Any, Any], seconds: float | None) -> Any:
    try:
        return await within(seconds or _UNLIMITED, work)
    except TimeoutError as exc:
        raise httpcore.ConnectTimeout(str(exc)) from exc
    except OSError as exc:  # TLS errors too
        raise httpcore.ConnectError(str(exc)) from exc


class _Wire(asyncio.Protocol):
    """The events of a transport: bytes that arrived, the end, and whether it accepts more to send."""

    def __init__(self) -> None:
        self.transport: Any = None
        self.ended = False
        self._bottom: Any = None
        self._received = bytearray()
        self._error: Exception | None = None
        self._full = False
        self._lost = False
        self._waiting: set[asyncio.Future[None]] = set()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport
        self._bottom = self._bottom or transport

    def data_received(self, data: bytes) -> None:
        self._received += data
        self._wake()

    def eof_received(self) -> None:
        self.ended = True
        self._wake()

    def connection_lost(self, exc: Exception | None) -> None:
        self.ended = self._lost = True
        self._error = exc
        self._wake()

    def pause_writing(self) -> None:
        self._full = True

    def resume_writing(self) -> None:
        self._full = False
        self._wake()

    def _wake(self) -> None:
        for waiting in self._waiting:
            if not waiting.done():
                waiting.set_result(None)

    async def _news(self, seconds: float | None) -> None:
        """Wait until the transport reports something, without a task of its own."""
        loop = asyncio.get_running_loop()
        waiting: asyncio.Future[None] = loop.create_future()
        self._waiting.add(waiting)
        limit = loop.call_later(_UNLIMITED if seconds is None else seconds, _expire, waiting)
        try:
            await waiting
        finally:
            limit.cancel()
            self._waiting.discard(waiting)

    async def receive(self, seconds: float | None) -> bytes:
        while not self._received and not self.ended:
            await self._news(seconds)
        if self._error is not None and not self._received:
            raise self._error
        data = bytes(self._received)
        self._received.clear()
        return data

    async def sent(self, seconds: float | None) -> None:
        """Wait until the transport has room again."""
        while self._full and not self.ended:
            await self._news(seconds)
        if self.ended and self._error is not None:
            raise self._error

    def is_readable(self) -> bool:
        """Return whether the server has sent something or closed: an idle connection is of no use then.

        The socket is asked too: after a pause of the whole process, the loop has not yet seen it.
        """
        return bool(self._received) or self.ended or _has_input(self.transport.get_extra_info("socket"))

    async def close(self) -> None:
        """Close at once: all has been sent, and nothing more is read."""
        if self.transport is None:
            return
        self.transport.abort()
        for _ in range(_ROUNDS):
            if not self._lost:
                await asyncio.sleep(0)

    def abandon(self) -> None:
        """Close the socket, and make the transports forget it: the interpreter destroys them with a warning."""
        with suppress(AttributeError):  # other loop implementations hide their sockets
            self._bottom.get_extra_info("socket")._sock.close()  # noqa: SLF001
        self._bottom._sock = None  # noqa: SLF001
        if self.transport is not self._bottom:
            self.transport._closed = True  # noqa: SLF001


def _expire(waiting: asyncio.Future[None]) -> None:
    if not waiting.done():
        waiting.set_exception(TimeoutError("the server did not answer in time"))


class _HasNumber(Protocol):
    def fileno(self) -> int: ...


def _has_input(socket: _HasNumber | None) -> bool:
    if socket is None or socket.fileno() < 0:
        return True
    if sys.platform == "win32":
        return bool(select.select([socket], [], [], 0)[0])
    asking = select.poll()
    asking.register(socket, select.POLLIN)
    return bool(asking.poll(0))


class _Stream(httpcore.AsyncNetworkStream):
    """A connection, as httpcore uses it. It collects what is written, and sends it in one piece before it reads."""

    def __init__(self, wire: _Wire) -> None:
        self._wire = wire
        self._unsent: list[bytes] = []
        self._write_timeout: float | None = None

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._unsent.append(buffer)
        self._write_timeout = timeout

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:  # noqa: ARG002
        if self._unsent:
            await self._flush()
        try:
            return await self._wire.receive(timeout)
        except TimeoutError as exc:
            raise httpcore.ReadTimeout(str(exc)) from exc
        except OSError as exc:
            raise httpcore.ReadError(str(exc)) from exc

    async def _flush(self) -> None:
        self._wire.transport.write(b"".join(self._unsent))
        self._unsent.clear()
        try:
            await self._wire.sent(self._write_timeout)
        except TimeoutError as exc:
            raise httpcore.WriteTimeout(str(exc)) from exc
        except OSError:
            return  # the server may have answered before it closed: read that

    async def aclose(self) -> None:
        await self._wire.close()

    async def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore.AsyncNetworkStream:
        wire, loop = self._wire, asyncio.get_running_loop()
        try:
            wire.transport = await _connected(
                loop.start_tls(wire.transport, wire, ssl_context, server_hostname=server_hostname), timeout
            )
        except TypeError as exc:
            await self.aclose()
            raise httpcore.ConnectError("HTTPS through an HTTPS proxy requires Python 3.11 or newer.") from exc
        except BaseException:
            await self.aclose()
            raise
        return self

    def get_extra_info(self, info: str) -> Any:
        if info == "is_readable":
            return self._wire.is_readable()
        return self._wire.transport.get_extra_info(info)
