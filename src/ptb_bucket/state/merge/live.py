"""Updating a live object in place, so that it equals a merged value.

Rule "Live objects keep their identity": objects that handlers hold stay the live ones. Only a value that cannot be
changed in place is replaced.

Live and wanted objects are paired, and each live one is filled once. It is not cleared first, and parts that are equal
already are not touched. Values that define their own equality and hash are never changed, because they may be used
elsewhere too. Objects whose methods raise are not changed either: the wanted object takes their place.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from ptb_bucket.codecs import Equality, Structure, class_of, has_identity, is_one_class
from ptb_bucket.state.merge.live_content import LiveContent, can_become, set_members, set_set_members
from ptb_bucket.state.merge.matching import ObjectPairing, PairingRules
from ptb_bucket.state.merge.objects import (
    ATOMS,
    ExactEncoding,
    ObjectFingerprints,
    Objects,
    has_sharing,
    inner_parts_of,
    own_content_of,
    parts_of,
    set_fields,
    set_inner_parts,
    structure,
    unfilled_copy,
    with_inner_parts,
)

if TYPE_CHECKING:
    from collections.abc import Hashable

__all__ = ["update_in_place"]

_NOTHING: Final = object()


def update_in_place(live: Any, wanted: Any, equality: Equality | None = None) -> bool:
    """Make ``live`` equal to ``wanted``, which may become part of it.

    Args:
        live: The object that handlers hold.
        wanted: The value that it has to equal.
        equality: Decides which values are equal.

    Returns:
        True if ``live`` was updated. False, and ``live`` is unchanged, for immutable values and for a value of another
        type.
    """
    if live is wanted:
        return True
    if not has_identity(live) or not can_become(live, wanted):
        return False
    return _InPlaceUpdate(live, wanted, equality or Equality()).run()


class _RefusedError(Exception):
    """A live object refused to be changed. It is unchanged."""


class _InPlaceUpdate:
    """The update of one live object and of all live objects inside it."""

    def __init__(self, live: Any, wanted: Any, equality: Equality) -> None:
        self.live, self.wanted, self.equality = live, wanted, equality
        sides = Objects(live), Objects(wanted)
        if has_sharing(live, wanted):
            rules = PairingRules(ObjectFingerprints(equality), structure)
            self._pairing = ObjectPairing(*sides, rules).run()
            self._pairing.accept_moved()
            self._pairing.accept_equal()
        else:
            self._pairing = ObjectPairing(*sides, PairingRules(equality, structure, ExactEncoding())).run()
        self._objects = sides[1].by_id
        self._refused: set[int] = set()
        self._values: dict[int, Any] = {}
        # Read before anything changes, because the wanted objects may be live ones, or parts of one another.
        self._contents = {number: LiveContent(self._objects[number]) for number in self._unequal()}

    def _unequal(self) -> list[int]:
        """Return the ids of wanted objects that may have to be filled: none inside one that is equal already."""
        found: dict[int, None] = {}
        waiting, seen = [self.wanted], set()
        while waiting:
            value = waiting.pop()
            if type(value) in ATOMS or id(value) in seen or id(value) in self._pairing.equal:
                continue
            seen.add(id(value))
            if id(value) in self._objects:
                found[id(value)] = None
            waiting += reversed(parts_of(value))
        return list(found)

    def run(self) -> bool:
        """Fill all objects. If one refuses, start again without it."""
        while self._target(self.wanted) is self.live:
            self._values = {}
            try:
                for number, content in self._contents.items():
                    self._fill(self._objects[number], content)
            except _RefusedError as error:
                self._refused.add(error.args[0])
            else:
                return True
        return False

    def _target(self, wanted: Any) -> Any:
        """Return the live object that stands for a wanted one, or the wanted one itself."""
        live = self._pairing.old_of.get(id(wanted), wanted)
        if id(live) in self._refused or not can_become(live, wanted):
            return wanted
        return live

    def _part(self, wanted: Any) -> Any:
        if type(wanted) in ATOMS:
            return wanted
        if id(wanted) in self._objects and has_identity(wanted):
            return self._target(wanted)
        if id(wanted) not in self._values:
            inner = inner_parts_of(wanted)
            made = [(step, self._part(part)) for step, part in inner]
            changed = any(new[1] is not old[1] for new, old in zip(made, inner, strict=True))
            self._values[id(wanted)] = with_inner_parts(wanted, inner, made) if changed else wanted
        return self._values[id(wanted)]

    def _present_or_wanted(self, have: Any, wanted: Any) -> Any:
        """Return the present part if it is equal already, else the wanted one."""
        part = self._part(wanted)
        if have is part or has_identity(part) or not is_one_class(have, part):
            return part
        inner = inner_parts_of(have), inner_parts_of(part)
        if inner[0] or inner[1]:
            return have if self._content_name(have, inner[0]) == self._content_name(part, inner[1]) else part
        return have if self.equality.same(have, part) else part

    def _content_name(self, value: Any, inner: list[tuple[Any, Any]]) -> Hashable:
        """Return a name that is equal for values that hold the same objects, at any depth, and equal values."""
        named = [(step, self._name(part)) for step, part in inner]
        rest = (self.equality.fingerprint(part) for part in own_content_of(value))
        return class_of(value), *rest, frozenset(named) if isinstance(value, (set, frozenset)) else tuple(named)

    def _name(self, value: Any) -> Hashable:
        if type(value) not in ATOMS:
            if has_identity(value):
                return id(value)
            if inner := inner_parts_of(value):
                return self._content_name(value, inner)
        return self.equality.fingerprint(value)

    def _fill(self, wanted: Any, content: LiveContent) -> None:
        target = self._target(wanted)
        before = content if target is wanted else LiveContent(target)
        try:
            self._change(target, wanted, before, content)
        except Exception as error:  # methods of the bot's classes ran
            before.restore(target)
            if target is wanted:
                return  # a new object keeps the parts that it has
            raise _RefusedError(id(target)) from error

    def _change(self, target: Any, wanted: Any, before: LiveContent, content: LiveContent) -> None:
        kind = structure(target)
        if kind is Structure.VALUE:
            self._fill_whole(target, wanted)
            return
        if kind is Structure.MAPPING:
            set_members(target, before.members, self._parts(before.members, content.members), self.equality.same)
        elif kind is Structure.SEQUENCE:
            self._fill_sequence(target, before.elements, content.elements)
        elif kind is Structure.SET:
            set_set_members(target, self._present_members(before.elements, content.elements), self.equality.same)
        if before.fields or content.fields:
            set_fields(target, self._parts(before.fields, content.fields))
        if kind is Structure.MAPPING and content.factory is not before.factory:
            target.default_factory = content.factory

    def _parts(self, have: dict[Any, Any], wanted: dict[Any, Any]) -> dict[Any, Any]:
        return {key: self._present_or_wanted(have.get(key, _NOTHING), part) for key, part in wanted.items()}

    def _fill_sequence(self, target: Any, have: list[Any], wanted: list[Any]) -> None:
        there = [*have, *[_NOTHING] * len(wanted)]
        elements = [self._present_or_wanted(old, part) for old, part in zip(there, wanted)]  # noqa: B905  the shorter one ends it
        if len(elements) == len(have) and all(new is old for new, old in zip(elements, have, strict=True)):
            return
        if issubclass(type(target), list):
            target[:] = elements
        else:
            target.clear()
            target.extend(elements)

    def _present_members(self, have: list[Any], wanted: list[Any]) -> list[Any]:
        known = {self.equality.fingerprint(member): member for member in have if not has_identity(member)}
        parts = map(self._part, wanted)
        return [
            part if has_identity(part) else known.get(self.equality.fingerprint(part), part) for part in parts
        ]  # fmt: skip

    def _fill_whole(self, target: Any, wanted: Any) -> None:
        """Give an object that validates or guards its attributes the state of another one, as unpickling does."""
        inner = inner_parts_of(wanted)
        made = [(step, self._part(part)) for step, part in inner]
        moved = any(new[1] is not old[1] for new, old in zip(made, inner, strict=True))
        if target is wanted and not moved:
            return
        held = inner_parts_of(target)
        if self._content_name(target, held) == self._content_name(wanted, made) and (
            held or self.equality.same(target, wanted)
        ):
            return
        if issubclass(type(target), bytearray):
            target[:] = wanted
        elif issubclass(type(target), set):
            set_set_members(target, [part for step, part in made if step is None], self.equality.same)
            set_fields(target, {step: part for step, part in made if step is not None})
        elif target is wanted:
            set_inner_parts(wanted, made)
        else:
            like = unfilled_copy(wanted)
            if like is not None:
                set_inner_parts(like, made)
            target.__setstate__((with_inner_parts(wanted, inner, made) if like is None else like).__getstate__())
