"""Edits that a merge of shared objects would lose, and what becomes of them in the next pass."""

from __future__ import annotations

from enum import Enum
from typing import Any, NamedTuple, Protocol

from ptb_bucket.codecs import Structure, has_room_for
from ptb_bucket.state.merge.decisions import REMOVED, REPLACED, REPLACED_AND_LOST
from ptb_bucket.state.merge.matching import BASE, OURS, THEIRS, MergedObject, ObjectIndex
from ptb_bucket.state.merge.objects import ATOMS, Objects, Path, steps_to_parts
from ptb_bucket.state.merge.resolvers import MISSING

__all__ = ["LostEdits", "TakenAway", "TakenObject"]


class TakenAway(Enum):
    """The ways in which a side takes an object away from a place."""

    KEY = "its key or attribute was removed"
    ELEMENT = "it was removed from a list"
    REPLACED = "something else is at its place"


class TakenObject(NamedTuple):
    """A place at which one side has an object that the other side took away.

    Attributes:
        path: The steps to the place.
        item: The object.
        side: The side that still has it there.
        replacement: The object that the other side put there, if any.
        how: The way in which it was taken away.
    """

    path: Path
    item: MergedObject
    side: int
    replacement: MergedObject | None
    how: TakenAway


class EditNotes(Protocol):
    """Takes the notes; see :class:`~ptb_bucket.state.merge.values.ValueMerge`."""

    def structure(self, value: Any) -> Structure: ...
    def note_lasting_decision(self, path: Path, *what: Any) -> None: ...


class LostEdits:
    """The edits that one pass of a merge lost, and what the next pass does about them.

    An object that one side changed may be at no place any more because of the other side. That is known only when
    everything is merged. The next pass keeps the changed parts of removed objects, and moves the changes of a replaced
    object into its replacement.

    Args:
        notes: Takes note of edits that were moved or lost.
        index: The objects.

    Attributes:
        to_keep: Removed objects whose changed parts stay.
    """

    def __init__(self, notes: EditNotes, index: ObjectIndex) -> None:
        self.to_keep: set[MergedObject] = set()
        self._notes, self._index = notes, index
        self._taken: list[TakenObject] = []
        self._to_move: dict[MergedObject, list[TakenObject]] = {}
        self._noted: set[tuple[MergedObject, int]] = set()
        self._reached: set[MergedObject] = set()
        self._result: Any = None

    def begin_pass(self) -> None:
        """Forget the objects that were taken away in the last pass."""
        self._taken = []

    def note_replaced(self, path: Path, item: MergedObject, side: int, replacement: MergedObject | None) -> None:
        """Note an object that the other side replaced."""
        self._taken.append(TakenObject(path, item, side, replacement, TakenAway.REPLACED))

    def note_taken(self, path: Path, value: Any, side: int, how: TakenAway) -> None:
        """Note a value that the other side took away, or the objects in it."""
        item = self._index.find(value, side)
        objects = self._index.objects_in(value, side) if item is None else [item]
        self._taken += [TakenObject(path, found, side, None, how) for found in objects]

    def to_move_into(self, replacement: MergedObject) -> list[TakenObject]:
        """Return the replaced objects whose changes go into their replacement."""
        return self._to_move.get(replacement, [])

    # ---------------------------------------------------------------- after a pass

    def were_kept_in(self, result: Any) -> bool:
        """Tell whether no edit was lost; if one was, the next pass keeps it."""
        there = Objects(result).by_id
        self._result = result
        self._reached = {item for item in self._index.all if id(item.result) in there}
        lost = [
            taken
            for taken in self._taken
            if taken.item not in self._reached and self.is_touched(taken.item, taken.side)
        ]
        before = self._known()
        for taken in lost:
            self._keep(taken)
        return before == self._known()

    def _known(self) -> tuple[int, int]:
        return len(self.to_keep), sum(map(len, self._to_move.values()))

    def _keep(self, taken: TakenObject) -> None:
        """Decide how to keep an edit. Rule "Edits survive deletions": a removed object keeps its changed parts."""
        if taken.how is TakenAway.KEY:
            self.to_keep |= self._unreached(taken.item, taken.side)
        elif (taken.item, taken.side) not in self._noted:
            self._noted.add((taken.item, taken.side))
            self._move_or_lose(taken)

    def _move_or_lose(self, taken: TakenObject) -> None:
        note, replacement = self._notes.note_lasting_decision, taken.replacement
        if taken.how is TakenAway.ELEMENT:
            note(taken.path, REMOVED)
        elif replacement is not None and self._may_move(taken.item.sides[taken.side], replacement):
            self._to_move.setdefault(replacement, []).append(taken)
            note(taken.path, REPLACED, self._path_to(replacement.result, taken.path))
        else:
            note(taken.path, REPLACED_AND_LOST)

    def _may_move(self, value: Any, replacement: MergedObject) -> bool:
        """Tell whether the changes of a replaced object can be merged into its replacement."""
        structure = self._notes.structure(value)
        sides = replacement.sides
        target = next(sides[side] for side in (OURS, THEIRS, BASE) if sides[side] is not MISSING)
        if structure is Structure.VALUE or structure is not self._notes.structure(target):
            return False
        return structure is not Structure.FIELDS or has_room_for(target, value)

    def _path_to(self, wanted: Any, besides: Path) -> Path | None:
        """Return another place of an object in the result; None if it has no other."""
        seen: set[int] = set()
        level: list[tuple[Path, Any]] = [((), self._result)]
        while level:
            below: list[tuple[Path, Any]] = []
            for path, value in level:
                if value is wanted and path != besides:
                    return path
                if type(value) not in ATOMS and id(value) not in seen:
                    seen.add(id(value))
                    below += [((*path, step), part) for step, part in steps_to_parts(value)]
            level = below
        return None

    # ---------------------------------------------------------------- objects at no place

    def is_touched(self, item: MergedObject, side: int) -> bool:
        """Tell whether one side changed an object that is at no place any more, or one inside it."""
        return any(self._index.is_edited(found, side) for found in self._unreached(item, side))

    def _unreached(self, item: MergedObject, side: int) -> set[MergedObject]:
        """Return an object, and those inside it, that are at no place any more."""
        found: set[MergedObject] = set()
        waiting = [item]
        while waiting:
            item = waiting.pop()
            if item not in found and item not in self._reached:
                found.add(item)
                waiting += self._index.objects_in(item.sides[side], side)
        return found
