"""The scopes of the records that a codec reads and writes, and the defaults that their fields received."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final, Protocol

from ptb_bucket.codecs.types.shape import Scope
from ptb_bucket.errors import CannotLoadError, CannotStoreError

if TYPE_CHECKING:
    from telegram import Bot

    from ptb_bucket.codecs.types.bot_reference import LateBot
    from ptb_bucket.codecs.types.shape import KnownClasses

__all__ = ["Origin", "Scopes"]

Origin = str | Callable[[], str]
"""The name of a record, or a function that returns it: of many records, few need theirs."""

_MOST_DEFAULTS: Final = 65_536


class _DefaultCache:
    """The defaults that fields received when a record was first loaded. Later loads of the record use the same ones.

    A default may come from a clock or from ``uuid4``. Drawn again at each decoding, it would look like a change.
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
            if len(self._values) > _MOST_DEFAULTS:
                self._values.popitem(last=False)
        return decode(self._values[key])

    @staticmethod
    def _encoded(key: tuple[str, str, str, int], draw: Callable[[], Any], encode: Callable[[Any], bytes]) -> bytes:
        try:
            return encode(draw())
        except CannotStoreError as exc:
            _, name, field, _ = key
            raise CannotLoadError(
                f"a stored {name} lacks the field {field!r}, and the field's default cannot be used, because "
                f"{exc.reason}. {exc.hint}".rstrip(". ")
            ) from None


class RecordCodec(Protocol):
    """The part of a codec that :class:`Scopes` needs."""

    bot: Bot | LateBot | None

    def encode(self, value: Any, /) -> bytes: ...
    def decode(self, data: bytes, /) -> Any: ...


class Scopes:
    """A factory for the scopes of the records that a codec reads and writes.

    Args:
        codec: The codec. It copies the defaults.
        registry: The known classes.

    Attributes:
        anonymous: The scope of records without a name.
    """

    def __init__(self, codec: RecordCodec, registry: KnownClasses) -> None:
        self._codec, self.registry = codec, registry
        self._defaults = _DefaultCache()
        self.anonymous = Scope(registry, None)

    def of(self, origin: Origin = "") -> Scope:
        """Return the scope of a record, with the bot that the codec has now.

        Args:
            origin: The record; each decoding of it gets the same defaults. Empty for one that has no name.
        """
        bot = self._codec.bot
        if origin:
            return Scope(self.registry, bot, origin if isinstance(origin, str) else origin(), self._default)
        if self.anonymous.given is not bot:
            self.anonymous = Scope(self.registry, bot)
        return self.anonymous

    def _default(self, scope: Scope, place: tuple[str, str], number: int, make: Callable[[], Any]) -> Any:
        """Draw the default of a missing field once, and give each decoding of the record a copy of it."""
        return self._defaults.get((scope.origin, *place, number), make, self._codec.encode, self._codec.decode)
