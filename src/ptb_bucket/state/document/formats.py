"""Document formats, which turn documents into bytes and back. Each codec has one.

Each record is encoded separately, so a commit writes the changed records and copies all other bytes. An entry is a
record as it is stored in a document: the bytes before its value, and the value. Packing takes one pass at C speed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from ptb_bucket._dataclass import dataclass
from ptb_bucket.errors import CorruptDocumentError

if TYPE_CHECKING:
    from ptb_bucket.state.document.sections import UnknownSections

__all__ = ["DocumentFormat", "Section", "Sections", "UnpackedDocument", "put_entry"]

Section = dict[str, bytes]
"""Entries by record id."""
Sections = dict[str, Section]


@dataclass(frozen=True)
class UnpackedDocument:
    """An unpacked document: the parsed header, the known sections and the unknown ones."""

    header: Any
    sections: Sections
    unknown: UnknownSections


class DocumentFormat(Protocol):
    """A format that turns a header and sections into bytes and back. Unpacking runs no code and decodes no record."""

    def entry(self, record_id: str, value: bytes) -> bytes:
        """Return the entry of a record."""

    def value(self, record_id: str, entry: bytes) -> bytes:
        """Return the encoded value in an entry."""

    def pack(self, header: dict[str, Any], sections: Sections, unknown: UnknownSections) -> bytes:
        """Return the bytes of a document. Unknown sections follow the known ones, as they were read."""

    def unpack(self, data: bytes) -> UnpackedDocument:
        """Return the header and the sections of a document.

        Raises:
            CorruptDocumentError: The bytes are damaged, or ptb-bucket did not write them.
            NewerDocumentError: A newer ptb-bucket added something that this one would lose.
        """


def put_entry(sections: Sections, kind: str, record_id: str, entry: bytes) -> None:
    """Add an entry that was read. A record that occurs twice is an error: neither choice would be right."""
    if record_id in sections.setdefault(kind, {}):
        raise CorruptDocumentError(f"{kind} contains {record_id!r} twice")
    sections[kind][record_id] = entry
