"""The three-way merge of one record's value.

A merge is a pure function of base, ours and theirs. The result may share parts with its inputs, so callers pass objects
that they own. The rules are named in DESIGN.md, "Rules of the state engine".
"""

from __future__ import annotations

from collections import Counter
from dataclasses import field
from typing import Any

from ptb_bucket._dataclass import dataclass
from ptb_bucket.codecs import Equality, Structure, is_one_class, structure_of
from ptb_bucket.state.merge.containers import ContainerMerge
from ptb_bucket.state.merge.decisions import REMOVED, Choice
from ptb_bucket.state.merge.lost_edits import TakenAway
from ptb_bucket.state.merge.matching import ElementComparison, ObjectIndex, Position
from ptb_bucket.state.merge.objects import (
    ATOMS,
    ExactEncoding,
    Objects,
    Path,
    WholeError,
    empty_like,
    has_sharing,
    values_holding_objects,
)
from ptb_bucket.state.merge.resolvers import MISSING, Conflict, Resolver, keep_theirs
from ptb_bucket.state.merge.shared import SharedObjectMerge

__all__ = ["ValueMerge"]


@dataclass
class ValueMerge:
    """Merges the values of one record and notes the decisions.

    Rule "Repeat only what is safe twice": with ``idempotent``, dict keys and set members are applied again, because
    they do no harm twice. List elements and counts are not.

    Args:
        record: The record's label, for conflicts.
        resolver: Decides every value that both sides changed and that has no parts to merge.
        idempotent: Ours may be in theirs already: apply only changes that do no harm twice.
        decided: Collects the decisions.
        equality: Decides which values are equal.
    """

    record: str
    resolver: Resolver
    idempotent: bool = False
    decided: list[Choice] = field(default_factory=list)
    equality: Equality = field(default_factory=Equality)

    def __post_init__(self) -> None:
        self.same = self.equality.same
        self.exact = ExactEncoding()
        self.comparison = ElementComparison(self.equality, self.exact)
        self.containers = ContainerMerge(self, None)
        self._whole: set[type] = set()
        self._shared: SharedObjectMerge | None = None
        self._lasting: list[Choice] = []

    def run(self, path: Path, base: Any, ours: Any, theirs: Any) -> Any:
        """Return the merged value; MISSING stands for absent, in arguments and result."""
        before = len(self.decided)
        while True:
            try:
                return self._run(path, base, ours, theirs)
            except WholeError as error:  # once for each class
                self._whole.add(error.cls)
                del self.decided[before:]

    def _run(self, path: Path, *versions: Any) -> Any:
        if self._needs_objects(*versions):
            return self._run_by_object(path, *versions)
        self._shared, self.containers = None, ContainerMerge(self, None)
        return self.merge_at(path, *versions)

    def _run_by_object(self, path: Path, *versions: Any) -> Any:
        index = ObjectIndex(self.equality, self.structure, *map(Objects, versions))
        self.containers = ContainerMerge(self, index)
        shared = self._shared = SharedObjectMerge(self, self.containers, index)
        before, self._lasting = len(self.decided), []
        result = MISSING
        for _ in shared.passes():
            del self.decided[before:]
            result = self.merge_at(path, *versions)
            if shared.edits.were_kept_in(result):
                break
        self.decided += self._lasting
        return result

    def _needs_objects(self, *versions: Any) -> bool:
        """Tell whether a merge by places could lose an edit, or make two objects of one."""
        if has_sharing(*versions):
            return True
        fingerprint = self.equality.fingerprint
        base, ours, theirs = (
            Counter(self.exact(value) or fingerprint(value) for value in values_holding_objects(self.structure, one))
            for one in versions
        )
        return base not in (ours, theirs)

    # ---------------------------------------------------------------- one place

    def merge_at(self, path: Path, base: Any, ours: Any, theirs: Any) -> Any:
        """Merge the three values at one place."""
        if self._shared is not None:
            return self._shared.merge_at(path, base, ours, theirs)
        if ours is MISSING or theirs is MISSING:
            return self._merge_deletion(path, base, ours, theirs)
        if type(theirs) in ATOMS or type(ours) in ATOMS or not self.is_mergeable(base, ours, theirs):
            return self.merge_as_whole(path, base, ours, theirs)
        if base is MISSING:
            return self.containers.merge(path, base, ours, theirs)
        return self._merge_changed(path, base, ours, theirs)

    def _merge_changed(self, path: Path, base: Any, ours: Any, theirs: Any) -> Any:
        """Take one side where a quick look shows that the other one changed nothing; else merge part by part."""
        before = self.exact(base)
        if before is not None:
            if before == self.exact(theirs):
                return ours
            if before == self.exact(ours):
                return theirs
        return self.containers.merge(path, base, ours, theirs)

    def is_mergeable(self, base: Any, ours: Any, theirs: Any) -> bool:
        """Tell whether two values are merged part by part."""
        structure = self.structure(ours)
        if structure is Structure.VALUE or structure is not self.structure(theirs):
            return False
        if structure is not Structure.FIELDS:
            return True
        return is_one_class(ours, theirs) and (base is MISSING or is_one_class(base, ours))

    def structure(self, value: Any) -> Structure:
        """Return how a value's parts hang together; VALUE for classes that turned out to merge as a whole."""
        cls: Any = type(value)
        return Structure.VALUE if cls in self._whole else structure_of(cls)

    def _merge_deletion(self, path: Path, base: Any, ours: Any, theirs: Any) -> Any:
        """Merge a value that one side deleted.

        Rule "Edits survive deletions": everything that the other side added or changed stays, and everything that it
        left alone goes.
        """
        kept = theirs if ours is MISSING else ours
        if kept is MISSING or self.same(kept, base):
            return MISSING
        if base is MISSING:
            return kept
        empty = None if type(kept) in self._whole else empty_like(kept)
        if empty is None or type(base) is not type(kept):
            return self.ask_resolver(path, base, ours, theirs)
        merged = self.merge_at(path, base, *((empty, kept) if ours is MISSING else (kept, empty)))
        return MISSING if self.same(merged, empty) else merged

    def merge_as_whole(self, path: Path, base: Any, ours: Any, theirs: Any) -> Any:
        """Return the value of the side that changed it, or the resolver's choice if both did."""
        if base is not MISSING:
            if self.is_theirs_unchanged(base, ours, theirs):
                return ours
            if self.same(ours, base):
                return theirs
        return self.ask_resolver(path, base, ours, theirs)

    def is_theirs_unchanged(self, base: Any, ours: Any, theirs: Any) -> bool:
        """Tell whether theirs has the content of base. If ours has it, too, the order of keys also counts."""
        if not self.same(theirs, base):
            return False
        return type(theirs) in ATOMS or not self.same(ours, base) or self.equality.identical(theirs, base)

    def ask_resolver(self, path: Path, base: Any, ours: Any, theirs: Any) -> Any:
        """Return the resolver's choice."""
        if self.idempotent:
            return theirs if self.resolver is keep_theirs or isinstance(theirs, (int, float)) else ours
        if ours is MISSING or theirs is MISSING or not self.containers.is_one(ours, theirs):
            self.note_decision(path)
        return self.resolver(Conflict(self.record, _with_keys(path), base, ours, theirs))

    # ---------------------------------------------------------------- elements of one side

    def from_side(self, path: Path, value: Any, side: int) -> Any:
        """Return a value of one side, OURS or THEIRS, as it becomes part of the result."""
        return value if self._shared is None else self._shared.from_side(path, value, side)

    def is_edited(self, base: Any, value: Any, side: int) -> bool:
        """Tell whether one side changed an element that is still the same one."""
        found = None if self._shared is None else self._shared.is_edited(value, side)
        return not self.same(base, value) if found is None else found

    # ---------------------------------------------------------------- decisions

    def note_removed(self, path: Path, base: Any, value: Any, side: int) -> None:
        """Note that one side removed an element. If the other side changed it, its edit is lost."""
        if self._shared is not None:
            self._shared.edits.note_taken(path, value, side, TakenAway.ELEMENT)
        elif not self.same(base, value):
            self.note_decision(path, REMOVED)

    def note_decision(self, path: Path, *what: Any) -> None:
        """Note a decision; see :class:`Choice` for the arguments."""
        self.decided.append(Choice(path, *what))

    def note_lasting_decision(self, path: Path, *what: Any) -> None:
        """Note a decision that stays valid if the merge is repeated."""
        self._lasting.append(Choice(path, *what))


def _with_keys(path: Path) -> Path:
    return tuple(step.id if type(step) is Position else step for step in path)
