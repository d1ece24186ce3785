"""Pairing the objects of two versions of a record.

Candidates are objects at the same place in both versions. An object at several places may have several candidates.
First comes one of equal content, then one with the same element key, then the most similar one, then the one that is a
candidate at more places, then the first. Each object is paired once.
"""

from __future__ import annotations

import heapq
from typing import TYPE_CHECKING, Any

from ptb_bucket.codecs import Structure, class_of, has_identity
from ptb_bucket.state.merge.matching.candidates import Candidates
from ptb_bucket.state.merge.objects import own_content_of, parts_of, steps_to_parts

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Hashable, Iterable

    from ptb_bucket.state.merge.matching.rules import ObjectPairs, PairingRules
    from ptb_bucket.state.merge.objects import Objects

__all__ = ["ObjectPairing"]


class ObjectPairing:
    """Pairs the objects of two versions.

    Args:
        older: The older version.
        newer: The newer one.
        rules: Say which objects can be one.

    Attributes:
        new_of: The newer object for each paired older one, by the older one's id.
        old_of: The older object for each paired newer one, by the newer one's id.
        equal: Ids of newer objects that need not be looked into.
        possible_moves: Pairs of elements that may be one, changed and moved.
    """

    def __init__(self, older: Objects, newer: Objects, rules: PairingRules) -> None:
        self.older, self.newer, self.rules = older, newer, rules
        self.new_of: dict[int, Any] = {}
        self.old_of: dict[int, Any] = {}
        self.equal: set[int] = set()
        self.possible_moves: ObjectPairs = []
        self._candidates = Candidates(rules)
        self._only_by_place: ObjectPairs = []
        self._agenda: list[tuple[tuple[float, ...], int, Any, Any]] = []
        self._number = 0
        self._places = {number: at for at, number in enumerate(newer.by_id)}
        self._entered: set[tuple[int, int]] = set()

    def run(self) -> ObjectPairing:
        """Pair the objects found at the same places."""
        if self.rules.exact is None:
            self._candidates.explore(self.older, self.newer)
        for number, old in self.older.by_id.items():
            if number in self.newer.by_id:  # the same object is in both versions
                self._accept(old, old)
        self._consider(self.older.root, self.newer.root)
        self._drain()
        return self

    # ---------------------------------------------------------------- objects that are not at the same place

    def accept_moved(self) -> None:
        """Pair objects left over that hold the same objects, which may have changed, and are equal otherwise."""

        def old_number(part: Any) -> int | None:
            return id(part) if id(part) in self.new_of else None

        def new_number(part: Any) -> int | None:
            return id(self.old_of[id(part)]) if id(part) in self.old_of else None

        self._accept_by(
            lambda old: self._held_objects(old, old_number), lambda new: self._held_objects(new, new_number)
        )

    def accept_moved_elements(self, other: ObjectPairing) -> None:
        """Pair elements that may have been changed and moved, if the other side confirms it.

        The other side confirms it if it has the element at its place, or changed other parts of it.
        """
        moved = {id(old): theirs for old, theirs in other.possible_moves}
        for old, mine in self.possible_moves:
            theirs = moved.get(id(old))
            if id(old) in other.new_of or (
                theirs is not None and self.rules.comparison.changed_apart(old, mine, theirs)
            ):
                self._accept(old, mine)
        self._drain()

    def accept_equal(self) -> None:
        """Pair objects left over that have the same content: they were moved."""

        def name(value: Any) -> Hashable:
            return self.rules.fingerprint(value) if parts_of(value) else None

        self._accept_by(name, name)

    def only_by_place(self) -> dict[int, Any]:
        """Return the newer objects that nothing but their place connects to an older one, by the older one's id."""
        return {id(old): new for old, new in self._only_by_place if id(old) not in self.new_of}

    def accept_by_place(self, replaced: Container[int]) -> None:
        """Pair the objects of :meth:`only_by_place`, unless one of them was found elsewhere.

        Args:
            replaced: Ids of older objects that are not paired.
        """
        for old, new in self._only_by_place:
            if id(old) not in replaced:
                self._accept(old, new)
        self._drain()

    def undo(self, parted: Iterable[int]) -> None:
        """Take pairs apart.

        Args:
            parted: The ids of their older objects.
        """
        for number in parted:
            if number in self.new_of:
                del self.old_of[id(self.new_of.pop(number))]

    def _accept_by(self, of_old: Callable[[Any], Hashable], of_new: Callable[[Any], Hashable]) -> None:
        """Pair objects left over that have the same name, unless it is None."""
        left: dict[Hashable, list[Any]] = {}
        for old in self.older.by_id.values():
            if id(old) not in self.new_of and (name := of_old(old)) is not None:
                left.setdefault(name, []).append(old)
        for new in self.newer.by_id.values():
            if left and id(new) not in self.old_of and (found := left.get(of_new(new))):
                first = next((old for old in found if id(old) not in self.new_of), None)
                if first is not None:
                    self._accept(first, new)
                    self._drain()

    def _held_objects(self, value: Any, number_of: Callable[[Any], int | None]) -> Hashable:
        """Return an object's content, with paired objects by their number; None if it holds no paired object."""
        fingerprint = self.rules.fingerprint
        parts = [(step, number_of(part), part) for step, part in steps_to_parts(value)]
        if all(number is None for _, number, _ in parts):
            return None
        named = [
            (step, (True, number) if number is not None else (False, fingerprint(part))) for step, number, part in parts
        ]
        is_value = self.rules.structure(value) is Structure.VALUE
        own = tuple(map(fingerprint, own_content_of(value))) if is_value else ()
        return class_of(value), own, frozenset(named)

    # ---------------------------------------------------------------- decisions

    def _consider(self, old: Any, new: Any) -> None:
        if not (has_identity(old) and has_identity(new)):
            self._enter(old, new)
        elif self.rules.may_pair(old, new):
            self._number += 1
            if self._needs_evidence(old, new):
                self._only_by_place.append((old, new))
                return
            place = self._places.get(id(new), 0)
            heapq.heappush(self._agenda, ((*self._rank(old, new), place), self._number, old, new))

    def _needs_evidence(self, old: Any, new: Any) -> bool:
        """Tell whether only their place suggests that two objects are one, and they may be two."""
        moved = self._candidates.may_have_moved
        may_be_elsewhere = id(old) in moved or id(new) in moved
        if may_be_elsewhere and not self.rules.comparison.similarity(old, new):
            return True
        return self.rules.needs_evidence(old, new)

    def _rank(self, old: Any, new: Any) -> tuple[float, ...]:
        """Return the place of a pair in the order of acceptance: lower is earlier."""
        if old is new or self._candidates.is_only_one(old, new):
            return (0,)
        comparison = self.rules.comparison
        differs = not self.rules.same(old, new)
        similarity = comparison.similarity(old, new) if differs else 1.0
        is_other_thing = differs and not comparison.may_be_one(old, new)
        return (1, differs, is_other_thing, -similarity, -self._candidates.votes[id(old), id(new)])

    def _drain(self) -> None:
        while self._agenda:
            _, _, old, new = heapq.heappop(self._agenda)
            self._accept(old, new)

    def _accept(self, old: Any, new: Any) -> None:
        if id(old) in self.new_of or id(new) in self.old_of:
            if self.new_of.get(id(old)) is new:
                self._enter(old, new)
            return
        self.new_of[id(old)], self.old_of[id(new)] = new, old
        if old is not new and self._is_exactly_equal(old, new):
            self.equal.add(id(new))
        else:
            self._enter(old, new)

    def _is_exactly_equal(self, old: Any, new: Any) -> bool:
        exact = self.rules.exact
        if exact is None:
            return False
        known = exact(old)
        return known is not None and known == exact(new)

    def _enter(self, old: Any, new: Any) -> None:
        key = id(old), id(new)
        if key not in self._entered:
            self._entered.add(key)
            pairs, possible_moves = self._candidates.at_same_places(old, new)
            self.possible_moves += possible_moves
            for pair in pairs:
                self._consider(*pair)
