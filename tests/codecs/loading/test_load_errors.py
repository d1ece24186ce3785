"""Tests of the errors of values that cannot be loaded: they say what is missing and what to do, with every codec."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field, make_dataclass
from enum import Enum
from typing import Any

import pytest
from telegram import Chat

from ptb_bucket.codecs import PickleCodec, StoredAs
from ptb_bucket.codecs.types import bot_api_classes
from ptb_bucket.errors import CannotLoadError


def said(codec, data, origin="", types=()):
    with pytest.raises(CannotLoadError) as caught:
        codec(types).decode(data, origin=origin)
    return str(caught.value)


@pytest.mark.parametrize("shared", [[], [[1]] * 2], ids=["", "shared"])
@pytest.mark.parametrize(
    ("library", "package"),
    [("numpy", "numpy"), ("pytz", "pytz"), ("pydantic_core", "pydantic"), ("tzdata", "tzdata")],
)
def test_what_to_install(codec, missing, library, package, shared):
    data = codec().encode({"v": missing.values[library], "shared": shared})
    missing(library)
    message = said(codec, data)
    assert f"pip install {'-U ' * (package == 'tzdata')}{package}" in message
    assert "damaged" not in message
    assert "Berlin" not in message


def test_a_default_that_cannot_be_stored(codec):
    old = make_dataclass("Profile", [("name", str)])
    new = make_dataclass("Profile", [("name", str), ("lock", Any, field(default_factory=threading.Lock))])
    message = said(codec, codec([old]).encode(old("Ada")), "user_data[7]", [new])
    assert "Profile" in message
    assert "'lock'" in message
    assert " is not supported. Such objects belong in code" in message
    assert "Ada" not in message


@dataclass
class Money:
    amount: int


class Colour(Enum):
    RED = 1


def test_a_function_that_raises(codec):
    data = codec([StoredAs(Money, encode=lambda money: money.amount, decode=Money)]).encode({"m": Money(5)})
    broken = StoredAs(Money, encode=lambda money: money.amount, decode=lambda _: 1 / 0)
    message = said(codec, data, types=[broken])
    assert "Money (module " in message
    assert message.endswith("raised ZeroDivisionError. Fix the class, or change the stored value with 'ptb-bucket set'")


def test_an_object_of_a_newer_telegram(codec, monkeypatch):
    data = codec().encode({"chat": Chat(1, "private")})
    monkeypatch.delitem(bot_api_classes(), "Chat")
    assert said(codec, data).endswith("Upgrade python-telegram-bot")


def test_a_record_whose_classes_were_replaced():
    """The records hold a class without room for a field, and a class that was an Enum."""
    wider = make_dataclass("Money", [("amount", int), ("of", str)], slots=True)
    data = PickleCodec([wider, Colour]).encode([wider(5, "x"), Colour.RED])
    narrower = make_dataclass("Money", [("amount", int)], slots=True)
    message = said(PickleCodec, data, types=[narrower, StoredAs(Money, name="Colour")])
    assert "classes of the stored data have changed" in message
    assert "or change the stored value with 'ptb-bucket set'" in message
