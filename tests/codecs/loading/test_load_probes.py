"""Tests that every saved value can be loaded: values whose class runs code at loading are tried before saving."""

from __future__ import annotations

import collections
import enum

import pytest

from ptb_bucket.codecs import JsonCodec, StoredAs
from ptb_bucket.errors import CannotLoadError, CannotStoreError

SECRET = "rosebud"


class NeedsAnArgument:
    def __new__(cls, _):
        return super().__new__(cls)


class RaisesWhenLoaded:
    def __getstate__(self):
        return {"text": SECRET}

    def __setstate__(self, state):
        raise ValueError(SECRET)


class BecomesAnother:
    def __init__(self, state=1):
        self.state = state

    def __setstate__(self, state):
        self.state = state["state"] + 1


class Validating(dict):
    def __setitem__(self, key, value):
        if value is None:
            raise ValueError(SECRET)
        super().__setitem__(key, value)


class HashedByMore:
    """A class whose hash uses an attribute that is not stored."""

    def __init__(self, text=SECRET):
        self.text = text

    def __hash__(self):
        return hash(self.text)

    def __eq__(self, other):
        return self.text == other.text

    def __getstate__(self):
        return {}


class Merging:
    """A class whose instances are all equal once stored, so that a set of two becomes a set of one."""

    def __init__(self, number):
        self.number = number

    def __hash__(self):
        return 1

    def __eq__(self, other):
        return self.number == other.number

    def __getstate__(self):
        return {"number": 0}


class Wrapped:
    pass


class Strict(enum.Flag):
    ONE = 1

    @classmethod
    def _missing_(cls, value):
        raise KeyError(SECRET)


def validating():
    value = Validating(a=1)
    dict.__setitem__(value, "b", None)
    return value


TYPES = [
    *[NeedsAnArgument, RaisesWhenLoaded, BecomesAnother, Validating, HashedByMore, Merging, Strict],
    StoredAs(Wrapped, encode=lambda _: SECRET, decode=lambda text: text),
]
BAD = {
    "a class that needs an argument": lambda: NeedsAnArgument(1),
    "one that raises": RaisesWhenLoaded,
    "one that becomes another value": BecomesAnother,
    "a dict that refuses an item": validating,
    "a function that gives another class": Wrapped,
    "a key that cannot be hashed": lambda: {HashedByMore(): 1},
    "a member that cannot be hashed": lambda: {HashedByMore()},
    "a key inside a tuple": lambda: {(1, HashedByMore()): 1},
    "two members that become equal": lambda: {Merging(1), Merging(2)},
    "one inside a registered class": lambda: Validating(a=RaisesWhenLoaded()),
}


@pytest.mark.parametrize("name", BAD)
def test_a_value_that_could_not_be_loaded_is_refused_by_its_path(codec, name):
    with pytest.raises(CannotStoreError) as caught:
        codec(TYPES).encode({"good": 1, "bad": [BAD[name]()]})
    assert caught.value.path[:2] == ('["bad"]', "[0]")
    assert SECRET not in str(caught.value)


@pytest.mark.parametrize("name", BAD)
def test_it_is_refused_too_if_it_is_at_two_places(codec, name):
    bad = BAD[name]()
    with pytest.raises(CannotStoreError):
        codec(TYPES).encode({"a": bad, "b": [bad]})


def test_the_value_decides_and_not_its_class(codec):
    made = codec(TYPES)
    assert made.decode(made.encode(Validating(a=1))) == {"a": 1}
    with pytest.raises(CannotStoreError):
        made.encode(validating())
    assert made.decode(made.encode({"good": Validating(b=2)})) == {"good": {"b": 2}}


class Counting:
    loads = 0

    def __init__(self, number):
        self.number = number

    def __setstate__(self, state):
        type(self).loads += 1
        self.__dict__.update(state)


def test_what_came_from_the_bucket_is_not_tried_again(codec):
    made = codec([Counting])
    data = made.encode({"counted": [Counting(number) for number in range(5)], "n": 1})
    value = made.decode(data)
    Counting.loads = 0
    value["n"] = 2
    after = made.encode(value, known=[data])
    assert Counting.loads == 0
    value["counted"][3].number = 99
    made.encode(value, known=[after])
    assert Counting.loads == 1


def test_two_values_that_cannot_be_loaded_are_named_together(codec):
    with pytest.raises(CannotStoreError) as caught:
        codec(TYPES).encode({"one": RaisesWhenLoaded(), "other": [NeedsAnArgument(1)]})
    assert '["one"]' in str(caught.value)
    assert '["other"][0]' in str(caught.value)


class Plate:
    """A class that is made from one text, which its __new__ takes."""

    __slots__ = ("_text",)

    def __new__(cls, text):
        made = super().__new__(cls)
        object.__setattr__(made, "_text", text)
        return made

    def __getnewargs__(self):
        return (self._text,)

    def __getstate__(self):
        return None


def test_a_class_that_is_made_from_one_text(codec):
    made = codec([Plate])
    assert made.decode(made.encode([Plate("B-XY 1")]))[0]._text == "B-XY 1"


def test_a_value_of_an_older_version_that_could_not_be_loaded_is_recovered():
    assert JsonCodec([Plate]).decode(b'{"$Plate":"B-XY 1"}')._text == "B-XY 1"


def test_a_payload_that_is_no_argument_of_its_class_is_damaged():
    for payload in (b"5", b"null", b"true", b'"text"'):
        with pytest.raises(CannotLoadError):
            JsonCodec([Counting]).decode(b'{"$Counting":%b}' % payload)


class ReadOnly(collections.Counter):
    """A Counter that refuses changes, so that loading cannot fill it."""

    def _refuse(self, *_, **__):
        raise TypeError(SECRET)

    __setitem__ = update = _refuse


@pytest.mark.parametrize("times", [1, 2])
def test_a_counter_that_loading_cannot_fill_is_refused_however_often_it_is_held(codec, times):
    prices = collections.Counter.__new__(ReadOnly)
    dict.__setitem__(prices, "tea", 1)
    with pytest.raises(CannotStoreError, match="ReadOnly") as refused:
        codec([ReadOnly]).encode([prices] * times)
    assert SECRET not in str(refused.value)
    assert codec([ReadOnly]).decode(codec([ReadOnly]).encode({"n": 1})) == {"n": 1}
