"""One object in the bucket: a header and encoded records. Immutable; a commit makes the next one."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ptb_bucket.errors import CorruptDocumentError, ForeignDocumentError
from ptb_bucket.state._header import Header
from ptb_bucket.state._skeleton_frames import FrameSkeleton
from ptb_bucket.state._skeleton_json import JsonSkeleton
from ptb_bucket.state.records import Kind, Record

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from ptb_bucket.state._skeleton import Section, Skeleton

__all__ = ["Document"]

SKELETONS: dict[str, Skeleton] = {"json": JsonSkeleton(), "pickle": FrameSkeleton()}


@dataclass(frozen=True, repr=False)
class Document:
    """The records that a layout puts into one object."""

    header: Header
    sections: Mapping[Kind, Section] = field(default_factory=dict)

    @property
    def size(self) -> int:
        """How many records it has. Not its length: a document without any, a tombstone, must not count as none."""
        return sum(map(len, self.sections.values()))

    def get(self, record: Record) -> bytes | None:
        """One record, encoded; None where it is absent."""
        entry = self.sections.get(record.kind, {}).get(record.id)
        return None if entry is None else SKELETONS[self.header.codec].value(record.id, entry)

    def get_all(self, records: Sequence[Record]) -> list[bytes] | None:
        """Some records of one kind, encoded; None if one of them is absent."""
        section, value = self.sections.get(records[0].kind, {}), SKELETONS[self.header.codec].value
        found = [value(record_id, section[record_id]) for _, record_id in records if record_id in section]
        return found if len(found) == len(records) else None

    def records(self) -> Iterator[Record]:
        """All records in it."""
        for kind, section in self.sections.items():
            for record_id in section:
                yield Record(kind, record_id)

    def items(self) -> Iterator[tuple[Record, bytes]]:
        """All records in it, encoded."""
        value = SKELETONS[self.header.codec].value
        for kind, section in self.sections.items():
            for record_id, entry in section.items():
                yield Record(kind, record_id), value(record_id, entry)

    def changed(self, header: Header, changes: Mapping[Record, bytes | None]) -> Document:
        """The next document: these records replaced (None: removed), all other bytes untouched."""
        sections = dict(self.sections)
        entry = SKELETONS[header.codec].entry
        for kind in {record.kind for record in changes}:
            sections[kind] = dict(sections.get(kind, {}))
        for record, value in changes.items():
            if value is None:
                sections[record.kind].pop(record.id, None)
            else:
                sections[record.kind][record.id] = entry(record.id, value)
        return Document(header, sections)

    def pack(self) -> bytes:
        """Its bytes, sections in the order of :class:`Kind`."""
        ordered = {kind.value: self.sections[kind] for kind in Kind if kind in self.sections}
        return SKELETONS[self.header.codec].pack(self.header.to_json(), ordered)

    @classmethod
    def unpack(cls, data: bytes, *, codec: str, bot_id: str | None) -> Document:
        """Open a document that must be this bot's.

        Args:
            data: Its bytes.
            codec: The codec that its records must have.
            bot_id: Whose it must be; None takes anybody's.

        Raises:
            CorruptDocumentError: It cannot be read.
            ForeignDocumentError: Another bot's, another codec's, a newer format.
        """
        raw_header, raw_sections = SKELETONS[codec].unpack(data)
        header = Header.from_json(raw_header)
        if header.codec != codec:
            raise ForeignDocumentError(f"its records are {header.codec}, and this bot is set to codec={codec}")
        if bot_id is not None and header.bot_id != bot_id:
            raise ForeignDocumentError(
                f"it belongs to bot {header.bot_id}, and this is bot {bot_id}: use another prefix, such as one with "
                "{bot_id} in it"
            )
        sections = {_kind(name): section for name, section in raw_sections.items()}
        if Kind.CONVERSATION in sections:
            sections[Kind.CONVERSATION] = _canonical(sections[Kind.CONVERSATION], SKELETONS[codec])
        return cls(header, sections)


def _canonical(section: Section, skeleton: Skeleton) -> Section:
    """Conversations by the ids that we write: a hand edit may have put spaces into one."""
    found: Section = {}
    for record_id, entry in section.items():
        if " " in record_id or not record_id.isascii():
            name, key = Record(Kind.CONVERSATION, record_id).conversation
            ours = Record.of_conversation(name, key).id
            found[ours] = skeleton.entry(ours, skeleton.value(record_id, entry))
        else:
            found[record_id] = entry
    return found


def _kind(name: str) -> Kind:
    try:
        return Kind(name)
    except ValueError as error:
        raise CorruptDocumentError(f"it has the section {name!r}, which is none of ours") from error
