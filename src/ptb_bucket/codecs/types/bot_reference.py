"""The values that stand for a bot: one that was stored, or one that nothing has needed yet."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from telegram import Bot

__all__ = ["BotReference", "LateBot"]


class BotReference:
    """A stand-in for a bot that was stored as a value. It has no access to the bot or its token.

    Loading stored data must not return the live bot: anyone with write access to the bucket could read its token.
    Telegram objects get their bot when they are loaded. In your handlers, use ``context.bot``.
    """

    __slots__ = ("_is_live",)

    def __init__(self, *, is_live: bool) -> None:
        self._is_live = is_live

    @property
    def is_live(self) -> bool:
        """Tell whether the stored bot was this bot, rather than another one."""
        return self._is_live

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        raise AttributeError(f"A stored bot is loaded without {name!r}. Use context.bot instead.")

    def __eq__(self, other: object) -> bool:
        return type(other) is BotReference and other.is_live == self._is_live

    def __hash__(self) -> int:
        return hash((BotReference, self._is_live))

    def __repr__(self) -> str:
        return "<a stored bot>"


class LateBot:
    """A codec's bot that is made for the first value that needs one. Making one imports python-telegram-bot.

    Args:
        make: Returns the bot.
    """

    def __init__(self, make: Callable[[], Bot]) -> None:
        self._make = make

    @cached_property
    def bot(self) -> Bot:
        """The bot: the same one each time."""
        return self._make()
