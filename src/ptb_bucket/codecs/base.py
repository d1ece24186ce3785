"""What the state engine asks of a codec."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Literal, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence

    from telegram import Bot

    from ptb_bucket.codecs.types import Equality, Origin
    from ptb_bucket.errors import CannotStoreError

__all__ = ["Codec"]


class Codec(Protocol):
    """Value ↔ bytes, one record at a time. Decoding what was encoded gives an equal value of the same type."""

    name: ClassVar[Literal["json", "pickle"]]
    """How URIs and document headers call it."""

    extension: ClassVar[str]
    """The ending of document keys, with its dot."""

    bot: Bot | None
    """The live bot, set again on Telegram objects when they are loaded."""

    equality: Equality
    """What "equal" means, given the registered classes."""

    def encode(self, value: Any, *, known: Sequence[bytes] = ()) -> bytes:
        """Encode one record.

        Args:
            value: What to store. It is not changed.
            known: The record's earlier bytes. Values that came from there unchanged are not tried again.

        Raises:
            CannotStoreError: Something in it cannot live in a bucket; the error names the paths.
        """

    def encode_storable(
        self, value: Any, before: bytes | None, *, origin: str = ""
    ) -> tuple[bytes | None, list[CannotStoreError]]:
        """Encode what can be stored of a record; return it, and why something cannot be stored."""

    def decode(self, data: bytes, *, origin: Origin = "") -> Any:
        """Decode one record into objects that nobody else holds.

        Args:
            data: What :meth:`encode` returned.
            origin: Names the record, or returns its name, so that fields that its data lacks get the same default
                each time.

        Raises:
            CannotLoadError: The bytes are damaged, need a type that is not registered, or do not fit its class.
        """

    def decode_all(self, records: Sequence[bytes], origins: Sequence[Origin] = ()) -> list[Any]:
        """Decode many records, perhaps faster than one by one. Raises as :meth:`decode`, without saying which."""

    def features(self, data: bytes) -> frozenset[str]:
        """Return the features that a library must have to read these bytes."""
