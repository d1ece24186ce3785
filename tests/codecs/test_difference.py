"""Tests that the quick look at two JSON texts finds plain changes, and never takes equal values for different."""

from __future__ import annotations

import json

import pytest
from hypothesis import given

from ptb_bucket.codecs import JsonCodec
from support.values import strategies
from support.values.strategies import identical

CODEC = JsonCodec(strategies.TYPES)


def respelled(data):
    """Write a record as an editor might: with other white space and escapes."""
    return json.dumps(json.loads(data), indent=1, ensure_ascii=True).encode()


@given(strategies.storable(), strategies.storable())
def test_values_that_surely_differ_are_not_identical(a, b):
    one, other = CODEC.encode(a), CODEC.encode(b)
    for text in (other, respelled(other)):
        assert not (CODEC.surely_differ(one, text) and identical(a, b))


@given(strategies.storable())
def test_no_value_differs_from_itself_in_another_spelling(value):
    data = CODEC.encode(value)
    assert not CODEC.surely_differ(data, respelled(data))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"a": 1}, {"a": 2}),
        ({"a": 1}, {"b": 1}),
        ({"a": {"b": [1, 2]}}, {"a": {"b": [1, 3]}}),
        ([1], [1, 2]),
        (1, "1"),
        (["x"], "x"),
        ({"plain": 1, "tagged": {1, 2}}, {"plain": 2, "tagged": {1, 2}}),
    ],
)
def test_a_changed_plain_part_is_seen(one, other):
    assert CODEC.surely_differ(CODEC.encode(one), CODEC.encode(other))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (b'{"a":1}', b'{"a":1.0}'),
        (b'{"a":1,"b":2}', b'{"b":2,"a":1}'),
        (b'{"$set":[1,2]}', b'{"$set":[2,1]}'),
        (b'{"x":{"$set":[1,2]}}', b'{"x":{"$set":[2,1]}}'),
        (b'{"$5":"x","$6":"y"}', b'{"$ 5":"x","$6":"y"}'),
        (b'[{"$id":1},{"$ref":1}]', b'[{"$id":2},{"$ref":2}]'),
        (b"[1]", b'{"$list":[1]}'),
        (b"damaged", b"[1]"),
        (b"[" * 5000 + b"1" + b"]" * 5000, b"[" * 5000 + b"2" + b"]" * 5000),
    ],
)
def test_what_only_decoding_can_tell_is_left_to_it(one, other):
    assert not CODEC.surely_differ(one, other)
