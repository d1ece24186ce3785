"""Fingerprints: the content of values in a form that can be compared and hashed."""

from __future__ import annotations

import datetime as dt
import sys
import types
from collections import Counter, OrderedDict
from enum import Enum, Flag
from typing import TYPE_CHECKING, Any, Final
from zoneinfo import ZoneInfo

from ptb_bucket.codecs.types.bot_reference import BotReference
from ptb_bucket.codecs.types.carriers import class_of, reduction_of
from ptb_bucket.codecs.types.families import (
    SCALARS,
    TIMES,
    content,
    is_bot,
    is_telegram_object,
    number_shape,
    shape_of_foreign,
)
from ptb_bucket.codecs.types.guards import ForeignCodeError, guarded
from ptb_bucket.codecs.types.reduction import IrreducibleError
from ptb_bucket.codecs.types.shape import Family

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterable, Sequence

    from ptb_bucket.codecs.types.shape import Scope

__all__ = ["IDENTITIES", "LEAVES", "WALKS", "Is", "TooDeep", "TooManyError", "spread", "stored_by_functions"]

# JSON stores nothing that is nested deeper; pickle does.
_LOOK_FOR_CYCLES = 120
_GIVE_UP = 130


class Is:
    """A fingerprint that equals only itself. It keeps its object alive, because Python reuses ids of dead objects."""

    __slots__ = ("_value",)

    def __init__(self, value: object) -> None:
        self._value = value

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Is) and self._value is other._value

    def __hash__(self) -> int:
        return id(self._value)


class TooDeep(Exception):  # noqa: N818  a signal inside this module
    """The value may contain a cycle. The next walk looks for it."""


class TooManyError(Exception):
    """The value may hold the same objects many times. A structure that doubles at each level has too many paths."""


def spread(state: Any) -> Sequence[Any]:
    """Return the parts of a state. A dict of attributes is not a separate object."""
    if type(state) is dict:
        return [part for pair in state.items() for part in pair]
    if type(state) is tuple:
        return [part for inner in state for part in (type(inner), *spread(inner))]
    return state if type(state) is list else (state,)


def stored_by_functions(value: Any, scope: Scope | None) -> list[Any] | None:
    """Return the stored payload of a value whose class has functions, in a list; None if the class has none.

    Args:
        value: Any value.
        scope: The registered classes.

    Raises:
        ForeignCodeError: The author's function raised.
    """
    shape = scope.registry.by_class.get(type(value)) if scope else None
    if shape is None or shape.family is not Family.FUNCTIONS:
        shape = shape_of_foreign(type(value))
    return None if shape is None else [guarded(shape.take, value, scope)]


_CONTAINERS: Final = frozenset({dict, list, tuple, set, frozenset})


class _Walk:
    containers = 20_000
    """The number of containers to visit before the next walk is tried."""

    def __init__(self, scope: Scope | None) -> None:
        self.scope = scope

    def of(self, value: Any, depth: int) -> Hashable:
        cls = type(value)
        if cls is str or cls is int or value is None:
            return value  # type: ignore[no-any-return]
        leaf = LEAVES.get(cls)
        if leaf is None and cls not in _CONTAINERS and (number := number_shape(cls)) is not None:
            leaf = number.canonical
        if leaf is not None:
            return (cls, leaf(value))
        if depth > _LOOK_FOR_CYCLES:
            raise TooDeep
        return self.container(value, depth + 1)

    def container(self, value: Any, depth: int) -> Hashable:
        self.containers -= 1
        if self.containers < 0:
            raise TooManyError
        cls = type(value)
        if cls is dict:
            return (dict, self.pairs(value.items(), depth))
        if cls is list or cls is tuple:
            return (cls, *[self.of(inner, depth) for inner in value])
        if cls is set or cls is frozenset:
            return (cls, self.members(value, depth))
        return self.thing(value, depth)

    def pairs(self, pairs: Iterable[tuple[Any, Any]], depth: int) -> Hashable:
        return _multiset([(self.of(key, depth), self.of(inner, depth)) for key, inner in pairs])

    def members(self, members: Iterable[Any], depth: int) -> Hashable:
        return _multiset([self.of(inner, depth) for inner in members])

    def thing(self, value: Any, depth: int) -> Hashable:
        cls = type(value)
        if cls is dt.datetime or cls is dt.time:
            return (cls, value.replace(tzinfo=None).isoformat(), value.fold, self.of(value.tzinfo, depth))
        if issubclass(cls, Enum):
            return (cls, self.of(value.value, depth) if issubclass(cls, Flag) else value.name)
        if issubclass(cls, IDENTITIES) or is_bot(cls):
            return Is(value)
        if is_telegram_object(cls):
            return (cls, self.of(content(value), depth))
        return self.parts(value, depth)

    def parts(self, value: Any, depth: int) -> Hashable:
        try:
            stored = stored_by_functions(value, self.scope)
            return self.reduced(value, depth) if stored is None else (type(value), self.of(stored, depth))
        except (IrreducibleError, ForeignCodeError):
            return Is(value)

    def reduced(self, value: Any, depth: int) -> Hashable:
        taken = reduction_of(value)
        state = self.of(taken.state, depth)
        if issubclass(type(value), (set, frozenset)):
            # Their arguments are a list in the order of the hash table.
            return (type(value), self.members(value, depth), state)
        how = (Is(taken.function), taken.new, self.of(taken.args, depth), self.of(taken.kwargs, depth))
        pairs = self.of(taken.pairs, depth) if issubclass(type(value), OrderedDict) else self.pairs(taken.pairs, depth)
        return (class_of(value), how, state, self.of(taken.items, depth), pairs)


