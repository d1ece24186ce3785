"""The parts of an object in Python's pickle protocol (:pep:`307`)."""

from __future__ import annotations

import copyreg
import dataclasses
import types
from functools import cache
from typing import Any, Final

from ptb_bucket.codecs.types.guards import ForeignCodeError, guarded

__all__ = [
    "IrreducibleError",
    "Reduction",
    "attribute_slots",
    "attributes",
    "has_own_state",
    "hashes_by_hand",
    "is_dataclass",
    "is_plain",
    "own_attributes",
    "reduction",
    "runs_code",
]

_PROTOCOL = 4
_PARTS = 5


class IrreducibleError(Exception):
    """An object cannot be taken apart."""


@dataclasses.dataclass(slots=True)
class Reduction:
    """The parts of one object.

    Attributes:
        function: Its class, or the function that makes it again.
        new: True if it is made by ``cls.__new__`` and not by calling ``function``.
        args: The positional arguments of this call.
        kwargs: The keyword arguments of this call.
        state: The argument of ``__setstate__``, or attributes; None if neither is to be set.
        items: The members to append.
        pairs: The values to set by key.
    """

    function: Any
    new: bool
    args: tuple[Any, ...]
    kwargs: dict[str, Any]
    state: Any
    items: list[Any]
    pairs: list[tuple[Any, Any]]

    @property
    def bare(self) -> bool:
        """Tell whether the object consists only of its state."""
        return self.new and not (self.args or self.kwargs or self.items or self.pairs)


def reduction(value: object) -> Reduction:
    """Take an object apart.

    Args:
        value: Any object that pickle could take apart.

    Raises:
        IrreducibleError: It refuses, or returns something that only pickle could follow.
    """
    try:
        found: Reduction = guarded(_reduction, value)
    except ForeignCodeError as exc:
        raise IrreducibleError(f"{exc}") from None
    return found


def _reduction(value: object) -> Reduction:
    parts = _reduce(value)
    if type(parts) is not tuple or any(part is not None for part in parts[_PARTS:]):
        raise ForeignCodeError("its __reduce__() returned something only pickle supports")
    function, args, state, items, pairs = (*parts, None, None, None)[:_PARTS]
    rest = (_without_alias(state), [] if items is None else list(items), [] if pairs is None else list(pairs))
    if function is copyreg.__newobj__:  # type: ignore[attr-defined]
        return Reduction(args[0], True, args[1:], {}, *rest)  # noqa: FBT003  the field's name is new
    if function is copyreg.__newobj_ex__:  # type: ignore[attr-defined]
        return Reduction(args[0], True, args[1], args[2], *rest)  # noqa: FBT003  the field's name is new
    return Reduction(function, False, args, {}, *rest)  # noqa: FBT003  the field's name is new


_ALIAS: Final = "__orig_class__"
"""The note of typing on an instance that was made by ``Box[int](...)``. Nothing depends on it at run time."""


def _without_alias(state: Any) -> Any:
    if type(state) is dict and _ALIAS in state:
        return {key: inner for key, inner in state.items() if key != _ALIAS}
    return state


def _reduce(value: object) -> Any:
    reduce = copyreg.dispatch_table.get(type(value))
    return reduce(value) if reduce else value.__reduce_ex__(_PROTOCOL)


def own_attributes(value: Any) -> dict[str, Any]:
    """Return the attributes of an instance that consists only of them; see :func:`is_plain`.

    Args:
        value: The instance.
    """
    found: dict[str, Any] = _without_alias(value.__dict__)
    return found


def attributes(value: Any, parts: Reduction) -> dict[str, Any] | None:
    """Return an object's attributes by name, if it consists only of them; None if its state has another form.

    Args:
        value: The object.
        parts: Its parts.
    """
    if not parts.bare or parts.function is not type(value):
        return None
    cls: Any = type(value)
    if type(parts.state) is list and is_dataclass(cls) and not has_own_state(cls):
        # dataclass(frozen=True, slots=True): a list by position, which a new field would shift.
        return {f.name: getattr(value, f.name) for f in dataclasses.fields(value)}
    return _named(parts.state, custom=hasattr(type(value), "__setstate__"))


