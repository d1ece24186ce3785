"""Which object of one version of a record is which of another.

Candidates are objects found at the same place in both versions. An object that is at several places may have several
candidates: first comes one of equal content, then one with the same id, then the more similar one, then the one that
is a candidate at more places, then the first. Each object is paired once.
"""

from __future__ import annotations

import heapq
from collections import Counter
from typing import TYPE_CHECKING, Any

from ptb_bucket.codecs import Structure, class_of, has_identity, is_one_class
from ptb_bucket.state.merge.objects.fields import ATOMS, elements_of, fields_of, members_of, structure
from ptb_bucket.state.merge.objects.elements import Comparing, Likeness
from ptb_bucket.state.merge.objects.parts import inner_of, parts_of, rest_of, steps_in

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Hashable, Iterator

    from ptb_bucket.state.merge.objects.objects import Exact
    from ptb_bucket.state.merge.objects.objects import Objects

__all__ = ["NewPairing", "Pairing", "SidePairing"]

Pairs = list[tuple[Any, Any]]
_ENOUGH = 20
"""Places to look at for each object: where everything shares everything, the first ones tell enough."""


def _unknown(_: Any) -> None:
    """Know nothing quickly. Stands for ``Exact``, which visits an object wherever it occurs."""


class Pairing:
    """Pairs the objects of two versions.

    Args:
        one: The older version.
        other: The newer one.
        equality: What equal means; :class:`Prints`, if an object is at several places.
        structure: How a value's parts hang together.
        exact: Tells quickly that two objects are equal, if no object is at several places.

    Attributes:
        partner: For each object of the older version that has one, by its id, the same one in the newer version.
        owner: The same the other way round.
        equal: Ids of objects of the newer version that need not be looked into.
    """

    def __init__(
        self,
        one: Objects,
        other: Objects,
        equality: Comparing,
        structure: Callable[[Any], Structure],
        exact: Exact | None = None,
    ) -> None:
        self.one, self.other, self.structure, self.exact = one, other, structure, exact
        self.same = equality.same
        self.likeness = Likeness(equality, exact or _unknown)
        self.partner: dict[int, Any] = {}
        self.owner: dict[int, Any] = {}
        self.equal: set[int] = set()
        self.far: Pairs = []
        self._print = equality.fingerprint
        self._candidates: dict[tuple[int, int], tuple[Pairs, Pairs]] = {}
        self._votes: Counter[tuple[int, int]] = Counter()
        self._choices: tuple[Counter[int], Counter[int]] = Counter(), Counter()
        self._may_have_moved: set[int] = set()
        self._weak: Pairs = []
        self._agenda: list[tuple[tuple[float, ...], int, Any, Any]] = []
        self._number = 0
        self._places = {number: at for at, number in enumerate(other.by_id)}
        self._entered: set[tuple[int, int]] = set()

    def run(self) -> Pairing:
        """Pair what is found at the same places."""
        if self.exact is None:
            self._explore(self.one.root, self.other.root)
        for number, one in self.one.by_id.items():
            if number in self.other.by_id:  # it is in both versions
                self._accept(one, one)
        self._consider(self.one.root, self.other.root)
        self._drain()
        return self

    def accept_far(self, other: Pairing) -> None:
        """Pair what may have changed and moved here, if it is where it was on the other side or was changed apart."""
        moved = {id(one): theirs for one, theirs in other.far}
        for one, mine in self.far:
            theirs = moved.get(id(one))
            if id(one) in other.partner or (theirs is not None and self.likeness.changed_apart(one, mine, theirs)):
                self._accept(one, mine)
        self._drain()

    def accept_equal(self) -> None:
        """Pair objects left over that have the same content: they were moved."""

        def name(value: Any) -> Hashable:
            return self._print(value) if parts_of(value) else None

        self._accept_by(name, name)

    def weak(self) -> dict[int, Any]:
        """Return what is at one place and has nothing else in common, by the older object's id."""
        return {id(one): other for one, other in self._weak if id(one) not in self.partner}

    def accept_weak(self, replaced: Container[int]) -> None:
        """Pair what :meth:`weak` returns, if neither was found elsewhere.

        Args:
            replaced: Ids of older objects that stay without a partner.
        """
        for one, other in self._weak:
            if id(one) not in replaced:
                self._accept(one, other)
        self._drain()

    def accept_moved(self) -> None:
        """Pair objects left over that hold the same objects, which may have changed, and are equal otherwise."""

        def old(part: Any) -> int | None:
            return id(part) if id(part) in self.partner else None

        def new(part: Any) -> int | None:
            return id(self.owner[id(part)]) if id(part) in self.owner else None

        self._accept_by(lambda one: self._holding(one, old), lambda mine: self._holding(mine, new))

    def _accept_by(self, of_one: Callable[[Any], Hashable], of_other: Callable[[Any], Hashable]) -> None:
        """Pair objects left over that have the same name, unless it is None."""
        left: dict[Hashable, list[Any]] = {}
        for one in self.one.by_id.values():
            if id(one) not in self.partner and (name := of_one(one)) is not None:
                left.setdefault(name, []).append(one)
        for mine in self.other.by_id.values():
            if left and id(mine) not in self.owner and (found := left.get(of_other(mine))):
                one = next((one for one in found if id(one) not in self.partner), None)
                if one is not None:
                    self._accept(one, mine)
                    self._drain()

    def _holding(self, value: Any, known: Callable[[Any], int | None]) -> Hashable:
        """Return what an object consists of, paired objects by their identity; None if it holds none of these."""
        numbers = [(step, known(part), part) for step, part in steps_in(value)]
        if all(number is None for _, number, _ in numbers):
            return None
        named = [
            (step, (True, number) if number is not None else (False, self._print(part)))
            for step, number, part in numbers
        ]
        rest = tuple(map(self._print, rest_of(value))) if self.structure(value) is Structure.VALUE else ()
        return class_of(value), rest, frozenset(named)

    def may_pair(self, one: Any, other: Any) -> bool:
        """Tell whether two objects can be one at all."""
        structure = self.structure(one)
        if structure is not self.structure(other):
            return False
        return is_one_class(one, other) or structure in (Structure.MAPPING, Structure.SEQUENCE)

    # ---------------------------------------------------------------- candidates

    def _explore(self, one: Any, other: Any) -> None:
        """Look at all places once, so that it is known which objects have several candidates."""
        waiting, seen = [(one, other)], {(id(one), id(other))}
        limit = _ENOUGH * (len(self.one.by_id) + len(self.other.by_id) + 1)
        while waiting and len(seen) < limit:
            near, far = self._corresponding(*waiting.pop())
            self._may_have_moved.update(id(value) for pair in far for value in pair)
            for pair in near:
                key = id(pair[0]), id(pair[1])
                if has_identity(pair[0]) and has_identity(pair[1]) and self.may_pair(*pair):
                    self._votes[key] += 1
                    if self._votes[key] == 1:
                        self._choices[0][key[0]] += 1
                        self._choices[1][key[1]] += 1
                if key not in seen:
                    seen.add(key)
                    waiting.append(pair)

    def _corresponding(self, one: Any, other: Any) -> tuple[Pairs, Pairs]:
        """Return the parts of two values that are at the same place, and elements that may have changed and moved."""
        key = id(one), id(other)
        if key not in self._candidates:
            far: Pairs = []
            found = self._parts(one, other, far)
            near = [pair for pair in found if type(pair[0]) not in ATOMS and type(pair[1]) not in ATOMS]
            self._candidates[key] = near, far
        return self._candidates[key]

    def _parts(self, one: Any, other: Any, far: Pairs) -> Iterator[tuple[Any, Any]]:
        structure = self.structure(one)
        if structure is not self.structure(other):
            return
        if structure in (Structure.SEQUENCE, Structure.SET):
            yield from self.elements(one, other, far)
        named = [(fields_of(one), fields_of(other))]
        if structure is Structure.MAPPING:
            named.append((members_of(one), members_of(other)))
        elif structure is Structure.VALUE:
            if not is_one_class(one, other):
                return
            if isinstance(one, (set, frozenset)):
                yield from self.elements(one, other, far)
            else:
                named = [(dict(inner_of(one)), dict(inner_of(other)))]
        for before, after in named:
            yield from ((part, after[name]) for name, part in before.items() if name in after)

    def elements(self, one: Any, other: Any, far: Pairs) -> Iterator[tuple[Any, Any]]:
        """Pair the elements of two lists, or the members of two sets."""
        sides = elements_of(one), elements_of(other)
        _, prints = self.likeness.common_prints(*sides)
        found = self.likeness.match(sides[0], prints[0], sides[1], prints[1])
        yield from ((sides[0][at], element) for at, element in zip(found.near, sides[1], strict=True) if at is not None)
        far += [(sides[0][before], sides[1][after]) for before, after in found.far]

    # ---------------------------------------------------------------- decisions

    def _consider(self, one: Any, other: Any) -> None:
        if not (has_identity(one) and has_identity(other)):
            self._enter(one, other)
        elif self.may_pair(one, other):
            self._number += 1
            if self._is_weak(one, other):
                self._weak.append((one, other))
                return
            place = self._places.get(id(other), 0)
            heapq.heappush(self._agenda, ((*self._rank(one, other), place), self._number, one, other))

    def _is_weak(self, one: Any, other: Any) -> bool:
        """Tell whether nothing but their place says that two objects are one, and they may be two."""
        may_be_elsewhere = id(one) in self._may_have_moved or id(other) in self._may_have_moved
        return may_be_elsewhere and not self.likeness.similarity(one, other)

    def _rank(self, one: Any, other: Any) -> tuple[float, ...]:
        if self._choices[0][id(one)] <= 1 and self._choices[1][id(other)] <= 1:
            return (0,)
        if one is other:
            return (0,)
        differs = not self.same(one, other)
        likeness = self.likeness.similarity(one, other) if differs else 1.0
        other_id = differs and not self.likeness.may_be_one(one, other)
        return (1, differs, other_id, -likeness, -self._votes[id(one), id(other)])

    def _drain(self) -> None:
        while self._agenda:
            _, _, one, other = heapq.heappop(self._agenda)
            self._accept(one, other)

    def _accept(self, one: Any, other: Any) -> None:
        if id(one) in self.partner or id(other) in self.owner:
            if self.partner.get(id(one)) is other:
                self._enter(one, other)
            return
        self.partner[id(one)], self.owner[id(other)] = other, one
        if one is not other and self.exact is not None and self._is_equal(one, other):
            self.equal.add(id(other))
        else:
            self._enter(one, other)

    def _is_equal(self, one: Any, other: Any) -> bool:
        known = None if self.exact is None else self.exact(one)
        return known is not None and self.exact is not None and known == self.exact(other)

    def _enter(self, one: Any, other: Any) -> None:
        key = id(one), id(other)
        if key not in self._entered:
            self._entered.add(key)
            near, far = self._corresponding(one, other)
            self.far += far
            for pair in near:
                self._consider(*pair)


