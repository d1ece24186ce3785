"""How a value that cannot be stored is described: by its type and its path, never by itself."""

from __future__ import annotations

import json
import types
from enum import Enum

from ptb_bucket.errors import CannotStoreError

__all__ = ["TOO_DEEP", "attribute", "cyclic", "factory_refusal", "item", "refusal", "too_deep"]

_LONGEST_KEY = 40

TOO_DEEP = "it is nested too deeply"

_BELONGS_IN_CODE = "Such things belong in the bot's code, not in its data: store what is needed to make it again"

# Classes of these packages hold threads, connections or callbacks; registering them would not help anybody.
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

_CONVERTIBLE: tuple[type, ...] = (str, int, float, bytes, bytearray, dict, list, tuple, set, frozenset)


def item(key: object) -> str:
    """The step into a container, as Python would write it; keys of other types by the name of their type.

    Args:
        key: The key or index.
    """
    if isinstance(key, str):
        text = _quoted(key)
    elif type(key) in _READABLE or (type(key) is tuple and _READABLE.issuperset(map(type, key))):
        text = repr(key)
    else:
        text = f"<{type(key).__qualname__}>"
    return f"[{text}]" if len(text) <= _LONGEST_KEY else f"[{text[: _LONGEST_KEY - 3]}...]"


_READABLE = frozenset({str, int, bool, float, bytes, type(None)})


def _quoted(key: str) -> str:
    # JSON, because Python chooses its quotes by what lies inside; lone surrogates could not be printed.
    text = json.dumps(key[:_LONGEST_KEY], ensure_ascii=False)
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


def attribute(name: object) -> str:
    """The step to an attribute."""
    return f".{name}" if isinstance(name, str) and name.isidentifier() else item(name)


def refusal(value: object, *, registered: bool = False, why: str = "") -> CannotStoreError:
    """Why this value cannot be stored, and what to do about it.

    Args:
        value: The value; only its type is looked at.
        registered: Its class is registered, so registering it is no advice.
        why: What is wrong with it, where that is known.
    """
    cls = value if isinstance(value, type) else type(value)
    name = cls.__qualname__
    if isinstance(value, _LIVE_TYPES):
        kind = "class" if isinstance(value, type) else type(value).__name__
        return CannotStoreError(f"a {kind} cannot be stored", hint=_BELONGS_IN_CODE)
    if why:
        hint = f"Register it with functions of its own: types=[StoredAs({name}, encode=..., decode=...)]"
        return CannotStoreError(f"{name} cannot be stored: {why}", hint=hint)
    if registered or _is_live(cls):
        return CannotStoreError(f"{name} cannot be stored", hint=_BELONGS_IN_CODE)
    return CannotStoreError(f"{name} cannot be stored: its class is not registered", hint=_registering(cls))


def _registering(cls: type) -> str:
    line = f"BucketPersistence(..., types=[{cls.__qualname__.rpartition('<locals>.')[2]}])"
    base = next((base for base in _CONVERTIBLE if issubclass(cls, base)), None)
    if base is None or issubclass(cls, Enum):
        return f"Register it: {line}"
    return f"Convert it with {base.__name__}(), or register it: {line}"


def _is_live(cls: type) -> bool:
    if cls.__module__ == "builtins":
        return not issubclass(cls, BaseException)
    return any(_package(base) in _LIVE_PACKAGES for base in cls.__mro__)


def _package(cls: type) -> str:
    root = cls.__module__.partition(".")[0]
    # Objects of the Bot API are stored; whatever else comes from PTB is part of a running bot.
    return "asyncio" if cls.__module__.startswith("telegram.ext") else root


def too_deep() -> CannotStoreError:
    """More levels than any reader of the document should have to follow."""
    return CannotStoreError(TOO_DEEP, hint="Store it flatter, for example as a list of records that name each other")


def cyclic() -> CannotStoreError:
    """It contains itself."""
    return CannotStoreError("it contains itself", hint="Store an id instead of the object")


def factory_refusal() -> CannotStoreError:
    """What a defaultdict makes cannot be named in a document."""
    return CannotStoreError(
        "a default factory can only be None, a class of Python's own or a registered class",
        path=(".default_factory",),
        hint="Use defaultdict(list) or the like, or fill the value in where it is read",
    )
