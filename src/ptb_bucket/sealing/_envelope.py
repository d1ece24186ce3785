"""The readable first line of a sealed document. All of it is covered by the seal."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, fields
from typing import Final

from ptb_bucket.errors import CorruptDocumentError, ForeignDocumentError

__all__ = ["FORMAT", "MAGIC", "Envelope", "is_sealed"]

FORMAT: Final = 1
MAGIC: Final = b"ptb-bucket sealed "
_LONGEST: Final = 16_384  # a key has at most 1,024 bytes, six characters of JSON each


@dataclass(frozen=True)
class Envelope:
    """Whose document it is, where it lies below the prefix, and how it was sealed.

    ``key_id`` is empty where there is no key.
    """

    bot_id: str
    document: str
    protection: str
    key_id: str
    compression: str

    @property
    def head(self) -> bytes:
        """The line, with its end."""
        return MAGIC + json.dumps({"format": FORMAT, **asdict(self)}).encode() + b"\n"

    @classmethod
    def split(cls, data: bytes) -> tuple[Envelope, bytes]:
        """Take a sealed document apart. Nothing of it is proven yet.

        Raises:
            ForeignDocumentError: It is of a newer format.
            CorruptDocumentError: The line is none of ours.
        """
        end = data.find(b"\n", 0, _LONGEST) + 1
        try:
            found = json.loads(data[len(MAGIC) : end])
            envelope = cls._of(found)
        except (ValueError, KeyError, TypeError, RecursionError):
            raise CorruptDocumentError("the line that says how it is sealed is damaged") from None
        if envelope.head != data[:end]:
            raise CorruptDocumentError("the line that says how it is sealed is not as we write it")
        return envelope, data[end:]

    @classmethod
    def _of(cls, found: dict[str, object]) -> Envelope:
        if type(found["format"]) is int and found["format"] > FORMAT:
            raise ForeignDocumentError(
                f"it is sealed in format {found['format']}, and this ptb-bucket opens up to {FORMAT}: upgrade it"
            )
        values = {field.name: found[field.name] for field in fields(cls)}
        if not all(type(value) is str for value in values.values()):
            raise TypeError("expected text")
        return cls(**values)  # type: ignore[arg-type]  # looked at above


def is_sealed(data: bytes) -> bool:
    """Whether it begins as a sealed document; all else is plain."""
    return data.startswith(MAGIC)
