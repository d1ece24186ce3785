"""The three-way merge of lists.

Both only appended: both tails, theirs first. Equally long and each element at its place: place by place. Otherwise by
element: what either side removed is removed, what either side added is added, elements that both sides have are merged
with themselves, and order follows the side that changed it.
"""

from __future__ import annotations

from collections.abc import Hashable
from typing import TYPE_CHECKING, Any, Final, NamedTuple, Protocol

from ptb_bucket.state.merge.objects import MAY_HAVE_MOVED, is_pairable, step_to
from ptb_bucket.state.merge.resolvers import MISSING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from ptb_bucket.state.merge.objects import Likeness, Path

__all__ = ["Paired", "Side", "merge_lists", "paired", "unclear"]

KEPT: Final = "an element was changed on one side and removed on the other, which added a similar one: both stay"
MAY_BE_IT: Final = "an element is gone from its place on both sides, and a similar one was added: what was added stays"
Token = int | tuple[Hashable, ...]
"""An element: its position in the base, or the side that added it and its position there."""


class ElementMerge(Protocol):
    """Merges elements; see :class:`~ptb_bucket.state.merge.values.ValueMerge`."""

    likeness: Likeness

    def at(self, path: Path, base: Any, ours: Any, theirs: Any) -> Any: ...
    def taken(self, path: Path, value: Any, side: int) -> Any: ...
    def is_edited(self, base: Any, value: Any, side: int) -> bool: ...
    def removed(self, path: Path, base: Any, value: Any, side: int) -> None: ...
    def decide(self, path: Path, *what: Any) -> None: ...


class Side(NamedTuple):
    """One version of a list.

    Attributes:
        elements: What is in it.
        exact: For each element, something that is equal for elements that are equal in the order of keys too, or None.
        prints: For each element, something that is equal for equal elements only.
        origins: For each element, the position of the same one in the base; None for one that was added.
    """

    elements: list[Any]
    exact: Sequence[Hashable]
    prints: Sequence[Hashable]
    origins: list[int | None]


class Paired(NamedTuple):
    """The elements of three versions of a list, found in one another.

    Attributes:
        sides: Base, ours and theirs.
        both: Positions, in ours and theirs, of elements that both sides added and that are one.
        doubtful: Positions in the base of elements that may have been changed and moved, or removed.
    """

    sides: list[Side]
    both: dict[int, int]
    doubtful: list[int]


def paired(likeness: Likeness, *versions: list[Any]) -> Paired:
    """Find the elements of three versions of a list in one another.

    Args:
        likeness: Compares elements.
        versions: Base, ours and theirs. What both sides added under one id is one.
    """
    base, ours, theirs = versions
    exact, prints = likeness.common_prints(*versions)
    found = [likeness.match(base, prints[0], side, prints[at]) for at, side in ((1, ours), (2, theirs))]
    moved = [dict(matches.far) for matches in found]
    apart = {
        before
        for before in moved[0].keys() & moved[1].keys()
        if likeness.changed_apart(base[before], ours[moved[0][before]], theirs[moved[1][before]])
    }
    for matches, other in (found, reversed(found)):
        kept = {at for at in other.near if at is not None} | apart
        # Changed and moved here, and still there or changed apart there: the same one. Gone from its place on both
        # sides: two logs that dropped their oldest entry look like that, and their newest ones are not one.
        for before, after in matches.far:
            if before in kept:
                matches.near[after] = before
    origins: list[list[int | None]] = [[*range(len(base))], *(matches.near for matches in found)]
    sides = [Side(*parts) for parts in zip(versions, exact, prints, origins, strict=True)]
    unfound = [side.keys() - set(found[0].near) - set(found[1].near) for side in moved]
    return Paired(sides, _added_twice(likeness, *sides[1:]), unclear(unfound, sides))


def unclear(moved: Sequence[Iterable[int]], sides: Sequence[Side]) -> list[int]:
    """Return the positions of elements of which nobody can tell what became of them.

    Args:
        moved: For ours and theirs, positions in the base of elements that it may have changed and moved, and that are
            found on neither side.
        sides: Base, ours and theirs.
    """
    ours, theirs = map(set, moved)
    both = ours & theirs
    logs = {at for at in both if all(_rolled_past(at, side.origins) for side in sides[1:])}
    return sorted((ours | theirs) - logs)


