from __future__ import annotations

import asyncio
import datetime as dt
import io
import socket
import threading
import types
import weakref
from collections import Counter, OrderedDict, defaultdict
from functools import partial
from zoneinfo import ZoneInfo

import pytest
from telegram import Chat
from telegram.ext import Application, Job

from ptb_bucket.codecs import JsonCodec, PickleCodec, StoredAs
from ptb_bucket.codecs.types import refusal
from ptb_bucket.errors import CannotStoreError, ConfigurationError
from support.values.strategies import TYPES, Cart, Plain

SECRET = "what the user wrote"


class Unknown:
    def __repr__(self):
        return SECRET


class UnknownText(str):
    __slots__ = ()


class UnknownDict(dict):
    pass


def refused(codec, value):
    with pytest.raises(CannotStoreError) as caught:
        codec.encode(value)
    assert SECRET not in str(caught.value)
    assert caught.value.__cause__ is None
    return caught.value


@pytest.mark.parametrize(
    ("value", "path"),
    [
        (Unknown(), ()),
        ({"job": Unknown()}, ('["job"]',)),
        ({42: [0, {"a": (Unknown(),)}]}, ("[42]", "[1]", '["a"]', "[0]")),
        (Cart([Unknown()]), (".owner", "[0]")),
        (Plain(Plain(Unknown())), (".value", ".value")),
        ({Unknown(): 1}, ("[<Unknown>]",)),
        ([{Unknown()}], ("[0]", "{...}")),
        ({10**5000: Unknown()}, ("[<int>]",)),
        ({(1, -(10**5000)): Unknown()}, ("[<tuple>]",)),
        ({(1, -(10**50)): Unknown()}, (f"[(1, -1{'0' * 31}...]",)),
        ({"x" * 99: Unknown()}, (f'["{"x" * 36}...]',)),
    ],
)
def test_the_path_leads_to_it(codec, value, path):
    error = refused(codec, value)
    assert error.path == path
    assert error.reason == f"the class Unknown (module {__name__}) is not registered"
    assert error.hint == "Register it: BucketPersistence(..., types=[Unknown])"


@pytest.mark.parametrize("value", [UnknownText("x"), UnknownDict(a=1)])
def test_subclasses_can_be_converted(codec, value):
    base = type(value).__base__.__name__
    assert refused(codec, [value]).hint.startswith(f"Convert it with {base}(), or register it: ")


async def _nothing():
    pass


def live_things():
    yield from (threading.Lock(), threading.Thread(), io.BytesIO(), iter([1]), (n for n in ()), types, len, Plain)
    yield from (partial(print), memoryview(b""), weakref.ref(Plain), Job.__new__(Job), object(), lambda: 1, [].append)


@pytest.mark.parametrize("value", list(live_things()), ids=lambda value: type(value).__name__)
def test_live_objects_are_refused_with_advice(codec, value):
    error = refused(codec, {"a": [value]})
    assert error.path == ('["a"]', "[0]")
    assert "belong in code" in error.hint
    assert "not supported" in error.reason or "the value is a" in error.reason


async def test_what_hangs_on_a_loop(codec):
    task = asyncio.ensure_future(_nothing())
    await task
    with socket.socket() as connection:
        application = Application.builder().token("1:a").build()
        for value in (task, asyncio.Lock(), connection, application):
            assert "belong in code" in refused(codec, [value]).hint


def test_a_lock_inside_a_registered_object(codec):
    assert refused(codec, Plain([threading.Lock()])).path == (".value", "[0]")


def test_a_lambda_cannot_be_a_default_factory(codec):
    error = refused(codec, {"d": defaultdict(lambda: 1)})
    assert error.path == ('["d"]', ".default_factory")


class Raising:
    def __reduce__(self):
        raise ValueError(SECRET)


class Elsewhere:
    def __reduce__(self):
        return print, (SECRET,)


class AsGlobal:
    def __reduce__(self):
        return "GLOBAL"


@pytest.mark.parametrize("cls", [Raising, Elsewhere, AsGlobal])
def test_classes_that_cannot_be_taken_apart(cls):
    for codec in (JsonCodec([cls]), PickleCodec([cls])):
        assert refused(codec, [cls()]).path == ("[0]",)


def test_functions_of_ones_own_that_raise():
    def encode(_):
        raise ValueError(SECRET)

    for codec in (JsonCodec([StoredAs(Unknown, encode=encode, decode=Unknown)]),):
        assert refused(codec, [Unknown()]).path == ("[0]",)


def test_json_refuses_a_cycle_through_what_cannot_be_made_empty():
    class Ring:
        def __init__(self, to=None):
            self.to = to

    codec = JsonCodec([StoredAs(Ring, encode=lambda ring: [ring.to], decode=lambda parts: Ring(*parts))])
    ring = Ring()
    ring.to = [ring]
    error = refused(codec, {"ring": ring})
    assert error.path[:1] == ('["ring"]',)
    assert "contains itself" in error.reason


