"""Errors that refuse values that cannot be stored. They name the type and the path, and never quote the value."""

from __future__ import annotations

import json
import types
from typing import TYPE_CHECKING

from ptb_bucket.codecs.json_text import BIG
from ptb_bucket.codecs.types.advice import called, distinct_entries, functions_for, registering, short_name
from ptb_bucket.errors import CannotStoreError

if TYPE_CHECKING:
    from collections.abc import Container

__all__ = [
    "TOO_DEEP",
    "UnregisteredError",
    "attribute",
    "combined_refusal",
    "contains_itself",
    "equal_keys",
    "factory_refusal",
    "is_live",
    "item",
    "members_lost",
    "needs_functions",
    "not_reproduced",
    "refusal",
    "too_deep",
    "too_many_collisions",
    "unloadable_graph",
]

_LONGEST_KEY = 40

TOO_DEEP = "the value is nested too deeply"

_BELONGS_IN_CODE = "Such objects belong in code, not in bot data. Store the values needed to recreate the object"

# Classes of these packages hold threads, connections or callbacks; registering them would not help.
_LIVE = (
    "_asyncio _contextvars _io _queue _socket _sqlite3 _ssl _thread _weakref aiobotocore aiohttp aiosqlite anthropic "
    "anyio apscheduler asyncio asyncpg boto3 botocore concurrent contextvars functools h11 httpcore httpx io itertools "
    "logging motor multiprocessing openai operator psycopg psycopg2 pymongo queue redis requests socket sqlalchemy "
    "sqlite3 ssl subprocess tempfile threading tornado urllib3 weakref"
)
_LIVE_PACKAGES = frozenset(_LIVE.split())

_LIVE_TYPES: tuple[type, ...] = (
    types.FunctionType,
    types.BuiltinFunctionType,
    types.MethodType,
    types.ModuleType,
    types.GeneratorType,
    types.CoroutineType,
    types.AsyncGeneratorType,
    types.MappingProxyType,
    type,
    memoryview,
)


def item(key: object) -> str:
    """Return the step into a container as Python code. Keys of other types are shown by the name of their type.

    Args:
        key: The key or index.
    """
    if issubclass(type(key), str):
        text = _quoted(str.__str__(key))
    elif _is_readable(key) or (type(key) is tuple and all(map(_is_readable, key))):
        text = repr(key)
    else:
        text = f"<{type(key).__qualname__}>"
    return f"[{text}]" if len(text) <= _LONGEST_KEY else f"[{text[: _LONGEST_KEY - 3]}...]"


def _is_readable(key: object) -> bool:
    # Python refuses to write larger numbers in decimal.
    return -BIG < key < BIG if type(key) is int else type(key) in _READABLE


_READABLE = frozenset({str, bool, float, type(None)})


def _quoted(key: str) -> str:
    # JSON, because Python chooses its quotes by the text; lone surrogates could not be printed.
    text = json.dumps(key[:_LONGEST_KEY], ensure_ascii=False)
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


def attribute(name: object) -> str:
    """Return the step to an attribute."""
    return f".{name}" if type(name) is str and name.isidentifier() else item(name)


class UnregisteredError(CannotStoreError):
    """Instances of a class that is not registered cannot be stored.

    Args:
        cls: The class.
        hint: The advice, if registering the class as it is would not help.
    """

    def __init__(self, cls: type, *, hint: str = "") -> None:
        super().__init__(f"the class {called(cls)} is not registered", hint=hint or registering(cls))
        self.cls = cls


def refusal(value: object, *, registered: bool = False, why: str = "") -> CannotStoreError:
    """Return the error for a value that cannot be stored, with advice on what to do about it.

    Args:
        value: The value; only its type is looked at.
        registered: Its class is registered, so the advice is not to register it.
        why: The reason, where it is known.
    """
    if issubclass(type(value), _LIVE_TYPES):
        kind = "class" if issubclass(type(value), type) else type(value).__name__
        return CannotStoreError(f"the value is a {kind}", hint=_BELONGS_IN_CODE)
    cls = type(value)
    if why:
        hint = _INSTEAD.get(cls.__module__.partition(".")[0]) or f"Register it with {functions_for(cls)}"
        return CannotStoreError(f"the type {called(cls)} is not supported because {why}", hint=hint)
    if registered or is_live(value):
        return CannotStoreError(f"the type {called(cls)} is not supported", hint=_BELONGS_IN_CODE)
    return UnregisteredError(cls)


_INSTEAD = {
    "builtins": "Store IDs instead of the objects in it",
    "collections": "Convert it to a plain dict or list",
    "datetime": "Use a standard library time zone such as ZoneInfo",
    "telegram": "Store only the data that the bot needs, such as the ID",
}
"""Advice about classes that cannot be registered, because they are stored without registration."""


