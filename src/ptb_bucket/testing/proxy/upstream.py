"""The connection from the proxy to the server."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

from ptb_bucket.testing.proxy.wire import closes, read_answer

if TYPE_CHECKING:
    from ptb_bucket.testing.proxy.wire import Message

__all__ = ["LIMIT", "Upstream", "gone"]

LIMIT: Final = 2**20
"""The most bytes of a message's head."""


class Upstream:
    """A connection to the server, which belongs to a client's connection."""

    def __init__(self, address: tuple[str, int]) -> None:
        self._address = address
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def ask(self, request: Message) -> Message:
        """Send a request, and wait for its whole answer."""
        if self._streams is None:
            self._streams = await asyncio.open_connection(*self._address, limit=LIMIT)
        reader, writer = self._streams
        writer.write(request.head + request.body)
        await writer.drain()
        answer = await read_answer(reader, request)
        if closes(answer):
            self.close()
        return answer

    def close(self) -> None:
        """Cut the connection, if there is one."""
        if self._streams is not None:
            self._streams[1].transport.abort()  # at once: nobody waits for what is unsent
            self._streams = None


async def gone(writer: asyncio.StreamWriter) -> None:
    """Wait until a connection is closed."""
    try:
        await writer.wait_closed()
    except OSError:
        return  # reset by either side: closed all the same