def nested(depth):
    value = []
    for _ in range(depth):
        value = [value]
    return value


def test_depth_has_a_limit(json_codec):
    assert json_codec.decode(json_codec.encode(nested(99))) == nested(99)
    for depth in (101, 5000, 100_000):
        error = refused(json_codec, nested(depth))
        assert "nested too deeply" in error.reason
        assert error.path == (*["[0]"] * 8, "...")


def test_objects_at_the_limit_of_depth(json_codec):
    value = None
    for _ in range(45):
        value = Plain({"x": (value,)})
    for depth in range(20, 45):
        cut = value
        for _ in range(depth):
            cut = cut.value["x"][0]
        try:
            data = json_codec.encode(cut)
        except CannotStoreError:
            continue
        assert json_codec.encode(json_codec.decode(data)) == data
    assert "nested too deeply" in refused(json_codec, value).reason


def test_pickle_refuses_what_is_too_deep(pickle_codec):
    assert "nested too deeply" in refused(pickle_codec, nested(100_000)).reason


def test_json_refuses_keys_that_would_become_one(json_codec):
    assert "two dict keys" in refused(json_codec, [{float("nan"): 1, float("nan"): 2}]).reason


def test_json_refuses_attributes_that_it_would_lose(json_codec):
    for cls in (Counter, OrderedDict):
        value = cls(a=1)
        value.note = "x"
        assert "it has attributes" in refused(json_codec, value).reason


@pytest.mark.parametrize(
    "types",
    [
        [Cart, Cart],
        [Cart, StoredAs(Plain, encode=str, decode=str, name="Cart")],
        [StoredAs(Plain, encode=str, decode=str, name="tuple")],
        [StoredAs(Plain, encode=str, decode=str, name="4")],
        [StoredAs(Plain, encode=str, decode=str, name="true")],
        [StoredAs(int, encode=str, decode=int)],
        ["Cart"],
        [Cart(1)],
        "Cart",
        Cart,
        5,
        [type("tuple", (), {})],
    ],
)
@pytest.mark.parametrize("cls", [JsonCodec, PickleCodec])
def test_wrong_types(cls, types):
    with pytest.raises(ConfigurationError):
        cls(types)


def test_registering_what_needs_no_registration_is_harmless():
    for cls in (JsonCodec, PickleCodec):
        codec = cls([int, list, *TYPES, Counter])
        assert codec.decode(codec.encode([1])) == [1]


def test_stored_as_wants_a_class():
    with pytest.raises(ConfigurationError):
        StoredAs("Cart", encode=str, decode=str)


def with_an_attribute(value):
    value.extra = SECRET
    return value


@pytest.mark.parametrize("cls", [Counter, OrderedDict])
def test_a_dict_class_with_an_attribute_becomes_a_plain_one(json_codec, cls):
    error = refused(json_codec, {"v": with_an_attribute(cls(a=1))})
    assert error.path == ('["v"]',)
    assert error.hint == "Convert it to a plain dict or list"


def test_a_counters_attribute_is_not_lost_silently(pickle_codec):
    error = refused(pickle_codec, {"v": with_an_attribute(Counter(a=1))})
    assert error.path == ('["v"]',)
    assert error.hint == "Convert it to a plain dict or list"


@pytest.mark.parametrize("value", [{}, [], Counter(), dt.time(), Chat(1, "private")], ids=lambda v: type(v).__name__)
def test_no_advice_to_register_a_class_that_cannot_be_registered(value):
    with pytest.raises(ConfigurationError):
        JsonCodec([StoredAs(type(value), encode=repr, decode=repr)])
    assert "Register" not in refusal(value, why="loading it back gives a different value").hint


@pytest.mark.parametrize(
    "value",
    [{float("nan"), float("nan")}, frozenset([ZoneInfo("UTC"), ZoneInfo.no_cache("UTC")])],
    ids=["NaN", "zones"],
)
@pytest.mark.parametrize("shared", [[], [[1]] * 2], ids=["", "shared"])
def test_members_that_would_become_one(json_codec, value, shared):
    error = refused(json_codec, {"v": value, "shared": shared})
    assert error.path == ('["v"]',)
    assert "would lose some of its keys or members" in error.reason


def test_members_that_only_look_the_same(codec):
    value = {Plain(1), Plain(1)}
    assert len(codec.decode(codec.encode(value))) == 2


class Undeep:
    pass


def test_a_class_is_not_taken_for_depth_by_its_name(codec):
    value = Undeep()
    for level in range(12):
        value = {level: value}
    assert len(refused(codec, value).path) == 12
