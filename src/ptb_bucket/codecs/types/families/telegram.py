"""Telegram objects, stored as Bot API JSON if they can be made from it, and otherwise as arguments of their class."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from ptb_bucket.codecs.types.bot_reference import BotReference
from ptb_bucket.codecs.types.families.telegram_classes import bot_api_classes, is_telegram_object
from ptb_bucket.codecs.types.families.telegram_content import (
    NotBotApiError,
    arguments,
    bot_api_json,
    from_arguments,
    from_bot_api_json,
)
from ptb_bucket.codecs.types.guards import checked
from ptb_bucket.codecs.types.load_errors import newer_telegram
from ptb_bucket.codecs.types.refusals import attribute, refusal
from ptb_bucket.codecs.types.shape import Family, Shape

if TYPE_CHECKING:
    from collections.abc import Callable

    from telegram import TelegramObject

    from ptb_bucket.codecs.types.shape import PartWriter, Scope

    Same = Callable[[object, object], bool]

__all__ = ["BOTS", "bot_of", "telegram_shape", "with_bot"]

_OWNER: Final = "_bot"
"""In a document, null for an object without a bot. PTB drops it when it reads the object."""


def bot_of(value: TelegramObject, scope: Scope) -> Any:
    """Return this bot if the object belongs to it; None if it belongs to another bot, or to none.

    Args:
        value: A Telegram object.
        scope: Knows this bot.
    """
    try:
        return value.get_bot() if value.get_bot() is scope.live else None
    except RuntimeError:
        return None


def with_bot(value: Any, scope: Scope, *, is_ours: bool = True) -> Any:
    """Return the value; if it is a Telegram object, it gets the live bot.

    Args:
        value: Any value that was just made.
        scope: Knows the bot.
        is_ours: It belonged to this bot when it was stored.
    """
    if is_telegram_object(type(value)):
        value.set_bot(scope.live if is_ours else None)
    return value


def _write(writer: PartWriter, value: TelegramObject, depth: int, same: Same) -> Any:
    name, scope = type(value).__name__, writer.scope
    owner = {} if bot_of(value, scope) is not None else {_OWNER: None}
    if _round_trips(value, lambda: from_bot_api_json(name, bot_api_json(value), scope.bot), same):
        return {"$telegram": [name, writer.mapping({**bot_api_json(value), **owner}, depth + 1, attribute)]}
    given = arguments(value)
    # The parts first: the path to a part that cannot be stored says more than a refusal of the whole.
    tree = writer.mapping(given, depth + 1, attribute)
    if not _round_trips(value, lambda: from_arguments(name, dict(given), scope.bot), same):
        raise refusal(value, why="it cannot be recreated from its Bot API form or from its arguments")
    if owner:
        tree["api_kwargs"] = {**tree.get("api_kwargs", {}), **owner}
    return {"$telegram": [name, None, tree]}


def _round_trips(value: TelegramObject, make: Callable[[], TelegramObject], same: Same) -> bool:
    try:
        return same(make(), value)
    except NotBotApiError:
        return False
    except RecursionError:
        raise
    except Exception:  # noqa: BLE001  PTB's constructors ran
        # They may raise anything about arguments that Telegram would not have sent.
        return False


def _make(payload: Any, scope: Scope) -> Any:
    name, data, *given = payload
    if name not in bot_api_classes():
        raise newer_telegram()
    data = dict(checked(given[0] if given else data, dict))
    made = _from_arguments(name, data, scope) if given else _from_json(name, data, scope)
    if not is_telegram_object(type(made)):
        raise TypeError("telegram")
    return made


def _from_json(name: str, data: dict[str, Any], scope: Scope) -> Any:
    is_ours = data.pop(_OWNER, True) is not None
    return with_bot(from_bot_api_json(name, data, scope.bot if is_ours else None), scope, is_ours=is_ours)


def _from_arguments(name: str, given: dict[str, Any], scope: Scope) -> Any:
    more = dict(given.pop("api_kwargs", None) or {})
    is_ours = more.pop(_OWNER, True) is not None
    made = from_arguments(name, {**given, "api_kwargs": more} if more else given, scope.bot if is_ours else None)
    return with_bot(made, scope, is_ours=is_ours)


def telegram_shape(same: Same) -> Shape:
    """Return the shape of Telegram objects.

    Args:
        same: Tells whether two values are equal in content and type; PTB's ``==`` compares ids only.
    """
    return Shape(
        object, "telegram", lambda value, _: value, _make,
        write=lambda writer, value, depth: _write(writer, value, depth, same), family=Family.TELEGRAM,
    )  # fmt: skip


def _write_bot(writer: PartWriter, value: Any, _: int) -> Any:
    is_live = value.is_live if type(value) is BotReference else value is writer.scope.bot
    return {"$bot": is_live}


BOTS: Final = Shape(
    object, "bot", lambda value, scope: value is scope.bot,
    lambda payload, _: BotReference(is_live=True) if payload is True else None, write=_write_bot,
    family=Family.TELEGRAM,
)  # fmt: skip
"""Bots as values. They are loaded as a :class:`BotReference`, which gives access to nothing."""
