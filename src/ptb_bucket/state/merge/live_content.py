"""The content of live objects: reading it, setting it in place, and restoring it if a method raises."""

from __future__ import annotations

from collections import OrderedDict, deque
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from ptb_bucket.codecs import Structure, has_own_equality, has_room_for
from ptb_bucket.state.merge.objects import attribute, elements_of, fields_of, members_of, set_fields, structure

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["LiveContent", "can_become", "set_members", "set_set_members"]


class LiveContent:
    """The content of an object at one moment."""

    def __init__(self, value: Any) -> None:
        self.structure = structure(value)
        self.fields = fields_of(value)
        self.members = dict(members_of(value)) if self.structure is Structure.MAPPING else {}
        has_elements = self.structure in (Structure.SEQUENCE, Structure.SET)
        self.elements = list(elements_of(value)) if has_elements else []
        self.factory = attribute(value, "default_factory") if self.structure is Structure.MAPPING else None

    def restore(self, value: Any) -> None:
        """Restore the content, bypassing methods that raise."""
        base: Any = next(
            (base for base in (OrderedDict, dict, list, deque, set) if issubclass(type(value), base)), None
        )
        if base is not None:
            base.clear(value)
            fill: Callable[..., Any] = base.extend if base in (list, deque) else base.update
            fill(value, self.members or self.elements)
        with suppress(Exception):
            set_fields(value, self.fields)


def can_become(live: Any, wanted: Any) -> bool:
    """Tell whether the class of a live object allows it to equal another one."""
    kind = structure(live)
    if type(live) is not type(wanted):
        return kind is Structure.FIELDS and has_room_for(live, wanted)
    if kind is Structure.SEQUENCE:
        return not issubclass(type(live), deque) or bool(attribute(live, "maxlen") == attribute(wanted, "maxlen"))
    if kind is not Structure.VALUE or issubclass(type(live), (set, bytearray)):
        return True
    # Methods in the instance do not count: they would be data.
    return not has_own_equality(live) and hasattr(type(live), "__setstate__") and hasattr(type(wanted), "__getstate__")


def set_members(target: Any, have: dict[Any, Any], wanted: dict[Any, Any], same: Callable[[Any, Any], bool]) -> None:
    """Give a mapping these members in this order, with keys of these types. Values that are present stay."""
    for key in have:
        if key not in wanted:
            del target[key]
    for key, value in wanted.items():
        if key not in have or have[key] is not value:
            target[key] = value
    present = list(members_of(target))
    right = [old is key or same(old, key) for old, key in zip(present, wanted, strict=True)]
    at = [*right, False].index(False)
    for key, value in list(wanted.items())[at:]:
        del target[key]
        target[key] = value


def set_set_members(target: Any, wanted: list[Any], same: Callable[[Any, Any], bool]) -> None:
    """Give a set these members. A member that is equal but of another type is replaced."""
    have = {member: member for member in set.__iter__(target)}
    keep = {member: member for member in wanted}
    for member in have:
        if member not in keep or not same(keep[member], member):
            target.discard(member)
    for member in wanted:
        if member not in have or not same(have[member], member):
            target.add(member)
