"""The three-way merge of one record's value.

Pure functions of base, ours and theirs. A result may share parts with its inputs, so callers pass objects that they
own. Rules by number: ``state-engine`` in DESIGN.md.
"""

from __future__ import annotations

from collections import Counter, defaultdict, deque
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

from ptb_bucket.codecs import Equality, Structure, is_one_class, structure_of, with_room
from ptb_bucket.state.merge.graph import Graph
from ptb_bucket.state.merge.lists import merge_lists, paired
from ptb_bucket.state.merge.objects import (
    ATOMS,
    Exact,
    Likeness,
    Objects,
    Path,
    Position,
    WholeError,
    attribute,
    copied,
    elements_of,
    emptied,
    fields_of,
    filled,
    has_sharing,
    holders_in,
    members_of,
)
from ptb_bucket.state.merge.order import merged_members
from ptb_bucket.state.merge.resolvers import MISSING, Conflict, Resolver, keep_theirs
from ptb_bucket.state.merge.triples import Triples

__all__ = ["Choice", "ValueMerge"]

_LONGEST_STEP: Final = 40
REMOVED: Final = "an element was changed on one side and removed on the other: it stays removed"
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
    return f"[{step:d}]" if type(step) in (int, Position) else f"[<{type(step).__qualname__}>]"


