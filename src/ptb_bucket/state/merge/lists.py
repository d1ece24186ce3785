"""The three-way merge of lists.

Rule "Lists merge by element": if both sides only appended, both additions are kept in commit order, theirs first. If
all versions are equally long and changed at different positions, they merge position by position. Otherwise they merge
by element: an element that either side removed is removed, an element that either side added is added, elements that
both sides have are merged with each other, and the order is that of the side that changed it.
"""

from __future__ import annotations

from collections.abc import Hashable
from typing import TYPE_CHECKING, Any, Protocol

from ptb_bucket.state.merge.decisions import KEPT_BOTH, MAY_HAVE_MOVED_AWAY
from ptb_bucket.state.merge.matching import MAY_HAVE_MOVED, OURS, THEIRS, is_pairable, step_to
from ptb_bucket.state.merge.resolvers import MISSING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ptb_bucket.state.merge.matching import AlignedLists, ElementComparison, ListSide
    from ptb_bucket.state.merge.objects import Path

__all__ = ["merge_lists"]

ElementName = int | tuple[Hashable, ...]
"""Names an element: its position in the base, or the side that added it and its position there."""


class ElementMerge(Protocol):
    """Merges elements; see :class:`~ptb_bucket.state.merge.values.ValueMerge`."""

    comparison: ElementComparison

    def merge_at(self, path: Path, base: Any, ours: Any, theirs: Any) -> Any: ...
    def from_side(self, path: Path, value: Any, side: int) -> Any: ...
    def is_edited(self, base: Any, value: Any, side: int) -> bool: ...
    def note_removed(self, path: Path, base: Any, value: Any, side: int) -> None: ...
    def note_decision(self, path: Path, *what: Any) -> None: ...


def merge_lists(merge: ElementMerge, path: Path, lists: AlignedLists) -> list[Any]:
    """Merge three lists.

    Args:
        merge: Merges elements that all three lists have.
        path: The steps to the list.
        lists: The three lists.
    """
    for at in lists.unclear:
        merge.note_decision((*path, at), MAY_HAVE_MOVED_AWAY)
    merging = _ListMerge(merge, path, lists.sides, lists.both)
    base, ours, theirs = lists.sides
    length = len(base.elements)
    ours_same, theirs_same = (side.fingerprints == base.fingerprints for side in (ours, theirs))
    if (theirs_same and merging.has_all(ours)) or (ours_same and merging.has_all(theirs)):
        return merging.merged(merging.names_in_ours if theirs_same else merging.names_in_theirs)
    if all(side.fingerprints[:length] == base.fingerprints for side in (ours, theirs)):
        return merging.merged([*merging.names_in_theirs, *merging.names_in_ours[length:]])
    if length == len(ours.elements) == len(theirs.elements) and all(map(merging.is_clear_at, range(length))):
        return [merging.merge_position(at) for at in range(length)]
    return merging.merged(merging.order())


