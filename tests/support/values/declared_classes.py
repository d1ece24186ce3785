"""Classes of every family that declares its fields, as a bot author changes them between deployments."""

from __future__ import annotations

import collections
import dataclasses
from collections.abc import Mapping
from typing import Any

import attrs
import pydantic

REQUIRED = object()
"""As a default: there is none."""

Fields = Mapping[str, Any]
"""The default of each field by its name. A function draws one."""


def dataclass(fields: Fields, **options: Any) -> Any:
    """Make a dataclass; ``options`` are those of its decorator."""
    rows: list[Any] = []
    for name, default in fields.items():
        field: Any = dataclasses.field(**_default(default, "default_factory"))
        rows.append((name, Any) if default is REQUIRED else (name, Any, field))
    return dataclasses.make_dataclass("Profile", rows, **options)


def attrs_class(fields: Fields, **options: Any) -> Any:
    """Make a class of attrs; ``options`` are those of its decorator."""
    rows = {name: attrs.field(**_default(default, "factory")) for name, default in fields.items()}
    return attrs.make_class("Profile", rows, **options)


def model(fields: Fields, **config: Any) -> Any:
    """Make a model of pydantic; ``config`` is its configuration."""
    rows: Any = {
        name: (Any, pydantic.Field(**_default(default, "default_factory"))) for name, default in fields.items()
    }
    return pydantic.create_model("Profile", __config__=pydantic.ConfigDict(**config), **rows)


def named_tuple(fields: Fields) -> Any:
    """Make a class of named tuples, whose defaults are drawn once."""
    defaults = [default() if callable(default) else default for default in fields.values() if default is not REQUIRED]
    return collections.namedtuple("Profile", fields, defaults=defaults)  # noqa: PYI024  its fields differ from call to call


def _default(default: Any, factory: str) -> dict[str, Any]:
    if default is REQUIRED:
        return {}
    return {factory if callable(default) else "default": default}


FAMILIES: dict[str, Any] = {
    "dataclass": dataclass,
    "dataclass slots": lambda fields: dataclass(fields, slots=True),
    "dataclass frozen": lambda fields: dataclass(fields, frozen=True),
    "dataclass frozen slots": lambda fields: dataclass(fields, frozen=True, slots=True),
    "attrs define": lambda fields: attrs_class(fields, slots=True),
    "attrs without slots": lambda fields: attrs_class(fields, slots=False),
    "attrs frozen": lambda fields: attrs_class(fields, slots=True, frozen=True),
    "pydantic": model,
    "pydantic, extra forbidden": lambda fields: model(fields, extra="forbid"),
    "named tuple": named_tuple,
}
"""By family: makes the class with these fields."""


def profile(family: str, **fields: Any) -> Any:
    """Make a class of a family, under one name in one module."""
    cls = FAMILIES[family](fields)
    cls.__module__ = "bots.shop"
    return cls


def stored(codec: Any, cls: Any, **values: Any) -> bytes:
    """Return a record that holds an instance."""
    return codec([cls]).encode({"me": cls(**values), "beside": 1})


def loaded(codec: Any, cls: Any, data: bytes, origin: str = "user_data[42]") -> Any:
    """Return the instance in such a record."""
    return codec([cls]).decode(data, origin=origin)["me"]
