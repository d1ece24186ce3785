"""Two deployments of one bot whose classes differ in a field: the older one lacks ``extra``."""

from __future__ import annotations

import collections
import dataclasses
from typing import Any

import attrs
import pydantic

FIELDS = ("name", "hp")


def _dataclass(fields: tuple[str, ...], **options: Any) -> type:
    return dataclasses.make_dataclass(
        "Sheet", [(name, Any, dataclasses.field(default=None)) for name in fields], **options
    )


def _attrs(fields: tuple[str, ...], **options: Any) -> type:
    return attrs.make_class("Sheet", {name: attrs.field(default=None) for name in fields}, **options)


def _pydantic(fields: tuple[str, ...], **config: Any) -> type:
    defined: Any = dict.fromkeys(fields, (Any, None))
    return pydantic.create_model("Sheet", __config__=pydantic.ConfigDict(**config), **defined)


def _plain(fields: tuple[str, ...], slots: tuple[str, ...] | None = None) -> type:
    def make(self: Any, **values: Any) -> None:
        for name in fields:
            setattr(self, name, values.get(name))

    return type("Sheet", (), {"__init__": make} | ({} if slots is None else {"__slots__": slots}))


def _named_tuple(fields: tuple[str, ...]) -> type:
    defaults = [None] * len(fields)
    return collections.namedtuple("Sheet", fields, defaults=defaults)  # noqa: PYI024  its fields differ from call to call


CHANGED: dict[str, Any] = {
    "dataclass": _dataclass,
    "dataclass slots": lambda fields: _dataclass(fields, slots=True),
    "dataclass frozen": lambda fields: _dataclass(fields, frozen=True),
    "dataclass frozen slots": lambda fields: _dataclass(fields, frozen=True, slots=True),
    "dataclass kw_only": lambda fields: _dataclass(fields, kw_only=True),
    "attrs define": lambda fields: _attrs(fields, slots=True),
    "attrs frozen": lambda fields: _attrs(fields, slots=True, frozen=True),
    "attrs without slots": _attrs,
    "pydantic": _pydantic,
    "pydantic frozen": lambda fields: _pydantic(fields, frozen=True),
    "named tuple": _named_tuple,
    "plain": _plain,
    "slots": lambda fields: _plain(fields, fields),
}
"""By family: makes the class with these fields."""


def versions(family: str) -> tuple[type, type]:
    """The class of the older deployment, and that of the newer one."""
    made = [CHANGED[family](fields) for fields in (FIELDS, (*FIELDS, "extra"))]
    for cls in made:
        cls.__module__, cls.__qualname__ = "bot", "Sheet"
    return made[0], made[1]
