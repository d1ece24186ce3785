"""The objects of one version of a record, and what each of them consists of, with each visited once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ptb_bucket.codecs import Structure, has_identity
from ptb_bucket.state._fields import ATOMS, elements_of, fields_of, inner_of, members_of, parts_of, structure

if TYPE_CHECKING:
    from collections.abc import Hashable

    from ptb_bucket.codecs import Equality

__all__ = ["Objects", "Prints"]


class Objects:
    """The objects of one version, in document order.

    Args:
        root: The version.

    Attributes:
        by_id: The objects.
        are_shared: Whether an object is at two places, or inside itself; also where that is only possible.
    """

    def __init__(self, root: Any) -> None:
        self.root = root
        self.by_id: dict[int, Any] = {}
        self.are_shared = False
        values: set[int] = set()
        waiting = [root]
        while waiting:
            value = waiting.pop()
            cls = type(value)
            if cls in ATOMS:
                continue
            if cls is dict or cls is list or has_identity(value):
                if id(value) in self.by_id:
                    self.are_shared = True
                    continue
                self.by_id[id(value)] = value
            elif id(value) in values:
                # A tuple at two places shares what it holds.
                self.are_shared = self.are_shared or any(type(part) not in ATOMS for part in parts_of(value))
                continue
            else:
                values.add(id(value))
            parts: Any = value.values() if cls is dict else value if cls is list else parts_of(value)
            inside = [part for part in parts if type(part) not in ATOMS]
            inside.reverse()
            waiting += inside


class Prints:
    """What objects consist of, with each of them visited once, however often it occurs.

    Good for guesses, not for decisions: two cycles may differ and look alike.
    """

    def __init__(self, equality: Equality) -> None:
        self._equality = equality
        self._known: dict[int, tuple[Hashable, Any]] = {}
        self._numbers: dict[Hashable, int] = {}

    def fingerprint(self, value: Any) -> Hashable:
        """Return something that is equal for equal values."""
        cls = type(value)
        if cls is str or cls is int:
            return value  # type: ignore[no-any-return]
        if cls in ATOMS or not (has_identity(value) or inner_of(value)):
            return self._equality.fingerprint(value)
        if id(value) not in self._known:
            self._known[id(value)] = (Prints, value)  # what is inside a cycle sees this
            made = self._of(value)
            self._known[id(value)] = ((Prints, self._numbers.setdefault(made, len(self._numbers))), value)
        return self._known[id(value)][0]

    def _of(self, value: Any) -> Hashable:
        kind, of = structure(value), self.fingerprint
        fields = frozenset((name, of(part)) for name, part in fields_of(value).items())
        content: Hashable = None
        if kind is Structure.MAPPING:
            content = frozenset((of(key), of(part)) for key, part in members_of(value).items())
        elif kind is Structure.SEQUENCE:
            content = tuple(map(of, elements_of(value)))
        elif kind is Structure.SET:
            content = frozenset(map(of, elements_of(value)))
        elif kind is Structure.VALUE:
            inner = inner_of(value)
            content = tuple(of(part) for _, part in inner) if inner else self._equality.fingerprint(value)
        return type(value), content, fields

    def same(self, one: Any, other: Any) -> bool:
        """Tell whether two values look alike."""
        return type(one) is type(other) and self.fingerprint(one) == self.fingerprint(other)
