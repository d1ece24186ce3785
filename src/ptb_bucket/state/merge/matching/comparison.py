"""Comparing elements of lists: by their key, by their content, and by how much of it they share."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any, Final, Protocol

from ptb_bucket.codecs import Structure, has_identity, is_one_class
from ptb_bucket.state.merge.objects import (
    ATOMS,
    elements_of,
    fields_of,
    inner_parts_of,
    members_of,
    parts_of,
    structure,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterable, Sequence

__all__ = ["Comparing", "ElementComparison", "Position", "is_pairable", "step_to"]

KEY_NAMES: Final = ("id", "_id", "uuid", "key")
_TEXT, _NUMBER, _SWITCH = 2.0, 1.0, 0.5  # equal names say more about identity than equal counts, and flags say little


class Comparing(Protocol):
    """Compares values."""

    def fingerprint(self, value: Any, /) -> Hashable:
        """Return an equal hash for equal values."""
        ...

    def same(self, one: Any, other: Any, /) -> bool:
        """Return whether two values are equal."""
        ...


def is_pairable(value: Any) -> bool:
    """Tell whether an element can change and stay the same element: containers, objects, and values that hold some."""
    if type(value) in ATOMS:
        return False
    return structure(value) is not Structure.VALUE or has_identity(value) or any(map(is_pairable, parts_of(value)))


class ElementComparison:
    """Compares elements.

    Args:
        equality: Decides which values are equal.
        exact: Encodes values of built-in classes; returns None for others.
    """

    def __init__(self, equality: Comparing, exact: Callable[[Any], bytes | None]) -> None:
        self._equality, self._exact = equality, exact

    # ---------------------------------------------------------------- fingerprints

    def fingerprints(self, elements: Iterable[Any]) -> list[Hashable]:
        """Return a fingerprint of the content of each element."""
        of = self._equality.fingerprint
        return [element if type(element) is str or type(element) is int else of(element) for element in elements]

    def common_fingerprints(self, *sides: Sequence[Any]) -> tuple[list[list[Hashable]], list[list[Hashable]]]:
        """Return for each element of several lists something that is equal for elements of equal content.

        Returns:
            Two such lists for each side. The first also compares the order of keys, and has None where that order is
            not known; the second compares the content alone.
        """
        raw = [[self._quick(element) for element in side] for side in sides]
        if all(side == raw[0] and None not in side for side in raw):
            return raw, raw
        everywhere = set.intersection(*map(set, raw)) - {None}
        return raw, [
            [
                name if name in everywhere else self._equality.fingerprint(element)
                for name, element in zip(names, side, strict=True)
            ]
            for names, side in zip(raw, sides, strict=True)
        ]

    def _quick(self, element: Any) -> Hashable:
        cls = type(element)
        if cls is str or cls is int:
            return element  # type: ignore[no-any-return]
        if cls in ATOMS or not is_pairable(element):
            return self._equality.fingerprint(element)
        found = self._exact(element)
        return None if found is None else (found,)

    def part_fingerprints(self, value: Any) -> set[Hashable]:
        """Return a fingerprint of each part of a container, together with the part's key if it has one."""
        if structure(value) is Structure.SEQUENCE or isinstance(value, (set, frozenset)):
            return set(self.fingerprints(elements_of(value)))
        parts = _named_parts(value) or dict(inner_parts_of(value))
        return {(key, self._equality.fingerprint(part)) for key, part in parts.items()}

    # ---------------------------------------------------------------- element keys

    def element_keys(self, elements: Sequence[Any]) -> list[Hashable]:
        """Return the element key of each element; None if it has none, or shares it with another element."""
        keys = [self._element_key(element) for element in elements]
        times = Counter(keys)
        return [key if times[key] == 1 else None for key in keys]

    def _element_key(self, element: Any) -> Hashable:
        name = None if type(element) in ATOMS else _key_name(element)
        return None if name is None else (name, self._equality.fingerprint(_named_parts(element)[name]))

    def _differ_in_key(self, one: Any, other: Any) -> bool:
        names = [_key_name(one), _key_name(other)]
        if None in names:
            return False
        parts = _named_parts(one), _named_parts(other)
        return names[0] != names[1] or not self._equality.same(parts[0][names[0]], parts[1][names[1]])

    # ---------------------------------------------------------------- content

    def similarity(self, one: Any, other: Any) -> float:
        """Return how much of their content two containers share, from 0 to 1.

        The share of the smaller one weighs most: an element that gained many keys is still the same element.
        """
        if not is_one_class(one, other) or self._differ_in_key(one, other):
            return 0.0
        if structure(one) is Structure.SEQUENCE or isinstance(one, (set, frozenset)):
            sides = [Counter(self.fingerprints(elements_of(value))) for value in (one, other)]
            sizes = [sum(side.values()) for side in sides]
            return _overlap(sum((sides[0] & sides[1]).values()), *sizes)
        return self._shared_parts(*(_named_parts(value) or dict(inner_parts_of(value)) for value in (one, other)))

    def _shared_parts(self, one: dict[Any, Any], other: dict[Any, Any]) -> float:
        shared = 0.0
        for key, part in one.items():
            if key in other and self._equality.same(part, other[key]):
                shared += _weight(part)
        return _overlap(shared, sum(map(_weight, one.values())), sum(map(_weight, other.values())))

    def changed_apart(self, base: Any, ours: Any, theirs: Any) -> bool:
        """Tell whether two versions of a container changed different parts of it, as two edits of one element do.

        Two new entries of a log that replace an old one differ from it in the same parts.
        """
        sides = [_named_parts(value) for value in (base, ours, theirs)]
        return bool(sides[0]) and all(self._is_taken_from_one(key, *sides) for key in {*sides[0], *sides[1], *sides[2]})

    def named_apart(self, base: Any, ours: Any, theirs: Any) -> bool:
        """Tell whether two versions of a container have different new texts under one key, such as two names."""
        old, mine, other = (_named_parts(value) for value in (base, ours, theirs))
        return any(
            _weight(mine[key]) == _weight(other[key]) == _TEXT and not self._is_taken_from_one(key, old, mine, other)
            for key in mine
            if key in other and not self._equality.same(mine[key], other[key])
        )

    def _is_taken_from_one(self, key: Any, base: dict[Any, Any], *sides: dict[Any, Any]) -> bool:
        if key not in base:
            return not all(key in side for side in sides)
        return any(key in side and self._equality.same(base[key], side[key]) for side in sides)

    def may_be_one(self, one: Any, other: Any) -> bool:
        """Tell whether neither the structure nor an element key says that two containers are different things."""
        kind = structure(one)
        if kind is not structure(other):
            return False
        same_kind = is_one_class(one, other) or kind in (Structure.MAPPING, Structure.SEQUENCE)
        return same_kind and not self._differ_in_key(one, other)


class Position(int):
    """The position of an element that has an element key. The key is data: resolvers see it, logs never do."""

    id: Any


def step_to(element: Any, at: int) -> int:
    """Return an element's step in a path: its position, which carries the element key if there is one."""
    name = _key_name(element)
    if name is None:
        return at
    step = Position(at)
    step.id = _named_parts(element)[name]
    return step


def _key_name(element: Any) -> Any:
    """Return the dict key or attribute that holds a container's element key; None if it has none."""
    parts = _named_parts(element)
    return next((name for name in KEY_NAMES if parts.get(name) is not None), None) if parts else None


def _named_parts(value: Any) -> dict[Any, Any]:
    kind = structure(value)
    if kind is Structure.MAPPING:
        return members_of(value)
    if kind in (Structure.SEQUENCE, Structure.SET) or not has_identity(value):
        return {}
    return fields_of(value)


def _overlap(shared: float, one: float, other: float) -> float:
    if not one and not other:
        return 1.0
    return 0.8 * shared / min(one, other) + 0.2 * shared / max(one, other) if shared else 0.0


def _weight(value: Any) -> float:
    if type(value) in (str, bytes):
        return _TEXT
    return _SWITCH if value is None or type(value) is bool else _NUMBER
