"""The three-way merge of one record's value.

Pure functions of base, ours and theirs. A result may share parts with its inputs, so callers pass objects that they
own. Rules by number: ``state-engine`` in DESIGN.md.
"""

from __future__ import annotations

import copy
from collections import defaultdict, deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from ptb_bucket.codecs import Equality, Structure, structure_of
from ptb_bucket.state._exact import Exact
from ptb_bucket.state._fields import ATOMS, WholeError, elements_of, emptied, fields_of, filled, members_of
from ptb_bucket.state._likeness import Likeness
from ptb_bucket.state._lists import merge_lists, paired
from ptb_bucket.state._order import merged_keys
from ptb_bucket.state.resolvers import MISSING, Conflict, Resolver, keep_theirs

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Choice", "Merge", "Path"]

Path = tuple[Any, ...]
_LONGEST_STEP: Final = 40
RESOLVED: Final = "both sides changed the same value, the resolver decided"


class Choice(NamedTuple):
    """Something that structure alone could not merge.

    Attributes:
        path: Where.
        what: What was done about it.
        other: A second place that it is about.
    """

    path: Path
    what: str = RESOLVED
    other: Path | None = None

    def places(self, record: str) -> list[str]:
        """Return where it was, for logs: keys that are names or numbers, others by their type alone."""
        paths = [self.path] if self.other is None else [self.path, self.other]
        return [record + "".join(map(_shown, path)) for path in paths]


def _shown(step: Any) -> str:
    if type(step) is str and step.isidentifier() and len(step) <= _LONGEST_STEP:
        return f'["{step}"]'
    return f"[{step}]" if type(step) is int else f"[<{type(step).__qualname__}>]"


