"""Tests that keys made to collide, or nested deeply, are refused before they take long, and others are welcome."""

from __future__ import annotations

import collections
import fractions
import pickle

import pytest

from ptb_bucket.codecs import JsonCodec, PickleCodec
from ptb_bucket.errors import CannotLoadError, CannotStoreError

FLOOD = 5_000
PRIME = 2**61 - 1


@pytest.mark.parametrize(
    "value",
    [
        {number * PRIME: 1 for number in range(200)},
        {number * PRIME for number in range(200)},
        frozenset(number * PRIME for number in range(200)),
        {float(2**61 * number): 1 for number in range(1, 200)} | {fractions.Fraction(k * PRIME): k for k in range(99)},
    ],
    ids=["keys", "members", "frozen members", "numbers of several kinds"],
)
def test_keys_that_were_made_to_collide_are_refused_when_they_are_saved(codec, value):
    if codec is PickleCodec and isinstance(value, dict) and float(2**61) in value:
        value = {int(key): 1 for key in value}  # a pickle's floats and fractions are what they are
    with pytest.raises(CannotStoreError, match="hash"):
        codec().encode({"flood": value})


class Chosen(set):
    """A bot author's subclass of set."""


@pytest.mark.parametrize(
    "value",
    [
        {(number * PRIME, 1): 1 for number in range(200)},
        {number * PRIME * 2**2100: 1 for number in range(200)},
        collections.OrderedDict.fromkeys(range(0, 200 * PRIME, PRIME)),
        Chosen(range(0, 200 * PRIME, PRIME)),
    ],
    ids=["in tuples", "longer ones", "ordered", "own set"],
)
def test_colliding_keys_of_every_kind_are_refused_when_they_are_saved(codec, value):
    with pytest.raises(CannotStoreError, match="hash"):
        codec([Chosen]).encode({"flood": value})


@pytest.mark.parametrize(
    "value",
    [
        [number * PRIME for number in range(200)],
        collections.deque(number * PRIME for number in range(200)),
        dict(enumerate(range(0, 200 * PRIME, PRIME))),
        {name: set(range(begin * PRIME, (begin + 40) * PRIME, PRIME)) for name, begin in (("a", 0), ("b", 40))},
    ],
    ids=["list", "deque", "values", "two sets"],
)
def test_numbers_of_one_hash_that_are_no_keys_of_one_container_are_values_like_others(codec, value):
    made = codec()
    assert made.decode(made.encode({"guesses": value})) == {"guesses": value}


def test_keys_that_were_made_to_collide_are_refused_when_they_are_loaded():
    keys = ",".join(f'"${number * PRIME}":1' for number in range(FLOOD))
    members = ",".join(str(number * PRIME) for number in range(FLOOD))
    for text in (f'{{"a":{{{keys}}}}}', f'{{"$set":[{members}]}}', f'{{"$frozenset":[{members}]}}'):
        for labelled in (text, f'[{{"$id":1}},{{"$ref":1}},{text}]'):
            with pytest.raises(CannotLoadError):
                JsonCodec().decode(labelled.encode())
    for value in (dict.fromkeys(range(0, FLOOD * PRIME, PRIME)), set(range(0, FLOOD * PRIME, PRIME))):
        with pytest.raises(CannotLoadError, match="collide"):
            PickleCodec().decode(pickle.dumps(value, protocol=5))


def test_many_keys_that_do_not_collide_are_welcome(codec):
    value = {"ids": {number * 10**12: number for number in range(2_000)}, "set": set(range(2_000))}
    made = codec()
    assert made.decode(made.encode(value)) == value


def test_keys_are_not_nested_deeper_than_values():
    key = "1"
    for _ in range(500):
        key = f'{{"$tuple":[{key}]}}'
    quoted = key.replace('"', '\\"')
    for text in (f'{{"${quoted}":1}}', f'{{"a":{{"${quoted}":1}},"b":{{"$id":1}},"c":{{"$ref":1}}}}'):
        with pytest.raises(CannotLoadError, match="nested"):
            JsonCodec().decode(text.encode())
