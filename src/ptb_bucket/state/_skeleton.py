"""How a document's bytes hang together, apart from what its records mean: two ways, one per codec.

Records stay encoded one by one, so that a commit splices what changed between untouched bytes. An entry is a pair:
the bytes that lead to a record's value, and the value. Joining a document is then one pass at C speed.
"""

from __future__ import annotations

from itertools import chain
from typing import Any, Protocol

from ptb_bucket.errors import CorruptDocumentError

__all__ = ["Entry", "Section", "Sections", "Skeleton", "joined", "put_entry"]

Entry = tuple[bytes, bytes]
Section = dict[str, Entry]
Sections = dict[str, Section]


class Skeleton(Protocol):
    """Header and sections ↔ bytes. Opening one never runs code and never decodes a record."""

    def lead(self, record_id: str, value: bytes) -> bytes:
        """The bytes in front of a record's value."""

    def pack(self, header: dict[str, Any], sections: Sections) -> bytes:
        """The document's bytes."""

    def unpack(self, data: bytes) -> tuple[Any, Sections]:
        """The header and the sections.

        Raises:
            CorruptDocumentError: The bytes are damaged or not ours.
        """


def joined(section: Section) -> bytes:
    """All entries of a section, one behind the other."""
    return b"".join(chain.from_iterable(section.values()))


def put_entry(sections: Sections, kind: str, record_id: str, entry: Entry) -> None:
    """Add an entry that was read; the same record twice is damage, never a choice."""
    if record_id in sections.setdefault(kind, {}):
        raise CorruptDocumentError(f"{kind} holds {record_id!r} twice")
    sections[kind][record_id] = entry
