"""Bots that cannot connect to Telegram."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NoReturn

from telegram import Bot
from telegram.request import BaseRequest

if TYPE_CHECKING:
    from telegram.ext import ExtBot

__all__ = ["DetachedBot", "detached_ext_bot"]


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


class DetachedBot(Bot):
    """A bot without a connection, with a token that Telegram does not accept.

    Args:
        bot_id: The bot's ID.
    """

    __slots__ = ()

    def __init__(self, bot_id: str) -> None:
        super().__init__(**_settings(bot_id))


def _settings(bot_id: str) -> dict[str, Any]:
    wire = _NoRequests()
    return {"token": f"{bot_id}:detached", "request": wire, "get_updates_request": wire}


def detached_ext_bot(bot_id: str) -> ExtBot[None]:
    """Return the same for PTB's persistence classes, which expect the bot of an application."""
    from telegram.ext import ExtBot  # noqa: PLC0415  most tools do without it

    return ExtBot(**_settings(bot_id))
