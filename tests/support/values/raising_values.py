"""Values whose own code raises: each class has one method that raises on every call."""

from __future__ import annotations

import itertools
from typing import Any

__all__ = ["SECRET", "VALUES", "make"]

SECRET = "secret 4711"
"""What the errors say. It may be data, so no message and no log line may contain it."""

_METHODS = (
    "__deepcopy__", "__copy__", "__reduce_ex__", "__getstate__", "__setstate__", "__eq__", "__hash__", "__repr__",
    "__getattribute__", "__setattr__", "__class__", "__bool__",
)  # fmt: skip
_OF_CONTAINERS = ("__iter__", "__len__", "__contains__", "clear")
_BASES: dict[str, tuple[type, tuple[str, ...]]] = {
    "object": (object, _METHODS),
    "dict": (dict, (*_METHODS, *_OF_CONTAINERS, "__getitem__", "__setitem__", "__delitem__", "items", "keys", "values",
                    "get", "update")),
    "list": (list, (*_METHODS, *_OF_CONTAINERS, "__getitem__", "__setitem__", "append", "extend")),
    "set": (set, (*_METHODS, *_OF_CONTAINERS, "add", "__or__", "__sub__", "__ior__", "__isub__")),
}  # fmt: skip
_ERRORS = {"ValueError": ValueError, "RecursionError": RecursionError}

VALUES = [
    f"{base} {method} {error}"
    for (base, (_, methods)), error in itertools.product(_BASES.items(), _ERRORS)
    for method in methods
    if error == "ValueError" or method in {"__deepcopy__", "__reduce_ex__", "__eq__", "__iter__", "__getattribute__"}
]


def make(name: str) -> Any:
    """Make a value whose class raises in one method.

    Args:
        name: One of ``VALUES``: the base class, the method and the error.
    """
    base_name, method, error = name.split()
    base = _BASES[base_name][0]

    def fail(*_: Any, **__: Any) -> Any:
        raise _ERRORS[error](SECRET)

    content: tuple[Any, ...] = {"dict": ({"a": 1},), "list": ([1],), "set": ({1},)}.get(base_name, ())
    of_class = {"__class__": property(fail)} if method == "__class__" else {}
    value = type("Raising", (base,), {"__module__": __name__, **of_class})(*content)
    if base is object:
        value.a = 1
    if not of_class:
        setattr(type(value), method, fail)
    return value
