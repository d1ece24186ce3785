"""How an offline Telegram says no."""

from __future__ import annotations

from telegram.error import BadRequest

__all__ = ["ApiError", "UnknownMethodError"]


class ApiError(Exception):
    """The Bot API refuses: PTB makes of it the exception that it makes of Telegram's own answer.

    Args:
        description: Telegram's words, such as ``"Bad Request: chat not found"``.
        code: The HTTP status: 400 becomes ``BadRequest``, 403 ``Forbidden``, 409 ``Conflict``, and so on.
        parameters: Telegram's ``ResponseParameters``, such as ``{"retry_after": 3}``.
    """

    def __init__(self, description: str, *, code: int = 400, parameters: dict[str, int] | None = None) -> None:
        super().__init__(description)
        self.description = description
        self.code = code
        self.parameters = parameters


class UnknownMethodError(BadRequest):
    """The bot called a method that this Telegram cannot play.

    A ``BadRequest`` of its own kind, because Telegram's own answer (404) becomes ``InvalidToken`` in PTB and would
    send the reader to the wrong place. It is raised again after the update, since PTB swallows what handlers raise.

    Args:
        method: The method's name in the Bot API.
    """

    def __init__(self, method: str) -> None:
        super().__init__(
            f"OfflineTelegram cannot play the Bot API method {method!r}; "
            f'teach it: telegram.answer("{method}", lambda parameters: ...)'
        )
        self.method = method

    def __reduce__(self) -> tuple[type[UnknownMethodError], tuple[str]]:
        return type(self), (self.method,)  # PTB's own would hand the whole message to __init__
