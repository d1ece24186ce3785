"""Telegram objects: Bot API JSON where that gives the object back, else the arguments of its class."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from telegram import Bot, TelegramObject

from ptb_bucket.codecs.types.equality import same
from ptb_bucket.codecs.types.refusals import attribute, refusal
from ptb_bucket.codecs.types.scope import BotReference
from ptb_bucket.codecs.types.shape import Family, Shape, checked
from ptb_bucket.codecs.types.telegram_objects import (
    CLASSES,
    Impure,
    arguments,
    bot_api_json,
    from_arguments,
    from_bot_api_json,
)
from ptb_bucket.errors import CannotLoadError

if TYPE_CHECKING:
    from collections.abc import Callable

    from ptb_bucket.codecs.types.scope import Scope

__all__ = ["BOTS", "TELEGRAM", "NewerTelegramError", "newer_telegram", "owned", "owner_of"]

_OWNER: Final = "_bot"
"""In a document, null for an object without a bot. PTB drops it when it reads the object."""


class NewerTelegramError(CannotLoadError):
    """Nothing is wrong with it, but this python-telegram-bot does not know its class."""


def newer_telegram() -> NewerTelegramError:
    """Return the error for an object whose class came with a later python-telegram-bot."""
    return NewerTelegramError(
        "a stored Telegram object is of a class that this version of python-telegram-bot lacks: upgrade "
        "python-telegram-bot"
    )


def owner_of(value: TelegramObject, scope: Scope) -> Any:
    """Return the stand-in for this bot if the object belongs to it; None if it belongs to another bot, or to none.

    Args:
        value: A Telegram object.
        scope: Knows this bot.
    """
    try:
        return value.get_bot() if value.get_bot() is scope.live else None
    except RuntimeError:
        return None


def owned(value: Any, scope: Scope, *, is_ours: bool = True) -> Any:
    """Return the value; if it is a Telegram object, it gets the live bot.

    Args:
        value: Any value that was just made.
        scope: Knows the bot.
        is_ours: It belonged to this bot when it was stored.
    """
    if issubclass(type(value), TelegramObject):
        value.set_bot(scope.live if is_ours else None)
    return value


def _write(writer: Any, value: TelegramObject, depth: int) -> Any:
    name, scope = type(value).__name__, writer.scope
    owner = {} if owner_of(value, scope) is not None else {_OWNER: None}
    if _gives_back(value, lambda: from_bot_api_json(name, bot_api_json(value), scope.bot)):
        return {"$telegram": [name, writer.mapping({**bot_api_json(value), **owner}, depth + 1, attribute)]}
    given = arguments(value)
    # Their own parts first: the path to what cannot be stored says more than that the whole cannot.
    tree = writer.mapping(given, depth + 1, attribute)
    if not _gives_back(value, lambda: from_arguments(name, dict(given), scope.bot)):
        raise refusal(value, why="neither its Bot API form nor its arguments give it back")
    if owner:
        tree["api_kwargs"] = {**tree.get("api_kwargs", {}), **owner}
    return {"$telegram": [name, None, tree]}


def _gives_back(value: TelegramObject, make: Callable[[], TelegramObject]) -> bool:
    try:
        return same(make(), value)
    except Impure:
        return False
    except RecursionError:
        raise
    except Exception:  # noqa: BLE001  PTB's constructors ran
        # Whatever PTB raises about arguments that Telegram would not have sent.
        return False


def _make(payload: Any, scope: Scope) -> Any:
    name, data, *given = payload
    if name not in CLASSES:
        raise newer_telegram()
    data = dict(checked(given[0] if given else data, dict))
    made = _from_arguments(name, data, scope) if given else _from_json(name, data, scope)
    if not isinstance(made, TelegramObject):
        raise TypeError("telegram")
    return made


def _from_json(name: str, data: dict[str, Any], scope: Scope) -> Any:
    is_ours = data.pop(_OWNER, True) is not None
    return owned(from_bot_api_json(name, data, scope.bot if is_ours else None), scope, is_ours=is_ours)


def _from_arguments(name: str, given: dict[str, Any], scope: Scope) -> Any:
    more = dict(given.pop("api_kwargs", None) or {})
    is_ours = more.pop(_OWNER, True) is not None
    made = from_arguments(name, {**given, "api_kwargs": more} if more else given, scope.bot if is_ours else None)
    return owned(made, scope, is_ours=is_ours)


TELEGRAM: Final = Shape(TelegramObject, "telegram", lambda value, _: value, _make, write=_write, family=Family.TELEGRAM)


def _write_bot(writer: Any, value: Any, _: int) -> Any:
    is_live = value.is_live if type(value) is BotReference else value is writer.scope.bot
    return {"$bot": is_live}


BOTS: Final = Shape(
    Bot, "bot", lambda value, scope: value is scope.bot,
    lambda payload, _: BotReference(is_live=True) if payload is True else None, write=_write_bot,
    family=Family.TELEGRAM,
)  # fmt: skip
"""Bots as values: they are noted, and come back as something that gives access to nothing."""
