"""The keys of a merged mapping: which object each of them is, and in which order they come."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from ptb_bucket.codecs import Equality

__all__ = ["merged_keys"]

_PLAIN: Final = ({str}, {int}, set())
"""What nearly all mappings have as keys. Keys of several types may be equal, as 1 and True are."""


def merged_keys(
    base: Mapping[Any, Any], ours: Mapping[Any, Any], theirs: Mapping[Any, Any], equality: Equality
) -> Iterable[tuple[Any, Any]]:
    """Return every key of ours and theirs once.

    Args:
        base: What both sides started from.
        ours: This instance's mapping.
        theirs: The bucket's.
        equality: What equal means.

    Returns:
        Pairs of a key by which all three can be asked, and the key that stays: of two equal ones, that of the side
        which changed its type.
    """
    order = _order(list(base), list(ours), list(theirs))
    if {*map(type, base), *map(type, ours), *map(type, theirs)} in _PLAIN:
        return ((key, key) for key in order)
    named = [{key: key for key in side} for side in (base, ours, theirs)]
    return ((key, _kept(key, *named, equality)) for key in order)


def _kept(key: Any, base: dict[Any, Any], ours: dict[Any, Any], theirs: dict[Any, Any], equality: Equality) -> Any:
    if key not in ours or key not in theirs:
        return key
    ours_changed = key in base and equality.same(theirs[key], base[key])
    return ours[key] if ours_changed else theirs[key]


def _order(base: list[Any], ours: list[Any], theirs: list[Any]) -> list[Any]:
    """The order of the side that changed it; theirs, if both did; new keys of ours behind those of theirs."""
    if ours == theirs:
        return theirs
    known = set(theirs)
    if _moved(base, ours) and not _moved(base, theirs):
        return _joined(base, ours, theirs)
    return [*theirs, *(key for key in ours if key not in known)]


def _joined(base: list[Any], ours: list[Any], theirs: list[Any]) -> list[Any]:
    """Ours, with their new keys before the new ones at our end."""
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
