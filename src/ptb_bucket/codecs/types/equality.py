"""Equality by content and type: what "changed" means to the merge."""

from __future__ import annotations

import datetime as dt
import types
from collections import Counter, OrderedDict
from enum import Enum, Flag
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from telegram import Bot, TelegramObject

from ptb_bucket.codecs.types.other_libraries import shape_of_foreign
from ptb_bucket.codecs.types.reduction import IrreducibleError, reduction
from ptb_bucket.codecs.types.scalars import SCALARS
from ptb_bucket.codecs.types.scope import BotReference
from ptb_bucket.codecs.types.shape import Family, ForeignCodeError, guarded
from ptb_bucket.codecs.types.structure import has_identity
from ptb_bucket.codecs.types.telegram_objects import content
from ptb_bucket.codecs.types.times import TIMES

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterable, Sequence

    from ptb_bucket.codecs.types.scope import Scope

__all__ = ["Equality", "fingerprint", "identical", "same"]

# No codec stores anything nested deeper than this, so nothing that was loaded is.
_LOOK_FOR_CYCLES = 120
_GIVE_UP = 130


class _Is:
    """Equal to itself only. Holds what it stands for, so that its identity is not given to another object."""

    __slots__ = ("_value",)

    def __init__(self, value: object) -> None:
        self._value = value

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Is) and self._value is other._value

    def __hash__(self) -> int:
        return id(self._value)


class _TooDeep(Exception):  # noqa: N818  a signal inside this module
    """Perhaps a cycle: look again, more carefully."""


class Equality:
    """What "equal" means to one bot. No ``__eq__`` of an author's class is ever asked.

    Args:
        scope: Knows the registered classes; those with functions of their own count by what is stored of them.
    """

    def __init__(self, scope: Scope | None = None) -> None:
        self._scope = scope

    def fingerprint(self, value: object) -> Hashable:
        """Return the content of a value in a form that can be compared and hashed.

        Types count at every level (1, 1.0 and True differ, keys included), the order of dicts and sets does not. NaN
        equals itself, 0.0 and -0.0 differ. Telegram objects count with all their content, other objects with what is
        stored of them, classes and functions as themselves. Values that cannot be taken apart (locks, clients) equal
        only themselves, and so does anything deeper than any codec stores.

        Args:
            value: Any value. It is not changed.

        Returns:
            Equal for equal values, within this process.
        """
        try:
            return _Walk(self._scope).of(value, 0)
        except _TooDeep:
            return _CarefulWalk(self._scope).of(value, 0)

    def same(self, a: object, b: object) -> bool:
        """Tell whether two values have the same content and types; see :meth:`fingerprint`.

        Args:
            a: One value.
            b: The other one.

        Returns:
            False for equal values of different types.
        """
        if a is b:
            return True
        if type(a) is not type(b):
            return False
        if type(a) in (str, int, bool, bytes):
            return a == b
        return self.fingerprint(a) == self.fingerprint(b)

    def identical(self, a: object, b: object) -> bool:
        """Tell whether two values are the same to a program: content, types, order of keys, and sharing.

        Every object with an identity must pair with exactly one object of the other value.

        Args:
            a: One value.
            b: The other one.
        """
        return _Pairing(self).match(a, b)

    def parts(self, value: Any) -> list[Any] | None:
        """Return everything that a value consists of, in its order; None if it is compared as a whole.

        Args:
            value: Any value.
        """
        cls = type(value)
        if cls in _LEAVES or cls in (set, frozenset) or issubclass(cls, (Enum, *_IDENTITIES)):
            return None
        if cls is dict:
            return [part for pair in value.items() for part in pair]
        if cls is list or cls is tuple:
            return list(value)
        if issubclass(cls, TelegramObject):
            return [part for pair in content(value).items() for part in pair]
        return self._taken_apart(value)

    def _taken_apart(self, value: Any) -> list[Any] | None:
        try:
            if (payload := stored_by_functions(value, self._scope)) is not None:
                return payload
            taken = reduction(value)
        except (IrreducibleError, ForeignCodeError):
            return None
        if issubclass(type(value), (set, frozenset)):
            return None
        pairs = [part for pair in taken.pairs for part in pair]
        rows = (taken.args, _spread(taken.kwargs), _spread(taken.state), taken.items, pairs)
        return [taken.new, *(part for row in rows for part in (len(row), *row))]


def _spread(state: Any) -> Sequence[Any]:
    """Return what a state consists of. The dict that holds attributes is not an object of its own."""
    if type(state) is dict:
        return [part for pair in state.items() for part in pair]
    if type(state) is tuple:
        return [part for inner in state for part in (type(inner), *_spread(inner))]
    return state if type(state) is list else (state,)


