"""The JSON codec. Its documents are readable and keep types, and the same value always has the same bytes."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, ClassVar, Final, Literal

from ptb_bucket._wording import RESTORE
from ptb_bucket.codecs.json_text import (
    PLAIN,
    check_depth,
    compact_json,
    is_flat,
    is_plain,
    is_tagged,
    surely_differ,
)
from ptb_bucket.errors import CannotLoadError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from telegram import Bot

    from ptb_bucket.codecs.json.decode import Decoder
    from ptb_bucket.codecs.json.typed_values import TypedValues
    from ptb_bucket.codecs.types import Equality, LateBot, Origin, StoredAs
    from ptb_bucket.errors import CannotStoreError

__all__ = ["JsonCodec"]

_REFERENCE: Final = rb'"(?:\$|\\u0024)ref"\s*:'
"""A reference, perhaps written by hand. A user's own text or key "$ref" does not match."""


class JsonCodec:
    """A codec that writes values as plain JSON if JSON has their type, and otherwise as ``{"$tag": payload}``.

    Loaded values are equal and have the same types at every level, dict keys included. An object that occurs at several
    places in a record, or contains itself, is loaded as one object: it is ``{"$id": 1, ...}`` at the first place and
    ``{"$ref": 1}`` at the others. The bytes are strict JSON in UTF-8 without a line break, and the same value has the
    same bytes in every process.

    Args:
        types: The bot's own classes whose instances are stored: Enum, dataclass, pydantic and attrs models,
            named tuples, subclasses of Python's types, any class that pickle could store, or :class:`StoredAs`.

    Raises:
        ConfigurationError: An entry is not a class, or a name is registered twice or reserved.
    """

    name: ClassVar[Literal["json", "pickle"]] = "json"
    extension: ClassVar[str] = ".json"

    def __init__(self, types: Iterable[type | StoredAs] = ()) -> None:
        self.bot: Bot | LateBot | None = None
        self._opened = None if types in ((), []) else self._open(types)

    def _open(self, types: Iterable[type | StoredAs]) -> TypedValues:
        from ptb_bucket.codecs.json.typed_values import TypedValues  # noqa: PLC0415  many bots have only plain values

        return TypedValues(self, types, self.decoder())

    @staticmethod
    def decoder() -> type[Decoder]:
        """Return the class that makes values; for subclasses."""
        from ptb_bucket.codecs.json.decode import Decoder  # noqa: PLC0415  as above

        return Decoder

    @property
    def _typed(self) -> TypedValues:
        if self._opened is None:  # threads that meet here may each make one: without registered classes, all are alike
            self._opened = self._open(())
        return self._opened

    @property
    def equality(self) -> Equality:
        """The equality of values, given the registered classes."""
        return self._typed.equality

    def encode(self, value: Any, *, known: Sequence[bytes] = ()) -> bytes:
        """Encode one record.

        Args:
            value: The value to store. It is not changed.
            known: The record's earlier bytes. Values in them are not checked again.

        Returns:
            JSON in UTF-8, on one line. :meth:`decode` makes an equal value from it.

        Raises:
            CannotStoreError: Something in it cannot be stored; the error names the paths.
        """
        data = _encoded_plain(value) if self._opened is None else None
        return data or self._typed.encode(value, known)

    def encode_storable(
        self, value: Any, before: bytes | None, *, origin: str = ""
    ) -> tuple[bytes | None, list[CannotStoreError]]:
        """Encode the part of a record that can be stored, if not all of it can.

        Args:
            value: The value to store. It is not changed.
            before: The bytes that were stored last. Where a new value cannot be stored, the one in these bytes stays.
            origin: As for :meth:`decode`.

        Returns:
            The bytes, or ``before`` if nothing can be stored; and the refusals, each with its path.
        """
        return self._typed.encode_storable(value, before, origin)

    def decode(self, data: bytes, *, origin: Origin = "") -> Any:
        """Decode one record into new objects, which no other code holds.

        Args:
            data: The result of :meth:`encode`, perhaps edited by hand.
            origin: Names the record, or returns its name, so that fields that its data lacks get the same default
                each time.

        Returns:
            The value; Telegram objects in it have the live bot.

        Raises:
            CannotLoadError: The data is damaged or nested too deeply, needs a class that is not registered, or no
                longer fits its class.
        """
        try:
            value = self._decoded(data.decode("utf-8"), origin)
            check_depth(data)
        except CannotLoadError:
            raise
        except Exception as exc:  # noqa: BLE001  damage may raise anything
            # The original would quote the document.
            raise CannotLoadError(
                f"the stored data is not valid ptb-bucket JSON ({type(exc).__name__}). {RESTORE}"
            ) from None
        return value

    def _decoded(self, text: str, origin: Origin) -> Any:
        return self._typed.decode(text, origin) if is_tagged(text) else PLAIN.decode(text)

    def decode_all(self, records: Sequence[bytes], origins: Sequence[Origin] = ()) -> list[Any]:
        """Decode many records.

        Args:
            records: As for :meth:`decode`. Plain JSON is parsed as one list, which is faster.
            origins: One for each record, as for :meth:`decode`; nothing for none.

        Raises:
            CannotLoadError: As :meth:`decode`; it does not say which record it was.
        """
        found = _decoded_as_one(records)
        return found or [
            self.decode(data, origin=one) for data, one in zip(records, origins or [""] * len(records), strict=True)
        ]

    def surely_differ(self, one: bytes, other: bytes) -> bool:
        """Tell whether two records' bytes certainly stand for different values; False if that takes decoding them.

        Args:
            one: One record's bytes.
            other: Another one's.
        """
        return surely_differ(one, other)

    def features(self, data: bytes) -> frozenset[str]:
        """Return the features that a library must have to read these bytes.

        Args:
            data: One record's bytes.
        """
        return frozenset({"refs"}) if b'ref"' in data and re.search(_REFERENCE, data) else frozenset()


def _encoded_plain(value: Any) -> bytes | None:
    """Return the bytes of a plain value; None for any other value, and for one that JSON cannot hold."""
    try:
        return compact_json(value).encode() if is_plain(value) else None
    except Exception:  # noqa: BLE001  the encoder of typed values reports it
        return None


def _decoded_as_one(records: Sequence[bytes]) -> list[Any] | None:
    """Parse all records as one JSON list. Return their values if all of them are plain JSON."""
    try:
        text = b",".join(records).decode("utf-8")
        if is_tagged(text) or not all(map(is_flat, records)):
            return None
        values: list[Any] = PLAIN.decode(f"[{text}]")
    except (ValueError, RecursionError, CannotLoadError):
        return None  # decoding each record reports it
    return values if len(values) == len(records) else None
