"""A chat with a bot in the terminal, as a person of an offline Telegram."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import itertools
import sys
import threading
import time
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

from telegram import Message

from ptb_bucket.offline_telegram.errors import UnknownMethodError
from ptb_bucket.offline_telegram.json import buttons
from ptb_bucket.offline_telegram.telegram import OfflineTelegram

if TYPE_CHECKING:
    from collections.abc import Callable

    from ptb_bucket.offline_telegram.json import JSON
    from ptb_bucket.offline_telegram.people import Person
    from ptb_bucket.offline_telegram.server import AnyApplication
    from ptb_bucket.offline_telegram.transcript import Line

__all__ = ["chat_in_terminal"]

_HELP = """\
This is an offline Telegram: nothing leaves this computer. You are {name}.
Type a message or a /command. To press a button, type its number or its label; to send
such a text as a message, put a space before it. {key} ends the chat.
"""
_PROMPT = "> "
_SECONDS = 3600.0


def chat_in_terminal(build: Callable[[OfflineTelegram], AnyApplication], *, name: str = "Ada") -> None:
    """Run a bot on an offline Telegram, and chat with it on stdin and stdout until the end of the input.

    The bot's handlers, jobs and persistence run as on Telegram, and its state is saved when the chat ends. Each chat is
    a new Telegram without earlier messages, in which you are the same person (42) with the same bot (123456). Chats in
    two terminals are two instances of the bot.

    Args:
        build: Returns the Application. It must connect its builder to the Telegram that it receives
            (:meth:`OfflineTelegram.connect`).
        name: Your first name.

    Raises:
        Exception: The bot could not start or stop, for example because its state could not be loaded.
    """
    # Update IDs begin at the current time, so that they rise from chat to chat, as on Telegram.
    telegram = OfflineTelegram(first_update_id=time.time_ns() // 1_000_000, clock=lambda: datetime.now(timezone.utc))
    print(_HELP.format(name=name, key="Ctrl-Z" if sys.platform == "win32" else "Ctrl-D"))
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(_run(build(telegram), _Chat(telegram, telegram.user(42, name))))


async def _run(application: AnyApplication, chat: _Chat) -> None:
    """Do what ``run_polling`` does, with typed lines instead of updates from Telegram."""
    try:
        async with application:
            await _call(application.post_init, application)
            await application.start()
            printing = asyncio.create_task(chat.print_what_comes())
            try:
                while (line := await chat.read_line()) is not None:
                    await chat.answer(application, line)
            finally:
                printing.cancel()
                await application.stop()
                await _call(application.post_stop, application)
    finally:
        await _call(application.post_shutdown, application)


async def _call(hook: Callable[[AnyApplication], Any] | None, application: AnyApplication) -> None:
    if hook is not None:
        await hook(application)


class _Chat:
    """A person's private chat with the bot, in the terminal.

    Args:
        telegram: The Telegram.
        person: The person who types.
    """

    def __init__(self, telegram: OfflineTelegram, person: Person) -> None:
        self._telegram, self._person = telegram, person
        self._printed = 0
        self._typing = False

    async def read_line(self) -> str | None:
        """Return the next line; None at the end of the input."""
        loop = asyncio.get_running_loop()
        line: asyncio.Future[str | None] = loop.create_future()

        def read() -> None:
            typed = _typed()
            with contextlib.suppress(RuntimeError):  # the chat was interrupted, and its loop is closed
                loop.call_soon_threadsafe(_set, line, typed)

        self._typing = True
        # Not asyncio's own threads: it would wait for them at the end, and this one waits for a person.
        threading.Thread(target=read, daemon=True).start()
        try:
            return await line
        finally:
            self._typing = False

    async def answer(self, application: AnyApplication, line: str) -> None:
        """Press the button that the line names, or send the line, and print what the bot does."""
        try:
            if found := self._button(line):
                message, label = found
                await self._person.press(application, label, message=Message.de_json(message, None))
            elif text := line.strip():
                await self._person.send(application, text)
        except (LookupError, PermissionError, UnknownMethodError) as error:
            print(f"({error})")
        self._print_new()

    def _button(self, line: str) -> tuple[JSON, str] | None:
        """Return the newest message with buttons, and the label of the one that the line names by number or label."""
        for message in self._telegram.messages(self._person.id):
            if labels := [button["text"] for button in buttons(message)]:
                numbered = {str(number): label for number, label in enumerate(labels, start=1)}
                label = numbered.get(line, line)
                return (message, label) if label in labels else None
        return None

    async def print_what_comes(self) -> None:
        """Print what the bot says by itself while the person types, such as reminders."""
        while True:
            await self._telegram.server.bell.until(lambda: (self._typing and self._new()) or None, _SECONDS)
            if self._typing and self._new():
                print()
                self._print_new()
                print(_PROMPT, end="", flush=True)

    def _new(self) -> list[Line]:
        return [line for line in self._telegram.transcript[self._printed :] if line.from_bot]

    def _print_new(self) -> None:
        for line in self._new():
            print(_shown(line))
        self._printed = len(self._telegram.transcript)


def _shown(line: Line) -> str:
    """Return a line of the bot with its buttons, which are numbered."""
    number = itertools.count(1)
    rows = ("".join(f" [{next(number)} {label}]" for label in row) for row in line.buttons)
    return "\n  ".join([str(dataclasses.replace(line, buttons=())), *rows])


def _set(line: asyncio.Future[str | None], typed: str | None) -> None:
    if not line.done():
        line.set_result(typed)


def _typed() -> str | None:
    try:
        line = input(_PROMPT)
    except EOFError:
        print()
        return None
    if not sys.stdin.isatty():  # then nobody has seen it yet
        print(line)
    return line
