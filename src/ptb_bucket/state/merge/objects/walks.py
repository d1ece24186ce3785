"""Walking through a record: its objects, and the places that several of them share. Each value is visited once."""

from __future__ import annotations

from collections import Counter
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

from ptb_bucket.codecs import Structure, has_identity
from ptb_bucket.state.merge.objects.fields import ATOMS, elements_of, structure
from ptb_bucket.state.merge.objects.parts import parts_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

__all__ = ["Objects", "has_sharing", "values_holding_objects"]


def has_sharing(*roots: Any) -> bool:
    """Tell whether an object is at two places, or inside itself, in one of several versions.

    Args:
        roots: The versions. If all are trees, this may take most of the time of a merge.
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


def values_holding_objects(structure: Callable[[Any], Structure], root: Any) -> list[Any]:
    """Return the values that hold objects and are not merged by place, such as a tuple that holds a dict.

    If both sides change such an object, only a merge by object finds it there.

    Args:
        structure: Tells how a value's parts hang together.
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
        without: Ids of objects to leave out, together with what only they hold.

    Attributes:
        by_id: The objects.
    """

    def __init__(self, root: Any, without: Iterable[int] = ()) -> None:
        self.root = root
        self.by_id: dict[int, Any] = {}
        seen: set[int] = {*without}
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

    @cached_property
    def elements(self) -> set[int]:
        """The ids of all elements of lists."""
        lists = (value for value in self.by_id.values() if structure(value) is Structure.SEQUENCE)
        return {id(element) for value in lists for element in elements_of(value)}

    @cached_property
    def places(self) -> Counter[int]:
        """For each object, by its id: at how many places it is."""
        found: Counter[int] = Counter()
        waiting = [self.root]
        while waiting:
            value = waiting.pop()
            found[id(value)] += 1
            if found[id(value)] == 1:
                waiting += [part for part in _quick_parts(value) if type(part) not in ATOMS]
        return found
