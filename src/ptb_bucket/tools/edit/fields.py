"""Read and change the fields of objects: of the bot's classes, and of classes that are not known here."""

from __future__ import annotations

from typing import Any

from ptb_bucket.codecs import Structure, UnknownInstance, attribute_slots, structure_of
from ptb_bucket.errors import NotFoundError
from ptb_bucket.state import MISSING
from ptb_bucket.stores import did_you_mean

__all__ = ["field_of", "fields_of", "has_fields", "set_field"]


def has_fields(value: Any) -> bool:
    """Tell whether a value is an object with fields that can be changed one by one. No code of its class is run."""
    if isinstance(value, UnknownInstance):
        return isinstance(value.payload, dict)
    cls: Any = type(value)
    return structure_of(cls) is Structure.FIELDS


def field_of(value: Any, name: Any) -> Any:
    """Return a field of an object, or MISSING."""
    return _fields(value).get(name, MISSING)


def set_field(label: str, value: Any, name: Any, new: Any) -> None:
    """Change a field of an object in place. No code of its class is run.

    Args:
        label: The name of the object's place, for messages.
        value: The object.
        name: The field, which must exist: a misspelt one would be lost, or would keep the bot from loading the object.
        new: Its new value.

    Raises:
        NotFoundError: The object has no such field. The message suggests a similar one.
    """
    if field_of(value, name) is MISSING:
        known = [one for one in _fields(value) if isinstance(one, str)]
        raise NotFoundError(
            f"{label} has no field {name!r}.{did_you_mean([str(name)], known)} Nothing was changed. "
            f"Fields: {', '.join(known)}."
        )
    if isinstance(value, UnknownInstance):
        value.payload[name] = new
    else:
        object.__setattr__(value, name, new)


def fields_of(value: Any) -> dict[Any, Any] | None:
    """Return the fields of an object with their values; None if it has none that can be changed one by one."""
    return _fields(value) if has_fields(value) else None


def _fields(value: Any) -> dict[Any, Any]:
    if isinstance(value, UnknownInstance):
        found: dict[Any, Any] = value.payload
        return found
    cls: Any = type(value)
    slots = {name: _slot(value, name) for name in attribute_slots(cls)}
    own = object.__getattribute__(value, "__dict__") if cls.__dictoffset__ else {}
    return {name: part for name, part in slots.items() if part is not MISSING} | own


def _slot(value: Any, name: str) -> Any:
    try:
        return object.__getattribute__(value, name)
    except AttributeError:
        return MISSING
