from __future__ import annotations

import datetime as dt
import json
import os
import re
import subprocess
import sys
import uuid
from collections import Counter, OrderedDict, defaultdict, deque
from decimal import Decimal
from fractions import Fraction
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from telegram.constants import ChatType
from telegram.ext import ExtBot

from ptb_bucket.codecs import BotReference, JsonCodec, PickleCodec, StoredAs, same
from ptb_bucket.codecs.types import NATIVE, number_classes
from ptb_bucket.errors import CannotLoadError
from support.values import strategies
from support.values.strategies import (
    TYPES,
    Both,
    Cart,
    Colour,
    Frozen,
    Level,
    Model,
    Name,
    ObjectId,
    Plain,
    Point,
    Rights,
    identical,
)


def not_json(constant):
    raise AssertionError(constant)


@given(strategies.storable())
def test_json_round_trip(value):
    codec = JsonCodec(TYPES)
    data = codec.encode(value)
    again = codec.decode(data)
    assert identical(value, again)
    assert same(value, again)
    assert b"\n" not in data
    json.loads(data.decode("utf-8"), parse_constant=not_json)


@given(strategies.storable())
def test_pickle_round_trip(value):
    codec = PickleCodec(TYPES)
    again = codec.decode(codec.encode(value))
    assert identical(value, again)
    assert same(value, again)


@given(strategies.storable())
def test_encoding_again_gives_the_same_json(value):
    codec = JsonCodec(TYPES)
    data = codec.encode(value)
    assert codec.encode(codec.decode(data)) == data


@pytest.mark.parametrize("codec", [JsonCodec(TYPES), PickleCodec(TYPES)], ids=["json", "pickle"])
@given(values=st.lists(strategies.storable(), max_size=4))
def test_many_come_back_as_each_would(codec, values):
    again = codec.decode_all([codec.encode(value) for value in values])
    assert all(identical(*pair) for pair in zip(values, again, strict=True))


@pytest.mark.parametrize("codec", [JsonCodec(), PickleCodec()], ids=["json", "pickle"])
def test_one_that_holds_the_bot_holds_no_live_bot_among_many(codec):
    codec.bot = ExtBot("1:offline")
    first, second, third = codec.decode_all([codec.encode(value) for value in ({"a": 1}, [codec.bot], {"b": 2})])
    assert (first, third) == ({"a": 1}, {"b": 2})
    assert second == [BotReference(is_live=True)]


@pytest.mark.parametrize(
    "damaged", [b"", b"1,2", b"1]", b"[", b"NaN", b"\xff", b'{"$Unknown":{}}', b"[" * 500 + b"]" * 500]
)
def test_one_that_is_damaged_is_no_less_so_among_many(damaged):
    codec = JsonCodec()
    assert codec.decode_all([b"1", b'{"a":[2]}', b"3"]) == [1, {"a": [2]}, 3]
    for at in range(3):
        with pytest.raises(CannotLoadError):
            codec.decode_all([*[b"1", b'{"a":2}'][:at], damaged, *[b"1", b'{"a":2}'][at:]])


BERLIN = ZoneInfo("Europe/Berlin")
CENSUS = [
    *[None, True, 0, -0.0, 1.5, float("nan"), float("inf"), 10**5000, -(10**5000), "", "$tuple", "\ud83d", "é\n"],
    *[{1: "int", "1": "str", (1, "a"): "tuple", None: 0, 2.5: 1, "$x": 2, "": 3}, {True: 1}, {1.0: 1}, {"$tuple": []}],
    *[
        (1, [2, (3,)]),
        {1, "a", (2,)},
        frozenset({b"x"}),
        b"\x00",
        bytearray(b"\xff"),
        1j,
        complex("nan"),
        range(1, 9, 2),
    ],
    *[dt.date(1, 1, 1), dt.timedelta(-1, 2, 3), dt.timezone.utc, dt.timezone(dt.timedelta(0), "zero"), BERLIN],
    dt.datetime(2024, 10, 27, 2, 30, tzinfo=BERLIN, fold=1),
    dt.datetime(2024, 1, 1, 0, 0, 0, 1),  # noqa: DTZ001  naive ones are stored too
    *[dt.time(1, 2, fold=1), dt.time(3, tzinfo=dt.timezone.utc)],
    *[Decimal("1.10"), Decimal("sNaN1"), Fraction(10**5000, 3), uuid.UUID(int=5), uuid.uuid1()],
    *[deque([1, (2,)], maxlen=3), deque(), defaultdict(list, {1: [2]}), defaultdict(None), defaultdict(Cart)],
    *[Counter("hello"), Counter({"a": -1}), OrderedDict([("b", 1), ("a", 2)])],
    *[Cart(1, [{2}]), Frozen(1), Colour.BLUE, Level.HIGH, Rights.READ | Rights.WRITE, Rights(0), Name("n"), Point(1)],
    *[Model(number=1), Model(number=1, anything={"a": (1,)}), ObjectId(b"12"), Plain(Plain(1)), Both(1, 2)],
    *[ChatType.PRIVATE, {ChatType.GROUP: 1}, {Colour.RED: {Frozen((1,)): 2}}],
    *[slice(1, None, 2), re.compile("a|b", re.IGNORECASE), [1, [2]]],
]


