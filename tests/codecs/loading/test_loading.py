from __future__ import annotations

import collections
import contextlib
import datetime as dt
import json
import pickle
import pickletools

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from ptb_bucket.codecs import BotReference, JsonCodec, PickleCodec, open_codec
from ptb_bucket.codecs import _allowed as allowed
from ptb_bucket.errors import CannotLoadError, ConfigurationError
from support.values import strategies
from support.values.strategies import TYPES, Cart, Colour, Plain

SECRET = "what the user wrote"

NAMES = (
    "tuple set frozenset bytes bytearray float int str datetime date time timedelta timezone zone decimal fraction "
    "complex uuid deque defaultdict counter ordereddict range bot telegram Cart Frozen Colour Rights Model Attrs Point "
    "Name Basket ObjectId Plain Both true null 1 Nothing"
)
TAGS = st.sampled_from(NAMES.split()).map("${}".format)
LEAVES = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5)
WORDS = st.sampled_from(
    ["new", "call", "Message", "User", "list", "$Cart", "RED", "UTC", "x", "2024-01-01", "nan", "YQ=="]
)


def documents(inner):
    keys = TAGS | st.text(max_size=3) | st.just("first_name")
    tagged = st.builds(lambda tag, payload: {tag: payload}, TAGS, inner)
    return st.lists(inner, max_size=4) | st.dictionaries(keys, inner, max_size=3) | tagged


@given(st.recursive(LEAVES | WORDS, documents, max_leaves=12))
def test_any_json_is_loaded_or_refused(document):
    data = json.dumps(document).encode()
    with contextlib.suppress(CannotLoadError):
        JsonCodec(TYPES).decode(data)


@given(strategies.storable(), st.data())
def test_mutated_json_is_loaded_or_refused(value, data):
    codec = JsonCodec(TYPES)
    encoded = bytearray(codec.encode(value))
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.integers(0, len(encoded) - 1))
        encoded[at : at + data.draw(st.integers(0, 2))] = data.draw(
            st.binary(max_size=2) | st.sampled_from([b"$", b"[]"])
        )
        assume(encoded)
    try:
        codec.decode(bytes(encoded))
    except CannotLoadError as exc:
        assert exc.__cause__ is None  # noqa: PT017  either outcome is fine


def huge_memo(data):
    """Make a pickle with a huge memo. Python gives it as much memory as it asks for, and no allow-list sees that."""
    try:
        return any(op.name in {"PUT", "LONG_BINPUT"} and arg > 1000 for op, arg, _ in pickletools.genops(data))
    except Exception:  # noqa: BLE001  damaged, and found to be so before any such instruction
        return False


@given(strategies.storable(), st.data())
def test_mutated_pickles_are_loaded_or_refused(value, data):
    codec = PickleCodec(TYPES)
    encoded = bytearray(codec.encode(value))
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.integers(0, len(encoded) - 1))
        encoded[at : at + data.draw(st.integers(0, 2))] = data.draw(st.binary(max_size=2))
        assume(encoded)
    assume(not huge_memo(bytes(encoded)))
    with contextlib.suppress(CannotLoadError):
        codec.decode(bytes(encoded))


@given(st.binary(max_size=30))
def test_any_bytes_are_refused_or_loaded(data):
    assume(not huge_memo(data))
    for codec in (JsonCodec(), PickleCodec()):
        with contextlib.suppress(CannotLoadError):
            codec.decode(data)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{",
        b"NaN",
        b"[Infinity]",
        b"\xff",
        '"\\ud800"'.encode("utf-16"),
        b"[" * 100_000,
        b'{"$a":' * 50_000,
        b'{"$bytes":"!"}',
        b'{"$bytes":5}',
        b'{"$tuple":"ab"}',
        b'{"$fraction":[1,0]}',
        b'{"$decimal":"what the user wrote"}',
        b'{"$date":"what the user wrote"}',
        b'{"$datetime":["2024-01-01",5,0]}',
        b'{"$zone":"../../etc/passwd"}',
        b'{"$zone":"No/Where"}',
        b'{"$set":[[]]}',
        b'{"$uuid":"x"}',
        b'{"$defaultdict":["eval",{}]}',
        b'{"$defaultdict":["$Nothing",{}]}',
        b'{"$telegram":["Nothing",{}]}',
        b'{"$telegram":["Bot",{"token":"1:a"}]}',
        b'{"$telegram":["User",{"id":1}]}',
        b'{"$Colour":"GREEN"}',
        b'{"$Cart":5}',
        b'{"$Cart":["exec",["x"]]}',
        b'{"$Point":{"z":1}}',
        b'{"$[1]":2}',
        b'{"$":2}',
        b'{"$tuple":[],"a":1}',
        b'{"\\u0024nothing":1}',
        b"1" * 5000,
    ],
)
def test_damaged_json(data):
    with pytest.raises(CannotLoadError) as caught:
        JsonCodec(TYPES).decode(data)
    assert SECRET not in str(caught.value)


