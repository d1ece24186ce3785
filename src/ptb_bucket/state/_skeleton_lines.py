"""JSON documents as we wrote them ourselves: their lines say where records end, so no record has to be parsed for it.

Whether nobody has edited one since is told by a checksum in its header. A document whose checksum is another one, or
that has none, is no damaged one: it is read with care, as any JSON.
"""

from __future__ import annotations

import json
import zlib
from typing import TYPE_CHECKING, Final

from ptb_bucket.state._foreign import KNOWN, Untouched, check_name
from ptb_bucket.state._skeleton import Opened

if TYPE_CHECKING:
    from ptb_bucket.state._foreign import UnknownSections
    from ptb_bucket.state._skeleton import Section, Sections

__all__ = ["BEGIN", "CHECKSUM", "checksum", "is_in_lines", "unpack_lines"]

BEGIN: Final = b'{"ptb_bucket": '
CHECKSUM: Final = "crc"
"""The header's field with the CRC-32 of all that follows the header."""
BETWEEN: Final = b",\n"
"""Between two records of a section, and before each section: no record has a line break in it."""
OPEN: Final = b": {\n"
SHUT: Final = b"\n}"
END: Final = b"\n}\n"
_VALUE: Final = b'": '
_DECODER: Final = json.JSONDecoder()


def checksum(parts: list[bytes]) -> int:
    """The CRC-32 of parts that follow one another."""
    crc = 0
    for part in parts:
        crc = zlib.crc32(part, crc)
    return crc


def is_in_lines(section: bytes) -> bool:
    """Return whether an unknown section has its line breaks where ours have them, so that its end is found."""
    return section.startswith(OPEN[2:]) and section.find(SHUT, len(OPEN) - 2) == len(section) - len(SHUT)


def unpack_lines(data: bytes) -> Opened | None:
    """The header and the sections, as the careful reader would find them; None if it has to look itself."""
    if not data.startswith(BEGIN):
        return None
    line = data[len(BEGIN) : data.find(b"\n")].removesuffix(b",")
    begin = len(BEGIN) + len(line)
    try:
        header = json.loads(line)
        if header.pop(CHECKSUM) != zlib.crc32(memoryview(data)[begin:]):
            return None
        return Opened(header, *_sections(data, begin))
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
        raise ValueError("something follows the last section")
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
    """An id in which there may be what looks like its end. Written as we write it, or the careful reader's."""
    name, end = _DECODER.raw_decode(entry.decode())
    if json.dumps(name) != entry[:end].decode():  # ids are written in ASCII: characters are bytes
        raise ValueError("not written by us")
    return str(name)
