"""Candidates for pairing: parts at the same place in two versions of an object, and how often each pair occurs."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from ptb_bucket.codecs import Structure, has_identity, is_one_class
from ptb_bucket.state.merge.objects import ATOMS, fields_of, inner_parts_of, members_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ptb_bucket.state.merge.matching.rules import ObjectPairs, PairingRules
    from ptb_bucket.state.merge.objects import Objects

__all__ = ["Candidates"]

_ENOUGH = 20
"""Places to look at for each object: if every object shares every other one, the first places tell enough."""


class Candidates:
    """Parts of two versions that are at the same place in both.

    Args:
        rules: Say which elements of lists correspond, and which objects can be one.

    Attributes:
        votes: For each candidate pair, by the ids of its objects, at how many places it was found.
        may_have_moved: The ids of elements that may have been changed and moved.
    """

    def __init__(self, rules: PairingRules) -> None:
        self.votes: Counter[tuple[int, int]] = Counter()
        self.may_have_moved: set[int] = set()
        self._rules = rules
        self._found: dict[tuple[int, int], tuple[ObjectPairs, ObjectPairs]] = {}
        self._choices: tuple[Counter[int], Counter[int]] = Counter(), Counter()

    def explore(self, older: Objects, newer: Objects) -> None:
        """Look at all places once, to learn which objects have several candidates."""
        waiting, seen = [(older.root, newer.root)], {(id(older.root), id(newer.root))}
        limit = _ENOUGH * (len(older.by_id) + len(newer.by_id) + 1)
        while waiting and len(seen) < limit:
            pairs, possible_moves = self.at_same_places(*waiting.pop())
            self.may_have_moved.update(id(value) for pair in possible_moves for value in pair)
            for pair in pairs:
                self._count(*pair)
                key = id(pair[0]), id(pair[1])
                if key not in seen:
                    seen.add(key)
                    waiting.append(pair)

    def _count(self, old: Any, new: Any) -> None:
        if has_identity(old) and has_identity(new) and self._rules.may_pair(old, new):
            key = id(old), id(new)
            self.votes[key] += 1
            if self.votes[key] == 1:
                self._choices[0][key[0]] += 1
                self._choices[1][key[1]] += 1

    def is_only_one(self, old: Any, new: Any) -> bool:
        """Tell whether two objects have no other candidate than each other."""
        return self._choices[0][id(old)] <= 1 and self._choices[1][id(new)] <= 1

    def at_same_places(self, old: Any, new: Any) -> tuple[ObjectPairs, ObjectPairs]:
        """Return the parts of two values that are at the same place, and elements that may have changed and moved."""
        key = id(old), id(new)
        if key not in self._found:
            possible_moves: ObjectPairs = []
            found = self._parts(old, new, possible_moves)
            pairs = [pair for pair in found if type(pair[0]) not in ATOMS and type(pair[1]) not in ATOMS]
            self._found[key] = pairs, possible_moves
        return self._found[key]

    def _parts(self, old: Any, new: Any, possible_moves: ObjectPairs) -> Iterator[tuple[Any, Any]]:
        structure = self._rules.structure(old)
        if structure is not self._rules.structure(new):
            return
        if structure is Structure.VALUE and not is_one_class(old, new):
            return
        is_set = structure is Structure.VALUE and isinstance(old, (set, frozenset))
        if is_set or structure in (Structure.SEQUENCE, Structure.SET):
            same, moved = self._rules.match_elements(old, new)
            yield from same
            possible_moves += moved
        for before, after in _named(structure, old, new, is_set=is_set):
            yield from ((part, after[name]) for name, part in before.items() if name in after)


def _named(structure: Structure, old: Any, new: Any, *, is_set: bool) -> list[tuple[dict[Any, Any], dict[Any, Any]]]:
    """Return the parts of two values that have a name: attributes, members of mappings, and inner parts."""
    if structure is Structure.VALUE and not is_set:
        return [(dict(inner_parts_of(old)), dict(inner_parts_of(new)))]
    fields = fields_of(old), fields_of(new)
    return [fields, (members_of(old), members_of(new))] if structure is Structure.MAPPING else [fields]
