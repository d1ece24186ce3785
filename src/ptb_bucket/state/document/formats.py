"""How a document's bytes hang together, apart from what its records mean: two ways, one per codec.

Records stay encoded one by one, so that a commit splices what changed between untouched bytes. An entry is a record
as it lies in the document: the bytes that lead to its value, and the value. Joining a document is one pass at C speed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from ptb_bucket.errors import CorruptDocumentError

if TYPE_CHECKING:
    from ptb_bucket.state.document.sections import UnknownSections

__all__ = ["DocumentFormat", "Section", "Sections", "UnpackedDocument", "put_entry"]

Section = dict[str, bytes]
"""Entries by record id."""
Sections = dict[str, Section]


class UnpackedDocument(NamedTuple):
    """What a document's bytes hold: the header as it was parsed, our sections, and those that we do not know."""

    header: Any
    sections: Sections
    unknown: UnknownSections


class DocumentFormat(Protocol):
    """Header and sections ↔ bytes. Opening one never runs code and never decodes a record."""

    def entry(self, record_id: str, value: bytes) -> bytes:
        """A record as it lies in a document."""

    def value(self, record_id: str, entry: bytes) -> bytes:
        """What :meth:`entry` was made of."""

    def pack(self, header: dict[str, Any], sections: Sections, unknown: UnknownSections) -> bytes:
        """The document's bytes. Unknown sections follow ours, as they were read."""

    def unpack(self, data: bytes) -> UnpackedDocument:
        """The header and the sections.

        Raises:
            CorruptDocumentError: The bytes are damaged or not ours.
            NewerDocumentError: A newer ptb-bucket put something where this one would lose it.
        """


def put_entry(sections: Sections, kind: str, record_id: str, entry: bytes) -> None:
    """Add an entry that was read; the same record twice is damage, never a choice."""
    if record_id in sections.setdefault(kind, {}):
        raise CorruptDocumentError(f"{kind} holds {record_id!r} twice")
    sections[kind][record_id] = entry
