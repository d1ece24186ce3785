"""Three versions of one list, aligned: which element of each side is which element of the base."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from ptb_bucket.state.merge.matching.elements import match_elements

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable, Sequence

    from ptb_bucket.state.merge.matching.comparison import ElementComparison
    from ptb_bucket.state.merge.matching.elements import ListMatches

__all__ = ["AlignedLists", "ListSide", "align_lists", "unclear_positions"]


class ListSide(NamedTuple):
    """One version of a list.

    Attributes:
        elements: The list.
        exact: For each element, something that is equal for equal elements with the same order of keys, or None.
        fingerprints: For each element, something that is equal only for equal elements.
        origins: For each element, the position of the same one in the base; None for one that was added.
    """

    elements: list[Any]
    exact: Sequence[Hashable]
    fingerprints: Sequence[Hashable]
    origins: list[int | None]


class AlignedLists(NamedTuple):
    """Three versions of a list whose elements were found in one another.

    Attributes:
        sides: Base, ours and theirs.
        both: Positions, in ours and theirs, of elements that both sides added and that are one.
        unclear: Positions in the base of elements that may have been changed and moved, or removed.
    """

    sides: list[ListSide]
    both: dict[int, int]
    unclear: list[int]


def align_lists(comparison: ElementComparison, *versions: list[Any]) -> AlignedLists:
    """Find the elements of three versions of a list in one another.

    Args:
        comparison: Compares elements.
        versions: Base, ours and theirs. Elements that both sides added with the same element key are one.
    """
    exact, fingerprints = comparison.common_fingerprints(*versions)
    found = [match_elements(comparison, versions[0], fingerprints[0], versions[at], fingerprints[at]) for at in (1, 2)]
    moved = [dict(matches.possible_moves) for matches in found]
    _accept_moves(comparison, versions, found, moved)
    origins: list[list[int | None]] = [[*range(len(versions[0]))], *(matches.origins for matches in found)]
    sides = [ListSide(*parts) for parts in zip(versions, exact, fingerprints, origins, strict=True)]
    unfound = [side.keys() - set(found[0].origins) - set(found[1].origins) for side in moved]
    return AlignedLists(sides, _added_by_both(comparison, *sides[1:]), unclear_positions(unfound, sides))


def _accept_moves(
    comparison: ElementComparison,
    versions: Sequence[list[Any]],
    found: Sequence[ListMatches],
    moved: Sequence[dict[int, int]],
) -> None:
    """Take an element that may have been changed and moved for the same one, if the other side confirms it.

    The other side confirms it if it still has the element, or changed other parts of it. If both sides lack the element
    at its place, nothing is confirmed: two logs that dropped their oldest entry look like that, and the newest entry of
    one is not the newest entry of the other.
    """
    base, ours, theirs = versions
    apart = {
        before
        for before in moved[0].keys() & moved[1].keys()
        if comparison.changed_apart(base[before], ours[moved[0][before]], theirs[moved[1][before]])
    }
    for matches, other in (found, reversed(found)):
        confirmed = {at for at in other.origins if at is not None} | apart
        for before, after in matches.possible_moves:
            if before in confirmed:
                matches.origins[after] = before


def unclear_positions(moved: Sequence[Iterable[int]], sides: Sequence[ListSide]) -> list[int]:
    """Return the positions of base elements that may have been moved or removed: the versions do not show which.

    Args:
        moved: For ours and theirs, positions of base elements that the side may have changed and moved, and that were
            found on neither side.
        sides: Base, ours and theirs.
    """
    ours, theirs = map(set, moved)
    both = ours & theirs
    logs = {at for at in both if all(_rolled_past(at, side.origins) for side in sides[1:])}
    return sorted((ours | theirs) - logs)


def _rolled_past(at: int, origins: Sequence[int | None]) -> bool:
    """Tell whether a list is a log that dropped an element at one end and got new ones at the other."""
    known = [origin for origin in origins if origin is not None]
    new = [None] * (len(origins) - len(known))
    return (at < min(known, default=at + 1) and [*known, *new] == [*origins]) or (
        at > max(known, default=at - 1) and [*new, *known] == [*origins]
    )


def _added_by_both(comparison: ElementComparison, ours: ListSide, theirs: ListSide) -> dict[int, int]:
    """Return the positions, in ours and theirs, of elements that both sides added with the same element key.

    Rule "Equal additions stay two": additions without an element key are never taken for one.
    """
    if None not in ours.origins or None not in theirs.origins:
        return {}
    keys = [comparison.element_keys(side.elements) for side in (ours, theirs)]
    mine = {key: at for at, key in enumerate(keys[0]) if ours.origins[at] is None and key is not None}
    return {mine[key]: at for at, key in enumerate(keys[1]) if theirs.origins[at] is None and key in mine}
