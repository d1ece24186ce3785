"""Tests of compressed documents: a bomb is refused at the limit, damage is noticed, and gzip is the same each time."""

from __future__ import annotations

import gzip
import tracemalloc

import pytest

from ptb_bucket.errors import CorruptDocumentError
from ptb_bucket.sealing.compression import open_compression
from support.documents.sealed import DATA, KEY
from support.documents.sealing_options import WAYS, sealer

LIMIT = 1_000_000


@pytest.mark.parametrize("way", WAYS, ids="-".join)
def test_what_is_too_large_is_refused_at_the_limit(way):
    ours, fits = sealer(*way, max_size=LIMIT), bytes(LIMIT)
    assert ours.open(KEY, ours.seal(KEY, fits)) == fits
    with pytest.raises(CorruptDocumentError, match=r"larger than 1000000 bytes.*max_size"):
        ours.open(KEY, ours.seal(KEY, fits + b"\0"))


@pytest.mark.parametrize("compression", ["gzip", "zstd"])
def test_a_bomb_costs_no_more_memory_than_the_limit(compression):
    ours = sealer("none", compression, max_size=LIMIT)
    bomb = ours.seal(KEY, bytes(100 * LIMIT))
    assert len(bomb) < LIMIT
    tracemalloc.start()
    try:
        with pytest.raises(CorruptDocumentError, match="larger"):
            ours.open(KEY, bomb)
        assert tracemalloc.get_traced_memory()[1] < 4 * LIMIT
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize(("log2", "is_read"), [(21, True), (24, True), (25, False), (30, False), (41, False)])
def test_a_frame_may_not_reserve_more_than_its_document_is_worth(log2, is_read):
    """zstd allocates the window that a frame claims, so a frame of a few bytes can take a GiB."""
    magic, descriptor, last_block_without_bytes = b"\x28\xb5\x2f\xfd", b"\0", b"\x01\0\0"
    frame = magic + descriptor + bytes([(log2 - 10) << 3]) + last_block_without_bytes
    zstd = open_compression("zstd")
    if is_read:
        assert zstd.decompress(frame, LIMIT) == b""
    else:
        with pytest.raises(CorruptDocumentError):
            zstd.decompress(frame, LIMIT)


@pytest.mark.parametrize("compression", ["gzip", "zstd"])
def test_damaged_compression(compression):
    sealed = sealer("none", compression).seal(KEY, DATA)
    for changed in (sealed[:-5], sealed + b"more", sealed + sealed[sealed.index(b"\n") + 1 :], sealed[:-9] + b"x" * 9):
        with pytest.raises(CorruptDocumentError):
            sealer().open(KEY, changed)


def test_gzip_is_gzip_and_does_not_know_the_time():
    first, second = (sealer("none", "gzip").seal(KEY, DATA) for _ in range(2))
    assert first == second
    assert gzip.decompress(first[first.index(b"\n") + 1 :]) == DATA
