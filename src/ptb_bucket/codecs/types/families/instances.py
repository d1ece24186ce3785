"""Instances of classes written in Python. They are stored as attributes by name, or as the parts that pickle uses."""

from __future__ import annotations

import types
from typing import TYPE_CHECKING, Any, Final

from ptb_bucket.codecs.types.carriers import carrier_of
from ptb_bucket.codecs.types.declared import Declared, declared
from ptb_bucket.codecs.types.load_errors import class_changed
from ptb_bucket.codecs.types.reduction import (
    attribute_slots,
    attributes,
    has_own_state,
    is_dataclass,
    is_plain,
    own_attributes,
    reduction,
    runs_code,
)
from ptb_bucket.codecs.types.shape import Family, Shape

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from ptb_bucket.codecs.types.shape import Scope

__all__ = ["instance_shape", "positional", "rebuild", "set_field", "taken_apart", "with_room_for"]


def instance_shape(cls: Any, name: str) -> Shape:
    """Return the shape of a class that is not an enum, a named tuple or a pydantic model.

    Args:
        cls: The class.
        name: Its name in documents.
    """
    return _Instance(cls, name).shape()


class _Instance:
    """A class whose instances are stored as attributes if they have nothing else, and otherwise as pickle parts."""

    def __init__(self, cls: Any, name: str) -> None:
        self.cls, self.name = cls, name
        self.own_state = has_own_state(cls)
        self.declared = None if self.own_state else declared(cls)
        self.fields = self._fields()
        self.is_plain = is_plain(cls)
        self.is_risky = runs_code(cls)

    def shape(self) -> Shape:
        family = Family.RECORD if positional(self.cls) else Family.FIELDS if self.declared else Family.PARTS
        take = _attributes if self.is_plain else taken_apart
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
            if _is_tagged(payload):  # the only argument of __new__, which plain JSON cannot express
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
        return with_room_for(self.cls, payload) if self.fields and self.fields.has_no_room(payload) else self.cls

    def fill(self, made: Any, payload: Any, scope: Scope) -> None:
        if type(payload) is list:
            _filled(made, *payload[2:])
            return
        if self.fields:  # so that a field that an instance cannot hold is reported by its name
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


def with_room_for(cls: Any, given: Collection[str]) -> Any:
    """Return a class whose instances can carry these fields, too.

    Args:
        cls: The class.
        given: The names of the stored fields.

    Raises:
        CannotLoadError: The class cannot have a subclass.
    """
    carrier = carrier_of(cls)
    if carrier is None:
        raise class_changed(cls, f"has one of the fields {', '.join(map(repr, given))}, which the class does not have")
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


def taken_apart(value: Any, _: Any = None) -> Any:
    """Return an object's attributes by name if it has nothing else, and otherwise the row of its pickle parts.

    Args:
        value: The object.

    Raises:
        IrreducibleError: It cannot be taken apart.
    """
    parts = reduction(value)
    named = attributes(value, parts)
    if named is not None:
        return named
    how = "new" if parts.new else "call"
    if parts.function is not type(value):
        raise TypeError("its __reduce__() returns a function")
    pairs = [list(pair) for pair in parts.pairs]
    # A set names its members in the order of its hash table, which differs from process to process.
    args = [frozenset(value)] if type(value).__reduce__ in _BY_HASH else list(parts.args)
    row = [how, args, parts.state, parts.items, pairs, parts.kwargs]
    while len(row) > 1 and _is_nothing(row[-1], is_state=len(row) == 3):  # noqa: PLR2004  its place in the row
        row.pop()
    # A subclass of str or int is stored as its text or number alone.
    bare = len(row) == 2 and how == "new" and len(row[1]) == 1 and type(row[1][0]) in _SCALARS  # noqa: PLR2004  args
    return row[1][0] if bare else row


def _is_nothing(part: Any, *, is_state: bool) -> bool:
    """Tell whether a part of the row is empty. An empty state is a part, because it may be set."""
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
