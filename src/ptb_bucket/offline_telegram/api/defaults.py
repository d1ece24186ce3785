"""Answers for the methods that no other module implements: correct values of the type that PTB's method returns."""

from __future__ import annotations

import enum
import inspect
import re
import types
import typing
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import telegram
from telegram import Bot, TelegramObject

if TYPE_CHECKING:
    from collections.abc import Callable

    from ptb_bucket.offline_telegram.json import JSON

__all__ = ["answer_by_default", "method_of"]

# Classes that PTB only reads from JSON by their ``type`` or ``status``: the simplest of them.
_CHOICES: dict[str, JSON] = {
    "MenuButton": {"type": "default"},
    "StoryAreaType": {"type": "link", "url": ""},
    "MessageOrigin": {"type": "hidden_user", "sender_user_name": "", "date": 0},
}
_NAMES = {"from_user": "from"}
_PLAIN: dict[object, Any] = {int: 0, float: 0.0, bool: False, str: "", datetime: 0, timedelta: 0}


def method_of(name: str) -> Callable[..., Any] | None:
    """Return PTB's method for a method of the Bot API.

    Args:
        name: The Bot API's name, such as ``"postStory"``.

    Returns:
        The function, or None if the installed PTB has no such method.
    """
    found = getattr(Bot, re.sub(r"([A-Z])", lambda match: f"_{match[1].lower()}", name), None)
    return found if inspect.iscoroutinefunction(found) else None


def answer_by_default(name: str, parameters: JSON) -> Any:
    """Return an answer of the type that PTB's method returns.

    Args:
        name: A method of the Bot API that PTB has.
        parameters: The parameters of the call. Fields of the answer that have the same name and type get their values.

    Returns:
        True for methods that only do something, an empty list for several objects, and for an object the fields that
        it must have.
    """
    annotation = inspect.signature(typing.cast("Any", method_of(name))).return_annotation
    answer = _value(annotation, parameters)
    return True if answer is False else answer


def _value(annotation: Any, parameters: JSON) -> Any:
    kind = _resolved(annotation)
    origin = typing.get_origin(kind)
    if kind in _PLAIN:
        return _PLAIN[kind]
    if origin in {tuple, list, Sequence}:
        return []
    if origin in {typing.Union, types.UnionType}:
        return _value(typing.get_args(kind)[0], parameters)
    return _example(kind, parameters)


def _example(kind: Any, parameters: JSON) -> Any:
    if typing.get_origin(kind) is typing.Literal:
        return typing.get_args(kind)[0]
    if isinstance(kind, type) and issubclass(kind, enum.Enum):
        return next(iter(kind)).value
    return _object(kind, parameters) if isinstance(kind, type) and issubclass(kind, TelegramObject) else None


def _resolved(annotation: Any) -> Any:
    if not isinstance(annotation, str):
        return annotation
    holder = type("Holder", (), {"__annotations__": {"value": annotation}})
    names = vars(telegram) | {
        "dtm": types.SimpleNamespace(datetime=datetime, timedelta=timedelta),
        "Sequence": Sequence,
    }
    return typing.get_type_hints(holder, globalns=names)["value"]


def _object(kind: type[TelegramObject], parameters: JSON) -> JSON:
    if kind.__name__ in _CHOICES:
        return dict(_CHOICES[kind.__name__])
    required = {
        name: one.annotation
        for name, one in inspect.signature(kind).parameters.items()
        if one.default is one.empty and name != "api_kwargs"
    }
    return {_NAMES.get(name, name): _field(name, hint, parameters) for name, hint in required.items()}


def _field(name: str, hint: Any, parameters: JSON) -> Any:
    value = _value(hint, parameters)
    given = parameters.get(name)
    return given if type(given) is type(value) and not isinstance(given, (dict, list)) else value
