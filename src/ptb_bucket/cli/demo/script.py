"""Who says what in the demo. Each act is played by a process of its own."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

from ptb_bucket.cli.demo.printing import narrate, speak

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from telegram.ext import CallbackContext

    from ptb_bucket.cli.demo.bot import AnyApplication
    from ptb_bucket.offline_telegram import OfflineTelegram, Person

__all__ = ["ACTS", "Stage"]


class Stage:
    """The bot and those who talk to it; every line is printed as it falls."""

    def __init__(self, telegram: OfflineTelegram, app: AnyApplication) -> None:
        self.ada = telegram.user(42, "Ada")
        self.bo = telegram.user(7, "Bo")
        self._telegram = telegram
        self._app = app
        self._error: Exception | None = None
        # Without an error handler PTB prints a traceback and goes on; the demo stops and tells.
        app.add_error_handler(self._remember)

    async def _remember(self, _update: object, context: CallbackContext[Any, Any, Any, Any]) -> None:
        self._error = self._error or context.error

    async def says(self, who: Person, *texts: str) -> None:
        """Somebody writes, once or several times, and the bot answers."""
        for text in texts:
            await self._play(who.send, text)

    async def taps(self, who: Person, label: str) -> None:
        """Somebody presses a button, and the bot answers."""
        await self._play(who.press, label)

    async def _play(self, what: Callable[[AnyApplication, str], Awaitable[object]], text: str) -> None:
        before = len(self._telegram.transcript)
        try:
            await what(self._app, text)
        finally:
            for line in self._telegram.transcript[before:]:
                speak(line)
        if self._error is not None:
            raise self._error


async def _again(stage: Stage) -> None:
    narrate("The last demo left Bo in the middle of a conversation. He answers now.")
    await stage.says(stage.bo, _in_days(50))
    await stage.says(stage.ada, "/start", "/trip", "Kyoto", _in_days(90), "passport, raincoat, tea")


async def _first(stage: Stage) -> None:
    await stage.says(stage.ada, "/start", "/trip", "Lisbon", _in_days(30), "passport, camera, sunglasses")


async def _second(stage: Stage) -> None:
    narrate("A new process, in the middle of the conversation. The button is from the one that is gone.")
    await stage.taps(stage.ada, "☐ passport")
    await stage.says(stage.ada, "umbrella", "/done", "/start")
    narrate("Bo comes by, and leaves without finishing.")
    await stage.says(stage.bo, "/start", "/trip", "Oslo")


ACTS: dict[str, Callable[[Stage], Awaitable[None]]] = {"first": _first, "again": _again, "second": _second}


def _in_days(days: int) -> str:
    return f"{datetime.now(timezone.utc).date() + timedelta(days=days)}"
