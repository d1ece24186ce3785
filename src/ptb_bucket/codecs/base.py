"""The interface through which the state engine uses a codec."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Literal, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence

    from telegram import Bot

    from ptb_bucket.codecs.types import Equality, LateBot, Origin
    from ptb_bucket.errors import CannotStoreError

__all__ = ["Codec"]


class Codec(Protocol):
    """A codec that encodes one record at a time. Decoding returns an equal value of the same type."""

    name: ClassVar[Literal["json", "pickle"]]
    """Its name in URIs and document headers."""

    extension: ClassVar[str]
    """The file extension of document keys, with its dot."""

    bot: Bot | LateBot | None
    """The live bot, set again on Telegram objects when they are loaded."""

    @property
    def equality(self) -> Equality:
        """The equality of values, given the registered classes."""

    def encode(self, value: Any, *, known: Sequence[bytes] = ()) -> bytes:
        """Encode one record.

        Args:
            value: The value to store. It is not changed.
            known: The record's earlier bytes. Values that came from there unchanged are not checked again.

        Raises:
            CannotStoreError: Something in it cannot be stored; the error names the paths.
        """

    def encode_storable(
        self, value: Any, before: bytes | None, *, origin: str = ""
    ) -> tuple[bytes | None, list[CannotStoreError]]:
        """Encode the part of a record that can be stored; return its bytes and the refusals."""

    def decode(self, data: bytes, *, origin: Origin = "") -> Any:
        """Decode one record into new objects, which no other code holds.

        Args:
            data: The result of :meth:`encode`.
            origin: Names the record, or returns its name, so that fields that its data lacks get the same default
                each time.

        Raises:
            CannotLoadError: The bytes are damaged, need a type that is not registered, or do not fit its class.
        """

    def decode_all(self, records: Sequence[bytes], origins: Sequence[Origin] = ()) -> list[Any]:
        """Decode many records, perhaps faster than one by one. Errors are as for :meth:`decode`, without the record."""

    def surely_differ(self, one: bytes, other: bytes) -> bool:
        """Tell whether two records' bytes certainly stand for different values; False if that takes decoding them."""

    def features(self, data: bytes) -> frozenset[str]:
        """Return the features that a library must have to read these bytes."""