class _ListMerge:
    """The merge of one list."""

    def __init__(self, merge: ElementMerge, path: Path, sides: Sequence[ListSide], both: dict[int, int]) -> None:
        self.merge, self.path = merge, path
        self.base, self.ours, self.theirs = sides
        self.names_in_theirs: list[ElementName] = [
            ("theirs", at) if origin is None else origin for at, origin in enumerate(self.theirs.origins)
        ]
        self.names_in_ours: list[ElementName] = [
            (("theirs", both[at]) if at in both else ("ours", at)) if origin is None else origin
            for at, origin in enumerate(self.ours.origins)
        ]
        self._in_ours = {name: at for at, name in enumerate(self.names_in_ours)}
        self._in_theirs = {name: at for at, name in enumerate(self.names_in_theirs)}

    def merged(self, order: Sequence[ElementName]) -> list[Any]:
        """Return the merged elements that stay."""
        values = (self._merge_element(name) for name in order)
        return [value for value in values if value is not MISSING]

    # ---------------------------------------------------------------- order

    def order(self) -> list[ElementName]:
        """Return our order if only we moved elements, else theirs, with the other side's additions."""
        base: set[ElementName] = set(range(len(self.base.elements)))
        ours, theirs = self.names_in_ours, self.names_in_theirs
        if _has_moved(ours) and not _has_moved(theirs):
            return self._with_kept(_with_additions(ours, theirs, base, before=True), theirs)
        return self._with_kept(_with_additions(theirs, ours, base, before=False), ours)

    def _with_kept(self, order: list[ElementName], other: list[ElementName]) -> list[ElementName]:
        """Add elements that one side removed and that stay all the same, behind those that they followed."""
        there = set(order)
        for at, name in enumerate(other):
            if name in there:
                continue
            if self._stays_though_removed(name):
                before = next((order.index(known) for known in reversed(other[:at]) if known in there), -1)
                order.insert(before + 1, name)
                there.add(name)
            else:
                self._merge_element(name)  # notes a lost edit
        return order

    def has_all(self, side: ListSide) -> bool:
        """Tell whether a side removed nothing."""
        return len({origin for origin in side.origins if origin is not None}) == len(self.base.elements)

    # ---------------------------------------------------------------- position by position

    def is_clear_at(self, at: int) -> bool:
        """Tell whether at most one side changed a position, or both changed the same element there."""
        known = self.base.fingerprints[at]
        return known in (self.ours.fingerprints[at], self.theirs.fingerprints[at]) or self._stays_at(at)

    def _stays_at(self, at: int) -> bool:
        return self.ours.origins[at] == at == self.theirs.origins[at]

    def merge_position(self, at: int) -> Any:
        """Return the merged element at one position of equally long lists."""
        if self._stays_at(at):
            return self._merge_three(at, at, at)
        ours_changed = self.ours.fingerprints[at] != self.base.fingerprints[at]
        (side, which), (other, whose) = ((self.ours, OURS), (self.theirs, THEIRS))[:: 1 if ours_changed else -1]
        if at not in side.origins:
            self.merge.note_removed((*self.path, at), self.base.elements[at], other.elements[at], whose)
        return self.merge.from_side((*self.path, at), side.elements[at], which)

    # ---------------------------------------------------------------- element by element

    def _merge_element(self, name: ElementName) -> Any:
        """Return one merged element; MISSING if it is removed.

        Rule "Removed elements stay removed": an element that either side deleted is deleted. If the other side had
        edited it, the lost edit is noted.
        """
        ours, theirs = self._in_ours.get(name), self._in_theirs.get(name)
        if ours is not None and theirs is not None:
            return self._merge_three(name, ours, theirs)
        side, at, which = (self.theirs, theirs, THEIRS) if ours is None else (self.ours, ours, OURS)
        if at is None:
            return MISSING
        if isinstance(name, int) and not self._stays_though_removed(name):
            self.merge.note_removed((*self.path, name), self.base.elements[name], side.elements[at], which)
            return MISSING
        if isinstance(name, int):
            self.merge.note_decision((*self.path, name), KEPT_BOTH)
        return self.merge.from_side((*self.path, at), side.elements[at], which)

    def _merge_three(self, name: ElementName, ours: int, theirs: int) -> Any:
        mine, other = self.ours.elements[ours], self.theirs.elements[theirs]
        if not is_pairable(other):
            return self.merge.from_side((*self.path, theirs), other, THEIRS)
        base = MISSING
        if isinstance(name, int):
            base, exact = self.base.elements[name], self.base.exact[name]
            if exact is not None and exact == self.ours.exact[ours] == self.theirs.exact[theirs]:
                return other
        return self.merge.merge_at((*self.path, step_to(other, theirs)), base, mine, other)

    def _stays_though_removed(self, name: ElementName) -> bool:
        """Tell whether an element that one side lacks and the other one changed may be more than a deletion.

        If the changed element has nothing in common with the base's, it may be an addition. If the side that lacks the
        element added a similar one, the element may have become that one. Both edits stay then.
        """
        if not isinstance(name, int):
            return False
        in_ours = name in self._in_ours
        side, lacking, which = (self.ours, self.theirs, OURS) if in_ours else (self.theirs, self.ours, THEIRS)
        at = self._in_ours[name] if in_ours else self._in_theirs.get(name, -1)
        base = self.base.elements[name]
        if at < 0 or not self.merge.is_edited(base, side.elements[at], which):
            return False
        return self.merge.comparison.similarity(base, side.elements[at]) == 0.0 or self._has_similar(lacking, base)

    def _has_similar(self, side: ListSide, base: Any) -> bool:
        """Tell whether a side added an element that may be a changed element of the base."""
        added = (element for element, origin in zip(side.elements, side.origins, strict=True) if origin is None)
        similarity = self.merge.comparison.similarity
        return any(is_pairable(element) and similarity(base, element) >= MAY_HAVE_MOVED for element in added)


def _has_moved(side: list[ElementName]) -> bool:
    known = [name for name in side if isinstance(name, int)]
    return known != sorted(known)


def _with_additions(
    order: list[ElementName], other: list[ElementName], base: set[ElementName], *, before: bool
) -> list[ElementName]:
    """Put each addition of ``other`` behind the element that it follows there.

    Where ``order`` has additions at the same place, ``before`` says whether other's come before them.
    """
    additions = _by_predecessor(order, other, base)
    known = base | set(other)
    joined: list[ElementName] = []
    waiting = additions.get(None, [])
    for name in order:
        if before or name in known:
            joined += waiting
            waiting = []
        joined.append(name)
        if name in additions:  # a copy for every element would be quadratic
            waiting = [*waiting, *additions[name]]
    return joined + waiting


def _by_predecessor(
    order: list[ElementName], other: list[ElementName], base: set[ElementName]
) -> dict[ElementName | None, list[ElementName]]:
    present = set(order)
    additions: dict[ElementName | None, list[ElementName]] = {}
    predecessor: ElementName | None = None
    for name in other:
        if name in present:
            predecessor = name
        elif name not in base:  # an element of the base that is not in order was deleted there
            additions.setdefault(predecessor, []).append(name)
    return additions
