"""The three-way merge of containers and objects, part by part."""

from __future__ import annotations

from collections import defaultdict, deque
from typing import TYPE_CHECKING, Any, Protocol

from ptb_bucket.codecs import Structure, with_room
from ptb_bucket.state.merge.lists import ElementMerge, merge_lists
from ptb_bucket.state.merge.mappings import align_members
from ptb_bucket.state.merge.matching import OURS, THEIRS, align_lists
from ptb_bucket.state.merge.objects import (
    attribute,
    copy_object,
    elements_of,
    empty_like,
    fields_of,
    fill_container,
    members_of,
)
from ptb_bucket.state.merge.resolvers import MISSING

if TYPE_CHECKING:
    from ptb_bucket.codecs import Equality
    from ptb_bucket.state.merge.matching import ObjectIndex
    from ptb_bucket.state.merge.objects import Path

__all__ = ["ContainerMerge"]


class PartMerge(ElementMerge, Protocol):
    """Merges the parts of containers; see :class:`~ptb_bucket.state.merge.values.ValueMerge`."""

    idempotent: bool
    equality: Equality

    def same(self, one: Any, other: Any, /) -> bool: ...
    def is_theirs_unchanged(self, base: Any, ours: Any, theirs: Any) -> bool: ...
    def structure(self, value: Any) -> Structure: ...


class ContainerMerge:
    """Merges values of one structure, part by part.

    Args:
        merge: Merges the parts.
        index: The objects of the record, if they are merged by object; None if they are merged by place.
    """

    def __init__(self, merge: PartMerge, index: ObjectIndex | None) -> None:
        self._merge, self._index = merge, index

    def merge(self, path: Path, base: Any, ours: Any, theirs: Any) -> Any:
        """Return the merged container or object."""
        base, made = self.begin(base, ours, theirs)
        if type(made) is frozenset:
            return frozenset(self._merge_sets(path, base, ours, theirs))
        self.fill(made, path, base, ours, theirs)
        return made

    def is_one(self, ours: Any, theirs: Any) -> bool:
        """Tell whether values of both sides are one object, or equal."""
        return self._merge.same(ours, theirs) if self._index is None else self._index.is_one(ours, theirs)

    def begin(self, base: Any, ours: Any, theirs: Any) -> tuple[Any, Any]:
        """Return the base of the merge, and an empty container or a copied object for the result."""
        structure = self._merge.structure(ours)
        if base is MISSING or self._merge.structure(base) is not structure:
            base = self.implied_base(base, ours, theirs)
        if structure is Structure.FIELDS:
            return base, copy_object(with_room(theirs, ours))
        made = empty_like(_latest(base, ours, theirs))
        if isinstance(made, defaultdict):
            made.default_factory = _factory(base, ours, theirs)
        return base, made

    def fill(self, made: Any, path: Path, base: Any, ours: Any, theirs: Any) -> None:
        """Fill an empty container, or a copied object, with the merged parts."""
        structure = self._merge.structure(made)
        content = fields = None
        if structure is Structure.MAPPING:
            content = self._merge_members(path, members_of(base), members_of(ours), members_of(theirs))
        elif structure is Structure.SEQUENCE:
            content = self._merge_elements(path, *map(elements_of, (base, ours, theirs)))
        elif structure is Structure.SET:
            content = self._merge_sets(path, base, ours, theirs)
        mine, other = fields_of(ours), fields_of(theirs)
        if mine or other:
            old = {} if base is MISSING else fields_of(base)
            fields = dict(self._merge_members(path, old, mine, other))
        fill_container(made, content, fields)

    # ---------------------------------------------------------------- parts

    def _merge_members(
        self, path: Path, base: dict[Any, Any], ours: dict[Any, Any], theirs: dict[Any, Any]
    ) -> list[tuple[Any, Any]]:
        merge_at, found = self._merge.merge_at, []
        for key, old, mine, other in align_members(base, ours, theirs, self._merge.equality):
            value = merge_at((*path, key), old, mine, other)
            if value is not MISSING:
                found.append((key, value))
        return found

    def _merge_sets(self, path: Path, base: Any, ours: Any, theirs: Any) -> list[Any]:
        """Return the members that stay: added on either side, or removed on neither."""
        old, mine, other = (self._by_name(side, members) for side, members in enumerate((base, ours, theirs)))
        kept = {name: (member, THEIRS) for name, member in other.items() if name in mine or name not in old}
        kept |= {name: (member, OURS) for name, member in mine.items() if name not in old and name not in kept}
        return [self._merge.from_side(path, *member) for member in kept.values()]

    def _by_name(self, side: int, members: Any) -> dict[Any, Any]:
        found = elements_of(members)
        if self._index is not None:
            return {self._index.name(member, side): member for member in found}
        return dict(zip(self._merge.comparison.fingerprints(found), found, strict=True))

    def _merge_elements(self, path: Path, base: list[Any], ours: list[Any], theirs: list[Any]) -> list[Any]:
        if self._merge.idempotent:
            return self._one_list(path, base, ours, theirs)
        if self._index is None:
            return merge_lists(self._merge, path, align_lists(self._merge.comparison, base, ours, theirs))
        return merge_lists(self._merge, path, self._index.align_lists(base, ours, theirs))

    def _one_list(self, path: Path, base: list[Any], ours: list[Any], theirs: list[Any]) -> list[Any]:
        """Return theirs, or ours if theirs is unchanged: adding our elements again would double them."""
        if self._index is None:
            is_unchanged = self._merge.is_theirs_unchanged(base, ours, theirs)
        else:
            is_unchanged = self._index.is_alike(list(enumerate(base)), list(enumerate(theirs)), THEIRS)
        elements, side = (ours, OURS) if is_unchanged else (theirs, THEIRS)
        return [self._merge.from_side((*path, at), element, side) for at, element in enumerate(elements)]

    # ---------------------------------------------------------------- the base

    def implied_base(self, base: Any, ours: Any, theirs: Any) -> Any:
        """Return the base of containers that both sides created where there was none."""
        structure = self._merge.structure(ours)
        if structure is Structure.SEQUENCE:
            return [] if base is not MISSING else self._common_beginning(elements_of(ours), elements_of(theirs))
        if structure is Structure.FIELDS:
            return base
        return {} if structure is Structure.MAPPING else set()

    def _common_beginning(self, ours: list[Any], theirs: list[Any]) -> list[Any]:
        """Return the elements with which two new lists begin alike.

        Rule "Equal additions stay two": two equal extensions of a list are two changes, but two equal first
        initializations are one; of lists, their common beginning is one.
        """
        common = []
        for mine, other in zip(ours, theirs):  # noqa: B905  the shorter one ends it
            if not self.is_one(mine, other):
                break
            common.append(other)
        return common


def _latest(base: Any, ours: Any, theirs: Any) -> Any:
    """Return the side whose type and length limit were chosen last: theirs, unless ours changed them."""
    return theirs if _form(ours) == _form(base) else ours


def _form(value: Any) -> tuple[type, Any]:
    return type(value), attribute(value, "maxlen") if issubclass(type(value), deque) else None


def _factory(base: Any, ours: Any, theirs: Any) -> Any:
    """Return the factory of the side that changed it; theirs if both did, or neither."""
    old, mine, other = (attribute(side, "default_factory", MISSING) for side in (base, ours, theirs))
    return mine if other is MISSING or (other is old and mine is not MISSING) else other
