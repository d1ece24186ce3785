"""Dataclasses that take little time to define.

``dataclasses.dataclass`` writes and compiles up to eight functions for each class. For the classes that a bot loads at
its start, this took longer than the rest of their modules. Here, the methods are the same functions for all classes,
and read the class's fields. Only a class of which a program makes many instances gets a compiled ``__init__``. The
standard library examines a class when ``dataclasses.fields()`` or another of its functions first asks for the fields.
"""

from __future__ import annotations

import dataclasses
from operator import attrgetter
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Callable
    from dataclasses import dataclass  # type checkers know what it makes

    _KnownFields = dict[str, dataclasses.Field[Any]]

__all__ = ["dataclass"]

_FEW: Final = 50
"""The instances of a class that a loop makes. Compiling takes as long as making about 150 of them."""

_RARE: Final = ("ClassVar", "InitVar", "KW_ONLY")
"""Annotations of attributes that are not fields. The standard library examines their classes at once."""

_REQUIRED: Final[dataclasses.Field[Any]] = dataclasses.field()
"""A field without a default, for all classes."""

_ABSENT: Final = object()
_put: Final = object.__setattr__


def _dataclass(
    cls: type | None = None,
    /,
    *,
    frozen: bool = False,
    eq: bool = True,
    repr: bool = True,  # noqa: A002  its names
) -> Any:
    """Make a class a dataclass, as :func:`dataclasses.dataclass` does with the same options.

    A frozen instance refuses to change, add or delete an attribute, with the same error. ``__init__`` sets each field
    once, so a ``__post_init__`` cannot set one again. No field is only for keywords.

    Args:
        cls: The class; None if options are given.
        frozen: Instances do not change.
        eq: Instances of the same class are equal if their fields are. Frozen ones can be hashed then.
        repr: The text of an instance contains its fields.

    Returns:
        The class, or a decorator for one.
    """
    if cls is None:
        return lambda decorated: _dataclass(decorated, frozen=frozen, eq=eq, repr=repr)
    made: Any = cls
    fields = _fields(made)
    _set(made, "__init__", _first_init(made, fields))
    _set(made, "__replace__", _replace)
    if repr:
        _set(made, "__repr__", _repr)
    if eq:
        _set(made, "__eq__", _eq)
        made.__hash__ = _hash if frozen else None
        made.__compared__ = _getter([name for name, each in fields.items() if each.compare])
    if frozen:
        made.__setattr__, made.__delattr__ = _set_once, _refuse_to_delete
    return made


if not TYPE_CHECKING:
    dataclass = _dataclass


def _set(cls: Any, name: str, method: Any) -> None:
    if name not in vars(cls):  # the class may have its own
        setattr(cls, name, method)


def _fields(cls: Any) -> _KnownFields:
    """Return the fields of a class and its bases, and let the standard library examine the class when it is asked."""
    written = cls.__annotations__
    if not all(type(hint) is str for hint in written.values()) or _may_be_rare(" ".join(written.values())):
        return _by_name(_standard(cls))
    values = {name: value for name, value in vars(cls).items() if name in written}
    own = {name: _field(name, values[name]) if name in values else _REQUIRED for name in written}
    fields = {**_inherited(cls), **own}
    cls.__dataclass_fields__ = _LateFields(cls, fields, values)
    for name, value in values.items():
        if isinstance(value, dataclasses.Field):
            _put_default(cls, name, value)
    return fields


def _may_be_rare(hints: str) -> bool:
    return any(word in hints for word in _RARE)


def _standard(cls: Any) -> Any:
    return dataclasses.dataclass(init=False, eq=False, repr=False, match_args=False)(cls)


def _inherited(cls: Any) -> _KnownFields:
    found: _KnownFields = {}
    for base in cls.__mro__[-1:0:-1]:
        fields = vars(base).get("__dataclass_fields__")
        if fields is not None:
            found.update(fields.known if isinstance(fields, _LateFields) else _by_name(base))
    return found


def _by_name(cls: Any) -> _KnownFields:
    return {each.name: each for each in dataclasses.fields(cls)}


def _field(name: str, written: Any) -> dataclasses.Field[Any]:
    """Return a field as the class defines it. Refuse a default that all instances would share, as Python does."""
    made: dataclasses.Field[Any] = (
        written if isinstance(written, dataclasses.Field) else dataclasses.field(default=written)
    )
    if type(made.default).__hash__ is None:
        raise ValueError(f"mutable default {type(made.default)} for field {name} is not allowed: use default_factory")
    return made


def _put_default(cls: Any, name: str, written: dataclasses.Field[Any]) -> None:
    """Replace a written ``field()`` by its default, which is the attribute of the class."""
    if written.default is dataclasses.MISSING:
        delattr(cls, name)
    else:
        setattr(cls, name, written.default)


