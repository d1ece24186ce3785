"""The merge of a record in which an object is at several places, or inside itself.

Objects are paired across the three versions, each is merged once, and a place holds a reference. If one side changed
which object a place holds, its choice wins. The changes that the other side made to the object that was there stay with
that object.

An edit is lost if its object is at no place any more. Then the merge runs again and keeps it; see :class:`LostEdits`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, Protocol

from ptb_bucket.codecs import Structure
from ptb_bucket.state.merge.decisions import GUARDED
from ptb_bucket.state.merge.lost_edits import EditNotes, LostEdits, TakenAway, TakenObject
from ptb_bucket.state.merge.matching import BASE, NOT_YET, OURS, THEIRS, MergedObject, ObjectIndex
from ptb_bucket.state.merge.objects import (
    ATOMS,
    Path,
    copy_object,
    elements_of,
    empty_like,
    fields_of,
    fill_container,
    inner_parts_of,
    members_of,
    parts_of,
    replace_content,
    set_inner_parts,
    unfilled_copy,
    with_inner_parts,
)
from ptb_bucket.state.merge.resolvers import MISSING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ptb_bucket.state.merge.containers import ContainerMerge

__all__ = ["SharedObjectMerge"]

_PASSES: Final = 30


class WholeMerge(EditNotes, Protocol):
    """Merges values that have no parts; see :class:`~ptb_bucket.state.merge.values.ValueMerge`."""

    def is_mergeable(self, base: Any, ours: Any, theirs: Any) -> bool: ...
    def merge_as_whole(self, path: Path, base: Any, ours: Any, theirs: Any) -> Any: ...
    def ask_resolver(self, path: Path, base: Any, ours: Any, theirs: Any) -> Any: ...
    def note_decision(self, path: Path, *what: Any) -> None: ...


class SharedObjectMerge:
    """Merges the places of a record, and each object once.

    Args:
        merge: Merges values that have no parts.
        containers: Merges the content of each object.
        index: The objects.
    """

    def __init__(self, merge: WholeMerge, containers: ContainerMerge, index: ObjectIndex) -> None:
        self.merge, self.containers, self.index, self.find = merge, containers, index, index.find
        self.edits = LostEdits(merge, index)
        self._rebuilt: dict[tuple[int, int], Any] = {}

    def passes(self) -> Iterator[int]:
        """Prepare one pass after the other. The caller stops when no edit was lost."""
        for number in range(_PASSES):
            self.edits.begin_pass()
            self._rebuilt = {}
            for item in self.index.all:
                item.result = NOT_YET
            yield number

    # ---------------------------------------------------------------- places

    def merge_at(self, path: Path, base: Any, ours: Any, theirs: Any) -> Any:
        """Merge the three values at one place."""
        if ours is MISSING or theirs is MISSING:
            return self._merge_one_sided(path, base, ours, theirs)
        old, mine, other = self.find(base, BASE), self.find(ours, OURS), self.find(theirs, THEIRS)
        if mine is None and other is None:
            return self._merge_values(path, base, ours, theirs)
        if mine is other and mine is not None:
            return self.merge_object(path, mine)
        if self.index.is_kept(base, ours, OURS):
            return self._replaced(path, old, OURS, theirs, THEIRS)
        if self.index.is_kept(base, theirs, THEIRS):
            return self._replaced(path, old, THEIRS, ours, OURS)
        return self._merge_replaced_by_both(path, base, ours, theirs)

    def _merge_values(self, path: Path, base: Any, ours: Any, theirs: Any) -> Any:
        """Merge values that are not objects themselves, but may hold some."""
        if type(ours) in ATOMS and type(theirs) in ATOMS:
            return self.merge.merge_as_whole(path, base, ours, theirs)
        if self.index.is_kept(base, theirs, THEIRS):
            self.edits.note_taken(path, theirs, THEIRS, TakenAway.REPLACED)
            return self.from_side(path, ours, OURS)
        if self.index.is_kept(base, ours, OURS):
            self.edits.note_taken(path, ours, OURS, TakenAway.REPLACED)
            return self.from_side(path, theirs, THEIRS)
        return self._merge_replaced_by_both(path, base, ours, theirs)

    def _merge_replaced_by_both(self, path: Path, base: Any, ours: Any, theirs: Any) -> Any:
        """Merge two sets, which may be a set and a frozenset; of other values, let the resolver choose."""
        if self.merge.structure(ours) is self.merge.structure(theirs) is Structure.SET:
            return self.containers.merge(path, base, ours, theirs)
        chosen = self.merge.ask_resolver(path, base, ours, theirs)
        for value, side, other, losing in ((ours, OURS, theirs, THEIRS), (theirs, THEIRS, ours, OURS)):
            if chosen is value:
                return self._replaced(path, self.find(other, losing), losing, value, side)
        return chosen

    def _replaced(self, path: Path, loser: MergedObject | None, side: int, winner: Any, winning: int) -> Any:
        if loser is not None:
            self.edits.note_replaced(path, loser, side, self.find(winner, winning))
        return self.from_side(path, winner, winning)

    # ---------------------------------------------------------------- places that one side lacks

    def _merge_one_sided(self, path: Path, base: Any, ours: Any, theirs: Any) -> Any:
        """Merge a value that is new on one side, or that the other side removed."""
        kept, side = (theirs, THEIRS) if ours is MISSING else (ours, OURS)
        if kept is MISSING:
            return MISSING
        if base is MISSING:
            return self.from_side(path, kept, side)
        item = self.find(kept, side)
        if item is not None and item is self.find(base, BASE):
            if item in self.edits.to_keep:
                return self._changed_parts(path, item, side)
            self.edits.note_taken(path, kept, side, TakenAway.KEY)
            return MISSING
        if self.index.is_kept(base, kept, side) and self.edits.to_keep.isdisjoint(self.index.objects_in(kept, side)):
            self.edits.note_taken(path, kept, side, TakenAway.KEY)
            return MISSING
        chosen = self.merge.ask_resolver(path, base, ours, theirs)
        return self.from_side(path, kept, side) if chosen is kept else chosen

    def _changed_parts(self, path: Path, item: MergedObject, side: int) -> Any:
        """Return what remains of an object that the other side removed; MISSING if nothing does.

        Rule "Edits survive deletions": everything added or changed stays, and everything left alone goes.
        """
        if item.result is not NOT_YET:
            return item.result
        if not self.edits.is_touched(item, side):
            return MISSING
        kept, base = item.sides[side], item.sides[BASE]
        structure = self.merge.structure(kept)
        if structure in (Structure.VALUE, Structure.FIELDS) or type(kept) is not type(base):
            chosen = self.merge.ask_resolver(path, base, *_in_order(side, kept, MISSING))
            return self.merge_object(path, item) if chosen is kept else chosen
        made = self.index.begin(item, empty_like(kept))
        self.containers.fill(made, path, base, *_in_order(side, kept, empty_like(kept)))
        if not (parts_of(made) or _has_members(made)):
            item.result = MISSING
        return item.result

    # ---------------------------------------------------------------- objects

    def from_side(self, path: Path, value: Any, side: int) -> Any:
        """Return a value of one side as it becomes part of the result, with its objects merged."""
        if type(value) in ATOMS:
            return value
        item = self.find(value, side)
        if item is not None:
            return self.merge_object(path, item)
        return self._with_merged_objects(path, value, side)

    def _with_merged_objects(self, path: Path, value: Any, side: int) -> Any:
        """Return a value that holds merged objects in place of those of its side."""
        if (id(value), side) not in self._rebuilt:
            inner = inner_parts_of(value)
            made = self._merged_parts(path, inner, side)
            self._rebuilt[id(value), side] = value if _are_same(inner, made) else with_inner_parts(value, inner, made)
        return self._rebuilt[id(value), side]

    def _merged_parts(self, path: Path, inner: list[tuple[Any, Any]], side: int) -> list[tuple[Any, Any]]:
        return [(step, self.from_side((*path, step), part, side)) for step, part in inner]

    def merge_object(self, path: Path, item: MergedObject) -> Any:
        """Return what an object becomes. It is made once, and filled after it is known, so that cycles end."""
        if item.result is not NOT_YET:
            return item.result
        base, ours, theirs = item.sides
        if ours is MISSING or theirs is MISSING:
            self._copy(path, item, OURS if theirs is MISSING else THEIRS)
        elif self.merge.is_mergeable(base, ours, theirs):
            base, made = self.containers.begin(base, ours, theirs)
            self.containers.fill(self.index.begin(item, made), path, base, ours, theirs)
        else:
            self._merge_as_whole(path, item)
        for taken in self.edits.to_move_into(item):
            self._move_edits(item, taken)
        return item.result

    def _copy(self, path: Path, item: MergedObject, side: int) -> None:
        """Copy an object that only one side has."""
        value = item.sides[side]
        structure = self.merge.structure(value)
        if structure is Structure.VALUE:
            self._copy_whole(path, item, side)
            return
        made = self.index.begin(item, copy_object(value) if structure is Structure.FIELDS else empty_like(value))
        content: Any = None
        if structure is Structure.MAPPING:
            content = self._merged_parts(path, list(members_of(value).items()), side)
        elif structure is not Structure.FIELDS:
            content = [self.from_side((*path, at), part, side) for at, part in enumerate(elements_of(value))]
        fields = dict(self._merged_parts(path, list(fields_of(value).items()), side))
        fill_container(made, content, fields or None)

    def _merge_as_whole(self, path: Path, item: MergedObject) -> None:
        """Merge an object that guards its attributes, or whose class was changed."""
        base, ours, theirs = item.sides
        if not self.index.is_edited(item, THEIRS):
            chosen = ours
        elif not self.index.is_edited(item, OURS):
            chosen = theirs
        else:
            if not self.index.is_same_content(ours, theirs):
                self.merge.note_decision(path)
            chosen = self.merge.ask_resolver(path, base, ours, theirs)
        side = OURS if chosen is ours else THEIRS
        if chosen is item.sides[side]:
            self._copy_whole(path, item, side)
        else:  # the resolver made something else
            self.index.begin(item, chosen)

    def _copy_whole(self, path: Path, item: MergedObject, side: int) -> None:
        """Make one side's version again with merged objects in it.

        The copy is known before these objects are merged, because they may refer to it.
        """
        value = item.sides[side]
        inner = inner_parts_of(value)
        unfilled = unfilled_copy(value) if any(type(part) not in ATOMS for _, part in inner) else None
        self.index.begin(item, value if unfilled is None else unfilled)
        made = self._merged_parts(path, inner, side)
        if _are_same(inner, made) or (unfilled is not None and _could_fill(unfilled, made)):
            return
        again = with_inner_parts(value, inner, made)
        if again is value:
            self.merge.note_decision(path, GUARDED)
        self.index.begin(item, again)

    def _move_edits(self, item: MergedObject, taken: TakenObject) -> None:
        """Merge the changes of a replaced object into its replacement."""
        base, value, made = taken.item.sides[BASE], taken.item.sides[taken.side], item.result
        sides = _in_order(taken.side, value, made)
        again = empty_like(made)
        if again is None:
            again = copy_object(made)
        if base is MISSING or self.merge.structure(base) is not self.merge.structure(value):
            base = self.containers.implied_base(base, *sides)
        self.containers.fill(again, taken.path, base, *sides)
        replace_content(made, again)

    # ---------------------------------------------------------------- elements

    def is_edited(self, value: Any, side: int) -> bool | None:
        """Tell whether one side changed an object; None for a value without an identity."""
        item = self.find(value, side)
        return None if item is None else self.index.is_edited(item, side)


def _in_order(side: int, value: Any, other: Any) -> tuple[Any, Any]:
    """Return a value of one side, and that of the other side, as ours and theirs."""
    return (value, other) if side == OURS else (other, value)


def _are_same(inner: list[tuple[Any, Any]], made: list[tuple[Any, Any]]) -> bool:
    return all(new[1] is old[1] for new, old in zip(made, inner, strict=True))


def _could_fill(unfilled: Any, made: list[tuple[Any, Any]]) -> bool:
    """Give a copy its parts, and tell whether its class allowed that."""
    try:
        set_inner_parts(unfilled, made)
    except Exception:  # noqa: BLE001  a __hash__ of the bot's classes ran
        return False
    return True


def _has_members(value: Any) -> bool:
    return bool(len(value)) if hasattr(type(value), "__len__") else False
