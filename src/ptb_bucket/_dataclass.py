"""Dataclasses that take little time to define.

``dataclasses.dataclass`` writes and compiles up to eight functions for each class. For the classes that a bot loads at
its start, this took longer than the rest of their modules. Here, only ``__init__`` is compiled. The other methods are
the same functions for all classes, and read the class's fields.
"""

from __future__ import annotations

import dataclasses
from operator import attrgetter
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable
    from dataclasses import dataclass  # type checkers know what it makes

__all__ = ["dataclass"]


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
    once, so a ``__post_init__`` cannot set one again.

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
    made: Any = dataclasses.dataclass(eq=False, repr=False, match_args=False)(cls)
    if repr:
        _set(made, "__repr__", _repr)
    if eq:
        _set(made, "__eq__", _eq)
        made.__hash__ = _hash if frozen else None
        made.__compared__ = _getter([each.name for each in dataclasses.fields(made) if each.compare])
    if frozen:
        made.__setattr__, made.__delattr__ = _set_once, _refuse_to_delete
    return made


if not TYPE_CHECKING:
    dataclass = _dataclass


def _set(cls: Any, name: str, method: Any) -> None:
    if name not in vars(cls):  # the class may have its own
        setattr(cls, name, method)


def _getter(names: list[str]) -> Callable[[Any], Any]:
    return staticmethod(attrgetter(*names) if names else _nothing)


def _nothing(_: Any) -> tuple[()]:
    return ()


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
