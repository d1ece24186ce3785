"""The three-way merge of one record's value.

Pure functions of base, ours and theirs. A result may share parts with its inputs, so callers pass objects that they
own. Rules by number: ``state-engine`` in DESIGN.md.
"""

from __future__ import annotations

import copy
from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ptb_bucket.codecs import same
from ptb_bucket.state._fields import build, fields_of, is_fielded, set_fields
from ptb_bucket.state._lists import merge_lists
from ptb_bucket.state.resolvers import MISSING, Conflict, Resolver, keep_theirs

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Merge"]

Path = tuple[Any, ...]


@dataclass
class Merge:
    """Merges the values of one record and remembers what had to be decided.

    Args:
        record: The record's label, for conflicts.
        resolver: Asked for every leaf that both sides changed.
        idempotent: Ours may be in theirs already, and nobody can tell: apply only what does no harm twice.
    """

    record: str
    resolver: Resolver
    idempotent: bool = False
    decided: list[Path] = field(default_factory=list)

    def value(self, path: Path, base: Any, ours: Any, theirs: Any) -> Any:
        """What stays at ``path``; MISSING stands for absent, in arguments and result."""
        if ours is MISSING or theirs is MISSING:
            return self._deletion(path, base, ours, theirs)
        for matches, merge in _SHAPES:
            if matches(ours) and matches(theirs):
                return merge(self, path, base if matches(base) else _hollow(base, ours, theirs), ours, theirs)
        return self.leaf(path, base, ours, theirs)

    def _deletion(self, path: Path, base: Any, ours: Any, theirs: Any) -> Any:
        """Deleted on one side: what the other side added or changed stays, what it left alone goes (rule 11)."""
        kept = theirs if ours is MISSING else ours
        if kept is MISSING or same(kept, base):
            return MISSING
        if base is MISSING:
            return kept
        empty = _emptied(kept)
        if empty is None or type(base) is not type(kept):
            return self._decide(path, base, ours, theirs)
        merged = self.value(path, base, *((empty, kept) if ours is MISSING else (kept, empty)))
        return MISSING if same(merged, empty) else merged

    def leaf(self, path: Path, base: Any, ours: Any, theirs: Any) -> Any:
        """As a whole: the side that changed it, or the resolver's choice."""
        if base is not MISSING:
            if same(theirs, base):
                return ours
            if same(ours, base):
                return theirs
        elif same(ours, theirs):
            return theirs  # two equal first initialisations (rule 10)
        return self._decide(path, base, ours, theirs)

    def _decide(self, path: Path, base: Any, ours: Any, theirs: Any) -> Any:
        if self.idempotent:
            return theirs if self.resolver is keep_theirs or isinstance(theirs, (int, float)) else ours
        if ours is MISSING or theirs is MISSING or not same(ours, theirs):
            self.decided.append(path)
        return self.resolver(Conflict(self.record, path, base, ours, theirs))

    def dicts(self, path: Path, base: Any, ours: Any, theirs: Any) -> Any:
        """Key by key, theirs first; attributes of dict classes as well."""
        merged = self._members(path, base, ours, theirs, _emptied(_latest(base, ours, theirs)))
        old, mine, other = map(fields_of, (base, ours, theirs))
        if mine or other:
            set_fields(merged, self._members(path, old, mine, other, {}))
        return merged

    def _members(self, path: Path, base: Any, ours: Any, theirs: Any, merged: Any) -> Any:
        for key in [*theirs, *(key for key in ours if key not in theirs)]:
            old, mine, other = (side.get(key, MISSING) for side in (base, ours, theirs))
            value = self.value((*path, key), old, mine, other)
            if value is not MISSING:
                merged[key] = value
        return merged

    def sets(self, path: Path, base: Any, ours: Any, theirs: Any) -> Any:  # noqa: ARG002  one signature for all shapes
        """By added and removed members."""
        kept = (set(theirs) | (set(ours) - set(base))) - (set(base) - set(ours))
        return type(_latest(base, ours, theirs))(kept)

    def lists(self, path: Path, base: Any, ours: Any, theirs: Any) -> Any:
        """Both tails, or element by element (rule 12)."""
        if self.idempotent:
            return ours if same(theirs, base) else theirs
        merged = merge_lists(self, path, list(base), list(ours), list(theirs))
        latest = _latest(base, ours, theirs)
        if type(latest) is list:
            return merged
        filled = _emptied(latest)
        filled.extend(merged)
        return filled

    def objects(self, path: Path, base: Any, ours: Any, theirs: Any) -> Any:
        """Attribute by attribute, if it is the same class on all sides that have it."""
        if type(ours) is not type(theirs) or (base is not MISSING and type(base) is not type(ours)):
            return self.leaf(path, base, ours, theirs)
        old = {} if base is MISSING else fields_of(base)
        return build(theirs, self._members(path, old, fields_of(ours), fields_of(theirs), {}))


def _latest(base: Any, ours: Any, theirs: Any) -> Any:
    """The side whose type, and length limit, was chosen last: theirs, unless only we changed it."""
    return theirs if _form(ours) == _form(base) else ours


def _form(value: Any) -> tuple[type, Any]:
    return type(value), getattr(value, "maxlen", None)


def _is_dict(value: Any) -> bool:
    return isinstance(value, dict)


def _is_set(value: Any) -> bool:
    return type(value) in (set, frozenset)


def _is_list(value: Any) -> bool:
    return isinstance(value, (list, deque))


_SHAPES: tuple[tuple[Callable[[Any], bool], Callable[..., Any]], ...] = (
    (_is_dict, Merge.dicts),
    (_is_set, Merge.sets),
    (_is_list, Merge.lists),
    (is_fielded, Merge.objects),
)


def _hollow(base: Any, ours: Any, theirs: Any) -> Any:
    """What both sides started from when they made containers where there was none."""
    if _is_list(ours):
        return _common_beginning(ours, theirs) if base is MISSING else []
    return base if is_fielded(ours) else {}


def _common_beginning(ours: Any, theirs: Any) -> list[Any]:
    """Two equal first initialisations are one (rule 10), also when one side went on from there."""
    common = []
    for mine, other in zip(ours, theirs):  # noqa: B905  the shorter one ends it
        if not same(mine, other):
            break
        common.append(other)
    return common


def _emptied(value: Any) -> Any:
    """An empty container of the same type, or None for what is no container."""
    if type(value) in (set, frozenset):
        return type(value)()
    if not (_is_dict(value) or _is_list(value)):
        return None
    empty = copy.copy(value)
    empty.clear()
    return empty