def test_the_line_that_registers_it():
    with pytest.raises(CannotLoadError, match=r"the class Cart .*types=\[Cart\]"):
        JsonCodec().decode(JsonCodec([Cart]).encode({"a": Cart(1)}))
    with pytest.raises(CannotLoadError, match=r"the class Cart .*types=\[Cart\]"):
        PickleCodec().decode(PickleCodec([Cart]).encode({"a": Cart(1)}))


def build_on(what):
    """Make a pickle that runs ``BUILD`` with ``(None, {"changed": 1})`` on what ``what`` leaves on the stack."""
    return b"\x80\x04" + what + b"N}\x8c\x07changed\x94K\x01s\x86b."


def text(name):
    return b"\x8c" + bytes([len(name)]) + name.encode()


def named(module, name):
    return text(module) + text(name) + b"\x93"


def test_build_cannot_change_what_a_pickle_names():
    for cls in allowed.IMMUTABLE:
        with pytest.raises(CannotLoadError):
            PickleCodec().decode(build_on(named(cls.__module__, cls.__qualname__)))
        assert not hasattr(cls, "changed")
    for made in allowed.MAKERS:
        with pytest.raises(CannotLoadError):
            PickleCodec().decode(build_on(named(made.__module__, made.__name__)))
        assert not hasattr(made, "changed")


def test_no_class_written_in_python_can_be_named():
    for cls in (Cart, Plain, Colour, collections.Counter):
        with pytest.raises(CannotLoadError):
            PickleCodec(TYPES).decode(pickle.dumps(cls))


def test_immutable_types_are_immutable():
    for cls in allowed.IMMUTABLE:
        with pytest.raises(TypeError):
            cls.changed = 1


def test_a_member_is_not_made_of_something_else():
    member = named(allowed.__name__, "member") + text("Cart") + text("RED") + b"\x86R."
    with pytest.raises(CannotLoadError):
        PickleCodec(TYPES).decode(b"\x80\x04" + member)
    thing = named(allowed.__name__, "thing") + text("$Cart") + b"}\x86R."
    with pytest.raises(CannotLoadError):
        PickleCodec(TYPES).decode(b"\x80\x04" + thing)


def test_build_cannot_change_the_live_bot(bot):
    codec = PickleCodec()
    codec.bot = bot
    live = named(allowed.__name__, "bot") + b"\x88\x85R"
    assert codec.decode(b"\x80\x04" + live + b".") == BotReference(is_live=True)
    for state in (b"N}\x8c\x07changed\x94K\x01s\x86b.", b"}\x8c\x0a_bot_user2\x94K\x01sb."):
        with contextlib.suppress(CannotLoadError):
            codec.decode(b"\x80\x04" + live + state)
    assert not hasattr(bot, "changed")
    assert not hasattr(BotReference, "changed")


def test_every_global_of_ours_can_be_loaded():
    codec = PickleCodec()
    for value in (dt.timedelta(1), [int, dt.date], collections.OrderedDict(a=1)):
        assert codec.decode(codec.encode(value)) == value


def test_codecs_by_name():
    assert [open_codec(name, []).extension for name in ("json", "pickle")] == [".json", ".pkl"]
    with pytest.raises(ConfigurationError, match="json, pickle"):
        open_codec("yaml", [])