@dataclass
class ValueMerge:
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
        self._graph: Graph | None = None
        self._reports: list[Choice] = []

    def value(self, path: Path, base: Any, ours: Any, theirs: Any) -> Any:
        """Return what stays at ``path``; MISSING stands for absent, in arguments and result."""
        before = len(self.decided)
        while True:
            try:
                return self._value(path, base, ours, theirs)
            except WholeError as error:  # once for each class
                self._whole.add(error.cls)
                del self.decided[before:]

    def _value(self, path: Path, base: Any, ours: Any, theirs: Any) -> Any:
        versions = base, ours, theirs
        if not self._needs_objects(*versions):
            self._graph = None
            return self.at(path, base, ours, theirs)
        graph = self._graph = Graph(self, Triples(self.equality, self.structure, *map(Objects, versions)))
        before, self._reports = len(self.decided), []
        for _ in graph.passes():
            del self.decided[before:]
            result = self.at(path, base, ours, theirs)
            if graph.is_whole(result):
                break
        self.decided += self._reports
        return result

    def _needs_objects(self, *versions: Any) -> bool:
        """Tell whether a merge by places could lose an edit, or make two objects of one."""
        if has_sharing(*versions):
            return True
        base, ours, theirs = (
            Counter(self.exact(value) or self.equality.fingerprint(value) for value in holders_in(self.structure, one))
            for one in versions
        )
        return base not in (ours, theirs)

    def at(self, path: Path, base: Any, ours: Any, theirs: Any) -> Any:
        """Merge what one location holds."""
        if self._graph is not None:
            return self._graph.at(path, base, ours, theirs)
        if ours is MISSING or theirs is MISSING:
            return self._deletion(path, base, ours, theirs)
        if type(theirs) in ATOMS or type(ours) in ATOMS or not self.is_mergeable(base, ours, theirs):
            return self.leaf(path, base, ours, theirs)
        return self.merged(path, base, ours, theirs) if base is MISSING else self._changed(path, base, ours, theirs)

    def is_mergeable(self, base: Any, ours: Any, theirs: Any) -> bool:
        """Tell whether two values are merged part by part."""
        structure = self.structure(ours)
        if structure is Structure.VALUE or structure is not self.structure(theirs):
            return False
        if structure is not Structure.FIELDS:
            return True
        return is_one_class(ours, theirs) and (base is MISSING or is_one_class(base, ours))

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
        cls: Any = type(value)
        return Structure.VALUE if cls in self._whole else structure_of(cls)

    def taken(self, path: Path, value: Any, side: int) -> Any:
        """Return a value of one side, 1 for ours and 2 for theirs, as it is part of the result."""
        return value if self._graph is None else self._graph.taken(path, value, side)

    def is_edited(self, base: Any, value: Any, side: int) -> bool:
        """Tell whether one side changed an element that is still the same one."""
        triple = None if self._graph is None else self._graph.find(value, side)
        if self._graph is not None and triple is not None:
            return self._graph.triples.is_edited(triple, side)
        return not self.same(base, value)

    def removed(self, path: Path, base: Any, value: Any, side: int) -> None:
        """Take note of an element that one side removed: if the other one changed it, that is lost (rule 12)."""
        if self._graph is not None:
            self._graph.removed(path, value, side)
        elif not self.same(base, value):
            self.decide(path, REMOVED)

    def _deletion(self, path: Path, base: Any, ours: Any, theirs: Any) -> Any:
        """Deleted on one side: what the other side added or changed stays, what it left alone goes (rule 11)."""
        kept = theirs if ours is MISSING else ours
        if kept is MISSING or self.same(kept, base):
            return MISSING
        if base is MISSING:
            return kept
        empty = None if type(kept) in self._whole else emptied(kept)
        if empty is None or type(base) is not type(kept):
            return self.choose(path, base, ours, theirs)
        merged = self.at(path, base, *((empty, kept) if ours is MISSING else (kept, empty)))
        return MISSING if self.same(merged, empty) else merged

    def leaf(self, path: Path, base: Any, ours: Any, theirs: Any) -> Any:
        """As a whole: the side that changed it, or the resolver's choice."""
        if base is not MISSING:
            if self.same(theirs, base):
                return ours
            if self.same(ours, base):
                return theirs
        return self.choose(path, base, ours, theirs)

    def choose(self, path: Path, base: Any, ours: Any, theirs: Any) -> Any:
        """Ask the resolver what stays."""
        if self.idempotent:
            return theirs if self.resolver is keep_theirs or isinstance(theirs, (int, float)) else ours
        if ours is MISSING or theirs is MISSING or not self._is_one(ours, theirs):
            self.decide(path)
        return self.resolver(Conflict(self.record, _with_ids(path), base, ours, theirs))

    def _is_one(self, ours: Any, theirs: Any) -> bool:
        return self.same(ours, theirs) if self._graph is None else self._graph.triples.is_one(ours, theirs)

    def decide(self, path: Path, *what: Any) -> None:
        """Remember that something had to be decided; see :class:`Choice`."""
        self.decided.append(Choice(path, *what))

    def report(self, path: Path, *what: Any) -> None:
        """Like :meth:`decide`, for what holds however often the merge is done again."""
        self._reports.append(Choice(path, *what))

    # ---------------------------------------------------------------- part by part

    def merged(self, path: Path, base: Any, ours: Any, theirs: Any) -> Any:
        """Merge values of one structure, part by part."""
        base, made = self.begun(base, ours, theirs)
        if type(made) is frozenset:
            return frozenset(self._set(path, base, ours, theirs))
        self.fill(made, path, base, ours, theirs)
        return made

    def begun(self, base: Any, ours: Any, theirs: Any) -> tuple[Any, Any]:
        """Return what both sides started from, and what the result goes into."""
        structure = self.structure(ours)
        if base is MISSING or self.structure(base) is not structure:
            base = self.hollow(base, ours, theirs)
        if structure is Structure.FIELDS:
            return base, copied(with_room(theirs, ours))
        made = emptied(_latest(base, ours, theirs))
        if isinstance(made, defaultdict):
            made.default_factory = _factory(base, ours, theirs)
        return base, made

    def fill(self, made: Any, path: Path, base: Any, ours: Any, theirs: Any) -> None:
        """Fill an empty container, or a copied object, with what stays."""
        structure = self.structure(made)
        content = fields = None
        if structure is Structure.MAPPING:
            content = self._members(path, members_of(base), members_of(ours), members_of(theirs))
        elif structure is Structure.SEQUENCE:
            content = self._elements(path, *map(elements_of, (base, ours, theirs)))
        elif structure is Structure.SET:
            content = self._set(path, base, ours, theirs)
        mine, other = fields_of(ours), fields_of(theirs)
        if mine or other:
            old = {} if base is MISSING else fields_of(base)
            fields = dict(self._members(path, old, mine, other))
        filled(made, content, fields)

    def _members(self, path: Path, base: dict[Any, Any], ours: dict[Any, Any], theirs: dict[Any, Any]) -> list[Any]:
        found = []
        for key, old, mine, other in merged_members(base, ours, theirs, self.equality):
            value = self.at((*path, key), old, mine, other)
            if value is not MISSING:
                found.append((key, value))
        return found

    def _set(self, path: Path, base: Any, ours: Any, theirs: Any) -> list[Any]:
        """By added and removed members."""
        old, mine, other = (self._by_print(side, members) for side, members in enumerate((base, ours, theirs)))
        kept = {name: (member, 2) for name, member in other.items() if name in mine or name not in old}
        kept |= {name: (member, 1) for name, member in mine.items() if name not in old and name not in kept}
        return [self.taken(path, *member) for member in kept.values()]

    def _by_print(self, side: int, members: Any) -> dict[Any, Any]:
        found = elements_of(members)
        if self._graph is not None:
            return {self._graph.triples.name(member, side): member for member in found}
        return dict(zip(self.likeness.prints(found), found, strict=True))

    def _elements(self, path: Path, base: list[Any], ours: list[Any], theirs: list[Any]) -> list[Any]:
        graph = self._graph
        if self.idempotent:
            kept = (
                self.same(theirs, base)
                if graph is None
                else graph.triples.is_alike(_numbered(base), _numbered(theirs), 2)
            )
            return [
                self.taken((*path, at), element, 1 if kept else 2)
                for at, element in enumerate(ours if kept else theirs)
            ]
        found = paired(self.likeness, base, ours, theirs) if graph is None else graph.triples.sides(base, ours, theirs)
        return merge_lists(self, path, found)

    def hollow(self, base: Any, ours: Any, theirs: Any) -> Any:
        """Return what both sides started from when they made containers where there was none."""
        structure = self.structure(ours)
        if structure is Structure.SEQUENCE:
            return [] if base is not MISSING else self._common_beginning(elements_of(ours), elements_of(theirs))
        if structure is Structure.FIELDS:
            return base
        return {} if structure is Structure.MAPPING else set()

    def _common_beginning(self, ours: list[Any], theirs: list[Any]) -> list[Any]:
        """Two equal first initialisations are one (rule 10), also when one side went on from there."""
        common = []
        for mine, other in zip(ours, theirs):  # noqa: B905  the shorter one ends it
            if not self._is_one(mine, other):
                break
            common.append(other)
        return common


def _with_ids(path: Path) -> Path:
    return tuple(step.id if type(step) is Position else step for step in path)


def _numbered(elements: list[Any]) -> list[tuple[int, Any]]:
    return list(enumerate(elements))


def _latest(base: Any, ours: Any, theirs: Any) -> Any:
    """Return the side whose type, and length limit, was chosen last: theirs, unless we changed it."""
    return theirs if _form(ours) == _form(base) else ours


def _form(value: Any) -> tuple[type, Any]:
    return type(value), attribute(value, "maxlen") if issubclass(type(value), deque) else None


def _factory(base: Any, ours: Any, theirs: Any) -> Any:
    """Return the factory of the side that changed it; theirs if both did, or none."""
    old, mine, other = (attribute(side, "default_factory", MISSING) for side in (base, ours, theirs))
    return mine if other is MISSING or (other is old and mine is not MISSING) else other
