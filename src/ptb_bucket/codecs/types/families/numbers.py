"""Decimal and Fraction. Few bots store them, so their modules are imported when a value needs them."""

from __future__ import annotations

from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

from ptb_bucket.codecs.types.guards import checked
from ptb_bucket.codecs.types.shape import PartWriter, Shape, leaf

if TYPE_CHECKING:
    from decimal import Decimal
    from fractions import Fraction

__all__ = ["NUMBERS", "number_classes", "number_shape"]


def _decimal(payload: Any) -> Decimal:
    made: Decimal = import_module("decimal").Decimal(checked(payload, str))
    return made


def _parts(value: Fraction) -> list[int]:
    return [value.numerator, value.denominator]


def _fraction(payload: Any, _: Any) -> Fraction:
    made: Fraction = import_module("fractions").Fraction(*checked(payload, list))
    return made


def _write_fraction(writer: PartWriter, value: Fraction, depth: int) -> Any:
    return {"$fraction": writer.sequence(_parts(value), depth)}


_DECIMAL: Final = leaf(object, "decimal", str, _decimal, canonical=str)
_FRACTION: Final = Shape(
    object, "fraction", lambda value, _: _parts(value), _fraction, write=_write_fraction,
    canonical=lambda value: tuple(_parts(value)),
)  # fmt: skip
NUMBERS: Final = (_DECIMAL, _FRACTION)


@cache
def number_classes() -> dict[Any, Shape]:
    """Return the two classes with their shapes."""
    return {import_module("decimal").Decimal: _DECIMAL, import_module("fractions").Fraction: _FRACTION}


def number_shape(cls: Any) -> Shape | None:
    """Return the shape of one of the two classes; None for all others.

    Args:
        cls: The class of a value.
    """
    return number_classes().get(cls) if cls.__module__ in {"decimal", "fractions"} else None
