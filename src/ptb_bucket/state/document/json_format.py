"""JSON documents: plain, readable, hand-editable UTF-8, one record per line."""

from __future__ import annotations

import json
import re
import zlib
from typing import TYPE_CHECKING, Any, Final

from ptb_bucket.errors import CorruptDocumentError
from ptb_bucket.state.document.formats import UnpackedDocument, put_entry
from ptb_bucket.state.document.sections import HEADER, KNOWN, Untouched, check_name

if TYPE_CHECKING:
    from collections.abc import Callable

    from ptb_bucket.state.document.formats import Section, Sections
    from ptb_bucket.state.document.sections import UnknownSections

__all__ = ["BEGIN", "CHECKSUM", "JsonFormat", "checksum", "is_in_lines", "unpack_lines"]

_SPACE = re.compile(r"[ \t\n\r]*")
_DECODER: Final = json.JSONDecoder()
_quoted = json.JSONEncoder().encode


class JsonFormat:
    """The format of JSON documents: ``{"ptb_bucket": header, section: {id: record, ...}, ...}``."""

    def entry(self, record_id: str, value: bytes) -> bytes:
        """Return the line of a record, without the line break."""
        return _quoted(record_id).encode() + b": " + value

    def value(self, record_id: str, entry: bytes) -> bytes:
        """Return the text after the key."""
        return entry[len(_quoted(record_id)) + len(": ") :]

    def pack(self, header: dict[str, Any], sections: Sections, unknown: UnknownSections) -> bytes:
        """Return the header in the first line, then the sections."""
        parts: list[bytes] = []
        for kind, section in sections.items():
            if section:
                parts += [BETWEEN, json.dumps(kind).encode(), OPEN, BETWEEN.join(section.values()), SHUT]
        for name, untouched in unknown.items():
            parts += [BETWEEN, json.dumps(name).encode(), b": ", untouched.data]
        parts.append(END)
        # Without a checksum, the careful reader reads it: sections of others may have their line breaks elsewhere.
        lines = all(is_in_lines(untouched.data) for untouched in unknown.values())
        first = json.dumps({**header, CHECKSUM: checksum(parts)} if lines else header).encode()
        return b"".join([BEGIN, first, *parts])

    def unpack(self, data: bytes) -> UnpackedDocument:
        """Find the header and the bytes of every record. No record is decoded."""
        if (found := unpack_lines(data)) is not None:
            return found
        try:
            text = data.decode("utf-8-sig")  # editors add a byte order mark
            return self._sections(text)
        except (ValueError, RecursionError) as error:
            raise CorruptDocumentError(f"the document is not valid JSON ({_position(error)})") from error

    def _sections(self, text: str) -> UnpackedDocument:
        header: Any = None
        sections: Sections = {}
        unknown: UnknownSections = {}

        def member(kind: str, begin: int) -> int:
            nonlocal header
            if header is None and kind == HEADER:
                header, end = _DECODER.raw_decode(text, begin)
                if isinstance(header, dict):
                    header.pop(CHECKSUM, None)
                return end
            if kind not in KNOWN:
                return self._untouched(text, begin, kind, unknown)
            if text[begin : begin + 1] != "{":
                raise CorruptDocumentError(f"the section {kind!r} must be an object with one member per record")
            return _walk(text, begin, lambda record_id, start: self._record(text, start, record_id, sections, kind))

        end = _walk(text, _skip(text, 0), member)
        if _skip(text, end) != len(text):
            raise ValueError("unexpected data after the document")
        return UnpackedDocument(header, sections, unknown)

    def _untouched(self, text: str, begin: int, name: str, unknown: UnknownSections) -> int:
        _, end = _DECODER.raw_decode(text, begin)
        check_name(name)
        if name in unknown:
            raise CorruptDocumentError(f"the document contains {name!r} twice")
        unknown[name] = Untouched(text[begin:end].encode())
        return end

    def _record(self, text: str, begin: int, record_id: str, sections: Sections, kind: str) -> int:
        _, end = _DECODER.raw_decode(text, begin)  # only to learn where it ends
        # A line break in valid JSON is white space. Somebody has edited this record: put it on one line again.
        raw = text[begin:end].encode().replace(b"\n", b" ")
        put_entry(sections, kind, record_id, self.entry(record_id, raw))
        return end


