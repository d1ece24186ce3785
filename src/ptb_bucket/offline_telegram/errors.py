"""The errors of an offline Telegram."""

from __future__ import annotations

import re

from telegram.error import BadRequest

__all__ = ["ApiError", "EntitiesError", "UnknownMethodError"]


class ApiError(Exception):
    """A refusal by the Bot API. PTB turns it into the same exception as Telegram's own answer.

    Args:
        description: The text of the answer, such as ``"Bad Request: chat not found"``.
        code: The HTTP status: 400 becomes ``BadRequest``, 403 ``Forbidden``, 409 ``Conflict``, and so on.
        parameters: Telegram's ``ResponseParameters``, such as ``{"retry_after": 3}``.
    """

    def __init__(self, description: str, *, code: int = 400, parameters: dict[str, int] | None = None) -> None:
        super().__init__(description)
        self.description = description
        self.code = code
        self.parameters = parameters


class EntitiesError(ApiError):
    """A refusal of a text whose ``parse_mode`` cannot be followed.

    Args:
        reason: What is wrong, and where.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(f"Bad Request: can't parse entities: {reason}")


class UnknownMethodError(BadRequest):
    """The bot called a method that this Telegram does not know.

    It is a ``BadRequest``, because PTB turns Telegram's own answer (404) into ``InvalidToken``, which would send the
    reader to the wrong place. It is raised again after the update, because PTB swallows the errors of handlers.

    Args:
        method: The method's name in the Bot API.
    """

    def __init__(self, method: str) -> None:
        super().__init__(
            f"OfflineTelegram does not know the Bot API method {method!r}, and neither does the installed PTB. "
            f"Add it: {_lesson(method)}"
        )
        self.method = method

    def __reduce__(self) -> tuple[type[UnknownMethodError], tuple[str]]:
        return type(self), (self.method,)  # PTB's own would pass the whole message to __init__


def _lesson(method: str) -> str:
    """Return the line of code that teaches a method."""
    verb = re.match(r"[a-z]*", method)
    name = method[verb.end() :] if verb else ""
    field = re.sub(r"(?<!^)([A-Z])", r"_\1", name).lower()
    value, hint = "True", ""
    if verb and verb[0] == "send":
        value, hint = f'{{"{field}": ...}}', ". The dict is what the message contains."
    elif verb and verb[0] == "get":
        value, hint = "...", ". The lambda returns the result as Bot API JSON."
    return f'telegram.answer("{method}", lambda parameters: {value}){hint}'
