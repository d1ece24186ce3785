"""Fixtures for both codecs, with the classes of support/values/strategies.py registered."""

from __future__ import annotations

import sys
import zoneinfo
from zoneinfo import ZoneInfo

import numpy as np
import pydantic_core
import pytest
import pytz
from telegram.ext import ExtBot

from ptb_bucket.codecs import JsonCodec, PickleCodec
from support.values import strategies


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


class Missing:
    """A fixture that hides a library, or this machine's time zone data."""

    def __init__(self, monkeypatch):
        self.monkeypatch = monkeypatch
        self.values = {
            "numpy": np.int64(5),
            "pytz": pytz.timezone("Europe/Berlin"),
            "pydantic_core": pydantic_core.Url("https://example.org/"),
            "tzdata": ZoneInfo("Europe/Berlin"),
        }

    def __call__(self, library):
        for name in {library, *(name for name in sys.modules if name.startswith(f"{library}."))}:
            self.monkeypatch.setitem(sys.modules, name, None)
        if library == "tzdata":
            zoneinfo.reset_tzpath(to=[])
            ZoneInfo.clear_cache()


@pytest.fixture
def missing(monkeypatch):
    yield Missing(monkeypatch)
    zoneinfo.reset_tzpath()
    ZoneInfo.clear_cache()
