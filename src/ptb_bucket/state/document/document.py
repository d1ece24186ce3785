"""One object in the bucket: a header and encoded records. Immutable; a commit makes the next one."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from ptb_bucket.errors import ForeignDocumentError
from ptb_bucket.state.document.frame_format import FrameFormat
from ptb_bucket.state.document.header import Header
from ptb_bucket.state.document.ids import checked
from ptb_bucket.state.document.json_format import JsonFormat
from ptb_bucket.state.records import Kind, Record

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from ptb_bucket.state.document.formats import DocumentFormat, Section
    from ptb_bucket.state.document.sections import UnknownSections

    Features = Callable[[bytes], frozenset[str]]


__all__ = ["Document"]


def none(data: bytes) -> frozenset[str]:
    """Return that a record needs no feature."""
    del data
    return frozenset()


FORMATS: dict[str, DocumentFormat] = {"json": JsonFormat(), "pickle": FrameFormat()}


@dataclass(frozen=True, repr=False)
class Document:
    """The records that a layout puts into one object.

    ``unknown`` are sections of a newer ptb-bucket. Whatever becomes of the records, they stay as they were read.
    """

    header: Header
    sections: Mapping[Kind, Section] = field(default_factory=dict)
    unknown: UnknownSections = field(default_factory=dict)

    @property
    def size(self) -> int:
        """How many records it has. Not its length: a document without any, a tombstone, must not count as none."""
        return sum(map(len, self.sections.values()))

    @property
    def is_tombstone(self) -> bool:
        """Whether it holds nothing at all, of ours or of a newer ptb-bucket."""
        return not self.unknown and not any(self.sections.values())

    def get(self, record: Record) -> bytes | None:
        """One record, encoded; None where it is absent."""
        entry = self.sections.get(record.kind, {}).get(record.id)
        return None if entry is None else FORMATS[self.header.codec].value(record.id, entry)

    def get_all(self, records: Sequence[Record]) -> list[bytes] | None:
        """Some records of one kind, encoded; None if one of them is absent."""
        section, value = self.sections.get(records[0].kind, {}), FORMATS[self.header.codec].value
        found = [value(record_id, section[record_id]) for _, record_id in records if record_id in section]
        return found if len(found) == len(records) else None

    def records(self) -> Iterator[Record]:
        """All records in it."""
        for kind, section in self.sections.items():
            for record_id in section:
                yield Record(kind, record_id)

    def items(self) -> Iterator[tuple[Record, bytes]]:
        """All records in it, encoded."""
        value = FORMATS[self.header.codec].value
        for kind, section in self.sections.items():
            for record_id, entry in section.items():
                yield Record(kind, record_id), value(record_id, entry)

    def changed(self, header: Header, changes: Mapping[Record, bytes | None], features: Features = none) -> Document:
        """Make the next document: these records replaced (None: removed), all other bytes untouched.

        Args:
            header: Its header; what it needs is found out here.
            changes: What becomes of which records, encoded.
            features: The features that an encoded record needs, as its codec says.
        """
        sections = dict(self.sections)
        entry = FORMATS[header.codec].entry
        for kind in {record.kind for record in changes}:
            sections[kind] = dict(sections.get(kind, {}))
        for record, value in changes.items():
            if value is None:
                sections[record.kind].pop(record.id, None)
            else:
                sections[record.kind][record.id] = entry(record.id, value)
        after = Document(header, sections, self.unknown)
        return replace(after, header=replace(header, needs=self._needs(after, changes, features)))

    def _needs(self, after: Document, changes: Mapping[Record, bytes | None], features: Features) -> frozenset[str]:
        """What it needed, less what only the old values of changed records did, and what the new ones need.

        All records are looked at only if a changed one stopped needing something.
        """
        used = _all(features, changes.values())
        listed = after.header.needs
        gone = _all(features, map(self.get, changes)) - used if listed else frozenset()
        for _, value in after.items() if gone else ():
            gone -= features(value)
            if not gone:
                break
        return (listed - gone) | used

    def holding(self, unknown: UnknownSections) -> Document:
        """The same document with these unknown sections after its own."""
        return replace(self, unknown={**self.unknown, **unknown}) if unknown else self

    def pack(self) -> bytes:
        """Its bytes, sections in the order of :class:`Kind`, then those that we do not know."""
        ordered = {kind.value: self.sections[kind] for kind in Kind if kind in self.sections}
        return FORMATS[self.header.codec].pack(self.header.to_json(), ordered, self.unknown)

    @classmethod
    def unpack(cls, data: bytes, *, codec: str, bot_id: str | None) -> Document:
        """Open a document that must be this bot's.

        Args:
            data: Its bytes.
            codec: The codec that its records must have.
            bot_id: Whose it must be; None takes anybody's.

        Raises:
            CorruptDocumentError: It cannot be read.
            ForeignDocumentError: Another bot's, another codec's, or a newer library's that needs what this one lacks.
        """
        opened = FORMATS[codec].unpack(data)
        header = Header.from_json(opened.header)
        if header.codec != codec:
            raise ForeignDocumentError(f"its records are {header.codec}, and this bot is set to codec={codec}")
        if bot_id is not None and header.bot_id != bot_id:
            raise ForeignDocumentError(
                f"it belongs to bot {header.bot_id}, and this is bot {bot_id}: use another prefix, such as one with "
                "{bot_id} in it"
            )
        found = ((Kind(name), section) for name, section in opened.sections.items())
        sections = {kind: checked(kind, section, FORMATS[codec]) for kind, section in found}
        return cls(header, sections, opened.unknown)


def _all(features: Features, values: Iterable[bytes | None]) -> frozenset[str]:
    return frozenset().union(*(features(value) for value in values if value is not None))
