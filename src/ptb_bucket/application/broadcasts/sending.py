"""Sending to one segment of people: no faster than Telegram allows, and again where Telegram asks for it."""

from __future__ import annotations

import asyncio
import collections
import logging
from dataclasses import field
from typing import TYPE_CHECKING, Any, Final

from telegram.error import BadRequest, Forbidden, NetworkError, RetryAfter

from ptb_bucket._dataclass import dataclass

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable

__all__ = ["Pace", "Segment"]

_LOGGER = logging.getLogger("ptb_bucket.application")

PER_SECOND: Final = 25
"""Messages that a broadcast begins within any second. Telegram's limit is 30: the rest is for the bot's answers.

See https://core.telegram.org/bots/faq#my-bot-is-hitting-limits-how-do-i-avoid-this."""
TRIES: Final = 3
"""How often a message is tried whose request failed on the way."""
PAUSE: Final = 2.0
"""Seconds after which it is tried again."""


class Pace:
    """Lets no more than some messages begin in any second, and none while Telegram asks the bot to wait.

    Args:
        per_second: How many.
    """

    def __init__(self, per_second: int = PER_SECOND) -> None:
        self._begun: collections.deque[float] = collections.deque(maxlen=per_second)
        self._not_before = 0.0
        self._turn = asyncio.Lock()

    async def turn(self) -> None:
        """Wait until the next message may begin."""
        async with self._turn:
            while (pause := self._pause()) > 0:  # noqa: ASYNC110  time is what it waits for
                await asyncio.sleep(pause)
            self._begun.append(_now())

    def _pause(self) -> float:
        is_full = len(self._begun) == self._begun.maxlen
        return max(self._not_before, self._begun[0] + 1.0 if is_full else 0.0) - _now()

    def wait(self, seconds: float) -> None:
        """Begin none for some seconds."""
        self._not_before = max(self._not_before, _now() + seconds)


def _now() -> float:
    return asyncio.get_running_loop().time()


@dataclass
class Segment:
    """Sends to some people, several at once, and sorts them by what became of it.

    Args:
        send: Sends to the person with an ID.
        pace: Says when the next message may begin.
        sent: How many messages were sent.
        blocked: Who has blocked the bot, or is gone.
        failed: To whom it could not be sent for another reason.
    """

    send: Callable[[int], Awaitable[Any]]
    pace: Pace
    sent: int = 0
    blocked: list[int] = field(default_factory=list)
    failed: list[int] = field(default_factory=list)

    async def run(self, people: Iterable[int]) -> None:
        """Send to all of them. If the caller is cancelled, no further message begins."""
        tasks: set[asyncio.Task[None]] = set()
        try:
            for person in people:
                await self.pace.turn()
                tasks.add(asyncio.get_running_loop().create_task(self._send_to(person)))
            if tasks:
                await asyncio.wait(tasks)
        finally:
            for task in tasks:
                task.cancel()

    async def _send_to(self, person: int) -> None:
        tries = 1
        while True:
            try:
                await self.send(person)
            except RetryAfter as error:
                self.pace.wait(_seconds(error.retry_after))
            except Forbidden:
                self.blocked.append(person)
                return
            except NetworkError as error:
                if isinstance(error, BadRequest) or tries >= TRIES:
                    self._fail(person, error)
                    return
                tries += 1
                await asyncio.sleep(PAUSE)
            except Exception as error:  # noqa: BLE001  the author's code may raise anything: it costs this person only
                self._fail(person, error)
                return
            else:
                self.sent += 1
                return
            await self.pace.turn()

    def forget_all_but(self, people: Iterable[int]) -> None:
        """Report only some people: the others were erased while the segment was sent."""
        kept = set(people)
        self.blocked = [person for person in self.blocked if person in kept]
        self.failed = [person for person in self.failed if person in kept]

    def _fail(self, person: int, error: Exception) -> None:
        self.failed.append(person)
        _LOGGER.warning("A broadcast message could not be sent to one person: %s", type(error).__name__)


def _seconds(retry_after: Any) -> float:
    return float(retry_after.total_seconds() if hasattr(retry_after, "total_seconds") else retry_after)