def is_dataclass(cls: Any) -> bool:
    """Tell whether a class is a dataclass.

    Args:
        cls: The class.
    """
    return dataclasses.is_dataclass(cls)


def _named(state: Any, *, custom: bool) -> dict[str, Any] | None:
    if custom or state is None:
        named = state if type(state) is dict else None if custom else {}
    elif type(state) is tuple:
        named = {**(state[0] or {}), **(state[1] or {})}
    else:
        named = state
    return named if type(named) is dict and all(type(key) is str for key in named) else None


_STATE_METHODS = ("__reduce__", "__reduce_ex__", "__getstate__", "__setstate__", "__getnewargs__", "__getnewargs_ex__")
_LOAD_METHODS = (*_STATE_METHODS, "__new__", "__setitem__", "append", "extend", "_missing_")
_GENERATORS = frozenset({"attr", "attrs", "builtins", "collections", "dataclasses", "enum", "pydantic", "typing"})


@cache
def has_own_state(cls: Any) -> bool:
    """Tell whether the code that stores it is its author's, rather than that of dataclasses, attrs, pydantic or Python.

    Args:
        cls: The class.
    """
    return _writes_any(cls, _STATE_METHODS)


@cache
def is_plain(cls: Any) -> bool:
    """Tell whether an instance consists only of its ``__dict__``, so that pickle would store just that.

    Args:
        cls: The class.
    """
    bases = [base for base in cls.__mro__ if base is not object]
    in_python = all(base.__flags__ & _HEAP_TYPE for base in bases) and cls.__basicsize__ <= _WITH_A_DICT.__basicsize__
    return in_python and bool(cls.__dictoffset__) and not (runs_code(cls) or _writes_any(cls, ("__getattribute__",)))


class _WITH_A_DICT:  # noqa: N801  an example
    pass


_HEAP_TYPE: Final = 1 << 9
"""The flag of CPython for classes that were made at run time, such as all that are written in Python."""


@cache
def runs_code(cls: Any) -> bool:
    """Tell whether the author's code runs when an instance is rebuilt from its pickle parts.

    Args:
        cls: The class.
    """
    # Python's deque, set and dict classes with a __reduce__ of their own are called when they are loaded.
    calls_class = cls.__reduce__ is not object.__reduce__ and _writes_any(
        cls, ("__init__", "update", "__len__", "__bool__")
    )
    return calls_class or cls in copyreg.dispatch_table or _writes_any(cls, _LOAD_METHODS)


def _writes_any(cls: type, methods: tuple[str, ...]) -> bool:
    bases = [base for base in cls.__mro__ if base not in (object, tuple)]
    return any(_by_hand(vars(base).get(name)) for base in bases for name in methods)


@cache
def hashes_by_hand(cls: Any) -> bool:
    """Tell whether instances are hashed or compared by the author's code, rather than that of dataclasses or attrs.

    Args:
        cls: The class.
    """
    methods = (vars(base).get(name) for base in cls.__mro__ for name in ("__hash__", "__eq__"))
    codes = (getattr(method, "__code__", None) for method in methods)
    return any(code is not None and not code.co_filename.startswith("<") for code in codes)


def _by_hand(method: Any) -> bool:
    function = getattr(method, "__func__", method)
    if not callable(function) or type(function) in _OF_PYTHON:
        return False
    root = (getattr(function, "__module__", None) or "").partition(".")[0]
    return root not in _GENERATORS and not root.startswith("namedtuple_")


_OF_PYTHON = (types.BuiltinFunctionType, types.MethodDescriptorType, types.WrapperDescriptorType)


@cache  # by class, of which there are few; merging asks for every object
def attribute_slots(cls: Any) -> tuple[str, ...]:
    """Return the names of the attributes that a class keeps in slots.

    Args:
        cls: The class.
    """
    names: list[str] = []
    for base in cls.__mro__:
        slots: Any = vars(base).get("__slots__", ())
        names += [_mangled(base, name) for name in ([slots] if isinstance(slots, str) else slots)]
    return tuple(name for name in names if not name.startswith("__"))


def _mangled(cls: type, name: str) -> str:
    """Return the name under which Python keeps a private slot."""
    is_private = name.startswith("__") and not name.endswith("__")
    return f"_{cls.__name__.lstrip('_')}{name}" if is_private else name