def _added_twice(likeness: Likeness, ours: Side, theirs: Side) -> dict[int, int]:
    if None not in ours.origins or None not in theirs.origins:
        return {}
    names = [likeness.unique_names(side.elements) for side in (ours, theirs)]
    here = {name: at for at, name in enumerate(names[0]) if ours.origins[at] is None and name is not None}
    return {here[name]: at for at, name in enumerate(names[1]) if theirs.origins[at] is None and name in here}


def merge_lists(merge: ElementMerge, path: Path, found: Paired) -> list[Any]:
    """Merge three lists; elements that all have are merged through ``merge``.

    Args:
        merge: The merge of their record.
        path: Where the list is.
        found: The three lists.
    """
    for at in found.doubtful:
        merge.decide((*path, at), MAY_BE_IT)
    weave = _Weave(merge, path, found.sides, found.both)
    base, ours, theirs = found.sides
    length = len(base.elements)
    ours_same, theirs_same = (side.prints == base.prints for side in (ours, theirs))
    if (theirs_same and weave.has_all(ours)) or (ours_same and weave.has_all(theirs)):
        return weave.values(weave.tokens_of_ours if theirs_same else weave.tokens_of_theirs)
    if all(side.prints[:length] == base.prints for side in (ours, theirs)):
        return weave.values([*weave.tokens_of_theirs, *weave.tokens_of_ours[length:]])
    if length == len(ours.elements) == len(theirs.elements) and all(map(weave.is_clear_at, range(length))):
        return [weave.at_place(at) for at in range(length)]
    return weave.values(weave.order())


def _rolled_past(at: int, origins: Sequence[int | None]) -> bool:
    """Tell whether a list is a log that dropped an element at one end and got new ones at the other."""
    known = [origin for origin in origins if origin is not None]
    new = [None] * (len(origins) - len(known))
    return (at < min(known, default=at + 1) and [*known, *new] == [*origins]) or (
        at > max(known, default=at - 1) and [*new, *known] == [*origins]
    )