@pytest.mark.parametrize("value", CENSUS, ids=lambda value: type(value).__name__)
def test_what_bots_store(codec, value):
    again = codec.decode(codec.encode([value, {"in": value}]))
    assert identical([value, {"in": value}], again)


def test_every_type_that_needs_no_registration_is_in_the_census():
    """Telegram's have tests of their own. The reference to a bot stands only inside other values."""
    native = {cls for cls in (*NATIVE, *number_classes()) if not cls.__module__.startswith("ptb_bucket")}
    assert native <= {type(value) for value in CENSUS}


def test_equal_sets_are_equal_json_in_every_process():
    program = (
        "from ptb_bucket.codecs import JsonCodec;"
        "print(JsonCodec().encode({'s': {'a', 'b', 'c', 1, (2, 'x'), None}, 'f': frozenset('hello')}))"
    )
    outputs = {
        subprocess.check_output([sys.executable, "-c", program], env={**os.environ, "PYTHONHASHSEED": seed})
        for seed in ("1", "2")
    }
    assert len(outputs) == 1


class Money:
    def __init__(self, amount, currency):
        self.amount, self.currency = amount, currency


def test_functions_of_ones_own():
    stored = StoredAs(Money, encode=lambda m: (m.amount, m.currency), decode=lambda v: Money(*v), name="cash")
    for codec in (JsonCodec([stored]), PickleCodec([stored])):
        again = codec.decode(codec.encode({"m": Money(Decimal(1), "EUR")}))["m"]
        assert (again.amount, again.currency) == (Decimal(1), "EUR")
    assert JsonCodec([stored]).encode(Money(1, "EUR")) == b'{"$cash":{"$tuple":[1,"EUR"]}}'


def test_local_classes():
    class Inner:
        pass

    for codec in (JsonCodec([Inner]), PickleCodec([Inner])):
        assert type(codec.decode(codec.encode(Inner()))) is Inner


def test_a_field_that_came_later_has_its_default(json_codec):
    assert json_codec.decode(b'{"$Cart":{"owner":1}}') == Cart(1, [])
    assert json_codec.decode(b'{"$Frozen":{"first":1}}') == Frozen(1)
    assert json_codec.decode(b'{"$Point":{"x":1}}') == Point(1)
    assert json_codec.decode(b'{"$Model":{"number":1}}').anything is None
    assert json_codec.decode(b'{"$Attrs":{"first":1}}') == strategies.Attrs(1)


def test_pickle_keeps_references_and_cycles(pickle_codec):
    shared = [1]
    again = pickle_codec.decode(pickle_codec.encode({"a": shared, "b": shared}))
    assert again["a"] is again["b"]
    cycle = Plain(None)
    cycle.value = [cycle]
    again = pickle_codec.decode(pickle_codec.encode(cycle))
    assert again.value[0] is again


def test_json_labels_a_shared_object_and_nothing_else(json_codec):
    shared = [1]
    data = json_codec.encode({"a": shared, "b": shared, "c": [1]})
    assert data == b'{"a":{"$id":1,"$list":[1]},"b":{"$ref":1},"c":[1]}'
    again = json_codec.decode(data)
    assert again == {"a": [1], "b": [1], "c": [1]}
    assert again["a"] is again["b"]
    assert again["a"] is not again["c"]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ({1: 2, "a": 3}, '{"$1":2,"a":3}'),
        ({(1, "a"): True}, '{"${\\"$tuple\\":[1,\\"a\\"]}":true}'),
        ({"$x": None}, '{"$\\"$x\\"":null}'),
        ({True: {None: 1.5}}, '{"$true":{"$null":1.5}}'),
        ({"b", "a"}, '{"$set":["a","b"]}'),
        (dt.datetime(2024, 1, 2, tzinfo=dt.timezone.utc), '{"$datetime":"2024-01-02T00:00:00+00:00"}'),
        (Cart(1), '{"$Cart":{"owner":1,"items":[]}}'),
        (Colour.RED, '{"$Colour":"RED"}'),
        (ChatType.PRIVATE, '{"$telegram.ChatType":"PRIVATE"}'),
        (Name("n"), '{"$Name":"n"}'),
        ("é", '"é"'),
    ],
)
def test_how_json_reads(json_codec, value, text):
    assert json_codec.encode(value).decode() == text


def test_a_pattern_prints_nothing_when_it_is_loaded(codec, capsys):
    value = re.compile("a|b", re.DEBUG | re.IGNORECASE)
    capsys.readouterr()
    again = codec.decode(codec.encode([value]))
    assert codec.equality.same(again, [value])
    assert again[0].flags == re.compile("a|b", re.IGNORECASE).flags
    by_hand = b'[{"$python.pattern":["a|b",160]}]'
    assert JsonCodec().decode(by_hand)[0].pattern == "a|b"
    assert capsys.readouterr().out == ""
