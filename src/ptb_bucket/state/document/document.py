"""Documents: each is an object in the bucket that holds a header and encoded records."""

from __future__ import annotations

from dataclasses import field, replace
from functools import cache
from typing import TYPE_CHECKING, Literal

from ptb_bucket._dataclass import dataclass
from ptb_bucket.errors import ForeignDocumentError
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
    """Return no features: a record needs none."""
    del data
    return frozenset()


@cache
def format_of(codec: Literal["json", "pickle"]) -> DocumentFormat:
    """Return the format of a codec's documents."""
    if codec == "json":
        return JsonFormat()
    from ptb_bucket.state.document.frame_format import FrameFormat  # noqa: PLC0415  only with pickle

    return FrameFormat()


@dataclass(frozen=True, repr=False)
class Document:
    """The records that a layout puts into one object. It is immutable; a commit makes the next one.

    Args:
        header: The owner, the codec and the last commits.
        sections: The encoded records of each kind.
        unknown: Sections that a newer ptb-bucket wrote. They stay as they were read.
    """

    header: Header
    sections: Mapping[Kind, Section] = field(default_factory=dict)
    unknown: UnknownSections = field(default_factory=dict)

    @property
    def size(self) -> int:
        """The number of records. The class has no ``__len__``, because an empty document must not count as false."""
        return sum(map(len, self.sections.values()))

    @property
    def is_tombstone(self) -> bool:
        """Tell whether it has no records and no unknown sections."""
        return not self.unknown and not any(self.sections.values())

    def get(self, record: Record) -> bytes | None:
        """Return one encoded record; None if it is absent."""
        entry = self.sections.get(record.kind, {}).get(record.id)
        return None if entry is None else format_of(self.header.codec).value(record.id, entry)

    def get_all(self, records: Sequence[Record]) -> list[bytes] | None:
        """Return some encoded records of one kind; None if one of them is absent."""
        section, value = self.sections.get(records[0].kind, {}), format_of(self.header.codec).value
        found = [value(record_id, section[record_id]) for _, record_id in records if record_id in section]
        return found if len(found) == len(records) else None

    def records(self) -> Iterator[Record]:
        """Yield its records."""
        for kind, section in self.sections.items():
            for record_id in section:
                yield Record(kind, record_id)

    def items(self) -> Iterator[tuple[Record, bytes]]:
        """Yield its records with their encoded values."""
        value = format_of(self.header.codec).value
        for kind, section in self.sections.items():
            for record_id, entry in section.items():
                yield Record(kind, record_id), value(record_id, entry)

    def changed(self, header: Header, changes: Mapping[Record, bytes | None], features: Features = none) -> Document:
        """Return the next document: some records are replaced or removed, and all other bytes stay.

        Args:
            header: Its header. The features that it needs are determined here.
            changes: The new encoded values; None removes a record.
            features: Returns the features that an encoded record needs.
        """
        sections = dict(self.sections)
        entry = format_of(header.codec).entry
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
        """Return the features that the document needs after the changes.

        All records are examined only if a changed record no longer needs a feature that it needed before.
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
        """Return the document with these unknown sections after its own."""
        return replace(self, unknown={**self.unknown, **unknown}) if unknown else self

    def pack(self) -> bytes:
        """Return its bytes: the sections in the order of :class:`Kind`, then the unknown ones."""
        ordered = {kind.value: self.sections[kind] for kind in Kind if kind in self.sections}
        return format_of(self.header.codec).pack(self.header.to_json(), ordered, self.unknown)

    @classmethod
    def unpack(cls, data: bytes, *, codec: str, bot_id: str | None) -> Document:
        """Open a document that must be this bot's.

        Args:
            data: Its bytes.
            codec: The codec that its records must have.
            bot_id: The bot to which it must belong; None for any bot.

        Raises:
            CorruptDocumentError: It cannot be read.
            ForeignDocumentError: It belongs to another bot, has another codec, or needs a newer ptb-bucket.
        """
        opened = format_of(codec).unpack(data)
        header = Header.from_json(opened.header)
        if header.codec != codec:
            raise ForeignDocumentError(f"the document uses codec={header.codec}, but this bot uses codec={codec}")
        if bot_id is not None and header.bot_id != bot_id:
            raise ForeignDocumentError(f"the document belongs to bot {header.bot_id}, but this is bot {bot_id}")
        found = ((Kind(name), section) for name, section in opened.sections.items())
        sections = {kind: checked(kind, section, format_of(codec)) for kind, section in found}
        return cls(header, sections, opened.unknown)


def _all(features: Features, values: Iterable[bytes | None]) -> frozenset[str]:
    return frozenset().union(*(features(value) for value in values if value is not None))
