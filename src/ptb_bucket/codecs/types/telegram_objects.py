"""What codecs know about Telegram objects, by public names only."""

from __future__ import annotations

import inspect
from enum import Enum
from functools import cache
from typing import Any

import telegram
from telegram import Bot, LinkPreviewOptions, TelegramObject, constants

__all__ = [
    "CLASSES",
    "DEFAULT_VALUE",
    "ENUMS",
    "Impure",
    "arguments",
    "bot_api_json",
    "content",
    "from_arguments",
    "from_bot_api_json",
]


def _known() -> dict[str, type[TelegramObject]]:
    found = (getattr(telegram, name) for name in telegram.__all__)
    return {
        cls.__name__: cls
        for cls in found
        if isinstance(cls, type) and issubclass(cls, TelegramObject) and not issubclass(cls, Bot)
    }


CLASSES: dict[str, type[TelegramObject]] = _known()
"""Every class of the Bot API by its name. A bot is none of them."""

ENUMS: dict[str, type[Enum]] = {
    f"telegram.{name}": cls
    for name, cls in vars(constants).items()
    if isinstance(cls, type) and issubclass(cls, Enum) and cls.__module__ == constants.__name__
}
"""PTB's constants, known without registration."""

DEFAULT_VALUE: type = type(LinkPreviewOptions().is_disabled)
"""How PTB marks "whatever Defaults say" inside objects; PTB exports it only so."""


class Impure(Exception):  # noqa: N818  a signal inside this package, not an error
    """Something in it is not of the Bot API, such as an object as callback data."""


def bot_api_json(value: TelegramObject) -> Any:
    """The object as the Bot API writes it, in a copy of its own.

    Args:
        value: A Telegram object.

    Raises:
        Impure: It holds something that the Bot API could not have sent.
    """
    try:
        return _pure(value.to_dict())
    except RecursionError:
        raise
    except (TypeError, ValueError, AttributeError, KeyError):
        # to_dict() calls the to_dict() of whatever lies inside, callback data of all kinds included.
        raise Impure from None


def _pure(value: Any) -> Any:
    cls = type(value)
    if cls in (str, int, bool, float, type(None)):
        return value
    if cls is dict:
        return {_pure_key(key): _pure(inner) for key, inner in value.items()}
    if cls is list:
        return [_pure(inner) for inner in value]
    if isinstance(value, Enum) and ENUMS.get(f"telegram.{cls.__name__}") is cls:
        return value.value
    raise Impure


def _pure_key(key: Any) -> str:
    if type(key) is not str:
        raise Impure
    return key


def from_bot_api_json(name: str, data: dict[str, Any], bot: Bot | None) -> TelegramObject:
    """The object again, with the live bot in it and in everything that it holds."""
    return CLASSES[name].de_json(data, bot)


@cache
def _parameters(cls: Any) -> tuple[str, ...]:
    return tuple(name for name in inspect.signature(cls).parameters if name != "api_kwargs")


def content(value: TelegramObject) -> dict[str, Any]:
    """All that a Telegram object says: its attributes without its bot and PTB's own caches.

    Args:
        value: A Telegram object; ``==`` on those compares ids only.
    """
    # Periods lie in private slots behind properties that warn: the argument's name with an underscore.
    cls: Any = type(value)
    periods = {f"_{name}" for name in _parameters(cls)}
    state = value.__getstate__()
    return {key: inner for key, inner in state.items() if not key.startswith("_") or key in periods}


def arguments(value: TelegramObject) -> dict[str, Any]:
    """What to call its class with to get it again; for content that Bot API JSON cannot express."""
    cls: Any = type(value)
    found = content(value)
    given = {name: found.get(name, found.get(f"_{name}")) for name in _parameters(cls)}
    kept = {name: inner for name, inner in given.items() if inner is not None and type(inner) is not DEFAULT_VALUE}
    return {**kept, "api_kwargs": found["api_kwargs"]} if found["api_kwargs"] else kept


def from_arguments(name: str, given: dict[str, Any], bot: Bot | None) -> TelegramObject:
    """The object again, from its arguments."""
    made = CLASSES[name](**given)
    made.set_bot(bot)
    return made
