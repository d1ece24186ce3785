"""What an object consists of, as Python's pickle protocol tells it (:pep:`307`)."""

from __future__ import annotations

import copyreg
import dataclasses
from typing import Any

__all__ = ["IrreducibleError", "Reduction", "attributes", "has_own_state", "reduction"]

_PROTOCOL = 4
_PARTS = 5


class IrreducibleError(Exception):
    """The object cannot say what it consists of."""


@dataclasses.dataclass(slots=True)
class Reduction:
    """One object, taken apart.

    Attributes:
        function: Its class, or the function that makes it again.
        new: Whether it is made by ``cls.__new__`` and not by calling ``function``.
        args: Positional arguments of that.
        kwargs: Keyword arguments of that.
        state: What ``__setstate__`` gets, or attributes; None if there is nothing to set.
        items: What is appended to it.
        pairs: What is put into it by key.
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
        """Whether state is all there is."""
        return self.new and not (self.args or self.kwargs or self.items or self.pairs)


def reduction(value: object) -> Reduction:
    """Take an object apart.

    Args:
        value: Any object that pickle could take apart.

    Raises:
        IrreducibleError: It refuses, or answers with something that only pickle could follow.
    """
    parts = _reduce(value)
    if not isinstance(parts, tuple) or any(part is not None for part in parts[_PARTS:]):
        raise IrreducibleError(type(value).__qualname__)
    function, args, state, items, pairs = (*parts, None, None, None)[:_PARTS]
    rest = (state, list(items or ()), list(pairs or ()))
    if function is copyreg.__newobj__:  # type: ignore[attr-defined]
        return Reduction(args[0], True, args[1:], {}, *rest)  # noqa: FBT003  the field's name is new
    if function is copyreg.__newobj_ex__:  # type: ignore[attr-defined]
        return Reduction(args[0], True, args[1], args[2], *rest)  # noqa: FBT003  the field's name is new
    return Reduction(function, False, args, {}, *rest)  # noqa: FBT003  the field's name is new


def _reduce(value: object) -> Any:
    try:
        reduce = copyreg.dispatch_table.get(type(value))
        return reduce(value) if reduce else value.__reduce_ex__(_PROTOCOL)
    except RecursionError:
        raise
    except Exception as exc:  # noqa: BLE001  anybody's __reduce__ ran
        # Anybody's code ran here. Its message may contain data, so only the kind of failure goes on.
        raise IrreducibleError(type(exc).__name__) from None


def attributes(value: object, parts: Reduction) -> dict[str, Any] | None:
    """Its attributes by name, if they are all that it is; None if its class has a state of another form.

    Args:
        value: The object.
        parts: The same, taken apart.
    """
    if not parts.bare or parts.function is not type(value):
        return None
    if dataclasses.is_dataclass(value) and not has_own_state(type(value)) and isinstance(parts.state, list):
        # dataclass(frozen=True, slots=True): a list by position, which a new field would shift.
        return {f.name: getattr(value, f.name) for f in dataclasses.fields(value)}
    return _named(parts.state, custom=hasattr(type(value), "__setstate__"))


def _named(state: Any, *, custom: bool) -> dict[str, Any] | None:
    if custom or state is None:
        named = state if type(state) is dict else None if custom else {}
    elif type(state) is tuple:
        named = {**(state[0] or {}), **(state[1] or {})}
    else:
        named = state
    return named if type(named) is dict and all(type(key) is str for key in named) else None


_STATE_METHODS = ("__reduce__", "__reduce_ex__", "__getstate__", "__setstate__", "__getnewargs__", "__getnewargs_ex__")
_GENERATORS = frozenset({"attr", "attrs", "collections", "dataclasses", "pydantic"})


def has_own_state(cls: type) -> bool:
    """Whether its author wrote how it is stored, rather than dataclasses, attrs, pydantic or Python itself.

    Args:
        cls: The class.
    """
    bases = [base for base in cls.__mro__ if base not in (object, tuple)]
    return any(_by_hand(vars(base).get(name)) for base in bases for name in _STATE_METHODS)


def _by_hand(method: object) -> bool:
    return method is not None and (getattr(method, "__module__", None) or "").partition(".")[0] not in _GENERATORS
