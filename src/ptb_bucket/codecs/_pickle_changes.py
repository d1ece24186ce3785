"""Pickles of classes that have changed since: what pickle itself would get wrong without a word."""

from __future__ import annotations

import dataclasses
import io
import pickle
import pickletools
from collections import Counter
from typing import TYPE_CHECKING, Any, Final

from ptb_bucket.codecs import _allowed as allowed
from ptb_bucket.codecs._stand_ins import StandIn
from ptb_bucket.codecs.types import Family, attribute_slots, is_plain, outdated, set_field
from ptb_bucket.errors import CannotLoadError

if TYPE_CHECKING:
    from ptb_bucket.codecs.types import Registry, Scope, Shape

__all__ = ["check_collisions_in", "complete", "fields_to_carry"]

_BIG_INTS: Final = 64
_LONG: Final = b"\x8a"
"""How pickle begins an int of more than 32 bits. Only such ints can be made to collide."""


def complete(shape: Shape, made: Any, scope: Scope) -> None:
    """Give an instance that pickle has made the defaults of the fields that its data lacks.

    Args:
        shape: The shape of its class.
        made: The instance.
        scope: The record that is read.

    Raises:
        CannotLoadError: Its data does not fit its class any more.
    """
    if shape.declared is None or issubclass(shape.cls, tuple):
        return
    if is_plain(shape.cls) and shape.declared.names == made.__dict__.keys():
        return
    slots = (name for name in attribute_slots(shape.cls) if hasattr(made, name))
    given = {*slots, *getattr(made, "__dict__", ())}
    shape.declared.complete(made, given, shape.name, scope, set_field)


class _Reader(pickle.Unpickler):
    """Makes a stand-in of every instance, and remembers each."""

    def __init__(self, data: bytes) -> None:
        super().__init__(io.BytesIO(data), fix_imports=False)
        self.made: list[StandIn] = []

    def find_class(self, module: str, name: str) -> Any:
        """Answers with a stand-in; nothing is ever imported."""
        return type("StandIn", (StandIn,), {"named": (module, name), "made": self.made})


def fields_to_carry(data: bytes, registry: Registry) -> frozenset[str]:
    """Compare the fields in a pickle with those of the classes as they are now.

    Args:
        data: The pickle.
        registry: The classes.

    Returns:
        The names of classes whose instances need room for fields that these lack.

    Raises:
        CannotLoadError: A class and its stored data do not fit, and the fields are named.
    """
    reader = _Reader(data)
    try:
        reader.load()
    except Exception:  # noqa: BLE001  it is damaged, which the caller says
        return frozenset()
    return frozenset(name for instance in reader.made if (name := _carried(instance, registry)))


def _carried(instance: StandIn, registry: Registry) -> str | None:
    name, _, args = (*instance.args, None, None, None)[:3]
    if instance.named != (allowed.__name__, "object_") or type(name) is not str or name not in registry.by_name:
        return None
    return name if _has_no_room(registry.by_name[name], args, instance.state) else None


def _has_no_room(shape: Shape, args: Any, state: Any) -> bool:
    fields = shape.declared
    if fields is None:
        return False
    if issubclass(shape.cls, tuple):
        _check_count(shape, len(args) if type(args) is tuple else 0, len(shape.cls._fields))
        return False
    if type(state) is list:
        _check_count(shape, len(state), len(dataclasses.fields(shape.cls)))
        return False
    if shape.family is Family.MODEL and type(state) is dict:
        state = state.get("__dict__")  # beside what pydantic notes of it
    parts = state if type(state) is tuple else (state,)
    given = {name for part in parts if type(part) is dict for name in part if type(name) is str}
    fields.check(given)
    return fields.has_no_room(given)


def _check_count(shape: Shape, stored: int, now: int) -> None:
    if stored > now:
        raise outdated(shape.cls, f"has {stored} fields, and the class has {now}")


def check_collisions_in(data: bytes) -> None:
    """Refuse a pickle with many ints that were made to collide in a hash table; Python would build it for hours.

    Args:
        data: The pickle.

    Raises:
        CannotLoadError: It has more than 64 of them.
    """
    if data.count(_LONG) <= _BIG_INTS:
        return
    numbers = (number for opcode, number, _ in pickletools.genops(data) if opcode.name == "LONG1")
    hashes = Counter(hash(number) for number in set(numbers))
    if hashes and max(hashes.values()) > _BIG_INTS:
        raise CannotLoadError("a stored record has numbers that were made to collide as keys")
