"""How a value that cannot be stored is described: by its type and its path, never by itself."""

from __future__ import annotations

import json
import re
import sys
import types
from collections import Counter
from enum import Enum
from typing import TYPE_CHECKING

from ptb_bucket.codecs.types.scalars import BIG
from ptb_bucket.errors import CannotStoreError

if TYPE_CHECKING:
    from collections.abc import Container

__all__ = [
    "TOO_DEEP",
    "UnregisteredError",
    "attribute",
    "colliding",
    "cyclic",
    "factory_refusal",
    "is_live",
    "item",
    "refusal",
    "together",
    "too_deep",
    "unhelpful",
]

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
    """Return the step into a container, as Python would write it; keys of other types by the name of their type.

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
    # JSON, because Python chooses its quotes by what lies inside; lone surrogates could not be printed.
    text = json.dumps(key[:_LONGEST_KEY], ensure_ascii=False)
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


def attribute(name: object) -> str:
    """Return the step to an attribute."""
    return f".{name}" if type(name) is str and name.isidentifier() else item(name)


class UnregisteredError(CannotStoreError):
    """Instances of a class that is not registered cannot be stored.

    Args:
        cls: The class.
        hint: What to do about it, if registering the class as it is would not help.
    """

    def __init__(self, cls: type, *, hint: str = "") -> None:
        super().__init__(
            f"{_called(cls)} cannot be stored: its class is not registered", hint=hint or _registering(cls)
        )
        self.cls = cls


def refusal(value: object, *, registered: bool = False, why: str = "") -> CannotStoreError:
    """Return why this value cannot be stored, and what to do about it.

    Args:
        value: The value; only its type is looked at.
        registered: Its class is registered, so registering it is no advice.
        why: What is wrong with it, where that is known.
    """
    if issubclass(type(value), _LIVE_TYPES):
        kind = "class" if issubclass(type(value), type) else type(value).__name__
        return CannotStoreError(f"a {kind} cannot be stored", hint=_BELONGS_IN_CODE)
    cls = type(value)
    if why:
        hint = _INSTEAD.get(cls.__module__.partition(".")[0]) or f"Register it with {_functions(cls)}"
        return CannotStoreError(f"{_called(cls)} cannot be stored: {why}", hint=hint)
    if registered or is_live(value):
        return CannotStoreError(f"{_called(cls)} cannot be stored", hint=_BELONGS_IN_CODE)
    return UnregisteredError(cls)


_INSTEAD = {
    "builtins": "Store ids instead of the objects in it",
    "collections": "Store it as a plain dict or list",
    "datetime": "Give it a zone of Python's own, such as ZoneInfo",
    "telegram": "Store what the bot needs of it, such as its id",
}
"""What to do about classes that nobody can register, because they are stored without."""


def together(errors: list[CannotStoreError], taken: Container[str] = ()) -> CannotStoreError:
    """Return one error for everything in a record that cannot be stored.

    Args:
        errors: At least one, in the order of their paths.
        taken: Names that other registered classes have.

    Returns:
        The first one, which also names the others, and every class that is not registered.
    """
    leading = errors[0].path
    around = [error for error in errors if leading[: len(error.path)] == error.path]
    first = min(around, key=lambda error: len(error.path))  # the object before what it holds
    others = [error for error in errors if error is not first]
    classes = list(dict.fromkeys(error.cls for error in errors if isinstance(error, UnregisteredError)))
    if len(classes) > 1:
        first.reason = f"{', '.join(map(_called, classes))} cannot be stored: their classes are not registered"
    if len(classes) > 1 or any(_short(cls) in taken for cls in classes):
        first.hint = f"Register them: BucketPersistence(..., types=[{', '.join(_named_apart(classes, taken))}])"
    rest = list(dict.fromkeys("".join(map(str, error.path)) for error in others if error.path != first.path))
    if rest:
        shown = ", ".join(rest[:_MOST_SHOWN]) + (f" and {len(rest) - _MOST_SHOWN} more" if rest[_MOST_SHOWN:] else "")
        first.reason += f" (so are {shown})" if len(classes) > 1 else f" (neither can {shown})"
    return first


_MOST_SHOWN = 8


def _named_apart(classes: list[type], taken: Container[str]) -> list[str]:
    names = Counter(map(_short, classes))
    return [
        _listed(cls)
        if names[_short(cls)] == 1 and _short(cls) not in taken
        else f"StoredAs({cls.__module__}.{_short(cls)}, name={f'{cls.__module__}.{_short(cls)}'!r})"
        for cls in classes
    ]


def _listed(cls: type) -> str:
    """Return how to name a class in ``types=[...]``; a model with arguments gets a name of its own."""
    generic = getattr(cls, "__pydantic_generic_metadata__", None)
    if not generic or not generic["args"] or all(_is_plain(part) for part in generic["args"]):
        return _short(cls)
    arguments = ", ".join(map(_written, generic["args"]))
    name = re.sub(r"\W+", "_", f"{_short(generic['origin'])}_{arguments}").strip("_")
    return f"StoredAs({_short(generic['origin'])}[{arguments}], name={name!r})"


def _is_plain(argument: object) -> bool:
    if not isinstance(argument, type) or hasattr(argument, "__args__") or argument is type(None):
        return False
    root = argument.__module__.partition(".")[0]
    return root == "builtins" or root not in sys.stdlib_module_names


def _written(argument: object) -> str:
    if argument is type(None):
        return "None"
    if isinstance(argument, type) and not hasattr(argument, "__args__"):
        return _short(argument) if argument.__module__ == "builtins" else f"{argument.__module__}.{_short(argument)}"
    return repr(argument).replace("NoneType", "None")


def _short(cls: type) -> str:
    return re.sub(r"[^\[\], ]*<locals>\.", "", cls.__qualname__)


def _called(cls: type) -> str:
    """Return how messages call a class: with its module, so that a bot's Chat is not taken for Telegram's."""
    return cls.__qualname__ if cls.__module__ == "builtins" else f"{cls.__qualname__} (module {cls.__module__})"


def _functions(cls: type) -> str:
    known = _KNOWN_FUNCTIONS.get(f"{cls.__module__.partition('.')[0]}.{cls.__name__}")
    return f"functions of its own: types=[{known or f'StoredAs({_short(cls)}, encode=..., decode=...)'}]"


_KNOWN_FUNCTIONS = {
    "numpy.ndarray": "StoredAs(numpy.ndarray, encode=lambda a: [str(a.dtype), a.tolist()], "
    "decode=lambda v: numpy.array(v[1], dtype=v[0]))",
    "pydantic.SecretStr": "StoredAs(pydantic.SecretStr, encode=lambda s: s.get_secret_value(), "
    "decode=pydantic.SecretStr)",
    "pandas.DataFrame": "StoredAs(pandas.DataFrame, encode=lambda d: d.to_dict('list'), decode=pandas.DataFrame)",
}


def _registering(cls: type) -> str:
    if f"{cls.__module__.partition('.')[0]}.{cls.__name__}" in _KNOWN_FUNCTIONS:
        return f"Register it with {_functions(cls)}"
    line = f"BucketPersistence(..., types=[{_listed(cls)}])"
    base = next((base for base in _CONVERTIBLE if issubclass(cls, base)), None)
    if base is None or issubclass(cls, Enum):
        return f"Register it: {line}"
    return f"Convert it with {base.__name__}(), or register it: {line}"


def unhelpful(cls: type) -> UnregisteredError:
    """Return the refusal of a class that would need functions of its own, because pickle could not store it either.

    Args:
        cls: The class.
    """
    return UnregisteredError(cls, hint=f"Register it with {_functions(cls)}")


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


def keyless(zone: object) -> CannotStoreError:
    """Return the refusal of a zone that was read from a file without its name.

    Args:
        zone: The zone.
    """
    reason = f"{_called(type(zone))} cannot be stored: it was read from a file and has no key"
    return CannotStoreError(reason, hint='Use ZoneInfo("Area/City"), or pass key="Area/City" to ZoneInfo.from_file()')


def too_deep() -> CannotStoreError:
    """Return the refusal of more levels than any reader of the document should have to follow."""
    return CannotStoreError(TOO_DEEP, hint="Store it flatter, for example as a list of records that name each other")


def colliding() -> CannotStoreError:
    """Return the refusal of keys that were made to collide in a hash table."""
    return CannotStoreError("too many of its keys or members have one hash", hint="Use strings")


def cyclic() -> CannotStoreError:
    """Return the refusal of a value that contains itself and cannot be made without its content."""
    return CannotStoreError("it contains itself", hint="Store an id instead of the object")


def factory_refusal() -> CannotStoreError:
    """Return the refusal of a default factory that a document cannot name."""
    return CannotStoreError(
        "a default factory can only be None, a class of Python's own or a registered class",
        path=(".default_factory",),
        hint="Use defaultdict(list) or the like, or fill the value in where it is read",
    )
