"""The keys of a merged mapping: which keys of the three versions are the same one, and their order."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any, Final

from ptb_bucket.state.merge.resolvers import MISSING

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable, Mapping

    from ptb_bucket.codecs import Equality

__all__ = ["align_members"]

_PLAIN: Final[tuple[set[type], ...]] = ({str}, {int}, set())
"""The types of keys in nearly all mappings. Keys of several types may be equal, as 1 and True are."""


def align_members(
    base: Mapping[Any, Any], ours: Mapping[Any, Any], theirs: Mapping[Any, Any], equality: Equality
) -> Iterable[tuple[Any, Any, Any, Any]]:
    """Return every member of the mappings of both sides once, in the merged order.

    Args:
        base: The mapping that both sides started from.
        ours: This instance's mapping.
        theirs: The bucket's mapping.
        equality: Decides which keys are equal.

    Returns:
        The merged key, and its values in base, ours and theirs, or MISSING. If keys are equal but of different types,
        the key of the side that changed the type stays.
    """
    if {*map(type, base), *map(type, ours), *map(type, theirs)} in _PLAIN:
        order = _order(list(base), list(ours), list(theirs))
        return (
            (key, base.get(key, MISSING), ours.get(key, MISSING), theirs.get(key, MISSING)) for key in order
        )  # fmt: skip
    numbers = _numbered((base, ours, theirs), equality)
    members = [
        dict(zip(known, side.items(), strict=True)) for known, side in zip(numbers, (base, ours, theirs), strict=True)
    ]
    return [_chosen([side.get(number) for side in members], equality) for number in _order(*numbers)]


def _numbered(sides: Iterable[Mapping[Any, Any]], equality: Equality) -> list[list[int]]:
    """Number the keys of several mappings: equal ones alike, and those that equal only themselves by their content."""
    by_key: dict[Any, int] = {}
    by_fingerprint: dict[Hashable, int] = {}
    fresh = itertools.count()
    found: list[list[int]] = []
    for side in sides:
        used: dict[int, None] = {}
        for key in side:
            name = equality.fingerprint(key)
            number = by_key.get(key, by_fingerprint.get(name))
            if number is None or number in used:
                number = next(fresh)
            by_key.setdefault(key, number)
            by_fingerprint.setdefault(name, number)
            used[number] = None
        found.append(list(used))
    return found


def _chosen(found: list[tuple[Any, Any] | None], equality: Equality) -> tuple[Any, Any, Any, Any]:
    """Return the key that stays, and its values on the three sides."""
    base, ours, theirs = found
    kept = theirs or ours or (MISSING, MISSING)
    if ours and theirs and base and equality.same(theirs[0], base[0]):
        kept = ours  # theirs is unchanged, so ours may be the changed one
    values = [MISSING if member is None else member[1] for member in found]
    return kept[0], values[0], values[1], values[2]


def _order(base: list[Any], ours: list[Any], theirs: list[Any]) -> list[Any]:
    """Return the order of the side that changed it; theirs if both did. Our new keys come after their new keys."""
    if ours == theirs:
        return theirs
    known = set(theirs)
    if _moved(base, ours) and not _moved(base, theirs):
        return _joined(base, ours, theirs)
    return [*theirs, *(key for key in ours if key not in known)]


def _joined(base: list[Any], ours: list[Any], theirs: list[Any]) -> list[Any]:
    """Return our order, with their new keys before the new keys at our end."""
    old, mine = set(base), set(ours)
    end = len(ours)
    while end and ours[end - 1] not in old:
        end -= 1
    new = [key for key in theirs if key not in mine]
    return [*ours[:end], *new, *ours[end:]]


def _moved(base: list[Any], side: list[Any]) -> bool:
    """Tell whether a side did more than remove keys, and add some at the end."""
    if side[: len(base)] == base:
        return False
    there = set(side)
    staying = [key for key in base if key in there]
    return side[: len(staying)] != staying
