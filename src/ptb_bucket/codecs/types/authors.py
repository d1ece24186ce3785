"""Classes of bot authors: fields by name wherever there are any, else what pickle would store."""

from __future__ import annotations

import enum
import types
from typing import TYPE_CHECKING, Any, Final

from ptb_bucket.codecs.types.carriers import base_of, carrier_of
from ptb_bucket.codecs.types.declared import Declared, declared, outdated
from ptb_bucket.codecs.types.reduction import (
    attributes,
    has_own_state,
    is_dataclass,
    is_plain,
    own_attributes,
    reduction,
    runs_code,
)
from ptb_bucket.codecs.types.shape import Family, Shape
from ptb_bucket.codecs.types.structure import attribute_slots

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from ptb_bucket.codecs.types.scope import Scope

__all__ = ["by_functions", "positional", "rebuild", "set_field", "shape_of"]


def shape_of(cls: Any, name: str) -> Shape:
    """Return the shape of a class that was registered without functions of its own.

    Args:
        cls: The class.
        name: What documents call it.
    """
    if issubclass(cls, enum.Enum):
        return _enum(cls, name)
    if not has_own_state(cls):
        if hasattr(cls, "__pydantic_fields__") and hasattr(cls, "model_construct"):
            return _Model(cls, name).shape()
        if issubclass(cls, tuple) and hasattr(cls, "_field_defaults"):
            return _NamedTuple(cls, name).shape()
    return _Instance(cls, name).shape()


def by_functions(cls: Any, name: str, encode: Callable[[Any], Any], decode: Callable[[Any], Any]) -> Shape:
    """Return the shape of a class that its author stores with two functions.

    Args:
        cls: The class.
        name: What documents call it.
        encode: Instance → a value that can be stored.
        decode: That value → an equal instance.
    """
    return Shape(
        cls, name, lambda value, _: encode(value), lambda payload, _: decode(payload),
        family=Family.FUNCTIONS, is_risky=True,
    )  # fmt: skip


def _enum(cls: Any, name: str) -> Shape:
    def take(value: Any, _: Scope) -> Any:
        # What _missing_ made is no member by that name; pickle finds it by its value.
        return value.name if cls.__members__.get(value.name) is value else [value.value]

    def member(payload: Any, _: Scope) -> Any:
        if type(payload) is list:
            return cls(*payload)
        try:
            return cls[payload]
        except (KeyError, TypeError):
            lacks = f"lacks the member {payload!r}" if type(payload) is str and payload.isidentifier() else "is damaged"
            raise outdated(cls, lacks) from None

    def flags(payload: Any, _: Scope) -> Any:
        try:
            return cls(payload)
        except ValueError:
            raise outdated(cls, "has a flag that the class does not have") from None

    if issubclass(cls, enum.Flag):
        return Shape(cls, name, lambda value, _: value.value, flags, family=Family.ENUM, is_risky=runs_code(cls))
    return Shape(cls, name, take, member, family=Family.ENUM, is_risky=runs_code(cls))


class _NamedTuple:
    """A row whose places have names."""

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
        return _taken_apart(value) if getattr(value, "__dict__", None) else fields

    def make(self, payload: Any, scope: Scope) -> Any:
        if type(payload) is list:
            return rebuild(self.cls, *payload)
        given = dict(payload)
        assert self.declared is not None  # noqa: S101  for mypy; named tuples declare their fields
        self.declared.complete(given, payload, self.name, scope, dict.__setitem__)
        row = [given.pop(name) for name in self.cls._fields]
        if not given:
            return tuple.__new__(self.cls, row)
        made = tuple.__new__(_with_room(self.cls, given), row)
        made.__dict__.update(given)
        return made


class _Model:
    """A pydantic model. No validator runs: what was stored was valid."""

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


