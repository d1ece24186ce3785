"""JSON: typed, readable, the same bytes for the same value."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Literal

from ptb_bucket.codecs._json_decode import PLAIN, RESERVED, Decoder, is_tagged
from ptb_bucket.codecs._json_depth import check_depth, is_flat
from ptb_bucket.codecs._json_encode import CarefulEncoder, Encoder
from ptb_bucket.codecs._json_native import NATIVE, written
from ptb_bucket.codecs._refusals import TOO_DEEP, too_deep
from ptb_bucket.codecs._registered import Registry, StoredAs
from ptb_bucket.errors import CannotLoadError, CannotStoreError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from telegram import Bot

__all__ = ["JsonCodec"]

_STEPS_SHOWN = 8


class JsonCodec:
    """Values as plain JSON where JSON has them, and as ``{"$tag": payload}`` where it does not.

    What comes back is equal and of the same types at every level, dict keys included. The bytes are strict JSON in
    UTF-8 without a line break, and equal values (with dicts in the same order) are equal bytes in every process.

    Args:
        types: Classes of the bot's own whose instances are stored: Enum, dataclass, pydantic and attrs models,
            namedtuples, subclasses of Python's types, any class that pickle could store, or :class:`StoredAs`.

    Raises:
        ConfigurationError: No class, a name twice, or a name that is taken.
    """

    name: ClassVar[Literal["json", "pickle"]] = "json"
    extension: ClassVar[str] = ".json"
    decoder: ClassVar[type[Decoder]] = Decoder
    """What makes values; for subclasses."""

    def __init__(self, types: Iterable[type | StoredAs] = ()) -> None:
        self.bot: Bot | None = None
        self._registry = Registry(types, reserved=RESERVED, native=NATIVE)

    def encode(self, value: Any) -> bytes:
        """Encode one record.

        Args:
            value: What to store. It is not changed.

        Returns:
            JSON in UTF-8, on one line.

        Raises:
            CannotStoreError: Something in it cannot be stored; ``path`` says what.
        """
        try:
            return written(Encoder(self._registry, self.bot).value(value, 0)).encode()
        except UnicodeEncodeError:
            return self._carefully(value)
        except RecursionError:
            raise too_deep() from None
        except CannotStoreError as exc:
            if exc.reason is TOO_DEEP:
                return self._carefully(value)
            raise

    def _carefully(self, value: Any) -> bytes:
        try:
            return written(CarefulEncoder(self._registry, self.bot).value(value, 0)).encode()
        except RecursionError:
            raise too_deep() from None
        except CannotStoreError as exc:
            if exc.reason is TOO_DEEP:
                exc.path = (*exc.path[:_STEPS_SHOWN], "...")
            raise

    def decode(self, data: bytes) -> Any:
        """Decode one record into objects that nobody else holds.

        Args:
            data: What :meth:`encode` returned, perhaps edited by hand.

        Returns:
            The value; Telegram objects in it have the live bot.

        Raises:
            CannotLoadError: It is damaged or nested too deeply, or needs a class that is not registered.
        """
        try:
            value = self.decoder(self._registry, self.bot).loads(data.decode("utf-8"))
            check_depth(data)
        except CannotLoadError:
            raise
        except Exception as exc:  # noqa: BLE001  damage may raise anything
            # The original would quote the document.
            raise CannotLoadError(f"a stored record is damaged: it is no JSON of ours ({type(exc).__name__})") from None
        return value

    def decode_all(self, records: Sequence[bytes]) -> list[Any]:
        """Decode many records.

        Args:
            records: As for :meth:`decode`; what is plain JSON is parsed as one list, which is faster.

        Raises:
            CannotLoadError: As :meth:`decode`; it does not say which record it was.
        """
        return _decoded_as_one(records) or [self.decode(data) for data in records]


def _decoded_as_one(records: Sequence[bytes]) -> list[Any] | None:
    """All values, if they need no closer look."""
    try:
        text = b",".join(records).decode("utf-8")
        if is_tagged(text) or not all(map(is_flat, records)):
            return None
        values: list[Any] = PLAIN.decode(f"[{text}]")
    except (ValueError, RecursionError, CannotLoadError):
        return None  # looking at each, somebody will find out
    return values if len(values) == len(records) else None
