"""Run one process of the demo: the bot starts, plays an act, and exits."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import sys
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ptb_bucket import BucketPersistence
from ptb_bucket.cli.console import prepare_streams, report, report_wait
from ptb_bucket.cli.demo import bot
from ptb_bucket.cli.demo.display import heading, narrate, speak
from ptb_bucket.errors import PTBBucketError
from ptb_bucket.offline_telegram import OfflineTelegram
from ptb_bucket.tools import report_waits

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from telegram.ext import CallbackContext

    from ptb_bucket.cli.demo.bot import AnyApplication
    from ptb_bucket.offline_telegram import Person

__all__ = ["main"]

_COMMIT_TIMEOUT = 5.0  # seconds; somebody is watching


def main(argv: Sequence[str]) -> int:
    """Play one act.

    Args:
        argv: The name of the act, the URI of the bot's state, and the file that holds the simulated Telegram's state.
            The file is read at the start and written at the end.

    Returns:
        The exit code.
    """
    act, uri, file = argv
    prepare_streams()
    # An operator wants the warning that the state is still empty. Here, the dialogue shows it.
    logging.basicConfig(level=logging.ERROR)
    telegram = OfflineTelegram.restore(json.loads(Path(file).read_text(encoding="utf-8")), clock=_now)
    try:
        with report_waits(report_wait):
            asyncio.run(_play_act(act, uri, telegram))
    except PTBBucketError as error:
        return report(error)
    except KeyboardInterrupt:
        return 130  # the parent is interrupted too and reports it
    Path(file).write_text(json.dumps(telegram.snapshot()), encoding="utf-8")
    return 0


def _now() -> datetime:
    return datetime.now(timezone.utc)


async def _play_act(act: str, uri: str, telegram: OfflineTelegram) -> None:
    app = bot.build(telegram.builder(), BucketPersistence(uri, commit_timeout=_COMMIT_TIMEOUT))
    async with app:
        heading(f"process {os.getpid()}: Pip starts")
        await app.start()
        try:
            await ACTS[act](Stage(telegram, app))
        finally:
            await app.stop()
    heading(f"process {os.getpid()}: Pip stops")


class Stage:
    """The bot and the people who chat with it. Each line is printed as soon as it is said."""

    def __init__(self, telegram: OfflineTelegram, app: AnyApplication) -> None:
        self.ada = telegram.user(42, "Ada")
        self.bo = telegram.user(7, "Bo")
        self._telegram = telegram
        self._app = app
        self._error: Exception | None = None
        # Without an error handler, PTB prints a traceback and goes on. The demo stops and reports the error.
        app.add_error_handler(self._remember)

    async def _remember(self, _update: object, context: CallbackContext[Any, Any, Any, Any]) -> None:
        self._error = self._error or context.error

    async def says(self, who: Person, *texts: str) -> None:
        """Send one or more messages as a person, and let the bot answer each."""
        for text in texts:
            await self._play(who.send, text)

    async def taps(self, who: Person, label: str) -> None:
        """Press a button as a person, and let the bot answer."""
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
    narrate("The last run ended while Bo was in a conversation. Now he answers.")
    await stage.says(stage.bo, _in_days(50))
    await stage.says(stage.ada, "/start", "/trip", "Kyoto", _in_days(90), "passport, raincoat, tea")


async def _first(stage: Stage) -> None:
    await stage.says(stage.ada, "/start", "/trip", "Lisbon", _in_days(30), "passport, camera, sunglasses")


async def _second(stage: Stage) -> None:
    narrate("A new process continues the conversation. The button comes from the previous process.")
    await stage.taps(stage.ada, "☐ passport")
    await stage.says(stage.ada, "umbrella", "/done", "/start")
    narrate("Bo starts a conversation and leaves before it ends.")
    await stage.says(stage.bo, "/start", "/trip", "Oslo")


ACTS: dict[str, Callable[[Stage], Awaitable[None]]] = {"first": _first, "again": _again, "second": _second}


def _in_days(days: int) -> str:
    return f"{datetime.now(timezone.utc).date() + timedelta(days=days)}"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
