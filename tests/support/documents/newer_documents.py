"""Documents as a newer ptb-bucket may write them, made by hand and not by our own writer."""

from __future__ import annotations

import json
import re
import struct
import zlib

SECTION = "claims"
JSON_BODY = b'{\n"t/42/1": {"due": 1.50, "n": [1,  2]},\n"t/42/2": null\n}'
"""As we write sections, but for the spaces, which are not ours to change."""
FRAMES = b"".join(
    struct.pack(">IQ", len(name), len(value)) + name + value for name, value in ((b"t/1", b"\x80\x05."), (b"\xff", b""))
)
FIELD = {"epoch": [1, {"of": "the newer one"}], "note": None}


def newer(data: bytes, *, section: str = SECTION, body: bytes | None = None, fields=FIELD, needs=None) -> bytes:
    """Make a document with an unknown section, more fields in its header, and perhaps needs."""
    more = dict(fields) if needs is None else {**fields, "needs": needs}
    if data.startswith(b"ptb-bucket frames\n"):
        return _frames(data, section, FRAMES if body is None else body, more)
    header, rest = _split(data)
    body = JSON_BODY if body is None else body
    rest = rest.removesuffix(b"\n}\n") + b",\n" + json.dumps(section).encode() + b": " + body + b"\n}\n"
    header = {**header, **more, "crc": zlib.crc32(rest)}
    return b'{"ptb_bucket": ' + json.dumps(header).encode() + rest


def _split(data: bytes):
    header, end = json.JSONDecoder().raw_decode(data.decode(), len('{"ptb_bucket": '))
    return header, data.decode()[end:].encode()


def _frames(data: bytes, section: str, body: bytes, more: dict) -> bytes:
    magic, line, rest = data[:-4].split(b"\n", 2)
    first = json.loads(line)
    first["ptb_bucket"] |= more
    first["sections"].append([section, 2])
    packed = b"\n".join([magic, json.dumps(first).encode(), rest + body])
    return packed + struct.pack(">I", zlib.crc32(packed))


def header_of(data: bytes) -> dict:
    """Return a document's header exactly as it is stored."""
    if data.startswith(b"ptb-bucket frames\n"):
        return json.loads(data.split(b"\n", 2)[1])["ptb_bucket"]
    return _split(data)[0]


def body_of(data: bytes, section: str = SECTION) -> bytes | None:
    """Return the bytes of an unknown section from the end of a document, or None if it has none."""
    if data.startswith(b"ptb-bucket frames\n"):
        listed = dict(json.loads(data.split(b"\n", 2)[1])["sections"])
        return data[-4 - len(FRAMES) : -4] if listed.get(section) == 2 else None
    found = re.search(rb",\n" + re.escape(json.dumps(section).encode()) + rb": (.*)\n}\n\Z", data, re.DOTALL)
    return found and found[1]
