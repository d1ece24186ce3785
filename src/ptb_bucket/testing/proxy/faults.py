"""Faults between a client and a server."""

from __future__ import annotations

import asyncio
import contextlib
import enum
import socket
import struct
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ptb_bucket.testing.proxy.wire import Message

__all__ = ["WireFault", "hang", "reset", "send_half", "trickle"]


class WireFault(enum.Enum):
    """A fault. With ``before`` and ``without``, the server never sees the request; with ``after``, it answered it."""

    HANG_BEFORE = "hang before"
    HANG_AFTER = "hang after"
    RESET_BEFORE = "reset before"
    RESET_AFTER = "reset after"
    CLOSE_BEFORE = "close before"
    CLOSE_AFTER = "close after"
    ANSWER_500 = "500 without"
    ANSWER_503 = "503 without"
    ANSWER_409 = "409 without"
    ANSWER_429 = "429 without"
    ANSWER_301 = "301 without"
    ANSWER_400 = "400 without"
    ANSWER_401 = "401 without"
    ANSWER_403 = "403 without"
    ANSWER_404 = "404 without"
    ANSWER_500_AFTER = "500 after"
    ANSWER_503_AFTER = "503 after"
    ANSWER_409_AFTER = "409 after"
    ANSWER_429_AFTER = "429 after"
    HALF_ANSWER = "half an answer after"
    TRICKLE = "answer byte by byte after"

    @property
    def applies(self) -> bool:
        """Return True if the server receives and answers the request before the fault."""
        return self.value.endswith("after")

    @property
    def is_verdict(self) -> bool:
        """Return True if the answer means that repeating does not help. The planned body says why."""
        return self.status in {301, 400, 401, 403, 404}

    @property
    def status(self) -> int:
        """Return the status that replaces the server's, 0 if there is none."""
        first = self.value.split()[0]
        return int(first) if first.isdigit() else 0


async def hang(reader: asyncio.StreamReader) -> None:
    """Send nothing until the client has gone."""
    while await reader.read(65536):
        pass


def reset(writer: asyncio.StreamWriter) -> None:
    """Let the client see a reset (RST) instead of an orderly end."""
    # No lingering: the kernel discards unsent bytes and sends a reset. A closed socket needs none.
    with contextlib.suppress(OSError):
        writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


async def send_half(writer: asyncio.StreamWriter, answer: Message) -> None:
    """Send the head and half of the body; half of the head where there is no body."""
    half = answer.head + answer.body[: len(answer.body) // 2] if answer.body else answer.head[: len(answer.head) // 2]
    writer.write(half)
    await writer.drain()


async def trickle(writer: asyncio.StreamWriter, answer: Message, delay: float) -> None:
    """Send an answer byte by byte, so that no wait for a single read is ever long."""
    for byte in answer.head + answer.body:
        writer.write(bytes((byte,)))
        await writer.drain()
        await asyncio.sleep(delay)
