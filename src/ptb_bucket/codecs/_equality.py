"""Equality by content and type: what "changed" means to the merge."""

from __future__ import annotations

import datetime as dt
import types
from collections import Counter, OrderedDict
from decimal import Decimal
from enum import Enum, Flag
from fractions import Fraction
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from telegram import Bot, TelegramObject

from ptb_bucket.codecs._reduction import IrreducibleError, reduction
from ptb_bucket.codecs._structure import Structure, attribute_slots, has_identity, has_own_equality, structure_of
from ptb_bucket.codecs._telegram import content

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterable

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


def fingerprint(value: object) -> Hashable:
    """What a value consists of, in a form that can be compared and hashed.

    Types count at every level (1, 1.0 and True differ, keys included), the order of dicts and sets does not. NaN equals
    itself, 0.0 and -0.0 differ. Telegram objects count with all their content, other objects with what pickle would
    store of them, classes and functions as themselves. What cannot be taken apart (locks, clients) equals only itself,
    and so does whatever lies deeper than any codec stores.

    Args:
        value: Any value. It is not changed.

    Returns:
        Equal for equal values, within this process.
    """
    try:
        return _Walk().of(value, 0)
    except _TooDeep:
        return _CarefulWalk().of(value, 0)


def same(a: object, b: object) -> bool:
    """Whether two values have the same content and types; see :func:`fingerprint`.

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
    return fingerprint(a) == fingerprint(b)


def identical(a: object, b: object) -> bool:
    """Tell whether two values are the same to a program: content, types, order of keys, and sharing.

    Every object with an identity must pair with exactly one object of the other value.

    Args:
        a: One value.
        b: The other one.
    """
    return _Pairing().match(a, b) if type(a) is type(b) else False


class Equality:
    """What "equal" means to one bot: its registered classes are compared by what is stored of them."""

    def fingerprint(self, value: object) -> Hashable:
        """See :func:`fingerprint`."""
        return fingerprint(value)

    def same(self, a: object, b: object) -> bool:
        """See :func:`same`."""
        return same(a, b)

    def identical(self, a: object, b: object) -> bool:
        """See :func:`identical`."""
        return identical(a, b)


class _Pairing:
    """Walks two values side by side."""

    def __init__(self) -> None:
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
            parts = _ordered_parts(one), _ordered_parts(other)
            if parts[0] is None or parts[1] is None:
                if not same(one, other):
                    return False
                continue
            if len(parts[0]) != len(parts[1]):
                return False
            waiting += zip(parts[0], parts[1], strict=True)
        return True


def _ordered_parts(value: Any) -> list[Any] | None:
    """Everything in a container, in its order; None for what is compared as a whole."""
    cls: Any = type(value)
    structure = structure_of(cls)
    if structure is Structure.MAPPING:
        inner = [part for pair in dict.items(value) for part in pair]
        return [*inner, getattr(value, "default_factory", None), *_fields(value)]
    if structure is Structure.SEQUENCE:
        return [*value, getattr(value, "maxlen", None), *_fields(value)]
    if structure is Structure.FIELDS:
        return _fields(value)
    return list(value) if cls is tuple else None


def _fields(value: Any) -> list[Any]:
    slots = [
        part for name in attribute_slots(type(value)) if hasattr(value, name) for part in (name, getattr(value, name))
    ]
    return [*slots, *(part for pair in getattr(value, "__dict__", {}).items() for part in pair)]


class _Walk:
    inside_own = 0  # how many objects around the present one have an equality of their own

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
        if isinstance(value, Enum):
            return (cls, self.of(value.value, depth) if isinstance(value, Flag) else value.name)
        if isinstance(value, _IDENTITIES):
            return _Is(value)
        if isinstance(value, TelegramObject):
            return (cls, self.of(content(value), depth))
        return self.parts(value, depth)

    def parts(self, value: Any, depth: int) -> Hashable:
        own = has_own_equality(value)
        self.inside_own += own
        try:
            return self.reduced(value, depth)
        except IrreducibleError:
            # What a StoredAs stores need not be reducible; its own equality is all that there is to go by.
            if own:
                return (type(value), value)
            if self.inside_own:
                raise
            return _Is(value)
        finally:
            self.inside_own -= own

    def reduced(self, value: Any, depth: int) -> Hashable:
        taken = reduction(value)
        state = self.of(taken.state, depth)
        if isinstance(value, set | frozenset):
            # Their arguments are a list in the order of the hash table.
            return (type(value), self.members(value, depth), state)
        how = (_Is(taken.function), taken.new, self.of(taken.args, depth), self.of(taken.kwargs, depth))
        pairs = self.of(taken.pairs, depth) if isinstance(value, OrderedDict) else self.pairs(taken.pairs, depth)
        return (type(value), how, state, self.of(taken.items, depth), pairs)


class _CarefulWalk(_Walk):
    """Knows where it is, so that a cycle is a step back of so many levels."""

    def __init__(self) -> None:
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


def _itself(value: Any) -> Any:
    return value


_IDENTITIES = (type, types.FunctionType, types.BuiltinFunctionType, types.ModuleType, Bot)

_LEAVES: dict[type, Callable[[Any], Hashable]] = {
    bool: _itself,
    bytes: _itself,
    float: float.hex,
    bytearray: bytes,
    complex: lambda value: (value.real.hex(), value.imag.hex()),
    Decimal: str,
    Fraction: lambda value: (value.numerator, value.denominator),
    dt.date: _itself,
    dt.timedelta: _itself,
    dt.timezone: lambda value: value.__getinitargs__(),
    ZoneInfo: lambda value: _Is(value) if value.key is None else value.key,
    range: lambda value: (value.start, value.stop, value.step),
}
