"""Tests of tools on values whose classes they do not have: nothing is lost, and no code runs."""

from __future__ import annotations

import json
import os
import pickle
from collections import defaultdict
from datetime import datetime, timezone, tzinfo

import pytest
from hypothesis import given
from telegram import Chat, Message

from ptb_bucket.codecs import JsonCodec, PickleCodec, PreservingJsonCodec, UnknownInstance, render_pickle, same
from ptb_bucket.errors import CannotLoadError
from ptb_bucket.state import Record, RecordMerger
from support.values import malicious_pickles, strategies
from support.values.strategies import TYPES, Cart, Colour, Frozen


@given(strategies.storable())
def test_unknown_classes_round_trip_byte_by_byte_in_json(value):
    data = JsonCodec(TYPES).encode(value)
    tolerant = PreservingJsonCodec()
    assert tolerant.encode(tolerant.decode(data)) == data
    assert same(tolerant.decode(data), tolerant.decode(data))


@given(strategies.storable())
def test_a_pickle_is_shown_without_the_classes(value):
    assert render_pickle(PickleCodec(TYPES).encode(value))


class Zone(tzinfo):
    def utcoffset(self, _when):
        return None

    def __reduce__(self):
        return (Zone, ())


@pytest.mark.parametrize(
    "value",
    [defaultdict(Cart, x=Cart("ada")), {Frozen(1): {Frozen(2)}}, {"at": datetime(2026, 1, 1, tzinfo=Zone()), "x": 1}],
    ids=["factory", "key and member", "zone"],
)
def test_classes_in_odd_places(value):
    data = JsonCodec([Cart, Frozen, Zone]).encode(value)
    assert PreservingJsonCodec().encode(PreservingJsonCodec().decode(data)) == data


def test_a_factory_beside_an_object_at_several_places():
    shared = [1]
    carts = defaultdict(Cart, x=shared)
    data = JsonCodec([Cart]).encode({"carts": carts, "again": carts, "a": shared})
    assert PreservingJsonCodec().encode(PreservingJsonCodec().decode(data)) == data


def test_many_keys_of_one_unknown_class():
    data = JsonCodec(TYPES).encode({Frozen(number): number for number in range(100)})
    assert PreservingJsonCodec().encode(PreservingJsonCodec().decode(data)) == data


@pytest.mark.parametrize("shared", [[], [[1]] * 2], ids=["", "shared"])
@pytest.mark.parametrize("library", ["numpy", "pytz", "pydantic_core", "tzdata"])
def test_values_of_a_missing_library(missing, library, shared):
    value = {"v": missing.values[library], "at": (missing.values[library],), "shared": shared}
    data = JsonCodec().encode(value)
    missing(library)
    again = PreservingJsonCodec().decode(data)
    assert type(again["v"]) is UnknownInstance
    assert PreservingJsonCodec().encode(again) == data


def test_what_is_damaged_is_not_taken_for_unknown():
    for damaged in (b'{"$tuple":5}', b'{"$datetime":"soon"}', b"{"):
        with pytest.raises(CannotLoadError):
            PreservingJsonCodec().decode(damaged)


def test_it_merges_as_a_whole():
    merger = RecordMerger(PreservingJsonCodec())
    base, ours, theirs = (b'{"$Cart":{"a":%d,"b":%d}}' % each for each in ((1, 1), (2, 1), (1, 2)))
    whole = merger.merge(Record.user(1), base, b'{"x":%s}' % ours, b'{"x":%s}' % theirs)
    assert json.loads(whole)["x"] == {"$Cart": {"a": 2, "b": 1}}


class Evil:
    def __reduce__(self):
        return os.mkdir, ("ptb-bucket-was-here",)


def test_a_hostile_pickle_is_shown_and_does_nothing(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    shown = json.loads(render_pickle(pickle.dumps({"a": Evil(), "f": print})))
    assert shown["a"] == {f"${os.mkdir.__module__}.mkdir": {"args": ["ptb-bucket-was-here"]}}
    assert list(tmp_path.iterdir()) == []


def test_a_pickle_that_would_fill_all_memory_is_listed():
    bomb = []
    for _ in range(60):
        bomb = (bomb, bomb)
    assert "EMPTY_LIST" in render_pickle(pickle.dumps(bomb))


def test_a_pickle_whose_objects_occur_again_and_again_is_shown_with_labels():
    shared = []
    for _ in range(60):
        shared = [shared, shared]
    shown = render_pickle(pickle.dumps(shared))
    assert shown.startswith('[{"$id":1,"$list":[{"$id":2,')
    assert shown.endswith('{"$ref":2}]},{"$ref":1}]')


def test_a_pickled_message_is_shown_beside_a_cycle():
    message = Message(1, datetime(2024, 1, 1, tzinfo=timezone.utc), Chat(5, "private"), text="hello")
    value = {"messages": [message, message], "loop": []}
    value["loop"].append(value)
    shown = json.loads(render_pickle(PickleCodec().encode(value)))
    assert shown["loop"] == [{"$ref": shown["$id"]}]
    assert [one["$telegram"][1]["text"] for one in shown["messages"]] == ["hello", "hello"]


def test_a_pickle_is_shown_with_the_labels_of_json_documents():
    """The output is the same with and without the classes."""
    cart = Cart(1, [2])
    cart.items.append(cart)
    value = {"cart": cart, "again": [cart, cart.items], "set": ({1},), "loop": [], "colours": [Colour.BLUE] * 2}
    value["loop"].append(value)
    assert render_pickle(PickleCodec(TYPES).encode(value)) == JsonCodec(TYPES).encode(value).decode()


@pytest.mark.parametrize("damaged", [b"", b"\x80\x05", b"rosebud", b"\x80\x04cos\nsystem\n.", b"\x8e" + b"\xff" * 8])
def test_a_damaged_pickle_is_said_to_be(damaged):
    try:
        assert "rosebud" not in render_pickle(damaged)
    except CannotLoadError as error:
        assert "rosebud" not in str(error)  # noqa: PT017  either is right


def test_an_opaque_value_is_named_and_not_shown():
    assert repr(UnknownInstance("Cart", {"secret": 1})) == "<Cart>"


@pytest.mark.parametrize("name", malicious_pickles.probes())
def test_a_probe_is_shown_or_said_to_be_damaged(name):
    try:
        assert render_pickle(malicious_pickles.probes()[name])
    except CannotLoadError as error:
        assert "not a valid pickle" in str(error)  # noqa: PT017  either is right