class _Instance:
    """Any other class: its attributes if they are all that it is, else what the pickle protocol says."""

    def __init__(self, cls: Any, name: str) -> None:
        self.cls, self.name = cls, name
        self.own_state = has_own_state(cls)
        self.declared = None if self.own_state else declared(cls)
        self.fields = self._fields()
        self.is_plain = is_plain(cls)
        self.is_risky = runs_code(cls)

    def shape(self) -> Shape:
        family = Family.RECORD if positional(self.cls) else Family.FIELDS if self.declared else Family.PARTS
        take = _attributes if self.is_plain else _taken_apart
        return Shape(
            self.cls, self.name, take, self.make, self.begin, self.fill,
            family=family, is_risky=self.is_risky, declared=self.fields,
        )  # fmt: skip

    def _fields(self) -> Declared | None:
        """Return the declared fields; for a class without a dict, its slots."""
        if self.declared or self.own_state or self.cls.__dictoffset__:
            return self.declared
        return Declared(self.cls, frozenset(), {}, frozenset(attribute_slots(self.cls)), is_closed=True)

    def begin(self, payload: Any, _: Scope) -> Any:
        if type(payload) is dict:
            if _is_tagged(payload):  # the only argument of __new__, which is no plain JSON
                return None
            cls = self._class_for(payload)
            return cls.__new__(cls)
        row = payload if type(payload) is list else []
        how, args, _, _, _, kwargs = (*row, None, None, None, None, None, None)[:6]
        if args or kwargs or how not in ("new", "call"):
            return None
        return self.cls() if how == "call" else self.cls.__new__(self.cls)

    def make(self, payload: Any, scope: Scope) -> Any:
        if type(payload) is list:
            return rebuild(self.cls, *payload)
        if type(payload) is not dict:  # the only argument of __new__
            if type(payload) not in _SCALARS or self.cls.__new__ is object.__new__:
                raise TypeError("payload")
            return rebuild(self.cls, "new", [payload])
        cls = self._class_for(payload)
        made = cls.__new__(cls)
        self.fill(made, payload, scope)
        return made

    def _class_for(self, payload: dict[str, Any]) -> Any:
        return _with_room(self.cls, payload) if self.fields and self.fields.has_no_room(payload) else self.cls

    def fill(self, made: Any, payload: Any, scope: Scope) -> None:
        if type(payload) is list:
            _filled(made, *payload[2:])
            return
        if self.fields:  # names the fields that an instance cannot hold, before one of them fails without a name
            self.fields.check(payload)
        if self.is_plain:
            made.__dict__.update(payload)
        else:
            _with_state(made, payload)
        if self.fields:
            self.fields.complete(made, payload, self.name, scope, set_field)


def _is_tagged(payload: dict[str, Any]) -> bool:
    """Tell whether a payload is one value that JSON does not know, and not attributes by name."""
    only = next(iter(payload), "") if len(payload) == 1 else ""
    return only[:1] == "$" and only[1:2].isalpha()


def _with_room(cls: Any, given: Collection[str]) -> Any:
    """Return a class whose instances can carry these fields, too."""
    carrier = carrier_of(cls)
    if carrier is None:
        raise outdated(cls, f"has one of the fields {', '.join(map(repr, given))}, which the class does not have")
    return carrier


def positional(cls: Any) -> bool:
    """Tell whether pickle would store the fields of a class by position, where a changed class mixes them up.

    Args:
        cls: The class.
    """
    if not is_dataclass(cls) or has_own_state(cls):
        return False
    method = getattr(cls, "__setstate__", None)
    return (getattr(method, "__module__", None) or "") == "dataclasses"


def _attributes(value: Any, _: Scope) -> Any:
    return own_attributes(value)


def _taken_apart(value: Any, _: Any = None) -> Any:
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
    while len(row) > 1 and _is_nothing(row[-1], is_state=len(row) == 3):  # noqa: PLR2004  its place in the row
        row.pop()
    # A subclass of str or int says no more than its text or number.
    bare = len(row) == 2 and how == "new" and len(row[1]) == 1 and type(row[1][0]) in _SCALARS  # noqa: PLR2004  args
    return row[1][0] if bare else row


def _is_nothing(part: Any, *, is_state: bool) -> bool:
    """Tell whether a part of the row says nothing. The state is not asked: an empty one may be set, too."""
    return part is None or not (is_state or part)


_BY_HASH: Final[tuple[Any, ...]] = (set.__reduce__, frozenset.__reduce__)
_SCALARS: Final = frozenset({str, int, float, bytes})


def rebuild(  # noqa: PLR0913, PLR0917  the parts of the pickle protocol, in its order
    cls: Any,
    how: str,
    args: Any = (),
    state: Any = None,
    items: Any = (),
    pairs: Any = (),
    kwargs: Any = None,
) -> Any:
    """Put an object together from its parts.

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
    return _filled(made, state, items, pairs)


def _filled(made: Any, state: Any = None, items: Any = (), pairs: Any = (), _: Any = None) -> Any:
    for member in items:
        made.append(member)
    for key, inner in pairs:
        made[key] = inner
    return made if state is None else _with_state(made, state)


def _with_state(made: Any, state: Any) -> Any:
    cls: Any = type(made)
    by_position = type(state) is dict and is_dataclass(cls) and not has_own_state(cls)
    if hasattr(cls, "__setstate__") and not by_position:
        made.__setstate__(state)
        return made
    for named in state if type(state) is tuple else (state,):
        for key, inner in (named or {}).items():
            set_field(made, key, inner)
    return made


def set_field(made: Any, key: str, inner: Any) -> None:
    """Set an attribute past the class's own ``__setattr__``, as pickle does.

    Args:
        made: The instance; of a frozen class, too.
        key: The attribute.
        inner: Its value.
    """
    if isinstance(getattr(type(made), key, None), types.MemberDescriptorType) or not hasattr(made, "__dict__"):
        object.__setattr__(made, key, inner)
    else:
        made.__dict__[key] = inner
