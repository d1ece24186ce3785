"""Placeholders for the instances in a pickle of PTB's PicklePersistence. They keep the data of the instance."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any, NamedTuple, NoReturn

from ptb_bucket.errors import CannotLoadError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from typing_extensions import Self

__all__ = ["Meaning", "Placeholder", "check_expansion", "placeholder_for"]

_MOST_VALUES = 10_000_000
"""The limit for one record, counted as JSON would write them. JSON does not suit larger records."""


class Meaning(NamedTuple):
    """The class that a placeholder stands for."""

    how: str
    """``object``, ``enum``, ``telegram`` or ``lost``."""

    name: str
    """Its name in our own pickles; for ``lost``, its name in messages."""

    cls: Any = None
    """The class, for enums."""


class _PlaceholderType(type):
    """The metaclass of placeholders. A pickle cannot change the classes, and calling one runs no code of its author."""

    meaning: Meaning

    def __call__(cls, *args: Any, **kwargs: Any) -> Any:
        made: Any = cls.__new__(cls, *args, **kwargs)  # type: ignore[arg-type]
        made.called = True
        return made

    def __setattr__(cls, name: str, value: object) -> NoReturn:
        raise AttributeError(name)


class Placeholder(dt.tzinfo, metaclass=_PlaceholderType):
    """An object that keeps the data of an instance in a pickle. It is a tzinfo, so that dates accept it as a zone."""

    __slots__ = ("args", "called", "items", "kwargs", "pairs", "state")

    meaning = Meaning("lost", "")

    def __new__(cls, *args: Any, **kwargs: Any) -> Self:
        """Keep the arguments of the constructor."""
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
        """Keep a member of a list."""
        self.items.append(item)

    def extend(self, items: Iterable[Any]) -> None:
        """Keep members of a list."""
        self.items.extend(items)

    def __setitem__(self, key: Any, value: Any) -> None:
        self.pairs.append((key, value))

    def parts(self) -> Iterator[Any]:
        """Yield all data of the placeholder."""
        yield from (self.args, self.kwargs, self.state, self.items, self.pairs)


def placeholder_for(meaning: Meaning) -> Any:
    """Return a class whose instances are placeholders.

    Args:
        meaning: The class that they stand for.
    """
    return _PlaceholderType("Placeholder", (Placeholder,), {"__slots__": (), "meaning": meaning})


def check_expansion(value: Any) -> None:
    """Refuse a value that is small only because its parts are shared. As a tree, it would fill the memory.

    Args:
        value: The value of one record, with placeholders.

    Raises:
        CannotLoadError: It has too many values.
    """
    try:
        size = _size(value, {})
    except RecursionError:
        return  # the codec refuses a value that is nested too deeply, and names the place
    if size > _MOST_VALUES:
        raise CannotLoadError(
            f"the record would expand to more than {_MOST_VALUES:,} values because its parts refer to each other "
            "many times. Shrink the record in the bot and save it again"
        )


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
    if isinstance(value, Placeholder):
        return value.parts()
    # A deque is recognised by its maxlen; other values have no parts.
    return value if isinstance(value, list | tuple | set | frozenset) or hasattr(value, "maxlen") else None