def combined_refusal(errors: list[CannotStoreError], taken: Container[str] = ()) -> CannotStoreError:
    """Return one error for everything in a record that cannot be stored.

    Args:
        errors: At least one, in the order of their paths.
        taken: Names that other registered classes have.

    Returns:
        The first one, which also names the others, and every class that is not registered.
    """
    leading = errors[0].path
    around = [error for error in errors if leading[: len(error.path)] == error.path]
    first = min(around, key=lambda error: len(error.path))  # an object comes before its parts
    others = [error for error in errors if error is not first]
    classes = list(dict.fromkeys(error.cls for error in errors if isinstance(error, UnregisteredError)))
    if len(classes) > 1:
        first.reason = f"the classes {', '.join(map(called, classes))} are not registered"
    if len(classes) > 1 or any(short_name(cls) in taken for cls in classes):
        first.hint = f"Register them: BucketPersistence(..., types=[{', '.join(distinct_entries(classes, taken))}])"
    rest = list(dict.fromkeys("".join(map(str, error.path)) for error in others if error.path != first.path))
    if rest:
        shown = ", ".join(rest[:_MOST_SHOWN]) + (f" and {len(rest) - _MOST_SHOWN} more" if rest[_MOST_SHOWN:] else "")
        first.reason += f" (also at {shown})" if len(classes) > 1 else f" ({shown} cannot be stored either)"
    return first


_MOST_SHOWN = 8


def needs_functions(cls: type) -> UnregisteredError:
    """Return the refusal of a class that needs two functions, because pickle could not store it either.

    Args:
        cls: The class.
    """
    return UnregisteredError(cls, hint=f"Register it with {functions_for(cls)}")


def is_live(value: object) -> bool:
    """Tell whether a value is part of a running program, such as a lock or a client, rather than data.

    Args:
        value: Any value; only its type is looked at.
    """
    cls = type(value)
    if issubclass(cls, _LIVE_TYPES):
        return True
    if cls.__module__ == "builtins":
        return not issubclass(cls, BaseException)
    return any(_package(base) in _LIVE_PACKAGES for base in cls.__mro__)


def _package(cls: type) -> str:
    root = cls.__module__.partition(".")[0]
    # Objects of the Bot API are stored; everything else that comes from PTB is part of a running bot.
    return "asyncio" if cls.__module__.startswith("telegram.ext") else root


def zone_without_key(zone: object) -> CannotStoreError:
    """Return the refusal of a zone that was read from a file without its name.

    Args:
        zone: The zone.
    """
    reason = f"the {called(type(zone))} was read from a file and has no key"
    return CannotStoreError(reason, hint='Use ZoneInfo("Area/City"), or pass key="Area/City" to ZoneInfo.from_file()')


def too_deep() -> CannotStoreError:
    """Return the refusal of a value with more levels than a document may have."""
    return CannotStoreError(
        TOO_DEEP, hint="Flatten the structure, for example with a list of records that refer to each other by ID"
    )


def too_many_collisions() -> CannotStoreError:
    """Return the refusal of keys that were made to collide in a hash table."""
    return CannotStoreError("too many of the value's keys or members have the same hash", hint="Use strings instead")


def contains_itself() -> CannotStoreError:
    """Return the refusal of a value that contains itself and cannot be made without its content."""
    return CannotStoreError("the value contains itself", hint="Store an ID instead of the object")


def factory_refusal() -> CannotStoreError:
    """Return the refusal of a default factory that a document cannot name."""
    return CannotStoreError(
        "a default factory must be None, a built-in class or a registered class",
        path=(".default_factory",),
        hint="Use defaultdict(list), for example, or fill in missing values where you read them",
    )


def equal_keys() -> CannotStoreError:
    """Return the refusal of a dict of which two keys have the same text."""
    return CannotStoreError("two dict keys would be stored as the same key", hint="Use distinct keys")


def members_lost() -> CannotStoreError:
    """Return the refusal of a dict or a set that would have fewer keys or members after loading."""
    return CannotStoreError(
        "loading the value would lose some of its keys or members",
        hint="One of their classes uses something that is not stored for its hash or comparison. Use IDs instead",
    )


def not_reproduced(value: object) -> CannotStoreError:
    """Return the refusal of a value that loading would change.

    Args:
        value: The value.
    """
    return refusal(value, why="loading it back gives a different value")


def unloadable_graph() -> CannotStoreError:
    """Return the refusal of a value whose repeated objects cannot be loaded."""
    return CannotStoreError(
        "the value contains itself or repeats an object in a way that can't be loaded back",
        hint="Store an ID instead of the object",
    )
