"""Objects of the base that were replaced, although their place or their content suggests that they were changed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ptb_bucket.state.merge.objects import Objects

if TYPE_CHECKING:
    from ptb_bucket.state.merge.matching.pairing import ObjectPairing

__all__ = ["named_twice", "replaced"]


def replaced(ours: ObjectPairing, theirs: ObjectPairing) -> set[int]:
    """Return the ids of base objects whose place holds a new object, which has nothing in common with them.

    If neither side has anything of an object, and they differ, both sides replaced it: an edit would have left
    something on one side. If one side put it at a further place, it lives on there. An object that the other side put
    at the old place is another one, which must not end up at the further place as well.
    """
    mine, others = ours.only_by_place(), theirs.only_by_place()
    same = ours.rules.same
    both = {number for number in mine.keys() & others.keys() if not same(mine[number], others[number])}
    return both | _lives_on(mine, theirs) | _lives_on(others, ours)


def _lives_on(replacements: dict[int, Any], other: ObjectPairing) -> set[int]:
    """Return the ids of replaced objects that the other side put at a further place."""
    there = {number: other.new_of[number] for number in replacements if number in other.new_of}
    if not there:
        return set()
    before, after = other.older.places, other.newer.places
    return {number for number, one in there.items() if after[id(one)] > before[number]}


def named_twice(ours: ObjectPairing, theirs: ObjectPairing) -> set[int]:
    """Return the ids of base objects that became two: both sides put them into a list, and gave them different names.

    Rule "Equal additions stay two": if they were one object, one of two new elements would be lost.

    Returns:
        The ids of these objects, and of the objects that only they hold.
    """
    base, named_apart = ours.older, ours.rules.comparison.named_apart
    listed = _put_into_lists(ours) & _put_into_lists(theirs)
    parted = {
        number for number in listed if named_apart(base.by_id[number], ours.new_of[number], theirs.new_of[number])
    }
    return base.by_id.keys() - Objects(base.root, without=parted).by_id.keys() if parted else parted


def _put_into_lists(side: ObjectPairing) -> set[int]:
    """Return the ids of base objects that are elements of lists on one side, and were not before."""
    found = {id(side.old_of[number]) for number in side.newer.elements if number in side.old_of}
    return found - side.older.elements