class _Weave:
    """A merge by element."""

    def __init__(self, merge: ElementMerge, path: Path, sides: Sequence[Side], both: dict[int, int]) -> None:
        self.merge, self.path = merge, path
        self.base, self.ours, self.theirs = sides
        self.tokens_of_theirs: list[Token] = [
            ("theirs", at) if origin is None else origin for at, origin in enumerate(self.theirs.origins)
        ]
        self.tokens_of_ours: list[Token] = [
            (("theirs", both[at]) if at in both else ("ours", at)) if origin is None else origin
            for at, origin in enumerate(self.ours.origins)
        ]
        self._in_ours = {token: at for at, token in enumerate(self.tokens_of_ours)}
        self._in_theirs = {token: at for at, token in enumerate(self.tokens_of_theirs)}

    def values(self, order: Any) -> list[Any]:
        """Return the elements that stay."""
        values = (self._element(token) for token in order)
        return [value for value in values if value is not MISSING]

    def order(self) -> list[Token]:
        """The backbone is the side that moved elements, or theirs; the other side's additions join it."""
        base: set[Token] = set(range(len(self.base.elements)))
        ours, theirs = self.tokens_of_ours, self.tokens_of_theirs
        if self._moved(ours) and not self._moved(theirs):
            return self._with_kept(_woven(ours, theirs, base, before=True), theirs)
        return self._with_kept(_woven(theirs, ours, base, before=False), ours)

    def _with_kept(self, order: list[Token], other: list[Token]) -> list[Token]:
        """Add elements that the backbone's side removed and that stay all the same, behind those they followed."""
        there = set(order)
        for at, token in enumerate(other):
            if token in there:
                continue
            if self._stays_though_removed(token):
                before = next((order.index(known) for known in reversed(other[:at]) if known in there), -1)
                order.insert(before + 1, token)
                there.add(token)
            else:
                self._element(token)  # takes note of what is lost
        return order

    def has_all(self, side: Side) -> bool:
        """Tell whether a side removed nothing."""
        return len({origin for origin in side.origins if origin is not None}) == len(self.base.elements)

    @staticmethod
    def _moved(side: list[Token]) -> bool:
        known = [token for token in side if isinstance(token, int)]
        return known != sorted(known)

    def is_clear_at(self, at: int) -> bool:
        """Tell whether at most one side changed what a position holds, or both changed the same element."""
        known = self.base.prints[at]
        return known in (self.ours.prints[at], self.theirs.prints[at]) or self._stays_at(at)

    def _stays_at(self, at: int) -> bool:
        return self.ours.origins[at] == at == self.theirs.origins[at]

    def at_place(self, at: int) -> Any:
        """Return what one position of equally long lists holds."""
        if self._stays_at(at):
            return self._merged(at, at, at)
        ours_changed = self.ours.prints[at] != self.base.prints[at]
        (side, which), (other, whose) = ((self.ours, 1), (self.theirs, 2))[:: 1 if ours_changed else -1]
        if at not in side.origins:
            self.merge.removed((*self.path, at), self.base.elements[at], other.elements[at], whose)
        return self.merge.taken((*self.path, at), side.elements[at], which)

    def _element(self, token: Token) -> Any:
        """Deleted on either side is deleted, also when it was modified on the other (rule 12)."""
        ours, theirs = self._in_ours.get(token), self._in_theirs.get(token)
        if ours is not None and theirs is not None:
            return self._merged(token, ours, theirs)
        side, at, which = (self.theirs, theirs, 2) if ours is None else (self.ours, ours, 1)
        if at is None:
            return MISSING
        if isinstance(token, int) and not self._stays_though_removed(token):
            self.merge.removed((*self.path, token), self.base.elements[token], side.elements[at], which)
            return MISSING
        if isinstance(token, int):
            self.merge.decide((*self.path, token), KEPT)
        return self.merge.taken((*self.path, at), side.elements[at], which)

    def _merged(self, token: Token, ours: int, theirs: int) -> Any:
        mine, other = self.ours.elements[ours], self.theirs.elements[theirs]
        if not is_pairable(other):
            return self.merge.taken((*self.path, theirs), other, 2)
        base = MISSING
        if isinstance(token, int):
            base, exact = self.base.elements[token], self.base.exact[token]
            if exact is not None and exact == self.ours.exact[ours] == self.theirs.exact[theirs]:
                return other
        return self.merge.at((*self.path, step_to(other, theirs)), base, mine, other)

    def _stays_though_removed(self, token: Token) -> bool:
        """Tell whether an element that one side lacks and the other one changed may be more than a deletion.

        What is there now has nothing in common with what was there: it may be an addition. Or the side that lacks the
        element added one that it may have become. Both edits stay then.
        """
        if not isinstance(token, int):
            return False
        (side, at), lacking = (
            ((self.ours, self._in_ours[token]), self.theirs)
            if token in self._in_ours
            else ((self.theirs, self._in_theirs.get(token, -1)), self.ours)
        )
        which = 1 if side is self.ours else 2
        if at < 0 or not self.merge.is_edited(self.base.elements[token], side.elements[at], which):
            return False
        before, like = self.base.elements[token], self.merge.likeness.similarity
        added = (element for element, origin in zip(lacking.elements, lacking.origins, strict=True) if origin is None)
        return like(before, side.elements[at]) == 0.0 or any(
            is_pairable(element) and like(before, element) >= MAY_HAVE_MOVED for element in added
        )


def _woven(backbone: list[Token], other: list[Token], base: set[Token], *, before: bool) -> list[Token]:
    """Put each addition of ``other`` behind the element that it follows there.

    Where the backbone has additions at the same place, ``before`` says whether other's come before them.
    """
    additions = _by_predecessor(backbone, other, base)
    known = base | set(other)
    order: list[Token] = []
    waiting = additions.get(None, [])
    for token in backbone:
        if before or token in known:
            order += waiting
            waiting = []
        order.append(token)
        if token in additions:  # a copy for every token would be quadratic
            waiting = [*waiting, *additions[token]]
    return order + waiting


def _by_predecessor(backbone: list[Token], other: list[Token], base: set[Token]) -> dict[Token | None, list[Token]]:
    present = set(backbone)
    additions: dict[Token | None, list[Token]] = {}
    predecessor: Token | None = None
    for token in other:
        if token in present:
            predecessor = token
        elif token not in base:  # else the backbone's side deleted it
            additions.setdefault(predecessor, []).append(token)
    return additions