class _LateFields:
    """The fields of a class, until a program asks for them.

    Args:
        cls: The class.
        known: Its fields and those of its bases.
        written: The attributes of the class from which the standard library makes the fields.
    """

    def __init__(self, cls: Any, known: _KnownFields, written: dict[str, Any]) -> None:
        self.known = known
        self._cls = cls
        self._written = written

    def __get__(self, _instance: object, _owner: object) -> _KnownFields:
        """Let the standard library make the fields, which replace this object."""
        for name, value in self._written.items():
            if isinstance(value, dataclasses.Field):
                setattr(self._cls, name, value)
        fields: _KnownFields = _standard(self._cls).__dataclass_fields__
        return fields


def _first_init(cls: Any, fields: _KnownFields) -> Callable[..., None]:
    """Return an ``__init__`` that sets the fields in a loop. After a few instances, a compiled one replaces it."""
    init, left = None, _FEW

    def __init__(self: Any, *args: Any, **given: Any) -> None:  # noqa: N807  it becomes that method
        nonlocal init, left
        init = init or _Init(cls, fields)
        left -= 1
        if left < 0 or not init.fits(args, given):
            cls.__init__ = init.compiled()
            cls.__init__(self, *args, **given)  # raises Python's own error if the arguments are wrong
        else:
            init.loop(self, args, given)

    __init__.__qualname__ = f"{cls.__qualname__}.__init__"
    return __init__


class _Init:
    """The two ways to make an instance of a dataclass.

    Args:
        cls: The class.
        fields: Its fields.
    """

    def __init__(self, cls: Any, fields: _KnownFields) -> None:
        self._cls = cls
        self._names = tuple(name for name, each in fields.items() if each.init)
        self._makers = {name: maker for name, each in fields.items() if (maker := _maker(each)) is not None}
        self._required = frozenset(self._names).difference(self._makers)
        self._others = tuple(name for name, each in fields.items() if not each.init and name in self._makers)
        self._has_more = hasattr(cls, "__post_init__")

    def fits(self, args: tuple[Any, ...], given: dict[str, Any]) -> bool:
        """Tell whether these are the arguments of an instance."""
        rest = self._names[len(args) :]
        return given.keys() <= set(rest) and self._required.intersection(rest) <= given.keys() and (
            len(args) <= len(self._names)
        )  # fmt: skip

    def loop(self, made: Any, args: tuple[Any, ...], given: dict[str, Any]) -> None:
        """Set the fields of an instance."""
        for name, value in zip(self._names, args, strict=False):
            _put(made, name, value)
        for name in self._names[len(args) :]:
            _put(made, name, given[name] if name in given else self._makers[name]())
        for name in self._others:
            _put(made, name, self._makers[name]())
        if self._has_more:
            made.__post_init__()

    def compiled(self) -> Any:
        """Return an ``__init__`` that is as fast as one that was written by hand."""
        arguments = (f"{name}=absent" if name in self._makers else name for name in self._names)
        lines = [f"put(self, {name!r}, {self._value(name)})" for name in (*self._names, *self._others)]
        lines += ["self.__post_init__()"] if self._has_more else []
        names = {**{f"make_{name}": make for name, make in self._makers.items()}, "absent": _ABSENT, "put": _put}
        exec(f"def __init__(self, {', '.join(arguments)}):\n {'; '.join(lines or ['pass'])}", names)  # noqa: S102  our fields
        made: Any = names["__init__"]
        made.__qualname__ = f"{self._cls.__qualname__}.__init__"
        return made

    def _value(self, name: str) -> str:
        if name in self._others:
            return f"make_{name}()"
        return f"make_{name}() if {name} is absent else {name}" if name in self._makers else name


def _maker(field: dataclasses.Field[Any]) -> Callable[[], Any] | None:
    """Return a function that makes the field's default; None if it has none."""
    if field.default_factory is not dataclasses.MISSING:
        return field.default_factory
    default: Any = field.default
    return None if default is dataclasses.MISSING else lambda: default


def _getter(names: list[str]) -> Callable[[Any], Any]:
    return staticmethod(attrgetter(*names) if names else _nothing)


def _nothing(_: Any) -> tuple[()]:
    return ()


def _replace(self: Any, /, **changes: Any) -> Any:
    """Do what ``copy.replace()`` asks for, which came with Python 3.13."""
    return dataclasses.replace(self, **changes)


def _repr(self: Any) -> str:
    shown = (each.name for each in dataclasses.fields(self) if each.repr)
    return f"{type(self).__qualname__}({', '.join(f'{name}={getattr(self, name)!r}' for name in shown)})"


def _eq(self: Any, other: Any) -> Any:
    if type(other) is not type(self):
        return NotImplemented
    return self.__compared__(self) == self.__compared__(other)


def _hash(self: Any) -> int:
    return hash(self.__compared__(self))


def _set_once(self: Any, name: str, value: Any) -> None:
    if name in self.__dict__ or name not in self.__dataclass_fields__:
        raise dataclasses.FrozenInstanceError(f"cannot assign to field {name!r}")
    self.__dict__[name] = value


def _refuse_to_delete(_: Any, name: str) -> None:
    raise dataclasses.FrozenInstanceError(f"cannot delete field {name!r}")
