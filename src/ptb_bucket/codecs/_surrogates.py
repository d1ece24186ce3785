"""What stands for an instance while somebody else's pickle is read: its parts, and nothing that could run."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any, NamedTuple, NoReturn

from ptb_bucket.errors import CannotLoadError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from typing_extensions import Self

__all__ = ["Meaning", "Surrogate", "check_expansion", "surrogate_of"]

_MOST_VALUES = 10_000_000
"""One record's, counted as JSON would write them. A bot whose record is larger has no use for JSON."""


class Meaning(NamedTuple):
    """What a surrogate's class stands for."""

    how: str
    """``object``, ``enum``, ``telegram`` or ``lost``."""

    name: str
    """How our own pickles call it; of what is lost, how messages do."""

    cls: Any = None
    """The class, for enums."""


class _Shell(type):
    """Nothing about a surrogate's class can be changed, and calling it runs nobody's code."""

    meaning: Meaning

    def __call__(cls, *args: Any, **kwargs: Any) -> Any:
        made: Any = cls.__new__(cls, *args, **kwargs)  # type: ignore[arg-type]
        made.called = True
        return made

    def __setattr__(cls, name: str, value: object) -> NoReturn:
        raise AttributeError(name)


class Surrogate(dt.tzinfo, metaclass=_Shell):
    """Takes what a pickle would give to an instance. A tzinfo, because dates accept no other stand-in for one."""

    __slots__ = ("args", "called", "items", "kwargs", "pairs", "state")

    meaning = Meaning("lost", "")

    def __new__(cls, *args: Any, **kwargs: Any) -> Self:
        """Keep the arguments."""
        made = super().__new__(cls)
        made.args, made.kwargs, made.called = args, kwargs, False
        made.state, made.items, made.pairs = None, [], []
        return made

    args: tuple[Any, ...]
    kwargs: dict[str, Any]
    called: bool
    state: Any
    items: list[Any]
    pairs: list[tuple[Any, Any]]

    def __setstate__(self, state: Any) -> None:
        self.state = state

    def append(self, item: Any) -> None:
        """As a list's."""
        self.items.append(item)

    def extend(self, items: Iterable[Any]) -> None:
        """As a list's."""
        self.items.extend(items)

    def __setitem__(self, key: Any, value: Any) -> None:
        self.pairs.append((key, value))

    def parts(self) -> Iterator[Any]:
        """All that it was given."""
        yield from (self.args, self.kwargs, self.state, self.items, self.pairs)


def surrogate_of(meaning: Meaning) -> Any:
    """A class whose instances stand for that."""
    return _Shell("Surrogate", (Surrogate,), {"__slots__": (), "meaning": meaning})


def check_expansion(value: Any) -> None:
    """Refuse what is small only because its parts are shared: as a tree it would fill the memory.

    Args:
        value: Of one record, with surrogates.

    Raises:
        CannotLoadError: It has too many values.
    """
    try:
        size = _size(value, {})
    except RecursionError:
        return  # the codec refuses what is nested too deeply, and says where
    if size > _MOST_VALUES:
        raise CannotLoadError(f"it would become more than {_MOST_VALUES:,} values")


def _size(value: Any, known: dict[int, int]) -> int:
    inside = _inside(value)
    if inside is None:
        return 1
    if id(value) not in known:
        known[id(value)] = 1  # a cycle ends here; the codec decides about it
        known[id(value)] = 1 + sum(_size(inner, known) for inner in inside)
    return known[id(value)]


def _inside(value: Any) -> Iterable[Any] | None:
    if isinstance(value, dict):
        return (inner for pair in value.items() for inner in pair)
    if isinstance(value, Surrogate):
        return value.parts()
    # Deques are lists to this purpose; whatever else there is holds nothing.
    return value if isinstance(value, list | tuple | set | frozenset) or hasattr(value, "maxlen") else None
