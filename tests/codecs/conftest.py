"""Both codecs, with the classes of tests/support/strategies.py registered."""

from __future__ import annotations

import pytest
import strategies
from telegram.ext import ExtBot

from ptb_bucket.codecs import JsonCodec, PickleCodec


@pytest.fixture(scope="session")
def json_codec():
    return JsonCodec(strategies.TYPES)


@pytest.fixture(scope="session")
def pickle_codec():
    return PickleCodec(strategies.TYPES)


@pytest.fixture(params=[JsonCodec, PickleCodec], scope="session")
def codec(request):
    return request.param(strategies.TYPES)


@pytest.fixture
def bot():
    return ExtBot("123456:offline")
