"""The merge of a record in which an object is at several places, or inside itself.

Objects are paired across the three versions, each is merged once, and a place holds a reference: the side that changed
which object a place holds wins, and what the other side did to the object that was there stays with that object.

An object that one side changed may be at no place any more because of the other side. That is known only when all is
merged; then it is merged again, knowing more: what was removed keeps what was changed or added (rule 11), and what was
replaced hands its changes to the object that is in its place.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple, Protocol

from ptb_bucket.codecs import Structure, has_room_for
from ptb_bucket.state.merge.objects import (
    ATOMS,
    Objects,
    Path,
    copied,
    elements_of,
    emptied,
    fields_of,
    filled,
    inner_of,
    members_of,
    parts_of,
    refilled,
    set_inner,
    shell_of,
    steps_in,
    with_inner,
)
from ptb_bucket.state.merge.resolvers import MISSING
from ptb_bucket.state.merge.triples import BASE, NOT_YET, OURS, THEIRS, Triple, Triples

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Graph"]

_PASSES = 30


class Gone(NamedTuple):
    """A place at which one side changed an object that the other side took away."""

    path: Path
    triple: Triple
    side: int
    winner: Triple | None
    how: str


ELEMENT: Final = "an element was changed on one side and removed on the other: it stays removed"
KEY: Final = "removed"
REPLACED: Final = "an object that one side changed was replaced by the other; the change is in what replaced it"
LOST: Final = "an object that one side changed was replaced by the other, by something else: the change is lost"


GUARDED: Final = "an object cannot be copied: what the other side changed inside it may be lost"


class ContentMerge(Protocol):
    """Merges the content of objects; see :class:`~ptb_bucket.state.merge.values.ValueMerge`."""

    def structure(self, value: Any) -> Structure: ...
    def is_mergeable(self, base: Any, ours: Any, theirs: Any) -> bool: ...
    def leaf(self, path: Path, base: Any, ours: Any, theirs: Any) -> Any: ...
    def choose(self, path: Path, base: Any, ours: Any, theirs: Any) -> Any: ...
    def merged(self, path: Path, base: Any, ours: Any, theirs: Any) -> Any: ...
    def begun(self, base: Any, ours: Any, theirs: Any) -> tuple[Any, Any]: ...
    def hollow(self, base: Any, ours: Any, theirs: Any) -> Any: ...
    def fill(self, made: Any, path: Path, base: Any, ours: Any, theirs: Any) -> None: ...
    def decide(self, path: Path, *what: Any) -> None: ...
    def report(self, path: Path, *what: Any) -> None: ...


class Graph:
    """The objects of a merge, and what is done where.

    Args:
        merge: Merges the content of each object.
        triples: The objects.
    """

    def __init__(self, merge: ContentMerge, triples: Triples) -> None:
        self.merge, self.triples, self.find = merge, triples, triples.find
        self._rebuilt: dict[tuple[int, int], Any] = {}
        self._gone: list[Gone] = []
        self._orphans: set[Triple] = set()
        self._handed_on: dict[Triple, list[Gone]] = {}
        self._reported: set[tuple[Triple, int]] = set()
        self._reached: set[Triple] = set()
        self._result: Any = None

    # ---------------------------------------------------------------- places

    def at(self, path: Path, base: Any, ours: Any, theirs: Any) -> Any:  # noqa: PLR0911  one rule a line
        """Merge what one place holds."""
        if ours is MISSING or theirs is MISSING:
            return self._one_sided(path, base, ours, theirs)
        old, mine, other = self.find(base, BASE), self.find(ours, OURS), self.find(theirs, THEIRS)
        if mine is None and other is None:
            return self._values(path, base, ours, theirs)
        if mine is other and mine is not None:
            return self.merged(path, mine)
        if self.triples.is_kept(base, ours, OURS):
            return self._replaced(path, old, OURS, theirs, THEIRS)
        if self.triples.is_kept(base, theirs, THEIRS):
            return self._replaced(path, old, THEIRS, ours, OURS)
        if self.merge.structure(ours) is self.merge.structure(theirs) is Structure.SET:
            return self.merge.merged(path, base, ours, theirs)  # a set here and a frozenset there
        return self._decided(path, base, ours, theirs)

    def _replaced(self, path: Path, loser: Triple | None, side: int, winner: Any, winning: int) -> Any:
        if loser is not None:
            self._gone.append(Gone(path, loser, side, self.find(winner, winning), REPLACED))
        return self.taken(path, winner, winning)

    def _decided(self, path: Path, base: Any, ours: Any, theirs: Any) -> Any:
        """Both sides put something else here."""
        chosen = self.merge.choose(path, base, ours, theirs)
        for value, side, other, losing in ((ours, OURS, theirs, THEIRS), (theirs, THEIRS, ours, OURS)):
            if chosen is value:
                return self._replaced(path, self.find(other, losing), losing, value, side)
        return chosen

    def _values(self, path: Path, base: Any, ours: Any, theirs: Any) -> Any:
        if type(ours) in ATOMS and type(theirs) in ATOMS:
            return self.merge.leaf(path, base, ours, theirs)
        if self.triples.is_kept(base, theirs, THEIRS):
            self._let_go(path, theirs, THEIRS, REPLACED)
            return self.taken(path, ours, OURS)
        if self.triples.is_kept(base, ours, OURS):
            self._let_go(path, ours, OURS, REPLACED)
            return self.taken(path, theirs, THEIRS)
        if self.merge.structure(ours) is self.merge.structure(theirs) is Structure.SET:
            return self.merge.merged(path, base, ours, theirs)
        return self._decided(path, base, ours, theirs)

    def _one_sided(self, path: Path, base: Any, ours: Any, theirs: Any) -> Any:
        """Only one side has something here: it is new, or the other side removed it."""
        kept, side = (theirs, THEIRS) if ours is MISSING else (ours, OURS)
        if kept is MISSING:
            return MISSING
        if base is MISSING:
            return self.taken(path, kept, side)
        triple = self.find(kept, side)
        if triple is not None and triple is self.find(base, BASE):
            if triple in self._orphans:
                return self._rest(path, triple, side)
            self._gone.append(Gone(path, triple, side, None, KEY))
            return MISSING
        if self.triples.is_kept(base, kept, side) and self._orphans.isdisjoint(self.triples.objects_in(kept, side)):
            self._let_go(path, kept, side, KEY)
            return MISSING
        chosen = self.merge.choose(path, base, ours, theirs)
        return self.taken(path, kept, side) if chosen is kept else chosen

    def _rest(self, path: Path, triple: Triple, side: int) -> Any:
        """Return what one side added to an object, or changed in it, that the other side removed (rule 11)."""
        if triple.result is not NOT_YET:
            return triple.result
        if not self._is_touched(triple, side):
            return MISSING
        kept, base = triple.sides[side], triple.sides[BASE]
        structure = self.merge.structure(kept)
        if structure in (Structure.VALUE, Structure.FIELDS) or type(kept) is not type(base):
            sides = (kept, MISSING) if side == OURS else (MISSING, kept)
            chosen = self.merge.choose(path, base, *sides)
            return self.merged(path, triple) if chosen is kept else chosen
        made = self._begin(triple, path, emptied(kept))
        empty = emptied(kept)
        self.merge.fill(made, path, base, *((kept, empty) if side == OURS else (empty, kept)))
        if parts_of(made) or members_of_any(made):
            return made
        triple.result = MISSING
        return MISSING

    # ---------------------------------------------------------------- objects

    def taken(self, path: Path, value: Any, side: int) -> Any:
        """Return a value of one side as it is part of the result: objects merged."""
        if type(value) in ATOMS:
            return value
        triple = self.find(value, side)
        if triple is not None:
            return self.merged(path, triple)
        return self._with_merged(path, value, side)

    def _with_merged(self, path: Path, value: Any, side: int) -> Any:
        """Return a value that holds merged objects in place of those of its side."""
        if (id(value), side) not in self._rebuilt:
            inner = inner_of(value)
            made = [(step, self.taken((*path, step), part, side)) for step, part in inner]
            changed = any(new[1] is not old[1] for new, old in zip(made, inner, strict=True))
            self._rebuilt[id(value), side] = with_inner(value, inner, made) if changed else value
        return self._rebuilt[id(value), side]

    def merged(self, path: Path, triple: Triple) -> Any:
        """Return what an object becomes. It is made once, and filled after it is known, so that cycles end."""
        if triple.result is not NOT_YET:
            return triple.result
        base, ours, theirs = triple.sides
        if ours is MISSING or theirs is MISSING:
            self._copy(path, triple, OURS if theirs is MISSING else THEIRS)
        elif self.merge.is_mergeable(base, ours, theirs):
            base, made = self.merge.begun(base, ours, theirs)
            self.merge.fill(self._begin(triple, path, made), path, base, ours, theirs)
        else:
            self._as_a_whole(path, triple)
        for gone in self._handed_on.get(triple, ()):
            self._hand_on(triple, gone)
        return triple.result

    def _begin(self, triple: Triple, path: Path, made: Any) -> Any:
        triple.path = triple.path or path
        return self.triples.begin(triple, made)

    def _copy(self, path: Path, triple: Triple, side: int) -> None:
        value = triple.sides[side]
        structure = self.merge.structure(value)
        if structure is Structure.VALUE:
            self._copy_whole(path, triple, side)
            return
        made = self._begin(triple, path, copied(value) if structure is Structure.FIELDS else emptied(value))
        content: Any = None
        if structure is Structure.MAPPING:
            content = [(key, self.taken((*path, key), part, side)) for key, part in members_of(value).items()]
        elif structure is not Structure.FIELDS:
            content = [self.taken((*path, at), part, side) for at, part in enumerate(elements_of(value))]
        fields = {name: self.taken((*path, name), part, side) for name, part in fields_of(value).items()}
        filled(made, content, fields or None)

    def _as_a_whole(self, path: Path, triple: Triple) -> None:
        """Merge an object that guards what it holds, or whose class was changed."""
        base, ours, theirs = triple.sides
        if not self.triples.is_edited(triple, THEIRS):
            chosen = ours
        elif not self.triples.is_edited(triple, OURS):
            chosen = theirs
        else:
            if not self.triples.is_same_content(ours, theirs):
                self.merge.decide(path)
            chosen = self.merge.choose(path, base, ours, theirs)
        side = OURS if chosen is ours else THEIRS
        if chosen is triple.sides[side]:
            self._copy_whole(path, triple, side)
        else:  # the resolver made something else
            self._begin(triple, path, chosen)

    def _copy_whole(self, path: Path, triple: Triple, side: int) -> None:
        """Make one side's version again, holding merged objects. It is known before they are: they may refer to it."""
        value = triple.sides[side]
        inner = inner_of(value)
        shell = shell_of(value) if any(type(part) not in ATOMS for _, part in inner) else None
        self._begin(triple, path, value if shell is None else shell)
        made = [(step, self.taken((*path, step), part, side)) for step, part in inner]
        if all(new[1] is old[1] for new, old in zip(made, inner, strict=True)):
            return
        try:
            if shell is not None:
                set_inner(shell, made)
                return
        except Exception:  # noqa: BLE001  a member's own __hash__ ran
            shell = None
        again = with_inner(value, inner, made)
        if again is value:  # its class allows nothing: what the other side did to objects inside it is lost
            self.merge.decide(path, GUARDED)
        self._begin(triple, path, again)

    # ---------------------------------------------------------------- edits that would be lost

    def passes(self) -> Iterator[int]:
        """Yield as long as the merge has to be done again, knowing more."""
        for number in range(_PASSES):
            self._gone, self._rebuilt = [], {}
            for triple in self.triples.all:
                triple.result = NOT_YET
            yield number

    def is_whole(self, result: Any) -> bool:
        """Tell whether no edit was lost; if one was, the next pass keeps it."""
        there = Objects(result).by_id
        self._result = result
        self._reached = {triple for triple in self.triples.all if id(triple.result) in there}
        lost = [
            gone for gone in self._gone if gone.triple not in self._reached and self._is_touched(gone.triple, gone.side)
        ]
        before = len(self._orphans), sum(map(len, self._handed_on.values()))
        for gone in lost:
            self._keep(gone)
        return before == (len(self._orphans), sum(map(len, self._handed_on.values())))

    def _keep(self, gone: Gone) -> None:
        if gone.how is KEY:
            self._orphans |= self._unreached(gone.triple, gone.side)
            return
        what = gone.triple, gone.side
        if what in self._reported:
            return
        self._reported.add(what)
        if gone.how is ELEMENT:
            self.merge.report(gone.path, ELEMENT)
        elif gone.winner is not None and self._may_hand_on(gone.triple.sides[gone.side], gone.winner):
            self._handed_on.setdefault(gone.winner, []).append(gone)
            self.merge.report(gone.path, REPLACED, self._path_to(gone.winner.result, gone.path))
        else:
            self.merge.report(gone.path, LOST)

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
                    below += [((*path, step), part) for step, part in steps_in(value)]
            level = below
        return None

    def removed(self, path: Path, value: Any, side: int) -> None:
        """Take note of an element that one side removed."""
        self._let_go(path, value, side, ELEMENT)

    def _let_go(self, path: Path, value: Any, side: int, how: str) -> None:
        """Take note of a value, or of the objects in it, that the other side took away."""
        triple = self.find(value, side)
        objects = self.triples.objects_in(value, side) if triple is None else [triple]
        self._gone += [Gone(path, found, side, None, how) for found in objects]

    def _may_hand_on(self, value: Any, winner: Triple) -> bool:
        structure = self.merge.structure(value)
        target = next(side for side in (*winner.sides[1:], winner.sides[0]) if side is not MISSING)
        if structure is Structure.VALUE or structure is not self.merge.structure(target):
            return False
        return structure is not Structure.FIELDS or has_room_for(target, value)

    def _hand_on(self, winner: Triple, gone: Gone) -> None:
        """Merge what one side did to an object into the one that is in its place."""
        base, value, made = gone.triple.sides[BASE], gone.triple.sides[gone.side], winner.result
        sides = (value, made) if gone.side == OURS else (made, value)
        again = emptied(made)
        if again is None:
            again = copied(made)
        if base is MISSING or self.merge.structure(base) is not self.merge.structure(value):
            base = self.merge.hollow(base, *sides)
        self.merge.fill(again, gone.path, base, *sides)
        refilled(made, again)

    def _unreached(self, triple: Triple, side: int) -> set[Triple]:
        """Return an object, and those inside it, that are at no place any more."""
        found: set[Triple] = set()
        waiting = [triple]
        while waiting:
            triple = waiting.pop()
            if triple not in found and triple not in self._reached:
                found.add(triple)
                waiting += self.triples.objects_in(triple.sides[side], side)
        return found

    def _is_touched(self, triple: Triple, side: int) -> bool:
        """Tell whether one side changed an object, or one inside it, that is at no place any more."""
        return any(self.triples.is_edited(found, side) for found in self._unreached(triple, side))


def members_of_any(value: Any) -> bool:
    """Tell whether a container holds anything at all."""
    return bool(len(value)) if hasattr(type(value), "__len__") else False
