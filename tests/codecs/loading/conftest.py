"""Fixtures: both codecs as classes, so that each test registers its own."""

from __future__ import annotations

import pytest

from ptb_bucket.codecs import JsonCodec, PickleCodec


@pytest.fixture(params=[JsonCodec, PickleCodec])
def codec(request):
    return request.param
