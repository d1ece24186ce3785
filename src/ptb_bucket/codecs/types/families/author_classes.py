"""Classes of bot authors: enums, named tuples, pydantic models, and classes that the author stores by two functions."""

from __future__ import annotations

import enum
from typing import TYPE_CHECKING, Any

from ptb_bucket.codecs.types.carriers import base_of
from ptb_bucket.codecs.types.declared import declared
from ptb_bucket.codecs.types.families.instances import instance_shape, rebuild, taken_apart, with_room_for
from ptb_bucket.codecs.types.load_errors import class_changed
from ptb_bucket.codecs.types.reduction import has_own_state, runs_code
from ptb_bucket.codecs.types.shape import Family, Shape

if TYPE_CHECKING:
    from collections.abc import Callable

    from ptb_bucket.codecs.types.shape import Scope

__all__ = ["by_functions", "enum_shape", "shape_of"]


def shape_of(cls: Any, name: str) -> Shape:
    """Return the shape of a class that was registered without functions.

    Args:
        cls: The class.
        name: Its name in documents.
    """
    if issubclass(cls, enum.Enum):
        return enum_shape(cls, name, is_risky=runs_code(cls))
    if not has_own_state(cls):
        if hasattr(cls, "__pydantic_fields__") and hasattr(cls, "model_construct"):
            return _Model(cls, name).shape()
        if issubclass(cls, tuple) and hasattr(cls, "_field_defaults"):
            return _NamedTuple(cls, name).shape()
    return instance_shape(cls, name)


def by_functions(cls: Any, name: str, encode: Callable[[Any], Any], decode: Callable[[Any], Any]) -> Shape:
    """Return the shape of a class that its author stores with two functions.

    Args:
        cls: The class.
        name: Its name in documents.
        encode: Instance → a value that can be stored.
        decode: That value → an equal instance.
    """
    return Shape(
        cls, name, lambda value, _: encode(value), lambda payload, _: decode(payload),
        family=Family.FUNCTIONS, is_risky=True,
    )  # fmt: skip


def enum_shape(cls: Any, name: str, *, is_risky: bool) -> Shape:
    """Return the shape of an enum.

    Args:
        cls: The enum.
        name: Its name in documents.
        is_risky: Its author's code runs when a member is loaded.
    """

    def take(value: Any, _: Scope) -> Any:
        # A member that _missing_ made has no name in the class; pickle finds it by its value.
        return value.name if cls.__members__.get(value.name) is value else [value.value]

    def member(payload: Any, _: Scope) -> Any:
        if type(payload) is list:
            return cls(*payload)
        try:
            return cls[payload]
        except (KeyError, TypeError):
            lacks = f"lacks the member {payload!r}" if type(payload) is str and payload.isidentifier() else "is damaged"
            raise class_changed(cls, lacks) from None

    def flags(payload: Any, _: Scope) -> Any:
        try:
            return cls(payload)
        except ValueError:
            raise class_changed(cls, "has a flag that the class does not have") from None

    if issubclass(cls, enum.Flag):
        return Shape(cls, name, lambda value, _: value.value, flags, family=Family.ENUM, is_risky=is_risky)
    return Shape(cls, name, take, member, family=Family.ENUM, is_risky=is_risky)


class _NamedTuple:
    """A named tuple, stored by the names of its fields."""

    def __init__(self, cls: Any, name: str) -> None:
        self.cls, self.name = cls, name
        self.declared = declared(cls)

    def shape(self) -> Shape:
        return Shape(self.cls, self.name, self.take, self.make, family=Family.RECORD, declared=self.declared)

    def take(self, value: Any, _: Scope) -> Any:
        fields = dict(zip(self.cls._fields, tuple.__iter__(value), strict=True))
        if base_of(type(value)) is self.cls:
            return {**fields, **value.__dict__}
        # A subclass of a named tuple without __slots__ may carry attributes as well.
        return taken_apart(value) if getattr(value, "__dict__", None) else fields

    def make(self, payload: Any, scope: Scope) -> Any:
        if type(payload) is list:
            return rebuild(self.cls, *payload)
        given = dict(payload)
        assert self.declared is not None  # noqa: S101  for mypy; named tuples declare their fields
        self.declared.complete(given, payload, self.name, scope, dict.__setitem__)
        row = [given.pop(name) for name in self.cls._fields]
        if not given:
            return tuple.__new__(self.cls, row)
        made = tuple.__new__(with_room_for(self.cls, given), row)
        made.__dict__.update(given)
        return made


class _Model:
    """A pydantic model. Loading runs no validators, because the stored fields were valid."""

    def __init__(self, cls: Any, name: str) -> None:
        self.cls, self.name = cls, name
        self.declared = declared(cls)

    def shape(self) -> Shape:
        begin, risky = (lambda *_: self.cls.__new__(self.cls)), runs_code(self.cls)
        return Shape(
            self.cls, self.name, self.take, self.make, begin, self.fill,
            family=Family.MODEL, is_risky=risky, declared=self.declared,
        )  # fmt: skip

    @staticmethod
    def take(value: Any, _: Scope) -> Any:
        state = value.__getstate__()
        fields, given = state["__dict__"], state["__pydantic_fields_set__"]
        rest = {"extra": state.get("__pydantic_extra__"), "private": state.get("__pydantic_private__")}
        rest = {key: inner for key, inner in rest.items() if inner is not None}
        if not rest and set(given) == set(fields):
            return fields
        # Fields that were left to their defaults are not "set": model_dump(exclude_unset=True) depends on it.
        return [fields, {"set": sorted(given), **rest}]

    def make(self, payload: Any, scope: Scope) -> Any:
        made = self.cls.__new__(self.cls)
        self.fill(made, payload, scope)
        return made

    def fill(self, made: Any, payload: Any, scope: Scope) -> None:
        fields, more = (payload, {"set": list(payload)}) if type(payload) is dict else payload
        made.__setstate__(
            {
                "__dict__": dict(fields),
                "__pydantic_extra__": more.get("extra", {} if self.cls.model_config.get("extra") == "allow" else None),
                "__pydantic_fields_set__": set(more["set"]),
                "__pydantic_private__": more.get("private"),
            }
        )
        assert self.declared is not None  # noqa: S101  for mypy; models declare their fields
        self.declared.complete(made, fields, self.name, scope, _put_in_dict)


def _put_in_dict(made: Any, name: str, value: Any) -> None:
    made.__dict__[name] = value
