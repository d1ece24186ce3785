"""The lines of the transcript."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

__all__ = ["Kind", "Line"]

Kind = Literal[
    "message",
    "edit",
    "delete",
    "press",
    "toast",
    "vote",
    "reaction",
    "join",
    "leave",
    "query",
    "payment",
    "choice",
    "other",
]


@dataclass(frozen=True)
class Line:
    """A line of the transcript.

    Attributes:
        who: The first name of the person or the bot.
        chat: The chat's ID.
        text: The text, or the button's label for a press.
        kind: A ``message``; an ``edit`` or ``delete`` of one; a ``press`` on an inline button; or a ``toast``, the
            short notice that answers a press.
        from_bot: True for a line of the bot.
        buttons: The labels of the inline keyboard under it, row by row.
    """

    who: str
    chat: int
    text: str
    kind: Kind = "message"
    from_bot: bool = False
    buttons: tuple[tuple[str, ...], ...] = ()

    def __str__(self) -> str:
        how = "" if self.kind == "message" else f" ({self.kind})"
        rows = "".join(f"\n  {' '.join(f'[{label}]' for label in row)}" for row in self.buttons)
        return f"{self.who}{how}: {self.text}{rows}"
