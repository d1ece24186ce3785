"""The objects of one version of a record, and what each of them consists of, with each visited once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final
from ptb_bucket.codecs import Structure, class_of, has_identity, is_one_class
from ptb_bucket.state.merge.objects.fields import ATOMS, elements_of, fields_of, members_of, structure
from ptb_bucket.state.merge.objects.parts import inner_of, parts_of, rest_of
import datetime as dt
import pickle
from io import BytesIO
from typing import Any, Final
from uuid import UUID

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

    from ptb_bucket.codecs import Equality

__all__ = ["Exact", "Objects", "Prints", "has_sharing", "holders_in"]


def has_sharing(*roots: Any) -> bool:
    """Tell whether in one of several versions an object is at two places, or inside itself.

    Args:
        roots: The versions. Where all are trees, most of a merge's time may go into finding that out.
    """
    return any(map(_has_sharing, roots))


def _has_sharing(root: Any) -> bool:
    seen: set[int] = set()
    see, atoms = seen.add, ATOMS
    waiting = [root]
    wait = waiting.append
    while waiting:
        value = waiting.pop()
        if id(value) in seen:
            # A tuple at two places shares what it holds.
            if has_identity(value) or any(type(part) not in atoms for part in parts_of(value)):
                return True
            continue
        see(id(value))
        cls = type(value)
        parts = () if cls in atoms else _quick_parts(value)
        for part in parts:
            if type(part) not in atoms:
                wait(part)
    return False


def holders_in(structure: Callable[[Any], Structure], root: Any) -> list[Any]:
    """Return the values that hold objects and are not merged place by place, such as a dict in a tuple or in a set.

    If both sides change such an object, only the merge of objects finds it there.

    Args:
        structure: How a value's parts hang together.
        root: One version of a record, which must be a tree.

    Returns:
        The outermost ones.
    """
    found = []
    waiting = [root]
    wait = waiting.append
    while waiting:
        value = waiting.pop()
        cls = type(value)
        if cls is not dict and cls is not list and structure(value) in _NOT_BY_PLACE and _holds_object(value):
            found.append(value)
            continue
        for part in _quick_parts(value):
            if type(part) not in ATOMS:
                wait(part)
    return found


_NOT_BY_PLACE: Final = (Structure.VALUE, Structure.SET)


def _holds_object(value: Any) -> bool:
    return any(type(part) not in ATOMS and (has_identity(part) or _holds_object(part)) for part in parts_of(value))


def _quick_parts(value: Any) -> Any:
    cls = type(value)
    return value.values() if cls is dict else value if cls is list else parts_of(value)


class Objects:
    """The objects of one version, in document order.

    Args:
        root: The version.

    Attributes:
        by_id: The objects.
    """

    def __init__(self, root: Any) -> None:
        self.root = root
        self.by_id: dict[int, Any] = {}
        seen: set[int] = set()
        waiting = [root]
        while waiting:
            value = waiting.pop()
            if type(value) in ATOMS or id(value) in seen:
                continue
            seen.add(id(value))
            if has_identity(value):
                self.by_id[id(value)] = value
            inside = [part for part in _quick_parts(value) if type(part) not in ATOMS]
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
            content = self._content(value)
        return class_of(value), content, fields

    def _content(self, value: Any) -> Hashable:
        """Return what makes up a value that is merged as a whole, attributes aside."""
        of, inner = self.fingerprint, inner_of(value)
        if not inner:
            return self._equality.fingerprint(value)
        rest = tuple(self._equality.fingerprint(part) for part in rest_of(value) if part is not value)
        if isinstance(value, (set, frozenset)):
            return rest, frozenset(of(part) for step, part in inner if step is None)
        return rest, tuple(of(part) for _, part in inner)

    def same(self, one: Any, other: Any) -> bool:
        """Tell whether two values look alike."""
        return is_one_class(one, other) and self.fingerprint(one) == self.fingerprint(other)


_PLAIN: Final = frozenset({dt.datetime, dt.date, dt.time, dt.timedelta, dt.timezone, UUID})


class _NotPlainError(Exception):
    """Something in it is not of a built-in class: no code of its class may run here."""


class _Plain(pickle.Pickler):
    def reducer_override(self, value: Any) -> Any:
        # Called for everything that pickle does not know by itself.
        if type(value) in _PLAIN or (type(value) is type and value in _PLAIN):
            return NotImplemented
        raise _NotPlainError


class Exact:
    """Writes values of built-in classes as bytes, which takes a fraction of the time of a walk in Python."""

    def __init__(self) -> None:
        self._out = BytesIO()
        self._pickler = _Plain(self._out, 5)
        # Otherwise the same text twice and two equal texts would make different bytes.
        self._pickler.fast = True

    def __call__(self, value: Any) -> bytes | None:
        """Return bytes that are equal only for values of the same types, content and order, sharing aside.

        Args:
            value: Any value. No code of its author runs.

        Returns:
            None for a value that contains anything but built-in classes, or is nested deeply. Equal values may have
            different bytes all the same, such as sets.
        """
        self._out.seek(0)
        self._out.truncate()
        try:
            self._pickler.dump(value)
        except (_NotPlainError, ValueError, RecursionError, pickle.PicklingError):
            return None
        return self._out.getvalue()
