"""A bot that cannot connect to Telegram."""

from __future__ import annotations

from typing import Any, NoReturn

from telegram.ext import ExtBot
from telegram.request import BaseRequest

__all__ = ["DetachedBot"]


class _NoRequests(BaseRequest):
    """A request object that sends nothing.

    Unlike PTB's own, it does not read CA certificates first, which would delay every command.
    """

    __slots__ = ()

    @property
    def read_timeout(self) -> None:
        """Return nothing, because nothing is read."""

    async def initialize(self) -> None:
        """Do nothing: there is nothing to open."""

    async def shutdown(self) -> None:
        """Do nothing: there is nothing to close."""

    async def do_request(self, *_: Any, **__: Any) -> NoReturn:
        raise AssertionError("A tool must not connect to Telegram. This is a bug in ptb-bucket. Please report it.")


class DetachedBot(ExtBot[None]):
    """A bot without a connection, with a token that Telegram does not accept.

    Args:
        bot_id: The bot's ID.
    """

    __slots__ = ()

    def __init__(self, bot_id: str) -> None:
        wire = _NoRequests()
        super().__init__(f"{bot_id}:detached", request=wire, get_updates_request=wire)
