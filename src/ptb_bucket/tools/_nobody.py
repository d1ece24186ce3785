"""The bot that tools decode with: it has an id, and nobody to talk to."""

from __future__ import annotations

from typing import Any, NoReturn

from telegram.ext import ExtBot
from telegram.request import BaseRequest

__all__ = ["nobody"]


class _NoWire(BaseRequest):
    """Sends nothing; and reads no CA certificates first, as PTB's own does, which a command would wait for."""

    __slots__ = ()

    @property
    def read_timeout(self) -> None:
        """Nothing is read."""

    async def initialize(self) -> None:
        """Nothing to open."""

    async def shutdown(self) -> None:
        """Nothing to close."""

    async def do_request(self, *_: Any, **__: Any) -> NoReturn:
        raise AssertionError("tools talk to no Telegram; this is a bug of ptb-bucket")


def nobody(bot_id: str) -> ExtBot[None]:
    """Stand in for a bot in what it stored: objects of Telegram that are loaded belong to one.

    Args:
        bot_id: Whose memory it is.
    """
    wire = _NoWire()
    return ExtBot(f"{bot_id}:nobody", request=wire, get_updates_request=wire)
