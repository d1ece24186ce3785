"""PTB's classes by name. They are imported when a stored value or a value to store needs them.

Importing python-telegram-bot takes longer than everything else that a tool does. Before that import, no value can be a
Telegram object, so a question about a value's class never causes it. A name in stored data does.
"""

from __future__ import annotations

import sys
from enum import Enum
from functools import cache
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from telegram import TelegramObject

__all__ = [
    "bot_api_classes",
    "constants",
    "default_value",
    "is_bot",
    "is_bot_api_class",
    "is_constant",
    "is_default_value",
    "is_telegram_object",
    "may_be_constant",
]

_CONSTANTS: Final = "telegram.constants"
_PREFIX: Final = "telegram."


@cache
def bot_api_classes() -> dict[str, type[TelegramObject]]:
    """Return the classes of the Bot API by name, without ``Bot``."""
    import telegram  # noqa: PLC0415  see the top

    found = (getattr(telegram, name) for name in telegram.__all__)
    return {cls.__name__: cls for cls in found if isinstance(cls, type) and is_telegram_object(cls) and not is_bot(cls)}


@cache
def constants() -> dict[str, type[Enum]]:
    """Return PTB's enums by the names that documents have for them. They are known without registration."""
    from telegram import constants  # noqa: PLC0415  see the top

    return {
        f"{_PREFIX}{name}": cls
        for name, cls in vars(constants).items()
        if isinstance(cls, type) and issubclass(cls, Enum) and cls.__module__ == _CONSTANTS
    }


@cache
def default_value() -> Any:
    """Return PTB's marker for "as ``Defaults`` say", whose class PTB does not export.

    PTB compares it with ``is``, so there must be only this one.
    """
    from telegram import LinkPreviewOptions  # noqa: PLC0415  see the top

    return LinkPreviewOptions().is_disabled


def is_default_value(cls: type) -> bool:
    """Tell whether a class is that of PTB's marker for defaults.

    Args:
        cls: The class of a value.
    """
    return "telegram" in sys.modules and cls is type(default_value())


def is_telegram_object(cls: type) -> bool:
    """Tell whether instances of a class are Telegram objects.

    Args:
        cls: The class of a value.
    """
    return issubclass(cls, _imported("TelegramObject"))


def is_bot(cls: type) -> bool:
    """Tell whether instances of a class are bots.

    Args:
        cls: The class of a value.
    """
    return issubclass(cls, _imported("Bot"))


def is_bot_api_class(cls: type) -> bool:
    """Tell whether a class is one of the Bot API's own, and not a class that inherits from one.

    Args:
        cls: The class of a value.
    """
    return is_telegram_object(cls) and bot_api_classes().get(cls.__name__) is cls


def is_constant(cls: type) -> bool:
    """Tell whether a class is one of PTB's enums.

    Args:
        cls: The class of a value.
    """
    return issubclass(cls, Enum) and cls.__module__ == _CONSTANTS and constants().get(_PREFIX + cls.__name__) is cls


def may_be_constant(name: str) -> bool:
    """Tell whether documents might have this name for one of PTB's enums. Nothing is imported.

    Args:
        name: The name.
    """
    return name.startswith(_PREFIX)


def _imported(name: str) -> Any:
    """Return a class of PTB; no class at all if PTB is not imported, because then no value is an instance of it."""
    return getattr(sys.modules.get("telegram"), name, ())