class _SharingWalk(_Walk):
    """A walk that visits each object once, however many places hold it."""

    containers = sys.maxsize

    def __init__(self, scope: Scope | None) -> None:
        super().__init__(scope)
        self.known: dict[int, tuple[Any, _Once]] = {}

    def container(self, value: Any, depth: int) -> Hashable:
        if id(value) not in self.known:
            self.known[id(value)] = (value, _Once(super().container(value, depth)))
        return self.known[id(value)][1]


class _Once:
    """A fingerprint that may occur many times in others. It is hashed once, and compared once with each other one."""

    __slots__ = ("_hash", "_print", "_same_as")

    def __init__(self, found: Hashable) -> None:
        self._print = found
        self._hash = hash(found)
        self._same_as: _Once = self

    def _first(self) -> _Once:
        first = self
        while first._same_as is not first:
            first = first._same_as
        return first

    def __eq__(self, other: object) -> bool:
        if type(other) is not _Once or other._hash != self._hash:
            return False
        one, another = self._first(), other._first()
        if one is not another:
            if one._print != another._print:
                return False
            another._same_as = one
        return True

    def __hash__(self) -> int:
        return self._hash


class _CycleWalk(_Walk):
    """A walk that knows the ancestors of each value, so that it writes a cycle as the number of levels to go back."""

    def __init__(self, scope: Scope | None) -> None:
        super().__init__(scope)
        self.way: list[object] = []

    def container(self, value: Any, depth: int) -> Hashable:  # noqa: ARG002  as inherited
        back = next((steps for steps, above in enumerate(reversed(self.way)) if above is value), None)
        if back is not None:
            return (_Walk, back)
        if len(self.way) > _GIVE_UP:
            raise TooDeep
        self.way.append(value)
        try:
            return super().container(value, 0)
        finally:
            self.way.pop()


def _multiset(members: list[Hashable]) -> Hashable:
    once = frozenset(members)
    # Two NaN in one set have one fingerprint; how many there are counts.
    return once if len(once) == len(members) else frozenset(Counter(members).items())


IDENTITIES = (type, types.FunctionType, types.BuiltinFunctionType, types.ModuleType)


def _leaf(shape: Any) -> Callable[[Any], Hashable]:
    """Return a function for values without parts: it returns the payload, unless the shape has a faster way."""
    return shape.canonical or (lambda value: _hashable(guarded(shape.take, value, None)))


def _hashable(payload: Any) -> Hashable:
    return tuple(map(_hashable, payload)) if type(payload) is list else payload


LEAVES: dict[type, Callable[[Any], Hashable]] = {
    **{shape.cls: _leaf(shape) for shape in (*SCALARS, *TIMES) if shape.cls not in (dt.datetime, dt.time)},
    ZoneInfo: lambda value: Is(value) if value.key is None else value.key,
    BotReference: lambda value: value.is_live,
}

WALKS = (_Walk, _SharingWalk, _CycleWalk)
"""The walks to try, in this order. Nearly all values need only the first one."""
