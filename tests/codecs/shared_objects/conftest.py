"""Fixtures: both codecs, with the classes of support/values/holders.py registered."""

from __future__ import annotations

import pytest

from ptb_bucket.codecs import JsonCodec, PickleCodec, StoredAs
from support.values.holders import TYPES, Ring


@pytest.fixture(params=[JsonCodec, PickleCodec])
def codec(request):
    return request.param([*TYPES, StoredAs(Ring, encode=lambda ring: [ring.part], decode=lambda row: Ring(*row))])
