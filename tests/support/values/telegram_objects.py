"""An object of each Telegram class, made from what the annotations of its arguments say."""

from __future__ import annotations

import datetime as dt
import inspect
import re
import warnings
from typing import Any

from telegram import Bot, InlineKeyboardButton, KeyboardButton, TelegramObject
from telegram.ext import ExtBot

from ptb_bucket.codecs.types import bot_api_classes, is_default_value

__all__ = ["CLASSES", "differences", "full", "minimal", "owned"]

CLASSES = bot_api_classes()

_VALUES: dict[str, Any] = {
    "str": "1",
    "bool": True,
    "int": 7,
    "float": 1.5,
    "bytes": b"1",
    "FileInput": "file id",
    "object": "data",
    "datetime.datetime": dt.datetime(2024, 5, 1, 12, tzinfo=dt.timezone.utc),
}
_BY_NAME: dict[str, Any] = {
    "inline_keyboard": [[InlineKeyboardButton("a", callback_data="b")]],
    "keyboard": [[KeyboardButton("a")]],
}
_CONCRETE = {
    "InputMessageContent": "InputTextMessageContent",
    "InputPollOptionMedia": "InputMediaPhoto",
    "BackgroundFill": "BackgroundFillSolid",
    "ReactionType": "ReactionTypeEmoji",
    "ChatMember": "ChatMemberMember",
}


def minimal(cls: type[TelegramObject]) -> TelegramObject:
    """Make an object with as few arguments as its class accepts."""
    required, optional = _arguments(cls)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for more in ([], *([name] for name in optional), list(optional)):
            made = _tried(cls, {**required, **{name: optional[name]() for name in more}})
            if made is not None:
                return made
    raise AssertionError(f"no {cls.__name__} could be made; extend this file")


def full(cls: type[TelegramObject]) -> TelegramObject:
    """Make an object with as many arguments as its class accepts at once."""
    given, optional = _arguments(cls)
    made = minimal(cls)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for name, value in optional.items():
            more = {**given, name: value()}
            made, given = (found, more) if (found := _tried(cls, more)) else (made, given)
    return made


def differences(one: Any, other: Any, path: str = "") -> list[str]:
    """List the differences of two values in all that they keep: private slots, the bot, PTB's markers by identity."""
    if type(one) is not type(other):
        return [f"{path}: {type(one).__name__} is {type(other).__name__}"]
    if type(one) is ExtBot or is_default_value(type(one)):
        return [] if one is other else [f"{path}: another {type(one).__name__}"]
    if isinstance(one, TelegramObject):
        return _in_attributes(_attributes(one), _attributes(other), path)
    if type(one) in (tuple, list):
        if len(one) != len(other):
            return [f"{path}: {len(one)} members are {len(other)}"]
        pairs = enumerate(zip(one, other, strict=True))
        return [found for i, pair in pairs for found in differences(*pair, f"{path}[{i}]")]
    return [] if one == other else [f"{path}: {one!r} is {other!r}"]


def _in_attributes(one: dict[str, Any], other: dict[str, Any], path: str) -> list[str]:
    return [found for name in one for found in differences(one[name], other[name], f"{path}.{name}")]


def _attributes(value: TelegramObject) -> dict[str, Any]:
    names = [*(name for cls in type(value).__mro__[:-1] for name in cls.__slots__), *getattr(value, "__dict__", ())]
    return {name: getattr(value, name, "not set") for name in names}


def owned(value: Any, bot: Bot | None) -> Any:
    """Set the bot in a value and in everything that it holds, as PTB does when it receives it."""
    if isinstance(value, TelegramObject):
        value.set_bot(bot)
        for name, inner in _attributes(value).items():
            if name != "_bot":
                owned(inner, bot)
    elif type(value) in (tuple, list):
        for inner in value:
            owned(inner, bot)
    return value


def _tried(cls: Any, given: dict[str, Any]) -> Any:
    try:
        return cls(**given)
    except (TypeError, ValueError):
        return None


def _arguments(cls: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return values for the required arguments of a class, and functions that make the optional ones."""
    required, optional = {}, {}
    for name, parameter in inspect.signature(cls).parameters.items():
        if parameter.default is inspect.Parameter.empty:
            required[name] = _value(name, parameter.annotation)
        elif name != "api_kwargs":
            optional[name] = lambda name=name, parameter=parameter: _value(name, parameter.annotation)
    return required, optional


def _value(name: str, annotation: Any) -> Any:
    return _BY_NAME[name] if name in _BY_NAME else _of_text(_text(annotation))


def _text(annotation: Any) -> str:
    """Return the annotation without modules, such as ``Sequence[PhotoSize] | None``."""
    text = annotation if isinstance(annotation, str) else inspect.formatannotation(annotation)
    text = re.sub(r"ForwardRef\('(\w+)'\)|'(\w+)'", lambda found: found[1] or found[2], text)
    text = re.sub(r"\b(\w+\.)+(?=[A-Z])", "", text)
    return re.sub(r"^(?:Union|Optional)\[(.*)\]$", lambda found: found[1].replace(", ", " | "), text)


def _of_text(text: str) -> Any:
    if found := re.match(r"Sequence\[(.*)\]", text):
        return [_of_text(found[1])]
    if text.startswith("Literal"):
        return "emoji"
    if "datetime.timedelta" in text:
        return dt.timedelta(seconds=30)
    for part in text.split(" | "):
        part = _CONCRETE.get(part, part)  # noqa: PLW2901  the name that stands for it
        if part in _VALUES:
            return _VALUES[part]
        if part in CLASSES:
            return minimal(CLASSES[part])
    raise AssertionError(f"no value for {text!r}; extend this file")
