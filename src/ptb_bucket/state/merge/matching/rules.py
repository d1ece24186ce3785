"""Which objects of two versions can be one, and what suffices to take them for one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ptb_bucket.codecs import Structure, has_identity, is_one_class
from ptb_bucket.state.merge.matching.comparison import ElementComparison
from ptb_bucket.state.merge.matching.elements import match_elements
from ptb_bucket.state.merge.objects import elements_of, members_of, structure

if TYPE_CHECKING:
    from collections.abc import Callable

    from ptb_bucket.state.merge.matching.comparison import Comparing
    from ptb_bucket.state.merge.objects import ExactEncoding, Objects

__all__ = ["ObjectPairs", "PairingRules", "RulesForAdditions", "RulesForBase"]

ObjectPairs = list[tuple[Any, Any]]
"""Pairs of an older and a newer object."""


def _unknown(_: Any) -> None:
    """Know nothing, quickly. Stands for :class:`ExactEncoding`, which visits an object wherever it occurs."""


class PairingRules:
    """The rules for any two versions.

    Args:
        equality: Decides which values are equal; :class:`ObjectFingerprints`, if an object is at several places.
        structure: Tells how a value's parts hang together.
        exact: Encodes values to compare them quickly. Only for versions in which no object is at several places.
    """

    def __init__(
        self, equality: Comparing, structure: Callable[[Any], Structure], exact: ExactEncoding | None = None
    ) -> None:
        self.structure, self.exact = structure, exact
        self.same, self.fingerprint = equality.same, equality.fingerprint
        self.comparison = ElementComparison(equality, exact or _unknown)

    def may_pair(self, old: Any, new: Any) -> bool:
        """Tell whether two objects can be one at all."""
        kind = self.structure(old)
        if kind is not self.structure(new):
            return False
        return is_one_class(old, new) or kind in (Structure.MAPPING, Structure.SEQUENCE)

    def needs_evidence(self, old: Any, new: Any) -> bool:  # noqa: ARG002  others look at the objects
        """Tell whether being at the same place is not enough to take two objects for one."""
        return False

    def match_elements(self, old: Any, new: Any) -> tuple[ObjectPairs, ObjectPairs]:
        """Pair the elements of two lists, or the members of two sets.

        Returns:
            The pairs, and further pairs that may be one element, changed and moved.
        """
        older, newer = elements_of(old), elements_of(new)
        _, fingerprints = self.comparison.common_fingerprints(older, newer)
        found = match_elements(self.comparison, older, fingerprints[0], newer, fingerprints[1])
        same = [(older[at], element) for at, element in zip(found.origins, newer, strict=True) if at is not None]
        return same, [(older[before], newer[after]) for before, after in found.possible_moves]


class RulesForBase(PairingRules):
    """The rules for the base of a merge and one side.

    A mapping that has lost all of its keys may have been edited or replaced. Only the other side shows which.

    Args:
        root: The root of the base, which cannot have been replaced.
        how: See :class:`PairingRules`.
    """

    def __init__(self, root: Any, *how: Any) -> None:
        super().__init__(*how)
        self._root = root

    def needs_evidence(self, old: Any, new: Any) -> bool:
        """See :meth:`PairingRules.needs_evidence`."""
        return old is not self._root and _have_no_key_in_common(old, new)


def _have_no_key_in_common(old: Any, new: Any) -> bool:
    """Tell whether two mappings have keys, and all of them differ."""
    if structure(old) is not Structure.MAPPING or not is_one_class(old, new):
        return False
    before, after = members_of(old), members_of(new)
    return bool(before and after) and before.keys().isdisjoint(after)


class RulesForAdditions(PairingRules):
    """The rules for objects that both sides created: two new objects at the same place are one.

    Rule "Equal additions stay two": two new elements of lists are two, at whichever other places they are. They are one
    if they have the same element key, or are in the common beginning of two new lists.

    Args:
        ours: One side's objects.
        theirs: The other side's objects.
        known: Returns the object of the base that an object is; None for a new one.
        how: See :class:`PairingRules`.
    """

    def __init__(self, ours: Objects, theirs: Objects, known: Callable[[Any, int], Any], *how: Any) -> None:
        super().__init__(*how)
        self._known = known
        self._elements = ours.elements | theirs.elements
        self._allowed: set[tuple[int, int]] = set()

    def may_pair(self, old: Any, new: Any) -> bool:
        """See :meth:`PairingRules.may_pair`; an object of the base is paired with itself alone."""
        origins = self._known(old, 1), self._known(new, 2)
        if origins != (None, None):
            return origins[0] is origins[1]
        are_elements = id(old) in self._elements or id(new) in self._elements
        return (not are_elements or (id(old), id(new)) in self._allowed) and super().may_pair(old, new)

    def match_elements(self, old: Any, new: Any) -> tuple[ObjectPairs, ObjectPairs]:
        """Pair elements of the base, elements with the same key, and the common beginning of two new lists."""
        ours, theirs = elements_of(old), elements_of(new)
        added = self._with_equal_keys(ours, theirs)
        if self._known(old, 1) is None and self._known(new, 2) is None:
            added += self._common_beginning(ours, theirs)
        self._allowed |= {(id(mine), id(other)) for mine, other in added}
        return [*self._in_base(ours, theirs), *added], []

    def _in_base(self, ours: list[Any], theirs: list[Any]) -> ObjectPairs:
        """Return the elements that are the same object of the base."""
        by_origin = {id(self._known(element, 2)): element for element in theirs if has_identity(element)}
        origins = ((element, self._known(element, 1)) for element in ours)
        return [
            (element, by_origin[id(origin)])
            for element, origin in origins
            if origin is not None and id(origin) in by_origin
        ]

    def _with_equal_keys(self, ours: list[Any], theirs: list[Any]) -> ObjectPairs:
        keys = [self.comparison.element_keys(side) for side in (ours, theirs)]
        there = {key: at for at, key in enumerate(keys[1]) if key is not None}
        return [(ours[at], theirs[there[key]]) for at, key in enumerate(keys[0]) if key in there]

    def _common_beginning(self, ours: list[Any], theirs: list[Any]) -> ObjectPairs:
        common: ObjectPairs = []
        for mine, other in zip(ours, theirs):  # noqa: B905  the shorter one ends it
            if not self.same(mine, other):
                break
            common.append((mine, other))
        return common
