"""The content of Telegram objects, read only through PTB's public names."""

from __future__ import annotations

import inspect
from enum import Enum
from functools import cache
from typing import TYPE_CHECKING, Any, Final

from ptb_bucket.codecs.types.families.telegram_classes import bot_api_classes, default_value, is_constant

if TYPE_CHECKING:
    from telegram import Bot, TelegramObject

__all__ = [
    "NotBotApiError",
    "arguments",
    "bot_api_json",
    "content",
    "from_arguments",
    "from_bot_api_json",
    "needs",
    "with_defaults",
    "with_lost_defaults",
]


_TEXT_OF: Final = {"parse_mode": "caption", "quote_parse_mode": "quote"}
"""Parse mode → the text that it is for, if the text is optional."""

_ATTACHMENT: Final = "_effective_attachment"
"""The cached result of :attr:`telegram.Message.effective_attachment`; the marker if it was never read."""

_ATTRIBUTES: Final = {"media_type": "type"}
"""Arguments that PTB keeps under another name."""


class NotBotApiError(Exception):
    """An object holds something that is not part of the Bot API, such as an object as callback data."""


def bot_api_json(value: TelegramObject) -> Any:
    """Return an object as Bot API JSON, in a new copy.

    Args:
        value: A Telegram object.

    Raises:
        NotBotApiError: It holds something that the Bot API could not have sent.
    """
    try:
        return _pure(value.to_dict())
    except RecursionError:
        raise
    except (TypeError, ValueError, AttributeError, KeyError):
        # to_dict() calls the to_dict() of all parts, including callback data of any type.
        raise NotBotApiError from None


def _pure(value: Any) -> Any:
    cls = type(value)
    if cls in (str, int, bool, float, type(None)):
        return value
    if cls is dict:
        return {_pure_key(key): _pure(inner) for key, inner in value.items()}
    if cls is list:
        return [_pure(inner) for inner in value]
    if isinstance(value, Enum) and is_constant(cls):
        return value.value
    raise NotBotApiError


def _pure_key(key: Any) -> str:
    if type(key) is not str:
        raise NotBotApiError
    return key


def from_bot_api_json(name: str, data: dict[str, Any], bot: Bot | None) -> TelegramObject:
    """Return the object that Bot API JSON describes, with the live bot in it and in its parts."""
    return bot_api_classes()[name].de_json(data, bot)


@cache
def _parameters(cls: Any) -> dict[str, Any]:
    """Return the arguments of a class with their defaults."""
    found = inspect.signature(cls).parameters
    return {name: parameter.default for name, parameter in found.items() if name != "api_kwargs"}


def content(value: TelegramObject) -> dict[str, Any]:
    """Return the content of a Telegram object: its attributes without its bot and PTB's caches.

    Args:
        value: A Telegram object; ``==`` on those compares ids only.
    """
    # Periods are in private slots behind properties that warn: the argument's name with an underscore.
    cls: Any = type(value)
    periods = {f"_{name}" for name in _parameters(cls)}
    state = value.__getstate__()
    return {key: inner for key, inner in state.items() if not key.startswith("_") or key in periods}


def arguments(value: TelegramObject) -> dict[str, Any]:
    """Return the arguments that make an equal object, for content that Bot API JSON cannot express."""
    cls: Any = type(value)
    found = content(value)
    given, marker = {}, type(default_value())
    for name, default in _parameters(cls).items():
        inner = found.get(name, found.get(f"_{name}", found.get(_ATTRIBUTES.get(name, name))))
        is_default = type(inner) is marker or (inner is None and type(default) is not marker)
        if not is_default:
            given[name] = inner
    return {**given, "api_kwargs": found["api_kwargs"]} if found["api_kwargs"] else given


def needs(value: TelegramObject, name: str) -> bool:
    """Tell whether PTB could not make an object, or would identify it differently, without an attribute.

    Args:
        value: A Telegram object.
        name: The attribute.
    """
    cls: Any = type(value)
    identity: Any = value.__getstate__().get("_id_attrs", ())
    inner = getattr(value, name, None)
    return _parameters(cls).get(name) is inspect.Parameter.empty or any(inner is part for part in identity)


def from_arguments(name: str, given: dict[str, Any], bot: Bot | None) -> TelegramObject:
    """Return the object that the arguments make."""
    made = bot_api_classes()[name](**given)
    made.set_bot(bot)
    return made


def with_defaults(state: dict[str, Any]) -> dict[str, Any]:
    """Return an object's state with PTB's own marker in place of copies of it, which PTB would not recognise.

    Args:
        state: The state of a Telegram object in a pickle.
    """
    found = {key: _uncopied(inner) for key, inner in state.items()}
    if type(identity := found.get("_id_attrs")) is tuple:
        found["_id_attrs"] = tuple(map(_uncopied, identity))
    return found


def _uncopied(value: Any) -> Any:
    marker = default_value()
    return marker if type(value) is type(marker) and value.value is None else value


def with_lost_defaults(cls: Any, state: dict[str, Any]) -> dict[str, Any]:
    """Return the state of an object that PicklePersistence wrote, with the markers that it writes as None.

    Only where None could have no other meaning: the parse mode of a missing text, and an attachment that was never
    read. Without the first, PTB refuses a caption for an album; without the second, a message has no
    attachment. Elsewhere None stays, as PicklePersistence itself loads it.

    Args:
        cls: The object's class.
        state: Its state as PicklePersistence keeps it.
    """
    parameters, found, marker = _parameters(cls), dict(state), default_value()
    for name, text in _TEXT_OF.items():
        is_used = state.get(text) or state.get(f"{text}_entities")
        if type(parameters.get(name)) is type(marker) and text in parameters and not is_used:
            found[name] = marker if found.get(name) is None else found[name]
    if _ATTACHMENT in found and found[_ATTACHMENT] is None:
        found[_ATTACHMENT] = marker
    return found
