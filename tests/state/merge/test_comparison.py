"""Tests that a save decodes no more than it has to."""

from __future__ import annotations

from ptb_bucket.codecs import JsonCodec
from ptb_bucket.state import DocumentSet, Kind, Record, RecordMerger, Replica, open_layout
from ptb_bucket.stores import MemoryStore

ADA = Record.user(1)


class CountingCodec(JsonCodec):
    """A codec that counts the records that it decodes."""

    decoded = 0

    def decode(self, data, *, origin=""):
        """Decode a record, and count it."""
        self.decoded += 1
        return super().decode(data, origin=origin)


async def decoded_in_a_save(first, second):
    """Return the number of records that a replica decodes while it stages and saves the second value."""
    codec = CountingCodec()
    documents = DocumentSet(
        MemoryStore(), open_layout("single"), codec, RecordMerger(codec, defaults={Kind.USER: dict}), "1", (Kind.USER,)
    )
    replica = Replica(documents)
    for value in (first, second):
        codec.decoded = 0
        replica.stage(ADA, value)
        await replica.commit()
    return codec.decoded


async def test_a_save_of_plain_values_decodes_nothing():
    assert await decoded_in_a_save({"n": 1, "list": [1]}, {"n": 2, "list": [1]}) == 0


async def test_a_save_compares_each_pair_of_values_once():
    assert await decoded_in_a_save({"seen": {1, 2}}, {"seen": {1, 2, 3}}) == 2
