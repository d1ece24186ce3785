"""The check for classes that have changed since a pickle was written. Pickle itself would load them wrongly."""

from __future__ import annotations

import dataclasses
import io
import pickle
from typing import TYPE_CHECKING, Any

from ptb_bucket.codecs import _allowed as allowed
from ptb_bucket.codecs.pickle.stubs import InspectionStub, stub_for
from ptb_bucket.codecs.types import Family, attribute_slots, class_changed, is_plain, set_field

if TYPE_CHECKING:
    from ptb_bucket.codecs.types import KnownClasses, Scope, Shape

__all__ = ["carriers_in", "complete"]


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


class _FieldReader(pickle.Unpickler):
    """An unpickler that makes a stub of every instance, and remembers each."""

    def __init__(self, data: bytes) -> None:
        super().__init__(io.BytesIO(data), fix_imports=False)
        self.made: list[InspectionStub] = []

    def find_class(self, module: str, name: str) -> Any:
        """Return a class of stubs; nothing is ever imported."""
        return stub_for(module, name, self.made)


def carriers_in(data: bytes, registry: KnownClasses) -> frozenset[int]:
    """Compare the fields in a pickle with those of the classes as they are now.

    Args:
        data: The pickle.
        registry: The classes.

    Returns:
        The numbers of instances that need room for fields which their classes lack, in the order in which all
            instances are made.

    Raises:
        CannotLoadError: A class and its stored data do not fit, and the fields are named.
    """
    reader = _FieldReader(data)
    try:
        reader.load()
    except Exception:  # noqa: BLE001  it is damaged, which the caller reports
        return frozenset()
    made = (instance for instance in reader.made if instance.named == (allowed.__name__, "object_"))
    return frozenset(number for number, instance in enumerate(made) if _is_carrier(instance, registry))


def _is_carrier(instance: InspectionStub, registry: KnownClasses) -> bool:
    name, _, args = (*instance.args, None, None, None)[:3]
    shape = registry.by_name.get(name) if type(name) is str else None
    return shape is not None and _has_no_room(shape, args, instance.state)


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
        state = state.get("__dict__")  # beside pydantic's own notes
    parts = state if type(state) is tuple else (state,)
    given = {name for part in parts if type(part) is dict for name in part if type(name) is str}
    fields.check(given)
    return fields.has_no_room(given)


def _check_count(shape: Shape, stored: int, now: int) -> None:
    if stored > now:
        raise class_changed(shape.cls, f"has {stored} fields, but the class has {now}")
