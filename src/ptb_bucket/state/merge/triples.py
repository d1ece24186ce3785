"""The objects of a merge: what each of them was, what each side made of it, and what that changed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from ptb_bucket.codecs import Structure, class_of, is_one_class
from ptb_bucket.state.merge.objects import ATOMS, Path, elements_of, fields_of, members_of
from ptb_bucket.state.merge.objects import equal_ones
from ptb_bucket.state.merge.lists import Paired, Side, unclear
from ptb_bucket.state.merge.objects import Objects, Prints
from ptb_bucket.state.merge.objects import NewPairing, Pairing, SidePairing
from ptb_bucket.state.merge.objects import inner_of, parts_of, rest_of
from ptb_bucket.state.merge.resolvers import MISSING

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

    from ptb_bucket.codecs import Equality

__all__ = ["BASE", "NOT_YET", "OURS", "THEIRS", "Triple", "Triples"]

BASE, OURS, THEIRS = 0, 1, 2
NOT_YET: Final = object()


class Triple:
    """One object: what it was, and what each side made of it."""

    __slots__ = ("path", "result", "sides")

    def __init__(self, *sides: Any) -> None:
        self.sides = list(sides)
        self.result: Any = NOT_YET
        self.path: Path = ()


class Triples:
    """All objects of three versions, paired.

    Args:
        equality: What equal means.
        structure: How a value's parts hang together.
        versions: Base, ours and theirs.
    """

    def __init__(self, equality: Equality, structure: Callable[[Any], Structure], *versions: Objects) -> None:
        self._equality, self._structure, self._versions = equality, structure, versions
        self._prints = Prints(equality)
        self._of: list[dict[int, Triple]] = [{}, {}, {}]
        self._moved: list[set[int]] = [set(), set()]
        self._made: list[Any] = []  # holds results, so that their ids are not given to other objects
        self._edited: dict[tuple[Triple, int], bool] = {}
        self._pair()
        self.all = list(dict.fromkeys(triple for known in self._of for triple in known.values()))

    def begin(self, triple: Triple, made: Any) -> Any:
        """Remember what an object becomes: from now on, that is what both sides have."""
        triple.result = made
        self._made.append(made)
        self._of[OURS][id(made)] = self._of[THEIRS][id(made)] = triple
        return made

    def _pair(self) -> None:
        options = self._prints, self._structure
        base, ours, theirs = self._versions
        pairings = [SidePairing(base, side, *options).run() for side in (ours, theirs)]
        for pairing in pairings:
            pairing.accept_moved()
        for pairing, other in (pairings, reversed(pairings)):
            pairing.accept_far(other)
        for pairing in pairings:
            pairing.accept_equal()
        replaced = self._replaced(*pairings)
        for pairing in pairings:
            pairing.accept_weak(replaced)
        found = {number for pairing in pairings for number in pairing.partner}
        self._moved = [{id(one) for one, _ in pairing.far} - found for pairing in pairings]
        for one in base.by_id.values():
            self._know(Triple(one, *(pairing.partner.get(id(one), MISSING) for pairing in pairings)))
        new = NewPairing(ours, theirs, *options, known=self._base_of).run()
        for one in ours.by_id.values():
            if id(one) not in self._of[OURS]:
                self._know(Triple(MISSING, one, new.partner.get(id(one), MISSING)))
        for one in theirs.by_id.values():
            if id(one) not in self._of[THEIRS]:
                self._know(Triple(MISSING, MISSING, one))

    def _replaced(self, ours: Pairing, theirs: Pairing) -> set[int]:
        """Return the ids of objects in whose place both sides have different ones that share nothing with them.

        An edit would have left something on one side. So what is there now are two new objects, such as two characters
        that are also in a list.
        """
        mine, others = ours.weak(), theirs.weak()
        return {number for number in mine.keys() & others.keys() if not self._prints.same(mine[number], others[number])}

    def _know(self, triple: Triple) -> None:
        for known, value in zip(self._of, triple.sides, strict=True):
            if value is not MISSING:
                known[id(value)] = triple

    def _base_of(self, value: Any, side: int) -> Any:
        triple = self._of[side].get(id(value))
        return None if triple is None else triple.sides[BASE]

    def find(self, value: Any, side: int) -> Triple | None:
        """Return the object that a side's value is; None for a value without an identity."""
        return None if type(value) in ATOMS or value is MISSING else self._of[side].get(id(value))

    def is_kept(self, base: Any, value: Any, side: int) -> bool:
        """Tell whether a place holds what it held: the same object, or an equal value."""
        old, new = self.find(base, BASE), self.find(value, side)
        if old is not None or new is not None:
            return old is new
        if base is MISSING or not is_one_class(base, value):
            return False
        return self._is_as_before(base, value, side)

    def _is_as_before(self, base: Any, value: Any, side: int) -> bool:
        """Tell whether a value that is merged as a whole holds the same objects and equal values."""
        before, after = inner_of(base), inner_of(value)
        if not before and not after:
            return self._equality.same(base, value)
        if isinstance(base, (set, frozenset)):
            if {self.name(member, BASE) for member in elements_of(base)} != {
                self.name(member, side) for member in elements_of(value)
            }:
                return False
            before, after = [[part for part in inner if part[0] is not None] for inner in (before, after)]
        return self.is_alike(before, after, side) and self._equality.same(rest_of(base), rest_of(value))

    # ---------------------------------------------------------------- lists and sets

    def sides(self, base: list[Any], ours: list[Any], theirs: list[Any]) -> Paired:
        """Return three versions of a list, its elements told apart by which object they are."""
        versions = [base, ours, theirs]
        names = [[self.name(element, side) for element in elements] for side, elements in enumerate(versions)]
        origins: list[list[int | None]] = [
            [*range(len(base))],
            equal_ones(names[0], names[1]),
            equal_ones(names[0], names[2]),
        ]
        found = [
            Side(elements, [None] * len(elements), named, origin)
            for elements, named, origin in zip(versions, names, origins, strict=True)
        ]
        moved = [[at for at, element in enumerate(base) if id(element) in side] for side in self._moved]
        return Paired(found, self._both_new(found[1], found[2]), unclear(moved, found))

    @staticmethod
    def _both_new(ours: Side, theirs: Side) -> dict[int, int]:
        both = {}
        there = {
            name: at for at, name in enumerate(theirs.prints) if theirs.origins[at] is None and isinstance(name, Triple)
        }
        for at, name in enumerate(ours.prints):
            triple = name if isinstance(name, Triple) and ours.origins[at] is None else None
            if triple is not None and triple.sides[BASE] is MISSING and triple in there:
                both[at] = there.pop(triple)
        return both

    def is_one(self, ours: Any, theirs: Any) -> bool:
        """Tell whether elements of both sides are one object, or equal values."""
        return self.name(ours, OURS) == self.name(theirs, THEIRS)

    def name(self, value: Any, side: int) -> Hashable:
        """Return what is equal for the same object, or for equal values."""
        triple = self.find(value, side)
        if triple is None and side == BASE:  # how two new lists begin stands for what they began with
            triple = self.find(value, THEIRS)
        if triple is not None:
            return triple
        return self._named(value, side) if inner_of(value) else self._prints.fingerprint(value)

    def _named(self, value: Any, side: int) -> Hashable:
        inner = inner_of(value)
        named = [(step, self.name(part, side)) for step, part in inner]
        rest = tuple(map(self._equality.fingerprint, rest_of(value)))
        return class_of(value), rest, frozenset(named) if isinstance(value, (set, frozenset)) else tuple(named)

    def objects_in(self, value: Any, side: int) -> list[Triple]:
        """Return the objects that a value of one side holds, not those inside these."""
        found: list[Triple] = []
        waiting = [] if value is MISSING else parts_of(value)
        while waiting:
            part = waiting.pop()
            triple = self.find(part, side)
            if triple is not None:
                found.append(triple)
            elif type(part) not in ATOMS:
                waiting += parts_of(part)
        return found

    def is_same_content(self, ours: Any, theirs: Any) -> bool:
        """Tell whether both sides made the same of one object, apart from what they did to objects inside it."""
        sides = (self._named(ours, OURS), self._named(theirs, THEIRS))
        return sides[0] == sides[1] and (bool(inner_of(ours)) or self._equality.same(ours, theirs))

    def is_edited(self, triple: Triple, side: int) -> bool:
        """Tell whether one side changed what an object itself holds."""
        key = triple, side
        if key not in self._edited:
            self._edited[key] = self._differs(triple.sides[BASE], triple.sides[side], side)
        return self._edited[key]

    def _differs(self, base: Any, value: Any, side: int) -> bool:
        if value is MISSING:
            return False
        if base is MISSING:
            return bool(parts_of(value))
        structure = self._structure(base)
        if not is_one_class(base, value):
            return True
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

    def is_alike(self, before: list[Any], after: list[Any], side: int) -> bool:
        """Tell whether named parts are the same ones; their order does not count."""
        there = dict(after)
        return len(before) == len(after) and all(
            name in there and self.is_kept(part, there[name], side) for name, part in before
        )
