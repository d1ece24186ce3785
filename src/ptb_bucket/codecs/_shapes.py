"""How instances of registered classes become plain values: fields by name wherever there are any."""

from __future__ import annotations

import dataclasses
import types
from enum import Enum, Flag
from typing import TYPE_CHECKING, Any, NamedTuple

from ptb_bucket.codecs._reduction import attributes, has_own_state, reduction

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Shape", "rebuild", "shape_of"]


class Shape(NamedTuple):
    """A pair of functions."""

    take: Callable[[Any], Any]
    """Instance → dict of fields, or another plain value."""

    make: Callable[[Any], Any]
    """The same back into an instance."""


def shape_of(cls: type) -> Shape:
    """The shape for a class that was registered without functions of its own.

    Args:
        cls: The class.
    """
    if issubclass(cls, Enum):
        return _enum(cls)
    if not has_own_state(cls):
        if hasattr(cls, "__pydantic_fields__") and hasattr(cls, "model_construct"):
            return Shape(_from_model, lambda payload: _to_model(cls, payload))
        if issubclass(cls, tuple) and hasattr(cls, "_field_defaults"):
            return _namedtuple(cls)
    defaults = _defaults(cls)
    return Shape(_taken_apart, lambda payload: _put_together(cls, payload, defaults))


def _enum(cls: type[Enum]) -> Shape:
    if issubclass(cls, Flag):
        return Shape(lambda member: member.value, cls)
    return Shape(lambda member: member.name, lambda name: cls[name])


def _namedtuple(cls: Any) -> Shape:
    def take(value: Any) -> Any:
        # A subclass of a namedtuple without __slots__ may carry attributes as well.
        return _taken_apart(value) if getattr(value, "__dict__", None) else dict(zip(cls._fields, value, strict=True))

    def make(payload: Any) -> Any:
        if type(payload) is list:
            return _put_together(cls, payload, {})
        given = {**cls._field_defaults, **payload}
        if set(given) != set(cls._fields):
            raise ValueError("fields")
        return tuple.__new__(cls, [given[name] for name in cls._fields])

    return Shape(take, make)


def _from_model(value: Any) -> Any:
    state = value.__getstate__()
    fields, given = state["__dict__"], state["__pydantic_fields_set__"]
    rest = {"extra": state.get("__pydantic_extra__"), "private": state.get("__pydantic_private__")}
    rest = {key: inner for key, inner in rest.items() if inner is not None}
    if not rest and set(given) == set(fields):
        return fields
    # Fields that were left to their defaults are not "set": model_dump(exclude_unset=True) depends on it.
    return [fields, {"set": sorted(given), **rest}]


def _to_model(cls: Any, payload: Any) -> Any:
    fields, more = (payload, {"set": payload}) if type(payload) is dict else payload
    missing = {name: info for name, info in cls.model_fields.items() if name not in fields and not info.is_required()}
    fields = {**{name: info.get_default(call_default_factory=True) for name, info in missing.items()}, **fields}
    made = cls.__new__(cls)
    made.__setstate__(
        {
            "__dict__": fields,
            "__pydantic_extra__": more.get("extra"),
            "__pydantic_fields_set__": set(more["set"]),
            "__pydantic_private__": more.get("private"),
        }
    )
    return made


def _defaults(cls: Any) -> dict[str, Callable[[], Any]]:
    """A field that the class got after an instance was stored has its default when that is loaded."""
    found: dict[str, Callable[[], Any]] = {}
    for field in dataclasses.fields(cls) if dataclasses.is_dataclass(cls) else ():
        if field.default_factory is not dataclasses.MISSING:
            found[field.name] = field.default_factory
        elif field.default is not dataclasses.MISSING:
            found[field.name] = lambda value=field.default: value  # type: ignore[misc]
    for field in getattr(cls, "__attrs_attrs__", ()):
        factory = getattr(field.default, "factory", None)
        if factory is not None and not field.default.takes_self:
            found[field.name] = factory
        elif factory is None and field.default.__class__.__name__ != "_Nothing":
            found[field.name] = lambda value=field.default: value  # type: ignore[misc]
    return found


def _taken_apart(value: Any) -> Any:
    parts = reduction(value)
    named = attributes(value, parts)
    if named is not None:
        return named
    how = "new" if parts.new else "call"
    if parts.function is not type(value):
        raise TypeError("its __reduce__ names a function")
    pairs = [list(pair) for pair in parts.pairs]
    # A set names its members in the order of its hash table, which differs from process to process.
    args = [frozenset(value)] if type(value).__reduce__ in _BY_HASH else list(parts.args)
    row = [how, args, parts.state, parts.items, pairs, parts.kwargs]
    while len(row) > 1 and not row[-1] and not (len(row) == 3 and row[-1] is not None):  # noqa: PLR2004  the state
        row.pop()
    # A subclass of str or int says no more than its text or number.
    bare = len(row) == 2 and how == "new" and len(row[1]) == 1 and type(row[1][0]) in _SCALARS  # noqa: PLR2004  args
    return row[1][0] if bare else row


_BY_HASH: tuple[Any, ...] = (set.__reduce__, frozenset.__reduce__)
_SCALARS = frozenset({str, int, float, bytes})


def _put_together(cls: Any, payload: Any, defaults: dict[str, Callable[[], Any]]) -> Any:
    if type(payload) is list:
        return rebuild(cls, *payload)
    if type(payload) in _SCALARS and issubclass(cls, type(payload)):
        return rebuild(cls, "new", [payload])
    missing = {name: default() for name, default in defaults.items() if name not in payload}
    return _with_state(cls.__new__(cls), {**payload, **missing})


def rebuild(  # noqa: PLR0913, PLR0917  the parts of the pickle protocol, in its order
    cls: Any,
    how: str,
    args: Any = (),
    state: Any = None,
    items: Any = (),
    pairs: Any = (),
    kwargs: Any = None,
) -> Any:
    """An object from its parts.

    Args:
        cls: Its class.
        how: "new" for ``cls.__new__(cls, ...)``, "call" for ``cls(...)``.
        args: Positional arguments.
        state: For ``__setstate__``, or attributes.
        items: To append.
        pairs: To put in by key.
        kwargs: Keyword arguments.
    """
    make: Callable[..., Any] = {"new": lambda *a, **k: cls.__new__(cls, *a, **k), "call": cls}[how]
    made = make(*args, **(kwargs or {}))
    for member in items:
        made.append(member)
    for key, inner in pairs:
        made[key] = inner
    return made if state is None else _with_state(made, state)


def _with_state(made: Any, state: Any) -> Any:
    cls = type(made)
    by_position = dataclasses.is_dataclass(cls) and not has_own_state(cls) and type(state) is dict
    if hasattr(cls, "__setstate__") and not by_position:
        made.__setstate__(state)
        return made
    for named in state if type(state) is tuple else (state,):
        for key, inner in (named or {}).items():
            _set(made, key, inner)
    return made


def _set(made: Any, key: str, inner: Any) -> None:
    if isinstance(getattr(type(made), key, None), types.MemberDescriptorType) or not hasattr(made, "__dict__"):
        # Past the __setattr__ of frozen classes, as pickle does.
        object.__setattr__(made, key, inner)
    else:
        made.__dict__[key] = inner
