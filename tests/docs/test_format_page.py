"""Tests that ``docs/reference/document-format.md`` is exact: a parser by its rules alone reads documents of every kind.

The parser imports nothing of ptb_bucket. If it fails, a document or the page has changed: make them agree again.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import json
import pickle
import struct
import sys
import zlib
from collections import deque
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from ptb_bucket import BucketPersistence, Sealing
from ptb_bucket.codecs.types import TAGS as TAGS_OF_CODE
from ptb_bucket.offline_telegram import OfflineTelegram
from support.parameters import crossed

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "document-format.md"
SECRET = bytes(range(32))
BOT = "123456"
KEYBOARD = "ab" * 16
SHARED = ["shared"]
STATE = {
    ("bot_data", "bot"): {"count": 1, "first": SHARED, "second": SHARED, "$x": "$y", 7: {None: True, (1, 2): "tuple"}},
    ("chat_data", "-100123"): {"set": {3, 1}, "frozen": frozenset({"a"}), "bytes": b"\0\xff", "deque": deque([1], 5)},
    ("user_data", "42"): {
        "name": "Ada \u2028 \N{SNOWMAN}",
        "big": 1 << 3000,
        "inf": float("inf"),
        "price": Decimal("1.10"),
    },
    ("user_data", "43"): {
        "day": date(2026, 1, 2),
        "at": datetime(2026, 1, 2, 3, 4, tzinfo=timezone.utc),
        "for": timedelta(days=1, seconds=2),
        "text": "line\nbreak",
        "lone": "\ud800",
    },
    ("conversations", '["order",42,"a b"]'): 2,
    ("callback_data", KEYBOARD): [1.5, {"cd" * 16: {"button": (1,)}}],
    ("callback_data", "queries"): {"q": KEYBOARD},
}


# ------------------------------------------------------------------------------------------- the parser, by the page


def read_document(key, data):
    """Return the header of a stored object, and its records by kind and ID."""
    plain = unsealed(key, data) if data.startswith(b"ptb-bucket sealed ") else data
    return json_document(plain) if key.endswith(".json") else frames(plain)


def unsealed(key, data):
    end = data.index(b"\n") + 1
    head, body = data[:end], data[end:]
    fields = json.loads(head[18:])
    assert list(fields) == ["format", "bot_id", "document", "protection", "key_id", "compression"]
    assert (fields["format"], fields["bot_id"], fields["document"]) == (1, BOT, key)
    assert fields["key_id"] == ("" if fields["protection"] == "none" else derive("key id")[:8].hex())
    payload = {"none": as_it_is, "hmac-sha256": verified, "aes-256-gcm": decrypted}[fields["protection"]](head, body)
    return {"none": bytes, "gzip": unzipped, "zstd": zstd.decompress}[fields["compression"]](payload)


def as_it_is(_, body):
    return body


def verified(head, body):
    signature, payload = body[:32], body[32:]
    assert signature == hmac.digest(derive("hmac-sha256"), head + payload, "sha256")
    return payload


def decrypted(head, body):
    salt, rest = body[:32], body[32:]
    pseudo_random = hmac.digest(salt, derive("aes-256-gcm"), "sha256")  # RFC 5869, which the page names
    first = hmac.digest(pseudo_random, b"\x01", "sha256")
    material = first + hmac.digest(pseudo_random, first + b"\x02", "sha256")
    return AESGCM(material[:32]).decrypt(material[32:44], rest, head)


def derive(purpose):
    return hmac.digest(SECRET, f"ptb-bucket: {purpose}".encode(), "sha256")


def unzipped(payload):
    return zlib.decompress(payload, 31)


def json_document(data):
    members = json.loads(data)
    assert next(iter(members)) == "ptb_bucket"
    header = members.pop("ptb_bucket")
    line = data[: data.index(b"\n")].removesuffix(b",")
    assert header["crc"] == zlib.crc32(data[len(line) :])
    assert data.count(b"\n") == 1 + sum(len(section) + 2 for section in members.values()) + 1
    labels = any('"$ref"' in json.dumps(section) for section in members.values())
    assert (header["format"], header.get("needs")) == ((2, ["refs"]) if labels else (1, None))
    records = ((kind, record_id, tree) for kind, section in members.items() for record_id, tree in section.items())
    return header, {(kind, record_id): JsonValue(tree).value() for kind, record_id, tree in records}


TAGS = {
    "tuple": tuple,
    "set": set,
    "frozenset": frozenset,
    "deque": lambda payload: deque(*payload),
    "bytes": base64.b64decode,
    "str": lambda text: base64.b64decode(text).decode("utf-8", "surrogatepass"),
    "int": lambda text: int(text, 16),
    "float": float,
    "decimal": Decimal,
    "date": date.fromisoformat,
    "datetime": datetime.fromisoformat,
    "timedelta": lambda parts: timedelta(*parts),
    "list": list,
}


class JsonValue:
    """One record: the labels of its objects, and its value."""

    def __init__(self, tree):
        self.tree, self.labelled, self.made = tree, {}, {}
        self.find_labels(tree)

    def find_labels(self, tree):
        if isinstance(tree, dict) and isinstance(tree.get("$id"), int):
            self.labelled[tree["$id"]] = tree
        for part in tree.values() if isinstance(tree, dict) else tree if isinstance(tree, list) else ():
            self.find_labels(part)

    def value(self):
        return self.of(self.tree)

    def of(self, tree):
        if isinstance(tree, list):
            return [self.of(part) for part in tree]
        if not isinstance(tree, dict):
            return tree
        label = tree.get("$ref", tree.get("$id"))
        if isinstance(label, int):
            if label not in self.made:
                rest = {key: part for key, part in self.labelled[label].items() if key != "$id"}
                self.made[label] = self.object(rest)
            return self.made[label]
        return self.object(tree)

    def object(self, tree):
        only = next(iter(tree), "") if len(tree) == 1 else ""
        if only[:1] == "$" and (only[1:2].isalpha() or only[1:2] == "_") and only not in {"$true", "$false", "$null"}:
            return TAGS[only[1:]](self.of(tree[only]))
        return {self.key(key): self.of(part) for key, part in tree.items()}

    def key(self, key):
        return self.of(json.loads(key[1:])) if key.startswith("$") else key


def frames(data):
    assert data.startswith(b"ptb-bucket frames\n")
    assert struct.unpack(">I", data[-4:])[0] == zlib.crc32(data[:-4])
    end = data.index(b"\n", 18)
    first = json.loads(data[18:end])
    assert set(first) == {"ptb_bucket", "sections"}
    at, records = end + 1, {}
    for kind, count in first["sections"]:
        for _ in range(count):
            id_length, value_length = struct.unpack(">IQ", data[at : at + 12])
            at += 12
            record_id = data[at : at + id_length].decode()
            at += id_length + value_length
            records[kind, record_id] = pickle.loads(data[at - value_length : at])
    assert at == len(data) - 4
    return first["ptb_bucket"], records


def key_of(layout, codec, kind, record_id):
    extension = {"json": ".json", "pickle": ".pkl"}[codec]
    if layout != "per-record":
        return f"{'state' if layout == 'single' else kind}{extension}"
    plain = b"abcdefghijklmnopqrstuvwxyz0123456789_,-"
    name = "".join(chr(byte) if byte in plain else f"={byte:02x}" for byte in record_id.encode()) or "="
    name = name if len(name) <= 200 else f"=={hashlib.sha256(record_id.encode()).hexdigest()}"
    return f"records/{kind}/{hashlib.sha256(name.encode()).hexdigest()[:2]}/{name}{extension}"


# ------------------------------------------------------------------------------------------- documents of ptb-bucket


def store(folder, layout, codec, sealing):
    """Let ptb-bucket store the state, and return the stored bytes by key."""
    asyncio.run(save(BucketPersistence(f"file:{folder}", layout=layout, codec=codec, sealing=sealing)))
    files = [path for path in folder.rglob("*") if path.is_file() and not path.name.startswith(".")]
    keys = {path: [part.removesuffix(".d") for part in path.relative_to(folder).parts[:-1]] for path in files}
    return {"/".join([*parts, path.name]): path.read_bytes() for path, parts in keys.items()}


async def save(persistence):
    OfflineTelegram(bot_id=int(BOT)).builder().persistence(persistence).build()
    for load in (persistence.get_bot_data, persistence.get_chat_data, persistence.get_user_data):
        await load()
    await persistence.get_callback_data()
    await persistence.get_conversations("order")
    buttons = STATE["callback_data", KEYBOARD]
    await asyncio.gather(
        persistence.update_bot_data(STATE["bot_data", "bot"]),
        persistence.update_chat_data(-100123, STATE["chat_data", "-100123"]),
        persistence.update_user_data(42, STATE["user_data", "42"]),
        persistence.update_user_data(43, STATE["user_data", "43"]),
        persistence.update_conversation("order", (42, "a b"), 2),
        persistence.update_callback_data(([(KEYBOARD, *buttons)], STATE["callback_data", "queries"])),
    )
    await persistence.flush()


SEALINGS = {
    "plain": {},
    "gzip": {"compression": "gzip"},
    "signed": {"signing_keys": SECRET},
    "encrypted": {"encryption_keys": SECRET, "compression": "zstd"},
}


@pytest.mark.parametrize(
    ("layout", "codec", "sealing"),
    crossed(["single", "per-type", "per-record"], ["json", "pickle"], list(SEALINGS), spread=True),
)
def test_a_parser_by_the_page_reads_every_document(tmp_path, layout, codec, sealing):
    stored = store(tmp_path, layout, codec, Sealing(**SEALINGS[sealing]))
    found = {}
    for key, data in stored.items():
        assert data.startswith(b"ptb-bucket sealed ") == (sealing != "plain")
        header, records = read_document(key, data)
        assert (header["bot_id"], header["codec"], header["floor"]) == (BOT, codec, 0)
        assert [commit[0] for commit in header["commits"]] == [header["sequence"]]
        assert {key_of(layout, codec, *record) for record in records} == {key}
        found |= records
    assert found == STATE
    assert found["bot_data", "bot"]["first"] is found["bot_data", "bot"]["second"]


def test_the_page_has_an_example_that_can_be_parsed():
    example = PAGE.read_text("utf-8").partition('```text\n{"ptb_bucket"')[2].partition("```")[0]
    document = json.loads('{"ptb_bucket"' + example.replace("HEADER", "{}").replace("RECORD", "{}"))
    assert list(document) == ["ptb_bucket", "user_data", "conversations"]


def test_every_tag_is_on_the_page():
    page = PAGE.read_text("utf-8")
    themselves = {"null", "bool", "dict"}
    assert {name for name in TAGS_OF_CODE if f'"${name}"' not in page and f"`{name}`" not in page} <= themselves
