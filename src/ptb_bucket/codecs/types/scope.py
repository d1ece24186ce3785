"""What a codec knows while it reads or writes one record."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final, Protocol

from ptb_bucket.errors import CannotLoadError, CannotStoreError

if TYPE_CHECKING:
    from telegram import Bot

    from ptb_bucket.codecs.types.registry import Registry

__all__ = ["BotReference", "Origin", "Scope", "Scopes"]

Origin = str | Callable[[], str]
"""The name of a record, or what returns it: of many records, few need theirs."""

_MOST_DRAWN: Final = 65_536


class BotReference:
    """Stands for a bot that was stored as a value. It gives access to nothing, and least of all to the token.

    A bucket's contents must not turn into the live bot: anyone with write access to the bucket could read its token.
    Telegram objects get their bot when they are loaded. In your handlers, use ``context.bot``.
    """

    __slots__ = ("_is_live",)

    def __init__(self, *, is_live: bool) -> None:
        self._is_live = is_live

    @property
    def is_live(self) -> bool:
        """Tell whether it was this bot that was stored, rather than another one."""
        return self._is_live

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        raise AttributeError(f"A bot that was stored comes back without {name!r}. Use context.bot instead.")

    def __eq__(self, other: object) -> bool:
        return type(other) is BotReference and other.is_live == self._is_live

    def __hash__(self) -> int:
        return hash((BotReference, self._is_live))

    def __repr__(self) -> str:
        return "<a stored bot>"


class _Drawn:
    """Remembers the defaults that fields got when they were loaded, so that each loading of one record agrees.

    A default may come from a clock or from ``uuid4``: drawn anew at each decoding, it would look like a change.
    """

    def __init__(self) -> None:
        self._values: OrderedDict[tuple[str, str, str, int], bytes] = OrderedDict()

    def get(
        self,
        key: tuple[str, str, str, int],
        draw: Callable[[], Any],
        encode: Callable[[Any], bytes],
        decode: Callable[[bytes], Any],
    ) -> Any:
        """Return the default that was drawn first, as a new object.

        Args:
            key: The record, the class, the field, and which instance of that class in the record it is.
            draw: Makes a default.
            encode: Value → bytes.
            decode: Bytes → value.
        """
        if key not in self._values:
            self._values[key] = self._encoded(key, draw, encode)
            if len(self._values) > _MOST_DRAWN:
                self._values.popitem(last=False)
        return decode(self._values[key])

    @staticmethod
    def _encoded(key: tuple[str, str, str, int], draw: Callable[[], Any], encode: Callable[[Any], bytes]) -> bytes:
        try:
            return encode(draw())
        except CannotStoreError as exc:
            _, name, field, _ = key
            raise CannotLoadError(
                f"a stored {name} cannot be loaded: it lacks the field {field!r}, whose default cannot be stored: "
                f"{exc.reason}. {exc.hint}".rstrip(". ")
            ) from None


class Scope:
    """The bot, its classes, and what has been met so far in one record.

    Args:
        registry: The known classes.
        bot: The live bot; None in tools that have none.
        origin: Whose record is read; see :class:`Scopes`.
        draw: Returns the default of a field that stored data lacks.
    """

    __slots__ = ("_met", "bot", "draw", "live", "origin", "registry")

    STAND_IN: Final[Any] = BotReference(is_live=True)
    """What Telegram objects have for their bot where there is none, so that they are stored as before."""

    def __init__(
        self,
        registry: Registry,
        bot: Bot | None,
        origin: str = "",
        draw: Callable[[Scope, tuple[str, str], int, Callable[[], Any]], Any] | None = None,
    ) -> None:
        self.registry = registry
        self.bot = bot
        self.live: Any = self.STAND_IN if bot is None else bot
        self.origin = origin
        self.draw = draw
        self._met: dict[tuple[str, str], int] = {}

    def default(self, name: str, field: str, make: Callable[[], Any]) -> Any:
        """Return the default of a field that the stored data of an instance lacks: the same at each decoding.

        Args:
            name: What documents call its class.
            field: The field.
            make: Makes a default.
        """
        place = (name, field)
        number = self._met[place] = self._met.get(place, 0) + 1
        return make() if self.draw is None else self.draw(self, place, number, make)


class Recoding(Protocol):
    """What :class:`Scopes` needs of a codec."""

    bot: Bot | None

    def encode(self, value: Any, /) -> bytes: ...
    def decode(self, data: bytes, /) -> Any: ...


class Scopes:
    """Makes the scopes of the records that a codec reads and writes.

    Args:
        codec: The codec. Copies of drawn defaults are made by it.
        registry: The known classes.
    """

    def __init__(self, codec: Recoding, registry: Registry) -> None:
        self._codec, self.registry = codec, registry
        self._drawn = _Drawn()
        self.anonymous = Scope(registry, None)

    def of(self, origin: Origin = "") -> Scope:
        """Return the scope of a record, with the bot that the codec has now.

        Args:
            origin: The record; each decoding of it gets the same defaults. Empty for one that has no name.
        """
        bot = self._codec.bot
        if origin:
            return Scope(self.registry, bot, origin if isinstance(origin, str) else origin(), self._default)
        if self.anonymous.bot is not bot:
            self.anonymous = Scope(self.registry, bot)
        return self.anonymous

    def _default(self, scope: Scope, place: tuple[str, str], number: int, make: Callable[[], Any]) -> Any:
        """Draw the default of a missing field once, and give each decoding of the record a copy of it."""
        return self._drawn.get((scope.origin, *place, number), make, self._codec.encode, self._codec.decode)
