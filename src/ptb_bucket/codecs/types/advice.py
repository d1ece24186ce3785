"""Advice on how to register a class: the lines of code to write, and the names by which messages call classes."""

from __future__ import annotations

import re
import sys
from collections import Counter
from enum import Enum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Container

__all__ = ["called", "distinct_entries", "functions_for", "registering", "short_name"]

_CONVERTIBLE: tuple[type, ...] = (str, int, float, bytes, bytearray, dict, list, tuple, set, frozenset)


def registering(cls: type) -> str:
    """Return the advice to register a class, or to convert its instances to one of Python's types.

    Args:
        cls: The class.
    """
    if f"{cls.__module__.partition('.')[0]}.{cls.__name__}" in _KNOWN_FUNCTIONS:
        return f"Register it with {functions_for(cls)}"
    line = f"BucketPersistence(..., types=[{_entry(cls)}])"
    base = next((base for base in _CONVERTIBLE if issubclass(cls, base)), None)
    if base is None or issubclass(cls, Enum):
        return f"Register it: {line}"
    return f"Convert it with {base.__name__}(), or register it: {line}"


def distinct_entries(classes: list[type], taken: Container[str]) -> list[str]:
    """Return entries for ``types=[...]`` that give each class its own name.

    Args:
        classes: The classes to register.
        taken: The names of other registered classes.
    """
    names = Counter(map(short_name, classes))
    return [
        _entry(cls)
        if names[short_name(cls)] == 1 and short_name(cls) not in taken
        else f"StoredAs({cls.__module__}.{short_name(cls)}, name={f'{cls.__module__}.{short_name(cls)}'!r})"
        for cls in classes
    ]


def _entry(cls: type) -> str:
    """Return a class's entry for ``types=[...]``; a model with type arguments gets its own name."""
    generic = getattr(cls, "__pydantic_generic_metadata__", None)
    if not generic or not generic["args"] or all(_is_plain(part) for part in generic["args"]):
        return short_name(cls)
    arguments = ", ".join(map(_source, generic["args"]))
    name = re.sub(r"\W+", "_", f"{short_name(generic['origin'])}_{arguments}").strip("_")
    return f"StoredAs({short_name(generic['origin'])}[{arguments}], name={name!r})"


def _is_plain(argument: object) -> bool:
    if not isinstance(argument, type) or hasattr(argument, "__args__") or argument is type(None):
        return False
    root = argument.__module__.partition(".")[0]
    return root == "builtins" or root not in sys.stdlib_module_names


def _source(argument: object) -> str:
    if argument is type(None):
        return "None"
    if isinstance(argument, type) and not hasattr(argument, "__args__"):
        return (
            short_name(argument)
            if argument.__module__ == "builtins"
            else f"{argument.__module__}.{short_name(argument)}"
        )
    return repr(argument).replace("NoneType", "None")


def short_name(cls: type) -> str:
    """Return a class's name without the functions that it was defined in.

    Args:
        cls: The class.
    """
    return re.sub(r"[^\[\], ]*<locals>\.", "", cls.__qualname__)


def called(cls: type) -> str:
    """Return a class's name for messages: with its module, so that a bot's Chat is not taken for Telegram's.

    Args:
        cls: The class.
    """
    return cls.__qualname__ if cls.__module__ == "builtins" else f"{cls.__qualname__} (module {cls.__module__})"


def functions_for(cls: type) -> str:
    """Return the advice to register a class with two functions.

    Args:
        cls: The class.
    """
    known = _KNOWN_FUNCTIONS.get(f"{cls.__module__.partition('.')[0]}.{cls.__name__}")
    return f"two functions: types=[{known or f'StoredAs({short_name(cls)}, encode=..., decode=...)'}]"


_KNOWN_FUNCTIONS = {
    "numpy.ndarray": "StoredAs(numpy.ndarray, encode=lambda a: [str(a.dtype), a.tolist()], "
    "decode=lambda v: numpy.array(v[1], dtype=v[0]))",
    "pydantic.SecretStr": "StoredAs(pydantic.SecretStr, encode=lambda s: s.get_secret_value(), "
    "decode=pydantic.SecretStr)",
    "pandas.DataFrame": "StoredAs(pandas.DataFrame, encode=lambda d: d.to_dict('list'), decode=pandas.DataFrame)",
}