@dataclass
class Merge:
    """Merges the values of one record and remembers what had to be decided.

    Args:
        record: The record's label, for conflicts.
        resolver: Asked for every leaf that both sides changed.
        idempotent: Ours may be in theirs already, and nobody can tell: apply only what does no harm twice.
        decided: Collects what had to be decided.
        equality: What equal means.
    """

    record: str
    resolver: Resolver
    idempotent: bool = False
    decided: list[Choice] = field(default_factory=list)
    equality: Equality = field(default_factory=Equality)

    def __post_init__(self) -> None:
        self.same = self.equality.same
        self.exact = Exact()
        self.likeness = Likeness(self.equality, self.exact)
        self._whole: set[type] = set()

    def value(self, path: Path, base: Any, ours: Any, theirs: Any) -> Any:
        """Return what stays at ``path``; MISSING stands for absent, in arguments and result."""
        before = len(self.decided)
        while True:
            try:
                return self.at(path, base, ours, theirs)
            except WholeError as error:  # once for each class
                self._whole.add(error.cls)
                del self.decided[before:]

    def at(self, path: Path, base: Any, ours: Any, theirs: Any) -> Any:
        """Merge what one location holds."""
        if ours is MISSING or theirs is MISSING:
            return self._deletion(path, base, ours, theirs)
        if type(theirs) in ATOMS or type(ours) in ATOMS:
            return self.leaf(path, base, ours, theirs)
        structure = self.structure(ours)
        if structure is Structure.VALUE or structure is not self.structure(theirs):
            return self.leaf(path, base, ours, theirs)
        if structure is Structure.FIELDS and not self._is_one_class(base, ours, theirs):
            return self.leaf(path, base, ours, theirs)
        return self.merged(path, base, ours, theirs) if base is MISSING else self._changed(path, base, ours, theirs)

    def _changed(self, path: Path, base: Any, ours: Any, theirs: Any) -> Any:
        """Take what only one side changed, where that can be seen at once."""
        before = self.exact(base)
        if before is not None:
            if before == self.exact(theirs):
                return ours
            if before == self.exact(ours):
                return theirs
        return self.merged(path, base, ours, theirs)

    def structure(self, value: Any) -> Structure:
        """Return what of a value is merged part by part."""
        cls = type(value)
        return Structure.VALUE if cls in self._whole else structure_of(cls)

    def taken(self, value: Any) -> Any:
        """Return a value of one side as it is part of the result."""
        return value

    @staticmethod
    def _is_one_class(base: Any, ours: Any, theirs: Any) -> bool:
        return type(ours) is type(theirs) and (base is MISSING or type(base) is type(ours))

    def _deletion(self, path: Path, base: Any, ours: Any, theirs: Any) -> Any:
        """Deleted on one side: what the other side added or changed stays, what it left alone goes (rule 11)."""
        kept = theirs if ours is MISSING else ours
        if kept is MISSING or self.same(kept, base):
            return MISSING
        if base is MISSING:
            return kept
        empty = None if type(kept) in self._whole else emptied(kept)
        if empty is None or type(base) is not type(kept):
            return self._decide(path, base, ours, theirs)
        merged = self.at(path, base, *((empty, kept) if ours is MISSING else (kept, empty)))
        return MISSING if self.same(merged, empty) else merged

    def leaf(self, path: Path, base: Any, ours: Any, theirs: Any) -> Any:
        """As a whole: the side that changed it, or the resolver's choice."""
        if base is not MISSING:
            if self.same(theirs, base):
                return ours
            if self.same(ours, base):
                return theirs
        return self._decide(path, base, ours, theirs)

    def _decide(self, path: Path, base: Any, ours: Any, theirs: Any) -> Any:
        if self.idempotent:
            return theirs if self.resolver is keep_theirs or isinstance(theirs, (int, float)) else ours
        if ours is MISSING or theirs is MISSING or not self.same(ours, theirs):
            self.decide(path)
        return self.resolver(Conflict(self.record, path, base, ours, theirs))

    def decide(self, path: Path, *what: Any) -> None:
        """Remember that something had to be decided; see :class:`Choice`."""
        self.decided.append(Choice(path, *what))

    # ---------------------------------------------------------------- part by part

    def merged(self, path: Path, base: Any, ours: Any, theirs: Any) -> Any:
        """Merge values of one structure, part by part."""
        structure = self.structure(ours)
        if base is MISSING or self.structure(base) is not structure:
            base = self._hollow(base, ours, theirs)
        made = self._made(base, ours, theirs, structure)
        if structure is not Structure.SET:  # sets have no parts
            self._fill(made, path, base, ours, theirs, structure)
        return made

    def _fill(self, made: Any, path: Path, base: Any, ours: Any, theirs: Any, structure: Structure) -> None:
        content = fields = None
        if structure is Structure.MAPPING:
            content = self._members(path, members_of(base), members_of(ours), members_of(theirs))
        elif structure is Structure.SEQUENCE:
            content = self._elements(path, *map(elements_of, (base, ours, theirs)))
        mine, other = fields_of(ours), fields_of(theirs)
        if mine or other:
            old = {} if base is MISSING else fields_of(base)
            fields = dict(self._members(path, old, mine, other))
        filled(made, content, fields)

    def _made(self, base: Any, ours: Any, theirs: Any, structure: Structure) -> Any:
        """Make what the result goes into."""
        latest = _latest(base, ours, theirs)
        if structure is Structure.SET:
            return type(latest)(self._set(base, ours, theirs))
        if structure is Structure.FIELDS:
            return copied(theirs)
        made = emptied(latest)
        if isinstance(made, defaultdict):
            made.default_factory = _factory(base, ours, theirs)
        return made

    def _members(self, path: Path, base: dict[Any, Any], ours: dict[Any, Any], theirs: dict[Any, Any]) -> list[Any]:
        found = []
        for name, key in merged_keys(base, ours, theirs, self.equality):
            old, mine, other = (side.get(name, MISSING) for side in (base, ours, theirs))
            value = self.at((*path, key), old, mine, other)
            if value is not MISSING:
                found.append((key, value))
        return found

    def _set(self, base: Any, ours: Any, theirs: Any) -> list[Any]:
        """By added and removed members."""
        old, mine, other = (self._by_print(side) for side in (base, ours, theirs))
        kept = {name: member for name, member in other.items() if name in mine or name not in old}
        return [*kept.values(), *(member for name, member in mine.items() if name not in old and name not in kept)]

    def _by_print(self, members: Any) -> dict[Any, Any]:
        found = elements_of(members)
        return dict(zip(self.likeness.prints(found), found, strict=True))

    def _elements(self, path: Path, base: list[Any], ours: list[Any], theirs: list[Any]) -> list[Any]:
        if self.idempotent:
            return ours if self.same(theirs, base) else theirs
        return merge_lists(self, path, *paired(self.likeness, base, ours, theirs))

    def _hollow(self, base: Any, ours: Any, theirs: Any) -> Any:
        """Return what both sides started from when they made containers where there was none."""
        structure = self.structure(ours)
        if structure is Structure.SEQUENCE:
            return self._common_beginning(elements_of(ours), elements_of(theirs)) if base is MISSING else []
        if structure is Structure.FIELDS:
            return base
        return {} if structure is Structure.MAPPING else set()

    def _common_beginning(self, ours: list[Any], theirs: list[Any]) -> list[Any]:
        """Two equal first initialisations are one (rule 10), also when one side went on from there."""
        common = []
        for mine, other in zip(ours, theirs):  # noqa: B905  the shorter one ends it
            if not self.same(mine, other):
                break
            common.append(other)
        return common


def copied(value: Any) -> Any:
    """Copy an object, so that its attributes can be set.

    Raises:
        WholeError: Its class does not let itself be copied.
    """
    try:
        made = copy.copy(value)
    except RecursionError:
        raise
    except Exception as error:
        raise WholeError(type(value)) from error
    if made is value or type(made) is not type(value):
        raise WholeError(type(value))
    return made


def _latest(base: Any, ours: Any, theirs: Any) -> Any:
    """Return the side whose type, and length limit, was chosen last: theirs, unless we changed it."""
    return theirs if _form(ours) == _form(base) else ours


def _form(value: Any) -> tuple[type, Any]:
    return type(value), value.maxlen if issubclass(type(value), deque) else None


def _factory(base: Any, ours: Any, theirs: Any) -> Any:
    """Return the factory of the side that changed it; theirs if both did, or none."""
    old, mine, other = (getattr(side, "default_factory", MISSING) for side in (base, ours, theirs))
    return mine if other is MISSING or (other is old and mine is not MISSING) else other
