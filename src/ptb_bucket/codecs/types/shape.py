"""Shapes and scopes. A shape is the codecs' entry for a type or a family of types. A scope belongs to one record."""

from __future__ import annotations

import enum
from typing import TYPE_CHECKING, Any, Final, Protocol

from ptb_bucket._dataclass import dataclass
from ptb_bucket.codecs.types.bot_reference import BotReference, LateBot

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterable

    from telegram import Bot

    from ptb_bucket.codecs.types.declared import Declared
    from ptb_bucket.errors import CannotLoadError

__all__ = ["Family", "KnownClasses", "PartWriter", "Scope", "Shape", "Structure", "leaf"]


class Family(enum.Enum):
    """The kind of a shape, which decides how pickle writes the values."""

    NATIVE = "types of Python or of another library, known without registration"
    ENUM = "members by name"
    FIELDS = "attributes by name"
    PARTS = "everything that the pickle protocol names"
    RECORD = "a fixed row of fields: named tuples, frozen dataclasses with slots"
    MODEL = "pydantic models"
    FUNCTIONS = "the results of the author's two functions"
    TELEGRAM = "objects of the Bot API"


class Structure(enum.Enum):
    """The parts of a value that a merge may look into. A ``VALUE`` is merged as a whole."""

    VALUE = "value"
    MAPPING = "mapping"
    SEQUENCE = "sequence"
    SET = "set"
    FIELDS = "fields"


class KnownClasses(Protocol):
    """The part of :class:`~ptb_bucket.codecs.types.registry.Registry` that shapes need."""

    by_class: dict[Any, Shape]
    by_name: dict[str, Shape]

    def __contains__(self, name: object, /) -> bool:
        """Tell whether documents have this name for a class."""

    def shape(self, cls: Any) -> Shape | None:
        """Return the shape of a class; None if it is not known."""

    def author_shape(self, cls: Any) -> Shape | None:
        """Return the shape of a class that has a name, or that carries fields for one; None if it has none."""

    def named_shape(self, cls: Any) -> Shape | None:
        """Return the shape of a class that has a name; None if it has none."""

    def named(self, name: str) -> Shape:
        """Return the shape of a class that has a name, by that name."""

    def load_error(self, name: str, exc: Exception) -> CannotLoadError:
        """Return the error for a value that could not be made."""


class Scope:
    """The bot, its classes, and the number of defaults that one record has needed so far.

    Args:
        registry: The known classes.
        bot: The live bot, also one that is not made yet; None in tools without a bot.
        origin: The name of the record; see :class:`~ptb_bucket.codecs.types.scopes.Scopes`.
        draw: Returns the default of a field that stored data lacks.

    Attributes:
        given: ``bot`` as it was given.
    """

    __slots__ = ("_instances", "draw", "given", "origin", "registry")

    DETACHED_BOT: Final[Any] = BotReference(is_live=True)
    """The bot of Telegram objects in processes without a live bot. With it, the objects are stored unchanged."""

    def __init__(
        self,
        registry: KnownClasses,
        bot: Bot | LateBot | None,
        origin: str = "",
        draw: Callable[[Scope, tuple[str, str], int, Callable[[], Any]], Any] | None = None,
    ) -> None:
        self.registry = registry
        self.given = bot
        self.origin = origin
        self.draw = draw
        self._instances: dict[tuple[str, str], int] = {}

    @property
    def bot(self) -> Bot | None:
        """The bot for objects that are made from Bot API JSON."""
        return self.given.bot if isinstance(self.given, LateBot) else self.given

    @property
    def live(self) -> Any:
        """The bot that Telegram objects belong to."""
        bot = self.bot
        return self.DETACHED_BOT if bot is None else bot

    def default(self, name: str, field: str, make: Callable[[], Any]) -> Any:
        """Return the default of a field that the stored data of an instance lacks: the same at each decoding.

        Args:
            name: The name that documents have for its class.
            field: The field.
            make: Makes a default.
        """
        place = (name, field)
        number = self._instances[place] = self._instances.get(place, 0) + 1
        return make() if self.draw is None else self.draw(self, place, number, make)


class PartWriter(Protocol):
    """An encoder that writes the parts of a value; see :class:`~ptb_bucket.codecs.json.encode.Encoder`."""

    scope: Scope
    plain: frozenset[type]

    def value(self, value: Any, depth: int) -> Any:
        """Return the tree of a part."""

    def mapping(self, value: Any, depth: int, step: Callable[[object], str] = ...) -> dict[str, Any]:
        """Return the tree of a dict, or of attributes by name; ``step`` names the way to a value."""

    def sequence(self, value: Iterable[Any], depth: int) -> list[Any]:
        """Return the trees of members in order."""

    def members(self, value: Any, depth: int) -> list[Any]:
        """Return the trees of a set's members, in an order that does not depend on the process."""

    def payload(self, payload: Any, depth: int) -> Any:
        """Return the tree of the result of ``take``."""

    def part(self, value: Any, depth: int, step: str) -> Any:
        """Return the tree of a part that has its own step in the path."""

    def note(self, value: Any) -> None:
        """Remember an object that may occur a second time."""


@dataclass(frozen=True, eq=False)
class Shape:
    """The functions that take values of one type apart and put them together again.

    JSON, equality, diagnosis and the proof that a value can be loaded all follow from ``take`` and ``make``; so does
    pickle, unless Python's own pickle knows the type (``pickles_itself``). To add a type, add one shape.

    Attributes:
        cls: The type.
        name: Its name in documents; its tag in JSON.
        take: Takes an instance and returns a plainer value: its parts, which are values themselves.
        make: Takes that value, with its parts made, and returns an equal instance.
        begin: Takes the parsed parts and returns an empty instance to fill later, or None if it cannot be empty.
            Without this function, no cycle can lead through the type alone.
        fill: Sets the parts of an empty instance.
        write: Takes an instance and returns its JSON tree, if that is faster than through ``take``.
        canonical: Takes an instance and returns a hashable value that is equal only for equal instances, if that is
            faster than ``take``.
        family: The kind of the shape.
        is_risky: Loading an instance runs the author's code, so each new instance is loaded once before it is saved.
        structure: The way in which a merge combines two changes of one value.
        has_identity: A program can notice that two places hold the very same object, by changing it.
        pickles_itself: Python's own pickle writes and loads it safely.
        pickled_by_shape: Pickles hold the result of ``take``.
        declared: The fields that its class declares, if it declares any.
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
        take: Takes an instance and returns its payload.
        make: Takes a payload and returns an instance.
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
        write=lambda writer, value, _: {
            tag: writer.payload(take(value), 0)
        },  # flat, however deeply the value is nested
        canonical=canonical,
        pickles_itself=pickles_itself and not pickled_by_shape,
        pickled_by_shape=pickled_by_shape,
    )
