"""A document for tests of seals, and the first line that a seal writes."""

from __future__ import annotations

import json

import pytest

from support.documents.sealing_options import MAGIC

KEY = "state.json"
DATA = b'{"user_data": {"42": {"name": "Ada"}}}' * 5
PROTECTED = ["hmac-sha256", "aes-256-gcm"]
protected = pytest.mark.parametrize("protection", PROTECTED)


def header(sealed) -> dict:
    return json.loads(sealed[len(MAGIC) : sealed.index(b"\n")])


def with_header(sealed, **changes) -> bytes:
    return MAGIC + json.dumps(header(sealed) | changes).encode() + sealed[sealed.index(b"\n") :]
