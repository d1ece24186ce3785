"""Making a live object equal to a merged value without replacing what handlers hold (rule 9).

Live and wanted objects are paired, and each live one is filled once: no clear-and-refill, and what is equal already is
not touched. Values proper (anything with an equality and a hash of its own) are never changed: somebody else may hold
them too. A class whose methods raise is not changed either: its place gets the wanted object.
"""

from __future__ import annotations

from collections import OrderedDict, deque
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from ptb_bucket.codecs import Equality, Structure, class_of, has_identity, has_own_equality, has_room_for, is_one_class
from ptb_bucket.state.merge.matching import ObjectPairing, PairingRules
from ptb_bucket.state.merge.objects import (
    ATOMS,
    ExactEncoding,
    ObjectFingerprints,
    Objects,
    attribute,
    elements_of,
    fields_of,
    has_sharing,
    inner_parts_of,
    members_of,
    own_content_of,
    parts_of,
    set_fields,
    set_inner_parts,
    structure,
    unfilled_copy,
    with_inner_parts,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

__all__ = ["update_in_place"]


def update_in_place(live: Any, wanted: Any, equality: Equality | None = None) -> bool:
    """Make ``live`` equal to ``wanted``, which may become part of it.

    Args:
        live: The object that handlers hold.
        wanted: What it shall be.
        equality: What equal means.

    Returns:
        Whether that was possible: False for immutable values, and for a value of another type. ``live`` is as it was
        then.
    """
    if live is wanted:
        return True
    if not has_identity(live) or not _can_become(live, wanted):
        return False
    return _InPlaceUpdate(live, wanted, equality or Equality()).run()


class _RefusedError(Exception):
    """A live object does not let itself be changed. It is as it was."""


class _InPlaceUpdate:
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
        # Taken down before anything changes: the wanted objects may be live ones, or parts of one another.
        self._contents = {number: _Content(self._objects[number]) for number in self._open()}

    def _open(self) -> list[int]:
        """Return the wanted objects that may have to be filled: not what is inside one that is equal already."""
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
        """Fill what can be filled. Again, without an object that turned out to refuse."""
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
        if id(live) in self._refused or not _can_become(live, wanted):
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

    def _kept(self, have: Any, wanted: Any) -> Any:
        """What is there, where it is equal already; else what is wanted."""
        part = self._part(wanted)
        if have is part or has_identity(part) or not is_one_class(have, part):
            return part
        inner = inner_parts_of(have), inner_parts_of(part)
        if inner[0] or inner[1]:
            return have if self._holding(have, inner[0]) == self._holding(part, inner[1]) else part
        return have if self.equality.same(have, part) else part

    def _holding(self, value: Any, inner: list[tuple[Any, Any]]) -> Hashable:
        """Return what is equal for values that hold the same objects, at any depth, and equal values."""
        named = [(step, self._name(part)) for step, part in inner]
        rest = (self.equality.fingerprint(part) for part in own_content_of(value))
        return class_of(value), *rest, frozenset(named) if isinstance(value, (set, frozenset)) else tuple(named)

    def _name(self, value: Any) -> Hashable:
        if type(value) not in ATOMS:
            if has_identity(value):
                return id(value)
            if inner := inner_parts_of(value):
                return self._holding(value, inner)
        return self.equality.fingerprint(value)

    def _fill(self, wanted: Any, content: _Content) -> None:
        target = self._target(wanted)
        before = content if target is wanted else _Content(target)
        try:
            self._change(target, wanted, before, content)
        except Exception as error:  # anybody's methods ran
            before.restore(target)
            if target is wanted:
                return  # a new object, which keeps the parts that it came with
            raise _RefusedError(id(target)) from error

    def _change(self, target: Any, wanted: Any, before: _Content, content: _Content) -> None:
        kind = structure(target)
        if kind is Structure.MAPPING:
            have = before.members
            pairs = [(key, self._kept(have.get(key, _NOTHING), part)) for key, part in content.members.items()]
            _set_members(target, have, pairs, self.equality.same)
        elif kind is Structure.SEQUENCE:
            self._elements(target, before.elements, content.elements)
        elif kind is Structure.SET:
            _set_of(target, self._members(before.elements, content.elements), self.equality.same)
        elif kind is Structure.VALUE:
            self._whole(target, wanted)
            return
        if before.fields or content.fields:
            have = before.fields
            set_fields(
                target, {name: self._kept(have.get(name, _NOTHING), part) for name, part in content.fields.items()}
            )
        if kind is Structure.MAPPING and content.factory is not before.factory:
            target.default_factory = content.factory

    def _elements(self, target: Any, have: list[Any], wanted: list[Any]) -> None:
        there = [*have, *[_NOTHING] * len(wanted)]
        elements = [self._kept(old, part) for old, part in zip(there, wanted)]  # noqa: B905  the shorter one ends it
        if len(elements) == len(have) and all(new is old for new, old in zip(elements, have, strict=True)):
            return
        if issubclass(type(target), list):
            target[:] = elements
        else:
            target.clear()
            target.extend(elements)

    def _members(self, have: list[Any], wanted: list[Any]) -> list[Any]:
        known = {self.equality.fingerprint(member): member for member in have if not has_identity(member)}
        parts = map(self._part, wanted)
        return [
            part if has_identity(part) else known.get(self.equality.fingerprint(part), part) for part in parts
        ]  # fmt: skip

    def _whole(self, target: Any, wanted: Any) -> None:
        """Give an object that validates or guards its attributes another one's state, the way unpickling would."""
        inner = inner_parts_of(wanted)
        made = [(step, self._part(part)) for step, part in inner]
        moved = any(new[1] is not old[1] for new, old in zip(made, inner, strict=True))
        if target is wanted and not moved:
            return
        held = inner_parts_of(target)
        if self._holding(target, held) == self._holding(wanted, made) and (held or self.equality.same(target, wanted)):
            return
        if issubclass(type(target), bytearray):
            target[:] = wanted
        elif issubclass(type(target), set):
            _set_of(target, [part for step, part in made if step is None], self.equality.same)
            set_fields(target, {step: part for step, part in made if step is not None})
        elif target is wanted:
            set_inner_parts(wanted, made)
        else:
            like = unfilled_copy(wanted)
            if like is not None:
                set_inner_parts(like, made)
            target.__setstate__((with_inner_parts(wanted, inner, made) if like is None else like).__getstate__())


_NOTHING = object()


class _Content:
    """What an object holds at one moment."""

    def __init__(self, value: Any) -> None:
        self.structure = structure(value)
        self.fields = fields_of(value)
        self.members = dict(members_of(value)) if self.structure is Structure.MAPPING else {}
        has_elements = self.structure in (Structure.SEQUENCE, Structure.SET)
        self.elements = list(elements_of(value)) if has_elements else []
        self.factory = attribute(value, "default_factory") if self.structure is Structure.MAPPING else None

    def restore(self, value: Any) -> None:
        """Put everything back, past methods that raise."""
        base: Any = next(
            (base for base in (OrderedDict, dict, list, deque, set) if issubclass(type(value), base)), None
        )
        if base is not None:
            base.clear(value)
            fill: Callable[..., Any] = base.extend if base in (list, deque) else base.update
            fill(value, self.members or self.elements)
        with suppress(Exception):
            set_fields(value, self.fields)


def _can_become(live: Any, wanted: Any) -> bool:
    kind = structure(live)
    if type(live) is not type(wanted):
        return kind is Structure.FIELDS and has_room_for(live, wanted)
    if kind is Structure.SEQUENCE:
        return not issubclass(type(live), deque) or bool(attribute(live, "maxlen") == attribute(wanted, "maxlen"))
    if kind is not Structure.VALUE or issubclass(type(live), (set, bytearray)):
        return True
    # Not in the instance: that would be data.
    return not has_own_equality(live) and hasattr(type(live), "__setstate__") and hasattr(type(wanted), "__getstate__")


def _set_members(
    target: Any, have: dict[Any, Any], wanted: list[tuple[Any, Any]], same: Callable[[Any, Any], bool]
) -> None:
    """Make a mapping hold these, in this order, with the keys of these types; values that are there stay."""
    keys = dict(wanted)
    for key in have:
        if key not in keys:
            del target[key]
    for key, value in wanted:
        if key not in have or have[key] is not value:
            target[key] = value
    present = list(members_of(target))
    right = [old is key or same(old, key) for old, (key, _) in zip(present, wanted, strict=True)]
    at = [*right, False].index(False)
    for key, value in wanted[at:]:
        del target[key]
        target[key] = value


def _set_of(target: Any, wanted: list[Any], same: Callable[[Any, Any], bool]) -> None:
    """Make a set hold these members. One that is equal but of another type gives way."""
    have = {member: member for member in set.__iter__(target)}
    keep = {member: member for member in wanted}
    for member in have:
        if member not in keep or not same(keep[member], member):
            target.discard(member)
    for member in wanted:
        if member not in have or not same(have[member], member):
            target.add(member)