def stored_by_functions(value: Any, scope: Scope | None) -> list[Any] | None:
    """Return what is stored of a value that has functions of its own, in a list; None if it has none.

    Args:
        value: Any value.
        scope: Knows the registered classes.

    Raises:
        ForeignCodeError: The author's function raised.
    """
    shape = scope.registry.by_class.get(type(value)) if scope else None
    if shape is None or shape.family is not Family.FUNCTIONS:
        shape = shape_of_foreign(type(value))
    return None if shape is None else [guarded(shape.take, value, scope)]


_ANYBODY = Equality()
fingerprint = _ANYBODY.fingerprint
same = _ANYBODY.same
identical = _ANYBODY.identical


class _Pairing:
    """Walks two values side by side."""

    def __init__(self, equality: Equality) -> None:
        self.equality = equality
        self.partner: dict[int, Any] = {}
        self.taken: dict[int, Any] = {}

    def match(self, a: Any, b: Any) -> bool:
        waiting = [(a, b)]
        while waiting:
            one, other = waiting.pop()
            if type(one) is not type(other):
                return False
            if has_identity(one):
                if id(one) in self.partner or id(other) in self.taken:
                    if self.partner.get(id(one)) is other and self.taken.get(id(other)) is one:
                        continue
                    return False
                self.partner[id(one)], self.taken[id(other)] = other, one
            parts, others = self.equality.parts(one), self.equality.parts(other)
            if parts is None or others is None:
                if not self.equality.same(one, other):
                    return False
            elif len(parts) != len(others):
                return False
            else:
                waiting += zip(parts, others, strict=True)
        return True


class _Walk:
    def __init__(self, scope: Scope | None) -> None:
        self.scope = scope

    def of(self, value: Any, depth: int) -> Hashable:
        cls = type(value)
        if cls is str or cls is int or value is None:
            return value  # type: ignore[no-any-return]
        leaf = _LEAVES.get(cls)
        if leaf is not None:
            return (cls, leaf(value))
        if depth > _LOOK_FOR_CYCLES:
            raise _TooDeep
        return self.container(value, depth + 1)

    def container(self, value: Any, depth: int) -> Hashable:
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
        if issubclass(cls, _IDENTITIES):
            return _Is(value)
        if issubclass(cls, TelegramObject):
            return (cls, self.of(content(value), depth))
        return self.parts(value, depth)

    def parts(self, value: Any, depth: int) -> Hashable:
        try:
            stored = stored_by_functions(value, self.scope)
            return self.reduced(value, depth) if stored is None else (type(value), self.of(stored, depth))
        except (IrreducibleError, ForeignCodeError):
            return _Is(value)

    def reduced(self, value: Any, depth: int) -> Hashable:
        taken = reduction(value)
        state = self.of(taken.state, depth)
        if issubclass(type(value), (set, frozenset)):
            # Their arguments are a list in the order of the hash table.
            return (type(value), self.members(value, depth), state)
        how = (_Is(taken.function), taken.new, self.of(taken.args, depth), self.of(taken.kwargs, depth))
        pairs = self.of(taken.pairs, depth) if issubclass(type(value), OrderedDict) else self.pairs(taken.pairs, depth)
        return (type(value), how, state, self.of(taken.items, depth), pairs)


class _CarefulWalk(_Walk):
    """Knows where it is, so that a cycle is a step back of so many levels."""

    def __init__(self, scope: Scope | None) -> None:
        super().__init__(scope)
        self.way: list[object] = []

    def container(self, value: Any, depth: int) -> Hashable:  # noqa: ARG002  as inherited
        back = next((steps for steps, above in enumerate(reversed(self.way)) if above is value), None)
        if back is not None:
            return (_Walk, back)
        if len(self.way) > _GIVE_UP:
            return _Is(value)
        self.way.append(value)
        try:
            return super().container(value, 0)
        finally:
            self.way.pop()


def _multiset(members: list[Hashable]) -> Hashable:
    once = frozenset(members)
    # Two NaN in one set have one fingerprint; how many there are counts.
    return once if len(once) == len(members) else frozenset(Counter(members).items())


_IDENTITIES = (type, types.FunctionType, types.BuiltinFunctionType, types.ModuleType, Bot)


def _leaf(shape: Any) -> Callable[[Any], Hashable]:
    """Return what is compared of a value without parts: its payload, unless its shape knows something faster."""
    return shape.canonical or (lambda value: _hashable(guarded(shape.take, value, None)))


def _hashable(payload: Any) -> Hashable:
    return tuple(map(_hashable, payload)) if type(payload) is list else payload


_LEAVES: dict[type, Callable[[Any], Hashable]] = {
    **{shape.cls: _leaf(shape) for shape in (*SCALARS, *TIMES) if shape.cls not in (dt.datetime, dt.time)},
    ZoneInfo: lambda value: _Is(value) if value.key is None else value.key,
    BotReference: lambda value: value.is_live,
}
