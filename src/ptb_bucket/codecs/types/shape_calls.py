"""Calls of a shape's functions. If code of the value's class raises, the call raises an error that names the value."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ptb_bucket.codecs.types.guards import ForeignCodeError, guarded
from ptb_bucket.codecs.types.reduction import IrreducibleError
from ptb_bucket.codecs.types.refusals import refusal

if TYPE_CHECKING:
    from ptb_bucket.codecs.types.shape import PartWriter, Scope, Shape

__all__ = ["take_apart", "write_value"]


def take_apart(shape: Shape, value: Any, scope: Scope) -> Any:
    """Take an instance of a registered class apart.

    Args:
        shape: The shape of its class.
        value: The instance.
        scope: The bot and its classes.

    Returns:
        A plainer value.

    Raises:
        CannotStoreError: Its class cannot be taken apart, or its own code raised.
    """
    try:
        return guarded(_take, shape, value, scope)
    except ForeignCodeError as exc:
        raise refusal(value, why=f"encoding it raised {exc}") from None


def _take(shape: Shape, value: Any, scope: Scope) -> Any:
    try:
        return shape.take(value, scope)
    except IrreducibleError:
        raise refusal(value, registered=True) from None


def write_value(shape: Shape, writer: PartWriter, value: Any, depth: int) -> Any:
    """Return the tree of a value whose shape writes JSON and whose class is another library's.

    Args:
        shape: The shape.
        writer: Writes the parts of the value.
        value: The value.
        depth: The number of levels above its parts.

    Raises:
        CannotStoreError: It cannot be stored, or its own code raised.
    """
    try:
        return guarded(shape.write, writer, value, depth)  # type: ignore[arg-type]
    except ForeignCodeError as exc:
        raise refusal(value, why=f"encoding it raised {exc}") from None
