"""Finding the elements of an older list in a newer one, also after somebody changed them.

Equal elements are the same one, and so are elements with the same element key. Of the containers left over, those in
the same gap between known elements are paired: in order if both lists have equally many, otherwise by their content.
Where two in order have nothing in common, those that are alike come first.
A container that is still left over may have been changed *and* moved. That is only a guess.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from ptb_bucket.state.merge.matching.comparison import is_pairable
from ptb_bucket.state.merge.objects import structure

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable, Sequence

    from ptb_bucket.state.merge.matching.comparison import ElementComparison

__all__ = ["MAY_HAVE_MOVED", "ListMatches", "match_elements", "match_equal"]

MAY_HAVE_MOVED: Final = 0.5
"""The similarity from which two containers at different places may be the same one."""
_IS_LIKE: Final = 0.01  # anything in common: of several, the first one is as good a guess as any
_TOO_MANY: Final = 10_000  # pairs to compare: finding the most similar ones may take milliseconds, not seconds
_FEW: Final = 8  # a part that at most so many elements have identifies them


class ListMatches(NamedTuple):
    """The elements of an older list, found in a newer one.

    Attributes:
        origins: For each element of the newer list, the position of the same one in the older list; None for a new one.
        possible_moves: Pairs of positions (older list, newer list) of elements that may be the same one, changed and
            moved; best first.
    """

    origins: list[int | None]
    possible_moves: list[tuple[int, int]]


def match_elements(
    comparison: ElementComparison,
    older: Sequence[Any],
    older_fingerprints: Sequence[Hashable],
    newer: Sequence[Any],
    newer_fingerprints: Sequence[Hashable],
) -> ListMatches:
    """Find the elements of an older list in a newer one.

    Args:
        comparison: Compares elements.
        older: The older list.
        older_fingerprints: The fingerprints of its elements.
        newer: The newer list.
        newer_fingerprints: The fingerprints of its elements.
    """
    origins = match_equal(older_fingerprints, newer_fingerprints)
    found = set(origins)
    left = [at for at, element in enumerate(older) if at not in found and is_pairable(element)]
    new = [at for at, element in enumerate(newer) if origins[at] is None and is_pairable(element)]
    if not (left and new):
        return ListMatches(origins, [])
    unmatched = _UnmatchedElements(comparison, older, newer, origins)
    return unmatched.matched(*unmatched.without_equal_keys(left, new))


def match_equal(older: Sequence[Hashable], newer: Sequence[Hashable]) -> list[int | None]:
    """Find equal elements: those at the beginning and at the end, those at the same place, and then one by one.

    Args:
        older: The fingerprints of the older list's elements.
        newer: The fingerprints of the newer list's elements.

    Returns:
        For each element of the newer list the position of an equal one in the older list, or None.
    """
    origins: list[int | None] = [None] * len(newer)
    shorter = min(len(older), len(newer))
    begin = next((at for at in range(shorter) if older[at] != newer[at]), shorter)
    end = next((at for at in range(shorter - begin) if older[-1 - at] != newer[-1 - at]), shorter - begin)
    origins[:begin] = range(begin)
    origins[len(newer) - end :] = range(len(older) - end, len(older))
    if begin + end < shorter or len(older) != len(newer):
        _match_between(older, newer, origins, (begin, end))
    return origins


def _match_between(
    older: Sequence[Hashable], newer: Sequence[Hashable], origins: list[int | None], ends: tuple[int, int]
) -> None:
    begin, end = ends
    if len(older) == len(newer):
        for at in range(begin, len(newer) - end):
            origins[at] = at if older[at] == newer[at] else None
    found = set(origins)
    free: dict[Hashable, deque[int]] = {}
    for at in range(begin, len(older) - end):
        if at not in found:
            free.setdefault(older[at], deque()).append(at)
    for at in range(begin, len(newer) - end):
        if origins[at] is None and (places := free.get(newer[at])):
            origins[at] = places.popleft()


class _UnmatchedElements:
    """Containers that equal none in the other list. Pairing them completes ``origins``.

    Rule "Elements are never doubled": containers left over in both lists are paired, in order if there are equally
    many, else by similarity, and merged. Otherwise an element that both sides changed would occur twice.
    """

    def __init__(
        self, comparison: ElementComparison, older: Sequence[Any], newer: Sequence[Any], origins: list[int | None]
    ) -> None:
        self.comparison, self.older, self.newer, self.origins = comparison, older, newer, origins

    def without_equal_keys(self, left: list[int], new: list[int]) -> tuple[list[int], list[int]]:
        """Pair elements by their element key, and return the positions that are still left over.

        A key that several elements of one list have identifies none of them.
        """
        keys = [self.comparison.element_keys(side) for side in (self.older, self.newer)]
        by_key = {keys[0][at]: at for at in left if keys[0][at] is not None}
        for at in new:
            key = keys[1][at]
            if key is not None and key in by_key:
                self.origins[at] = by_key.pop(key)
        return self._without_found(left, new)

    def matched(self, left: list[int], new: list[int]) -> ListMatches:
        """Pair what can be paired, and list elements that may have been changed and moved."""
        only_by_place = self._match_in_gaps(left, new)
        possible_moves = self._alike(*self._without_found(left, new), MAY_HAVE_MOVED)
        moved = {i for i, _ in possible_moves}, {j for _, j in possible_moves}
        for i, j in only_by_place:
            if i not in moved[0] and j not in moved[1]:
                self._pair(i, j)
        return ListMatches(self.origins, possible_moves)

    def _match_in_gaps(self, left: list[int], new: list[int]) -> list[tuple[int, int]]:
        """Pair elements within their gaps, and return the pairs that nothing but their place suggests."""
        gaps = self._in_one_gap(left, new)
        only_by_place: list[tuple[int, int]] = []
        for before, after in gaps:
            in_order = len(before) == len(after)
            for i, j in self._in_order(before, after) if in_order else self._alike(before, after, _IS_LIKE):
                if in_order and len(gaps) > 1 and self._similarity(i, j) < _IS_LIKE:
                    only_by_place.append((i, j))
                else:
                    self._pair(i, j)
        return only_by_place

    def _in_order(self, before: list[int], after: list[int]) -> list[tuple[int, int]]:
        """Pair equally many elements in order, unless they have nothing in common and another one is alike."""
        found = [pair for pair in zip(before, after, strict=True) if self._similarity(*pair) >= _IS_LIKE]
        found += self._alike(*_without(found, before, after), MAY_HAVE_MOVED)
        return [*found, *zip(*_without(found, before, after), strict=True)]

    def _without_found(self, left: list[int], new: list[int]) -> tuple[list[int], list[int]]:
        found = set(self.origins)
        return [at for at in left if at not in found], [at for at in new if self.origins[at] is None]

    def _pair(self, i: int, j: int) -> None:
        if self.comparison.may_be_one(self.older[i], self.newer[j]):
            self.origins[j] = i

    def _similarity(self, i: int, j: int) -> float:
        return self.comparison.similarity(self.older[i], self.newer[j])

    def _in_one_gap(self, left: list[int], new: list[int]) -> list[tuple[list[int], list[int]]]:
        """Return the elements of one structure that are between the same known ones."""
        gaps: dict[Hashable, tuple[list[int], list[int]]] = {}
        for side, (positions, gap_of) in enumerate(((left, self._gaps_of_older()), (new, self._gaps_of_newer()))):
            elements = self.newer if side else self.older
            for at in positions:
                group = gap_of[at], structure(elements[at])
                gaps.setdefault(group, ([], []))[side].append(at)
        return [*gaps.values()]

    def _gaps_of_older(self) -> list[int]:
        known = {at for at in self.origins if at is not None}
        gaps, gap = [], -1
        for at in range(len(self.older)):
            gap = at if at in known else gap
            gaps.append(gap)
        return gaps

    def _gaps_of_newer(self) -> list[int]:
        gaps, gap = [], -1
        for origin in self.origins:
            gap = gap if origin is None else origin
            gaps.append(gap)
        return gaps

    def _alike(self, before: list[int], after: list[int], least: float) -> list[tuple[int, int]]:
        """Pair by content, best first, each position once.

        If there are many, only elements that share a rare part are compared. The others are compared in order.
        """
        if len(before) * len(after) <= _TOO_MANY:
            return self._best([(i, j) for i in before for j in after], least)
        found = self._best(self._sharing_a_rare_part(before, after), least)
        return found + self._best(zip(*_without(found, before, after), strict=False), least)

    def _sharing_a_rare_part(self, before: list[int], after: list[int]) -> set[tuple[int, int]]:
        holders: dict[Hashable, tuple[list[int], list[int]]] = {}
        for side, (elements, positions) in enumerate(((self.older, before), (self.newer, after))):
            for at in positions:
                for part in self.comparison.part_fingerprints(elements[at]):
                    holders.setdefault(part, ([], []))[side].append(at)
        rare = (sides for sides in holders.values() if max(map(len, sides)) <= _FEW)
        return {(i, j) for older, newer in rare for i in older for j in newer}

    def _best(self, pairs: Iterable[tuple[int, int]], least: float) -> list[tuple[int, int]]:
        scored = [(self._similarity(i, j), i, j) for i, j in pairs]
        scored = sorted((pair for pair in scored if pair[0] >= least), key=lambda pair: (-pair[0], *pair[1:]))
        used: tuple[set[int], set[int]] = set(), set()
        found = []
        for _, i, j in scored:
            if i not in used[0] and j not in used[1]:
                used[0].add(i)
                used[1].add(j)
                found.append((i, j))
        return found


def _without(found: list[tuple[int, int]], before: list[int], after: list[int]) -> tuple[list[int], list[int]]:
    """Return the positions that are in no pair."""
    used = {i for i, _ in found}, {j for _, j in found}
    return [i for i in before if i not in used[0]], [j for j in after if j not in used[1]]