class SidePairing(Pairing):
    """Pairs the base of a merge with one side.

    A mapping that has none of its keys any more may have been edited or replaced: the other side tells which.
    """

    def _is_weak(self, one: Any, other: Any) -> bool:
        is_root = one is self.one.root
        return super()._is_weak(one, other) or (not is_root and _have_no_key_in_common(one, other))


def _have_no_key_in_common(one: Any, other: Any) -> bool:
    """Tell whether two mappings have keys, and all of them differ."""
    if structure(one) is not Structure.MAPPING or not is_one_class(one, other):
        return False
    before, after = members_of(one), members_of(other)
    return bool(before and after) and before.keys().isdisjoint(after)


class NewPairing(Pairing):
    """Pairs what both sides created: two new objects at the same place are one.

    Args:
        known: Tells which object of the base an object is; None for a new one.
    """

    def __init__(self, *args: Any, known: Callable[[Any, int], Any]) -> None:
        super().__init__(*args)
        self.known = known
        self._elements = {
            id(element)
            for side in (self.one, self.other)
            for value in side.by_id.values()
            for element in _elements(value)
        }
        self._allowed: set[tuple[int, int]] = set()

    def may_pair(self, one: Any, other: Any) -> bool:
        """See :meth:`Pairing.may_pair`; an object that was there before is paired with itself alone."""
        old = self.known(one, 1), self.known(other, 2)
        if old != (None, None):
            return old[0] is old[1]
        # Two new elements of lists are two (rule 10), at whatever other place they are as well.
        are_elements = id(one) in self._elements or id(other) in self._elements
        return (not are_elements or (id(one), id(other)) in self._allowed) and super().may_pair(one, other)

    def elements(self, one: Any, other: Any, far: Pairs) -> Iterator[tuple[Any, Any]]:  # noqa: ARG002  as inherited
        """Pair what was there before, what has the same id, and how two new lists begin."""
        sides = elements_of(one), elements_of(other)
        old = {id(self.known(element, 2)): element for element in sides[1] if has_identity(element)}
        for element in sides[0]:
            before = self.known(element, 1)
            if before is not None and id(before) in old:
                yield element, old[id(before)]
        names = [self.likeness.unique_names(side) for side in sides]
        there = {name: at for at, name in enumerate(names[1]) if name is not None}
        new = [(sides[0][at], sides[1][there[name]]) for at, name in enumerate(names[0]) if name in there]
        if self.known(one, 1) is None and self.known(other, 2) is None:
            for mine, theirs in zip(*sides):  # noqa: B905  the shorter one ends it
                if not self.same(mine, theirs):
                    break
                new.append((mine, theirs))
        self._allowed |= {(id(mine), id(theirs)) for mine, theirs in new}
        yield from new


def _elements(value: Any) -> list[Any]:
    return elements_of(value) if structure(value) is Structure.SEQUENCE else []