def _walk(text: str, at: int, member: Callable[[str, int], int]) -> int:
    """Walk through the JSON object that begins at ``at`` and return the position of its end.

    Args:
        text: The document.
        at: The position at which the object begins.
        member: Takes each key and the position at which its value begins; returns the position of the value's end.
    """
    at = _expect(text, at, "{")
    while text[at : at + 1] != "}":
        key, at = _DECODER.raw_decode(text, at)
        if not isinstance(key, str):
            raise ValueError(f"expected a string key at character {at}")  # noqa: TRY004  ValueError is what JSON errors are
        at = _skip(text, member(key, _expect(text, _skip(text, at), ":")))
        if text[at : at + 1] == "}":
            break
        at = _expect(text, at, ",")
    return at + 1


def _expect(text: str, at: int, mark: str) -> int:
    if text[at : at + 1] != mark:
        raise ValueError(f"expected {mark!r} at character {at}")
    return _skip(text, at + 1)


def _skip(text: str, at: int) -> int:
    match = _SPACE.match(text, at)
    return match.end() if match else at


def _position(error: Exception) -> str:
    """Return the position of the damage. The text is not quoted, because it contains user data."""
    if isinstance(error, json.JSONDecodeError):
        return f"{error.msg}: line {error.lineno}, column {error.colno}"
    return "not UTF-8" if isinstance(error, UnicodeDecodeError) else str(error)


BEGIN: Final = b'{"ptb_bucket": '
CHECKSUM: Final = "crc"
"""The header field with the CRC-32 of everything after the header."""
BETWEEN: Final = b",\n"
"""Separates the records of a section, and comes before each section. No record contains a line break."""
OPEN: Final = b": {\n"
SHUT: Final = b"\n}"
END: Final = b"\n}\n"
_VALUE: Final = b'": '


def checksum(parts: list[bytes]) -> int:
    """Return the CRC-32 of consecutive parts."""
    crc = 0
    for part in parts:
        crc = zlib.crc32(part, crc)
    return crc


def is_in_lines(section: bytes) -> bool:
    """Tell whether an unknown section has the same line breaks as known ones, so that its end can be found."""
    return section.startswith(OPEN[2:]) and section.find(SHUT, len(OPEN) - 2) == len(section) - len(SHUT)


def unpack_lines(data: bytes) -> UnpackedDocument | None:
    """Unpack a document that we wrote, line by line. Return None if only the careful reader can unpack it."""
    if not data.startswith(BEGIN):
        return None
    line = data[len(BEGIN) : data.find(b"\n")].removesuffix(b",")
    begin = len(BEGIN) + len(line)
    try:
        header = json.loads(line)
        if header.pop(CHECKSUM) != zlib.crc32(memoryview(data)[begin:]):
            return None
        return UnpackedDocument(header, *_sections(data, begin))
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None


def _sections(data: bytes, at: int) -> tuple[Sections, UnknownSections]:
    sections: Sections = {}
    unknown: UnknownSections = {}
    while data.startswith(BETWEEN, at):
        opened = data.index(OPEN, at)
        begin = opened + len(OPEN)
        end = data.index(SHUT, begin)
        name, at = json.loads(data[at + len(BETWEEN) : opened]), end + len(SHUT)
        if name in sections or name in unknown:
            raise ValueError("twice")
        if name in KNOWN:
            sections[name] = _section(data[begin:end].split(BETWEEN))
        else:
            check_name(name)
            unknown[name] = Untouched(data[opened + 2 : at])
    if data[at:] != END:
        raise ValueError("unexpected data after the last section")
    return sections, unknown


def _section(entries: list[bytes]) -> Section:
    section: Section = {}
    for entry in entries:
        name = entry[1 : entry.index(_VALUE)].decode("ascii")
        section[name if "\\" not in name else _escaped(entry)] = entry
    if len(section) != len(entries):
        raise ValueError("twice")
    return section


def _escaped(entry: bytes) -> str:
    """Return an ID that may contain what looks like its end, or raise if we would have written it differently."""
    name, end = _DECODER.raw_decode(entry.decode())
    if json.dumps(name) != entry[:end].decode():  # ids are written in ASCII: characters are bytes
        raise ValueError("not written by us")
    return str(name)
