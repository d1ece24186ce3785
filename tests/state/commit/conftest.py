"""Fixtures: two instances on one document."""

from __future__ import annotations

import pytest

from support.documents.units_bench import Bucket, Instance


@pytest.fixture
def two():
    bucket = Bucket()
    return bucket, Instance(bucket), Instance(bucket)
