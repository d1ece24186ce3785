"""Arbitrary bytes as documents, seals and spools: the parsers return a result or raise an error of ptb-bucket.

Documents as such: ``test_documents.py``; URIs: ``tests/stores/test_uri.py``.
"""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as some

from ptb_bucket import Sealing
from ptb_bucket.codecs import open_codec
from ptb_bucket.errors import PTBBucketError
from ptb_bucket.state import BOT_DATA, Record
from ptb_bucket.state.document.document import Document
from ptb_bucket.state.document.header import Header
from ptb_bucket.state.spool.format import unpack

CODECS = ("json", "pickle")


def whole(codec):
    """Return a document as ptb-bucket writes it."""
    value = open_codec(codec, []).encode({"a": [1, {"b"}], "c": 1.5})
    header = Header("1", codec).advanced("w", "c")
    return Document(Header("1", codec)).changed(header, {BOT_DATA: value, Record.user(42): value}).pack()


@some.composite
def damaged(draw, data):
    """Return the bytes with some replaced, removed or doubled."""
    found = bytearray(data)
    for _ in range(draw(some.integers(1, 4))):
        at = draw(some.integers(0, max(0, len(found) - 1)))
        length = draw(some.integers(0, 20))
        found[at : at + length] = draw(some.binary(max_size=20))
    return bytes(found)


def read(data, codec):
    with contextlib.suppress(PTBBucketError):
        document = Document.unpack(data, codec=codec, bot_id="1")
        for record in document.records():
            with contextlib.suppress(PTBBucketError):
                open_codec(codec, []).decode(document.get(record))


@pytest.mark.parametrize("codec", CODECS)
@given(data=some.data())
def test_a_damaged_document_raises_an_error_of_ptb_bucket(codec, data):
    read(data.draw(damaged(whole(codec))), codec)


@given(data=some.binary(max_size=200) | some.binary(max_size=200).map(lambda rest: b"ptb-bucket spool 1 " + rest))
def test_any_damaged_spool_raises_an_error_of_ptb_bucket(data):
    with pytest.raises(PTBBucketError):
        unpack(data)


@given(data=some.data())
def test_a_damaged_seal_raises_an_error_of_ptb_bucket(data):
    sealer = Sealing(signing_keys="k" * 43, environment={}).sealer("1")
    sealed = sealer.seal("state.json", b"{}" * 20)
    found = data.draw(damaged(sealed))
    if found != sealed:
        with pytest.raises(PTBBucketError):
            sealer.open("state.json", found)
