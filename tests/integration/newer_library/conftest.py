"""A bucket with a bot's documents, on each layout and codec."""

from __future__ import annotations

import pytest

from support.documents.newer_buckets import LAYOUT_AND_CODEC, Bucket


@pytest.fixture(params=LAYOUT_AND_CODEC)
async def bucket(request, tmp_path) -> Bucket:
    bucket = Bucket(tmp_path / "bucket", *request.param)
    await bucket.fill()
    return bucket


@pytest.fixture
async def simple(tmp_path) -> Bucket:
    bucket = Bucket(tmp_path / "bucket", "single", "json")
    await bucket.fill()
    return bucket
