"""What the codecs know of one type, or of one family of types: a shape."""

from __future__ import annotations

import enum
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Protocol

from ptb_bucket.errors import CannotLoadError, CannotStoreError

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterable

    from ptb_bucket.codecs.types.declared import Declared
    from ptb_bucket.codecs.types.scope import Scope

__all__ = [
    "Family",
    "ForeignCodeError",
    "Shape",
    "Structure",
    "Writer",
    "check_collisions",
    "checked",
    "guarded",
    "leaf",
]


class Family(enum.Enum):
    """Where a shape comes from, which decides how pickle writes it."""

    NATIVE = "Python's own, or another library's: known without registration"
    ENUM = "members by name"
    FIELDS = "attributes by name"
    PARTS = "whatever the pickle protocol says"
    RECORD = "a fixed row of fields: named tuples, frozen dataclasses with slots"
    MODEL = "pydantic models"
    FUNCTIONS = "two functions of the author's"
    TELEGRAM = "objects of the Bot API"


class Structure(enum.Enum):
    """What a merge may look into. Everything else is taken as a whole."""

    VALUE = "value"
    MAPPING = "mapping"
    SEQUENCE = "sequence"
    SET = "set"
    FIELDS = "fields"


class Writer(Protocol):
    """What writes a value's parts; see :class:`~ptb_bucket.codecs.json.encode.Encoder`."""

    scope: Scope
    plain: frozenset[type]

    def value(self, value: Any, depth: int) -> Any:
        """Return the tree of a part."""

    def mapping(self, value: Any, depth: int) -> dict[str, Any]:
        """Return the tree of a dict."""

    def sequence(self, value: Iterable[Any], depth: int) -> list[Any]:
        """Return the trees of members in order."""

    def members(self, value: Any, depth: int) -> list[Any]:
        """Return the trees of a set's members, in an order that does not depend on the process."""

    def payload(self, payload: Any, depth: int) -> Any:
        """Return the tree of what ``take`` returned."""

    def part(self, value: Any, depth: int, step: str) -> Any:
        """Return the tree of a part that has its own step in the path."""

    def note(self, value: Any) -> None:
        """Remember an object that may occur a second time."""


@dataclass(frozen=True, eq=False)
class Shape:
    """How the values of one type are taken apart and put together.

    JSON, equality, diagnosis and the proof that a value can be loaded all follow from ``take`` and ``make``; so does
    pickle, unless Python's own pickle knows the type (``pickles_itself``). To add a type, add one shape.

    Attributes:
        cls: The type.
        name: What documents call it; its tag in JSON.
        take: Instance → a plainer value: its parts, each of which is a value again.
        make: That value, with its parts made → an equal instance.
        begin: The parts as they were parsed → an empty instance that can be filled later, or None if it cannot exist
            empty. Without it, no cycle can lead through the type alone.
        fill: Give an empty instance its parts.
        write: JSON for it at once, where that is faster.
        canonical: A hashable value that is equal for equal instances only, where that is faster than ``take``.
        family: Where it comes from.
        is_risky: The author's code runs when an instance is loaded, so that each new one has to be tried.
        structure: How two instances' changes of one value are merged.
        has_identity: A program can notice that two places hold the very same object, by changing it.
        pickles_itself: Python's own pickle writes and loads it safely.
        pickled_by_shape: Pickles hold what ``take`` returned.
        declared: The fields that its class declares, if it does.
    """

    cls: Any
    name: str
    take: Callable[[Any, Scope], Any]
    make: Callable[[Any, Scope], Any]
    begin: Callable[[Any, Scope], Any] | None = None
    fill: Callable[[Any, Any, Scope], None] | None = None
    write: Callable[[Any, Any, int], Any] | None = None
    canonical: Callable[[Any], Hashable] | None = None
    family: Family = Family.NATIVE
    is_risky: bool = False
    structure: Structure = Structure.VALUE
    has_identity: bool = False
    pickles_itself: bool = False
    pickled_by_shape: bool = False
    declared: Declared | None = None


def leaf(  # noqa: PLR0913  a row of the table
    cls: type,
    name: str,
    take: Callable[[Any], Any],
    make: Callable[[Any], Any],
    *,
    canonical: Callable[[Any], Hashable] | None = None,
    pickles_itself: bool = True,
    pickled_by_shape: bool = False,
) -> Shape:
    """Return the shape of a type whose payload is plain JSON.

    Args:
        cls: The type.
        name: Its tag.
        take: Instance → payload.
        make: Payload → instance.
        canonical: As in :class:`Shape`.
        pickles_itself: As in :class:`Shape`.
        pickled_by_shape: As in :class:`Shape`; then the type does not pickle itself.
    """
    tag = f"${name}"
    return Shape(
        cls,
        name,
        lambda value, _: take(value),
        lambda payload, _: make(payload),
        write=lambda writer, value, _: {tag: writer.payload(take(value), 0)},  # flat, however deep the value lies
        canonical=canonical,
        pickles_itself=pickles_itself and not pickled_by_shape,
        pickled_by_shape=pickled_by_shape,
    )


def checked(value: Any, *classes: type) -> Any:
    """Return the value, if it is exactly of one of these classes.

    Args:
        value: Part of a stored payload.
        classes: What it may be.

    Raises:
        TypeError: The document is damaged.
    """
    if type(value) not in classes:
        raise TypeError("payload")
    return value


class ForeignCodeError(Exception):
    """Code of a bot's author raised. Only the kind of failure is kept: its message may contain data."""


def guarded(work: Callable[..., Any], *args: Any) -> Any:
    """Run code of a bot's author: the one place where it may raise anything.

    Args:
        work: What to call.
        args: Its arguments.

    Returns:
        What it returned.

    Raises:
        ForeignCodeError: It raised; the text is the name of the exception's class.
        CannotStoreError, CannotLoadError: As raised inside; they name their value already.
    """
    try:
        return work(*args)
    except (CannotStoreError, CannotLoadError, ForeignCodeError):
        raise
    except Exception as exc:  # noqa: BLE001  anything may happen in an author's code
        raise ForeignCodeError(type(exc).__name__) from None


_FEW: Final = 64
"""Keys that cost little, even if all of them collide."""


def check_collisions(keys: list[Any]) -> None:
    """Refuse keys that were made to collide in a hash table: with a few thousand of them, every look-up takes long.

    Args:
        keys: The keys of one dict, or the members of one set.

    Raises:
        ValueError: More than 64 of them have one hash.
    """
    if len(keys) > _FEW and max(Counter(map(hash, keys)).values()) > _FEW:
        raise ValueError("colliding keys")
