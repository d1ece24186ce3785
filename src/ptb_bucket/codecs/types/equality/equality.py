"""Equality by content and type, by which a merge decides whether a value has changed."""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING, Any, Final

from ptb_bucket.codecs.types.carriers import class_of, is_one_class, reduction_of
from ptb_bucket.codecs.types.equality.fingerprints import (
    IDENTITIES,
    LEAVES,
    WALKS,
    Is,
    TooDeep,
    TooManyError,
    spread,
    stored_by_functions,
)
from ptb_bucket.codecs.types.equality.identity import has_identity
from ptb_bucket.codecs.types.families import content, is_bot, is_telegram_object, number_shape
from ptb_bucket.codecs.types.guards import ForeignCodeError
from ptb_bucket.codecs.types.reduction import IrreducibleError

if TYPE_CHECKING:
    from collections.abc import Hashable

    from ptb_bucket.codecs.types.shape import Scope

__all__ = ["Equality", "fingerprint", "identical", "same"]


_PLAIN: Final = frozenset({str, int, bool, bytes})
"""Types whose own equality is the right one. They have no identity."""


class Equality:
    """The equality of values for one bot. It never calls an ``__eq__`` of an author's class.

    Rule "Equality by value and type": values are equal if content and type are equal at every level.

    Args:
        scope: The registered classes. Instances of classes with functions are compared by their stored payload.
    """

    def __init__(self, scope: Scope | None = None) -> None:
        self._scope = scope

    def fingerprint(self, value: object) -> Hashable:
        """Return the content of a value in a form that can be compared and hashed.

        Types count at every level (1, 1.0 and True differ, keys included), the order of dicts and sets does not. NaN
        equals itself, 0.0 and -0.0 differ. Telegram objects count with all their content, other objects with their
        stored parts, classes and functions as themselves. Values that cannot be taken apart (locks, clients) equal
        only themselves. In values that are nested more than 130 deep, the order and the sharing count, too.

        Args:
            value: Any value. It is not changed.

        Returns:
            Equal for equal values, within this process.
        """
        for walk in WALKS:
            try:
                return walk(self._scope).of(value, 0)
            except (TooDeep, TooManyError):
                continue
        return self._of_deep(value)

    def _of_deep(self, value: Any) -> Hashable:
        return _Deep(self._scope, value)

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
        if not is_one_class(a, b):
            return False
        if type(a) in _PLAIN:
            return a == b
        return self.fingerprint(a) == self.fingerprint(b)

    def identical(self, a: object, b: object) -> bool:
        """Tell whether two values are indistinguishable to a program, by content, types, order of keys, and sharing.

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
        if cls in LEAVES or cls in (set, frozenset) or issubclass(cls, (Enum, *IDENTITIES)) or is_bot(cls):
            return None
        if number_shape(cls) is not None:
            return None
        if cls is dict:
            return [part for pair in value.items() for part in pair]
        if cls is list or cls is tuple:
            return list(value)
        if is_telegram_object(cls):
            return [part for pair in content(value).items() for part in pair]
        return self._taken_apart(value)

    def _taken_apart(self, value: Any) -> list[Any] | None:
        try:
            if (payload := stored_by_functions(value, self._scope)) is not None:
                return payload
            taken = reduction_of(value)
        except (IrreducibleError, ForeignCodeError):
            return None
        if issubclass(type(value), (set, frozenset)):
            return None
        pairs = [part for pair in taken.pairs for part in pair]
        rows = (taken.args, spread(taken.kwargs), spread(taken.state), taken.items, pairs)
        return [taken.new, *(part for row in rows for part in (len(row), *row))]


_WITHOUT_CLASSES = Equality()
fingerprint = _WITHOUT_CLASSES.fingerprint
same = _WITHOUT_CLASSES.same
identical = _WITHOUT_CLASSES.identical


class _Deep:
    """A value that is too deep for recursion. It equals an identical one, which is compared without recursion."""

    __slots__ = ("_equality", "_value")

    def __init__(self, scope: Scope | None, value: Any) -> None:
        self._equality = _EqualityInside(scope)
        self._value = value

    def __eq__(self, other: object) -> bool:
        return type(other) is _Deep and self._equality.identical(self._value, other._value)

    def __hash__(self) -> int:
        return hash((_Deep, class_of(self._value)))


class _EqualityInside(Equality):
    """The equality of parts that are compared as a whole, such as sets. It would follow a cycle in them forever."""

    def _of_deep(self, value: Any) -> Hashable:
        return Is(value)


class _Pairing:
    """A walk through two values side by side."""

    def __init__(self, equality: Equality) -> None:
        self.equality = equality
        self.partner: dict[int, Any] = {}
        self.taken: dict[int, Any] = {}
        self.tuples: dict[int, tuple[Any, Any]] = {}

    def match(self, a: Any, b: Any) -> bool:
        waiting = [(a, b)]
        while waiting:
            one, other = waiting.pop()
            if type(one) in _PLAIN and type(one) is type(other):
                if one != other:
                    return False
                continue
            paired = is_one_class(one, other) and self._paired(one, other)
            if paired is False:
                return False
            if paired:
                continue
            parts, others = self.equality.parts(one), self.equality.parts(other)
            if parts is None or others is None:
                if not self.equality.same(one, other):
                    return False
            elif len(parts) != len(others):
                return False
            else:
                waiting += zip(parts, others, strict=True)
        return True

    def _paired(self, one: Any, other: Any) -> bool | None:
        """Tell whether two values are partners already; None if both are new, and now they are partners."""
        if has_identity(one):
            if id(one) in self.partner or id(other) in self.taken:
                return self.partner.get(id(one)) is other and self.taken.get(id(other)) is one
            self.partner[id(one)], self.taken[id(other)] = other, one
        elif type(one) is tuple:  # a structure that doubles at each level has too many paths
            if self.tuples.get(id(one), (None, None))[1] is other:
                return True
            self.tuples[id(one)] = (one, other)
        return None
