"""Plain values, which are written without the code for types: the same bytes, and no code of typed values."""

from __future__ import annotations

import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ptb_bucket.codecs import JsonCodec
from ptb_bucket.codecs.json.typed_values import TypedValues
from ptb_bucket.codecs.json_text import BIG, DEEPEST_VALUE, is_plain
from ptb_bucket.errors import CannotStoreError
from support.values import strategies

SHARED: list[int] = []
LONE = "\ud800"


class Text(str):
    """A text of the bot's own, without room for attributes."""

    __slots__ = ()


def nested(levels):
    value = 1
    for _ in range(levels):
        value = [value]
    return value


def plain():
    leaves = st.none() | st.booleans() | st.integers() | st.floats() | strategies.texts()
    return st.recursive(
        leaves,
        lambda inner: st.lists(inner) | st.dictionaries(strategies.texts() | st.sampled_from(["$", "$set"]), inner),
    )


def encoded(codec, value):
    try:
        return codec.encode(value, known=())
    except CannotStoreError as error:
        return str(error)


def typed():
    return TypedValues(codec := JsonCodec(), (), codec.decoder())


@given(plain())
def test_plain_values_have_the_bytes_that_the_encoder_of_typed_values_gives(value):
    assert encoded(JsonCodec(), value) == encoded(typed(), value)


@pytest.mark.parametrize("levels", range(DEEPEST_VALUE - 2, DEEPEST_VALUE + 4))
def test_the_deepest_values_are_the_same(levels):
    assert encoded(JsonCodec(), nested(levels)) == encoded(typed(), nested(levels))


@pytest.mark.parametrize("value", [None, "", 0, 1.5, True, {}, [], {"a": [{"b": None}, 1]}, BIG - 1, "$set"])
def test_values_of_the_types_of_json_are_plain(value):
    assert is_plain(value)


@pytest.mark.parametrize(
    "value",
    [
        *(BIG, -BIG, (1,), {1}, b"", {1: 2}, {"$set": []}, [SHARED, SHARED], {"a": SHARED, "b": [SHARED]}, Text("a")),
        *([Text("a")], {Text("a"): 1}, nested(DEEPEST_VALUE + 1), [object()]),
    ],
)
def test_other_values_are_not_plain(value):
    assert not is_plain(value)


def test_a_value_that_contains_itself_is_not_plain():
    value: list[object] = []
    value.append({"me": value})
    assert not is_plain(value)


@pytest.mark.parametrize("value", [float("nan"), [float("inf")], LONE, {LONE: 1}, [LONE]], ids=ascii)
def test_values_that_json_cannot_hold_are_tagged(value):
    assert b"$" in JsonCodec().encode(value)


def test_plain_values_need_no_code_of_typed_values():
    code = """
import sys
from ptb_bucket.codecs import open_codec
codec = open_codec("json")
assert codec.decode(codec.encode({"a": [1, 2.5, None]})) == {"a": [1, 2.5, None]}
assert codec.decode_all([b"[1]", b"{}"]) == [[1], {}]
assert codec.surely_differ(b"1", b"2")
assert "ptb_bucket.codecs.types" not in sys.modules
assert codec.decode(codec.encode((1,))) == (1,)
assert "ptb_bucket.codecs.types" in sys.modules
"""
    run(code)


def test_threads_may_meet_the_first_typed_values_at_once():
    run("""
import sys, threading
from concurrent.futures import ThreadPoolExecutor
from ptb_bucket.codecs import open_codec
sys.setswitchinterval(1e-6)
codec, all_ready = open_codec("json"), threading.Barrier(8)
def work(number):
    all_ready.wait()
    return codec.encode(codec.decode(b'{"$tuple":[{"$set":[%d]}]}' % number)) if number % 2 else codec.encode((number,))
with ThreadPoolExecutor(8) as threads:
    done = list(threads.map(work, range(8)))
assert done == [b'{"$tuple":[{"$set":[%d]}]}' % n if n % 2 else b'{"$tuple":[%d]}' % n for n in range(8)]
""")


def run(code):
    done = subprocess.run([sys.executable, "-c", code], check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
