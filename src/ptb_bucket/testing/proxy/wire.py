"""HTTP/1.1 messages as bytes, parsed only as far as needed to find their ends."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import Final, Literal

__all__ = ["Expectation", "Message", "closes", "plain_answer", "read_answer", "read_request"]

CONTINUE: Final = b"HTTP/1.1 100 Continue\r\n\r\n"
_NO_BODY: Final = (b"204", b"304")

Expectation = Literal["continue", "silence", "417"]
"""The answer to a client that sends ``Expect: 100-continue`` before a body."""


@dataclass(frozen=True)
class Message:
    """A request or an answer.

    Args:
        first: The request or status line, without its line end.
        lines: The header lines as they came, without line ends.
        body: What followed, in its transfer coding.
    """

    first: bytes
    lines: tuple[bytes, ...]
    body: bytes = field(default=b"", repr=False)

    @property
    def head(self) -> bytes:
        """Return all bytes before the body."""
        return b"\r\n".join((self.first, *self.lines, b"", b""))

    def header(self, name: bytes) -> bytes:
        """Return a header's value in lower case, empty if there is none."""
        pairs = (line.partition(b":") for line in self.lines)
        return next((value.strip().lower() for key, _, value in pairs if key.strip().lower() == name), b"")

    def without(self, name: bytes) -> Message:
        """Return the same message without one header."""
        kept = (line for line in self.lines if line.partition(b":")[0].strip().lower() != name)
        return Message(self.first, tuple(kept), self.body)


async def read_request(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, expectation: Expectation = "continue"
) -> Message | None:
    """Read a whole request, answering a client that asks first.

    Returns:
        The request, None when the client has closed the connection or was refused.
    """
    message = await _read_head(reader)
    if message is None:
        return None
    if message.header(b"expect") == b"100-continue":
        if expectation == "417":
            writer.write(plain_answer(417, b"", "text/plain").head)
            return None
        if expectation == "continue":
            writer.write(CONTINUE)
        # The whole body is here before the server is asked, so nobody has to ask again.
        message = message.without(b"expect")
    return Message(message.first, message.lines, await _read_body(reader, message))


async def read_answer(reader: asyncio.StreamReader, request: Message) -> Message:
    """Read a whole final answer.

    Raises:
        EOFError: The server closed the connection before its end.
    """
    message = await _read_head(reader)
    while message and message.first.split()[1].startswith(b"1"):
        message = await _read_head(reader)
    if message is None:
        raise EOFError("the server closed the connection")
    bodiless = request.first.startswith(b"HEAD ") or message.first.split()[1] in _NO_BODY
    if bodiless:
        return message
    framed = message.header(b"content-length") or message.header(b"transfer-encoding")
    body = await _read_body(reader, message) if framed else await reader.read()
    return Message(message.first, message.lines, body)


def closes(answer: Message) -> bool:
    """Return True if the connection ends with this answer."""
    framed = answer.header(b"content-length") or answer.header(b"transfer-encoding")
    bodiless = answer.first.split()[1] in _NO_BODY
    old = answer.first.startswith(b"HTTP/1.0") and answer.header(b"connection") != b"keep-alive"
    return answer.header(b"connection") == b"close" or old or not (framed or bodiless)


def plain_answer(status: int, body: bytes, content_type: str) -> Message:
    """Return an answer of the proxy itself."""
    lines = (b"Content-Type: " + content_type.encode(), b"Content-Length: %d" % len(body))
    return Message(b"HTTP/1.1 %d Injected" % status, lines, body)


async def _read_head(reader: asyncio.StreamReader) -> Message | None:
    try:
        head = await reader.readuntil(b"\r\n\r\n")
    except asyncio.IncompleteReadError as exc:
        if exc.partial:
            raise
        return None
    first, *lines = head.removesuffix(b"\r\n\r\n").split(b"\r\n")
    return Message(first, tuple(lines))


async def _read_body(reader: asyncio.StreamReader, message: Message) -> bytes:
    if message.header(b"transfer-encoding") == b"chunked":
        return await _read_chunks(reader)
    return await reader.readexactly(int(message.header(b"content-length") or 0))


async def _read_chunks(reader: asyncio.StreamReader) -> bytes:
    parts = []
    size = -1
    while size:
        parts.append(await reader.readuntil(b"\r\n"))
        size = int(parts[-1].partition(b";")[0], 16)
        if size:
            parts.append(await reader.readexactly(size + 2))
    while parts[-1] != b"\r\n":
        parts.append(await reader.readuntil(b"\r\n"))  # trailers, and the empty line after them
    return b"".join(parts)
