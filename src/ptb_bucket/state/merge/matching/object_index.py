"""The objects of a merge: for each one, its three versions, what each side changed, and what it becomes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from ptb_bucket.codecs import Structure, class_of, is_one_class
from ptb_bucket.state.merge.matching.elements import match_equal
from ptb_bucket.state.merge.matching.list_versions import AlignedLists, ListSide, unclear_positions
from ptb_bucket.state.merge.matching.pairing import ObjectPairing
from ptb_bucket.state.merge.matching.replacements import named_twice, replaced
from ptb_bucket.state.merge.matching.rules import RulesForAdditions, RulesForBase
from ptb_bucket.state.merge.objects import (
    ATOMS,
    ObjectFingerprints,
    Objects,
    elements_of,
    fields_of,
    inner_parts_of,
    members_of,
    own_content_of,
    parts_of,
)
from ptb_bucket.state.merge.resolvers import MISSING

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

    from ptb_bucket.codecs import Equality

__all__ = ["BASE", "NOT_YET", "OURS", "THEIRS", "MergedObject", "ObjectIndex"]

BASE, OURS, THEIRS = 0, 1, 2
NOT_YET: Final = object()


class MergedObject:
    """An object in its three versions, and the object that the merge makes of them."""

    __slots__ = ("result", "sides")

    def __init__(self, *sides: Any) -> None:
        self.sides = list(sides)
        self.result: Any = NOT_YET


class ObjectIndex:
    """All objects of three versions, paired.

    Args:
        equality: Decides which values are equal.
        structure: Tells how a value's parts hang together.
        versions: Base, ours and theirs.
    """

    def __init__(self, equality: Equality, structure: Callable[[Any], Structure], *versions: Objects) -> None:
        self._equality, self._structure, self._versions = equality, structure, versions
        self._fingerprints = ObjectFingerprints(equality)
        self._of: list[dict[int, MergedObject]] = [{}, {}, {}]
        self._made: list[Any] = []  # holds results, so that their ids are not given to other objects
        self._edited: dict[tuple[MergedObject, int], bool] = {}
        self._unfound_moves = self._pair_with_base()
        self._pair_additions()
        self.all = list(dict.fromkeys(item for known in self._of for item in known.values()))

    def begin(self, item: MergedObject, made: Any) -> Any:
        """Remember what an object becomes: from now on, both sides have that object."""
        item.result = made
        self._made.append(made)
        self._of[OURS][id(made)] = self._of[THEIRS][id(made)] = item
        return made

    # ---------------------------------------------------------------- pairing

    def _pair_with_base(self) -> list[set[int]]:
        """Pair the base with both sides, and return for each side the ids of objects that it may have moved."""
        base, *others = self._versions
        how = self._fingerprints, self._structure
        pairings = [ObjectPairing(base, side, RulesForBase(base.root, *how)).run() for side in others]
        for pairing in pairings:
            pairing.accept_moved()
        for pairing, other in (pairings, reversed(pairings)):
            pairing.accept_moved_elements(other)
        for pairing in pairings:
            pairing.accept_equal()
        gone = replaced(*pairings)
        for pairing in pairings:
            pairing.accept_by_place(gone)
        parted = named_twice(*pairings)
        for pairing in pairings:
            pairing.undo(parted)
        for one in base.by_id.values():
            self._know(MergedObject(one, *(pairing.new_of.get(id(one), MISSING) for pairing in pairings)))
        found = {number for pairing in pairings for number in pairing.new_of}
        return [{id(one) for one, _ in pairing.possible_moves} - found for pairing in pairings]

    def _pair_additions(self) -> None:
        _, ours, theirs = self._versions
        rules = RulesForAdditions(ours, theirs, self._base_of, self._fingerprints, self._structure)
        pairing = ObjectPairing(ours, theirs, rules).run()
        for one in ours.by_id.values():
            if id(one) not in self._of[OURS]:
                self._know(MergedObject(MISSING, one, pairing.new_of.get(id(one), MISSING)))
        for one in theirs.by_id.values():
            if id(one) not in self._of[THEIRS]:
                self._know(MergedObject(MISSING, MISSING, one))

    def _know(self, item: MergedObject) -> None:
        for known, value in zip(self._of, item.sides, strict=True):
            if value is not MISSING:
                known[id(value)] = item

    def _base_of(self, value: Any, side: int) -> Any:
        item = self._of[side].get(id(value))
        return None if item is None else item.sides[BASE]

    # ---------------------------------------------------------------- finding and naming

    def find(self, value: Any, side: int) -> MergedObject | None:
        """Return the object that a side's value is; None for a value without an identity."""
        return None if type(value) in ATOMS or value is MISSING else self._of[side].get(id(value))

    def objects_in(self, value: Any, side: int) -> list[MergedObject]:
        """Return the objects that a value of one side holds, but not those inside them."""
        found: list[MergedObject] = []
        waiting = [] if value is MISSING else parts_of(value)
        entered: set[int] = set()  # values without an identity may contain themselves, too
        while waiting:
            part = waiting.pop()
            item = self.find(part, side)
            if item is not None:
                found.append(item)
            elif type(part) not in ATOMS and id(part) not in entered:
                entered.add(id(part))
                waiting += parts_of(part)
        return found

    def name(self, value: Any, side: int) -> Hashable:
        """Return a name that is equal for the same object, and for equal values without an identity."""
        item = self.find(value, side)
        if item is None and side == BASE:  # the common beginning of two new lists serves as their base
            item = self.find(value, THEIRS)
        if item is not None:
            return item
        return self._content_name(value, side) if inner_parts_of(value) else self._fingerprints.fingerprint(value)

    def _content_name(self, value: Any, side: int) -> Hashable:
        inner = inner_parts_of(value)
        named = [(step, self.name(part, side)) for step, part in inner]
        own = tuple(map(self._equality.fingerprint, own_content_of(value)))
        return class_of(value), own, frozenset(named) if isinstance(value, (set, frozenset)) else tuple(named)

    def is_one(self, ours: Any, theirs: Any) -> bool:
        """Tell whether elements of both sides are one object, or equal values."""
        return self.name(ours, OURS) == self.name(theirs, THEIRS)

    # ---------------------------------------------------------------- changes

    def is_edited(self, item: MergedObject, side: int) -> bool:
        """Tell whether one side changed the content of an object, apart from the objects inside it."""
        key = item, side
        if key not in self._edited:
            self._edited[key] = self._differs(item.sides[BASE], item.sides[side], side)
        return self._edited[key]

    def _differs(self, base: Any, value: Any, side: int) -> bool:
        if value is MISSING:
            return False
        if base is MISSING:
            return bool(parts_of(value))
        if not is_one_class(base, value):
            return True
        structure = self._structure(base)
        if structure is Structure.VALUE:
            return not self._is_as_before(base, value, side)
        if structure is Structure.SET:
            return {self.name(member, BASE) for member in base} != {self.name(member, side) for member in value}
        sides: list[tuple[Any, Any]] = [(fields_of(base), fields_of(value))]
        if structure is Structure.MAPPING:
            sides.append((members_of(base), members_of(value)))
        elif structure is Structure.SEQUENCE:
            sides.append((dict(enumerate(elements_of(base))), dict(enumerate(elements_of(value)))))
        return not all(self.is_alike(list(before.items()), list(after.items()), side) for before, after in sides)

    def is_kept(self, base: Any, value: Any, side: int) -> bool:
        """Tell whether a place still holds the same object, or an equal value."""
        old, new = self.find(base, BASE), self.find(value, side)
        if old is not None or new is not None:
            return old is new
        if base is MISSING or not is_one_class(base, value):
            return False
        return self._is_as_before(base, value, side)

    def _is_as_before(self, base: Any, value: Any, side: int) -> bool:
        """Tell whether a value that is merged as a whole holds the same objects and equal values."""
        before, after = inner_parts_of(base), inner_parts_of(value)
        if not before and not after:
            return self._equality.same(base, value)
        if isinstance(base, (set, frozenset)):
            if {self.name(member, BASE) for member in elements_of(base)} != {
                self.name(member, side) for member in elements_of(value)
            }:
                return False
            before, after = [[part for part in inner if part[0] is not None] for inner in (before, after)]
        return self.is_alike(before, after, side) and self._equality.same(own_content_of(base), own_content_of(value))

    def is_alike(self, before: list[Any], after: list[Any], side: int) -> bool:
        """Tell whether named parts are the same ones; their order does not count."""
        there = dict(after)
        return len(before) == len(after) and all(
            name in there and self.is_kept(part, there[name], side) for name, part in before
        )

    def is_same_content(self, ours: Any, theirs: Any) -> bool:
        """Tell whether both sides gave one object the same content, apart from changes to objects inside it."""
        sides = self._content_name(ours, OURS), self._content_name(theirs, THEIRS)
        return sides[0] == sides[1] and (bool(inner_parts_of(ours)) or self._equality.same(ours, theirs))

    # ---------------------------------------------------------------- lists

    def align_lists(self, *versions: list[Any]) -> AlignedLists:
        """Align base, ours and theirs of a list by the objects that its elements are."""
        names = [[self.name(element, side) for element in elements] for side, elements in enumerate(versions)]
        origins: list[list[int | None]] = [
            [*range(len(versions[BASE]))],
            match_equal(names[BASE], names[OURS]),
            match_equal(names[BASE], names[THEIRS]),
        ]
        sides = [
            ListSide(elements, [None] * len(elements), named, origin)
            for elements, named, origin in zip(versions, names, origins, strict=True)
        ]
        base = versions[BASE]
        moved = [[at for at, element in enumerate(base) if id(element) in side] for side in self._unfound_moves]
        return AlignedLists(sides, _added_by_both(sides[OURS], sides[THEIRS]), unclear_positions(moved, sides))


def _added_by_both(ours: ListSide, theirs: ListSide) -> dict[int, int]:
    """Return the positions, in ours and theirs, of elements that are one new object."""
    both = {}
    there = {
        name: at
        for at, name in enumerate(theirs.fingerprints)
        if theirs.origins[at] is None and isinstance(name, MergedObject)
    }
    for at, name in enumerate(ours.fingerprints):
        item = name if isinstance(name, MergedObject) and ours.origins[at] is None else None
        if item is not None and item.sides[BASE] is MISSING and item in there:
            both[at] = there.pop(item)
    return both
