"""Binary documents: a readable header line, then the records framed by length, then a checksum."""

from __future__ import annotations

import json
import struct
import zlib
from typing import TYPE_CHECKING, Any

from ptb_bucket.errors import CorruptDocumentError, NewerDocumentError
from ptb_bucket.state.document.formats import UnpackedDocument
from ptb_bucket.state.document.sections import KNOWN, Untouched, check_name

if TYPE_CHECKING:
    from ptb_bucket.state.document.formats import Section, Sections
    from ptb_bucket.state.document.sections import UnknownSections

__all__ = ["FrameFormat"]

MAGIC = b"ptb-bucket frames\n"
_LENGTHS = struct.Struct(">IQ")
_CHECKSUM = struct.Struct(">I")


class FrameFormat:
    """The format of binary documents: a magic line, a header line with the record counts, frames, and a CRC-32."""

    def entry(self, record_id: str, value: bytes) -> bytes:
        """Return the lengths of ID and value, then both."""
        name = record_id.encode()
        return _LENGTHS.pack(len(name), len(value)) + name + value

    def value(self, record_id: str, entry: bytes) -> bytes:
        """Return the bytes after the ID."""
        return entry[_LENGTHS.size + len(record_id.encode()) :]

    def pack(self, header: dict[str, Any], sections: Sections, unknown: UnknownSections) -> bytes:
        """Return the bytes of a document."""
        counts = [[kind, len(section)] for kind, section in sections.items() if section]
        counts += [[name, section.frames] for name, section in unknown.items()]
        first = json.dumps({"ptb_bucket": header, "sections": counts}).encode()
        ours = (b"".join(section.values()) for section in sections.values())
        body = b"".join([MAGIC, first, b"\n", *ours, *(section.data for section in unknown.values())])
        return body + _CHECKSUM.pack(zlib.crc32(body))

    def unpack(self, data: bytes) -> UnpackedDocument:
        """Walk through the frames. No record is decoded."""
        if not data.startswith(MAGIC):
            raise CorruptDocumentError("the document is not a binary ptb-bucket document")
        body = data[: -_CHECKSUM.size]
        if _CHECKSUM.pack(zlib.crc32(body)) != data[-_CHECKSUM.size :]:
            raise CorruptDocumentError("the document is truncated or damaged: the checksum does not match")
        try:
            return self._sections(body)
        except (ValueError, KeyError, TypeError, RecursionError, struct.error) as error:
            raise CorruptDocumentError("the document frames are damaged") from error

    def _sections(self, body: bytes) -> UnpackedDocument:
        line_end = body.index(b"\n", len(MAGIC))
        first = json.loads(body[len(MAGIC) : line_end])
        if set(first) - {"ptb_bucket", "sections"}:
            raise NewerDocumentError(
                "the first line of the document has a field that this version of ptb-bucket does not support"
            )
        at = line_end + 1
        sections: Sections = {}
        unknown: UnknownSections = {}
        for kind, count in first["sections"]:
            if kind in sections or kind in unknown:
                raise CorruptDocumentError(f"the document contains the section {kind!r} twice")
            if kind not in KNOWN:
                check_name(kind)
                end = _end(body, at, count)
                unknown[kind], at = Untouched(body[at:end], count), end
                continue
            sections[kind], at = _section(body, at, count)
            if len(sections[kind]) != count:
                raise CorruptDocumentError(f"{kind} contains a record twice")
        if at != len(body):
            raise ValueError("frames and their counts differ")
        return UnpackedDocument(first["ptb_bucket"], sections, unknown)


def _end(body: bytes, at: int, count: int) -> int:
    """Return the position after ``count`` frames that begin at ``at``."""
    for _ in range(count):
        at += _LENGTHS.size + sum(_LENGTHS.unpack_from(body, at))
    if at > len(body):
        raise ValueError("a frame is longer than the document")
    return at


def _section(body: bytes, at: int, count: int) -> tuple[Section, int]:
    """Return a section and the position of its end. The loop makes no calls, because there may be a million frames."""
    section: Section = {}
    for _ in range(count):
        id_length, value_length = _LENGTHS.unpack_from(body, at)
        start = at + _LENGTHS.size
        end = start + id_length + value_length
        if end > len(body):
            raise ValueError("a frame is longer than the document")
        section[body[start : start + id_length].decode()] = body[at:end]
        at = end
    return section, at
