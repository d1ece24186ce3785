"""The value that stands for a stored bot."""

from __future__ import annotations

from typing import Any

__all__ = ["BotReference"]


class BotReference:
    """A stand-in for a bot that was stored as a value. It gives access to nothing, least of all to the token.

    A bucket's contents must not turn into the live bot: anyone with write access to the bucket could read its token.
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
