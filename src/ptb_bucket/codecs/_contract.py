"""What the state engine asks of a codec."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Literal, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence

    from telegram import Bot

__all__ = ["Codec"]


class Codec(Protocol):
    """Value ↔ bytes, one record at a time. Decoding what was encoded gives an equal value of the same type."""

    name: ClassVar[Literal["json", "pickle"]]
    """How URIs and document headers call it."""

    extension: ClassVar[str]
    """The ending of document keys, with its dot."""

    bot: Bot | None
    """The live bot, set again on Telegram objects when they are loaded."""

    def encode(self, value: Any) -> bytes:
        """Encode one record.

        Raises:
            CannotStoreError: Something in it cannot live in a bucket; ``path`` names what.
        """

    def decode(self, data: bytes) -> Any:
        """Decode one record into objects that nobody else holds.

        Raises:
            CannotLoadError: The bytes are damaged, or need a type that is not registered.
        """

    def decode_all(self, records: Sequence[bytes]) -> list[Any]:
        """Decode many records, perhaps faster than one by one. Raises as :meth:`decode`; which it was is not said."""
