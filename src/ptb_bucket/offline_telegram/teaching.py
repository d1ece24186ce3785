"""The methods by which a test decides what the Bot API answers. They are methods of :class:`OfflineTelegram`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from ptb_bucket.offline_telegram.errors import ApiError

if TYPE_CHECKING:
    from collections.abc import Callable

    from ptb_bucket.offline_telegram.answers import Answers
    from ptb_bucket.offline_telegram.json import JSON

__all__ = ["answer", "flood", "refuse"]


class _Telegram(Protocol):
    answers: Answers


def answer(self: _Telegram, method: str, handler: Callable[[JSON], Any]) -> None:
    """Add a method of the Bot API, or replace the answer of one.

    For a method that sends a message, let the handler return what the message contains, such as
    ``{"dice": {"emoji": "🎲", "value": 6}}``. The message gets its ID, chat, caption and keyboard; it is among the
    answers of :meth:`Person.send` and in the transcript, and it can be edited, forwarded and deleted.

    Args:
        self: The Telegram.
        method: Its name, such as ``"sendDice"``.
        handler: Takes the parameters, with file IDs instead of uploaded files. It returns the result as Bot API
            JSON, or an awaitable of it; may raise :class:`ApiError`.
    """
    self.answers.taught[method] = handler


def refuse(self: _Telegram, error: ApiError, *, method: str | None = None, times: int = 1) -> None:
    """Let the next calls fail.

    Args:
        self: The Telegram.
        error: The refusal.
        method: The method that fails; by default any but getUpdates and getMe.
        times: How many calls fail.
    """
    self.answers.refusals += [(method, error)] * times


def flood(self: _Telegram, retry_after: int = 3, *, method: str | None = None, times: int = 1) -> None:
    """Let the next calls fail with flood control, which PTB raises as ``RetryAfter``.

    Args:
        self: The Telegram.
        retry_after: Seconds that the bot has to wait.
        method: As for :meth:`refuse`.
        times: How many calls fail.
    """
    text = f"Too Many Requests: retry after {retry_after}"
    refuse(self, ApiError(text, code=429, parameters={"retry_after": retry_after}), method=method, times=times)
