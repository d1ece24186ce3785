"""An extension of griffe that recognizes the dataclasses of ``ptb_bucket._dataclass``."""

from __future__ import annotations

from typing import Any

import griffe

OURS = {"ptb_bucket._dataclass.dataclass", "ptb_bucket.stores.dataclass"}


class _Standard(griffe.ExprCall):
    """A call of the decorator, which stands for the standard library's."""

    @property
    def canonical_path(self) -> str:
        return "dataclasses.dataclass"


class Dataclasses(griffe.Extension):
    """Present our decorator as ``dataclasses.dataclass``, which it imitates."""

    def on_package(self, *, pkg: griffe.Module, **_: Any) -> None:
        """Replace the decorator of every class, before griffe looks for dataclasses."""
        modules = [pkg]
        for module in modules:
            modules += module.modules.values()
            for cls in module.classes.values():
                _replace(cls)


def _replace(cls: griffe.Class | griffe.Alias) -> None:
    for decorator in () if cls.is_alias else cls.decorators:
        value = decorator.value
        if isinstance(value, griffe.Expr) and value.canonical_path in OURS:
            decorator.value = _Standard(value, value.arguments if isinstance(value, griffe.ExprCall) else [])
