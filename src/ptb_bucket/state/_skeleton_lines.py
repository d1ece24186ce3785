"""JSON documents as we wrote them ourselves: their lines say where records end, so no record has to be parsed for it.

Whether nobody has edited one since is told by a checksum in its header. A document whose checksum is another one, or
that has none, is no damaged one: it is read with care, as any JSON.
"""

from __future__ import annotations

import json
import zlib
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from ptb_bucket.state._skeleton import Section, Sections

__all__ = ["BEGIN", "CHECKSUM", "checksum", "unpack_lines"]

BEGIN: Final = b'{"ptb_bucket": '
CHECKSUM: Final = "crc"
"""The header's field with the CRC-32 of all that follows the header."""
_VALUE: Final = b'": '
_DECODER: Final = json.JSONDecoder()


def checksum(parts: list[bytes | memoryview]) -> int:
    """The CRC-32 of parts that follow one another."""
    crc = 0
    for part in parts:
        crc = zlib.crc32(part, crc)
    return crc


def unpack_lines(data: bytes) -> tuple[Any, Sections] | None:
    """The header and the sections, as the careful reader would find them; None if it has to look itself."""
    if not data.startswith(BEGIN):
        return None
    line = data[len(BEGIN) : data.find(b"\n")].removesuffix(b",")
    rest = memoryview(data)[len(BEGIN) + len(line) :]
    try:
        header = json.loads(line)
        if header[CHECKSUM] != zlib.crc32(rest):
            return None
        return header, _sections(bytes(rest).split(b"\n"))
    except (ValueError, KeyError, TypeError, RecursionError):
        return None


def _sections(lines: list[bytes]) -> Sections:
    sections: Sections = {}
    section: Section | None = None
    for line in lines[1:-2]:
        if section is None:
            section = sections[json.loads(line[: -len(b": {")])] = {}
        elif line[:1] == b"}":
            section = None
        else:
            _record(line, section)
    return sections


def _record(line: bytes, section: Section) -> None:
    end = line.index(_VALUE)
    name = line[1:end].decode()
    if "\\" in name:  # then it may hold what looks like its end
        name, after = _DECODER.raw_decode(line.decode())  # ids are written in ASCII: characters are bytes
        end = after - 1
    begin = end + len(_VALUE)
    if name in section:
        raise ValueError("twice")
    section[name] = (b",\n" + line[:begin], line[begin:].removesuffix(b","))
