"""Tests of the labels that mark an object at several places in JSON, as people read and write them."""

from __future__ import annotations

import threading

import pytest

from ptb_bucket.codecs import JsonCodec, PickleCodec, PreservingJsonCodec, StoredAs
from ptb_bucket.errors import CannotLoadError
from support.values.holders import TYPES, Data, Ring, again, with_part


def test_the_text_is_labelled_at_the_first_place():
    codec = JsonCodec([Data])
    rope = ["rope"]
    bo = {"name": "Bo", "bag": rope}
    assert codec.encode({"all": [bo], "current": bo, "bags": [rope]}).decode() == (
        '{"all":[{"$id":1,"name":"Bo","bag":{"$id":2,"$list":["rope"]}}],"current":{"$ref":1},"bags":[{"$ref":2}]}'
    )
    card = Data(7)
    assert codec.encode({"card": card, "last": card}).decode() == (
        '{"card":{"$id":1,"$Data":{"part":7,"other":null}},"last":{"$ref":1}}'
    )


@pytest.mark.parametrize("number", [100, 400, 600, 900, 1100, 2500])
def test_a_shared_object_among_many_others(codec, number):
    """Repeated objects do not cause other objects to be left out, however many there are."""
    shared = [1]
    value = {"a": shared, "b": shared, "others": [[n] for n in range(number)]}
    found = again(codec, value)
    assert found == value
    assert found["a"] is found["b"]
    data, errors = codec.encode_storable({**value, "lock": threading.Lock()}, None)
    assert codec.decode(data) == value
    assert [error.path for error in errors] == [('["lock"]',)]


def test_a_users_own_keys_are_not_labels(codec):
    value = {"$id": 1, "$ref": [1], "$list": 2, "a": {"$ref": 1}, "b": {"$id": 3}, "c": "$ref"}
    assert again(codec, value) == value
    shared = [1]
    made = again(codec, {**value, "x": shared, "y": shared})
    assert made["x"] is made["y"]
    assert made["a"] == {"$ref": 1}


def test_references_that_were_written_by_hand():
    codec = JsonCodec(TYPES)
    made = codec.decode(b'{"current": {"$ref": 7}, "all": [{"name": "Bo", "$id": 7}, {"$id": 9}]}')
    assert made["current"] is made["all"][0]
    assert made == {"current": {"name": "Bo"}, "all": [{"name": "Bo"}, {}]}


def test_a_list_whose_label_somebody_removed_is_a_list():
    assert JsonCodec().decode(b'{"a":{"$list":[1]}}') == {"a": [1]}
    assert JsonCodec().decode(b'[{"$list":[1]},{"$id":1},{"$ref":1}]')[0] == [1]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('{"a":{"$ref":1}}', "object 1"),
        ('{"a":{"$id":1},"b":{"$id":1},"c":{"$ref":1}}', "two objects have the same .id 1"),
        ('{"a":{"$ref":"secret"}}', "refers to"),
        ('{"a":{"$ref":1,"secret":2},"b":{"$id":1}}', "refers to"),
        ('{"a":{"$id":1,"$tuple":[{"$ref":1}]}}', "contains itself"),
        ('{"a":{"$id":1,"$Ring":[{"$ref":1}]}}', "contains itself"),
        ('{"a":{"$id":1,"$frozenset":[{"$ref":1}]}}', "contains itself"),
        ('{"a":{"$id":1,"$Unknown":{}},"b":{"$ref":1}}', "Unknown"),
        ('{"a":{"$id":1,"$list":5},"b":{"$ref":1}}', "list"),
        ('{"a":{"$id":true,"b":1}}', "integer"),
        ('{"a":{"$id":"secret"},"b":{"$ref":1}}', "integer"),
        ('{"a":{"$id":"secret"}}', "integer"),
        ('{"a":{"$ref":true}}', "integer"),
    ],
)
def test_labels_that_lead_nowhere_are_named(text, words):
    codec = JsonCodec([*TYPES, StoredAs(Ring, encode=lambda ring: [ring.part], decode=lambda row: Ring(*row))])
    with pytest.raises(CannotLoadError, match=words) as caught:
        codec.decode(text.encode())
    assert "secret" not in str(caught.value)


def test_tools_keep_objects_of_unknown_classes_together():
    thing = with_part(Data, None)
    thing.other = [thing]
    data = JsonCodec(TYPES).encode({"a": thing, "b": thing})
    made = PreservingJsonCodec().decode(data)
    assert made["a"] is made["b"]
    del made["a"]
    moved = JsonCodec(TYPES).decode(PreservingJsonCodec().encode(made))
    assert moved["b"].other[0] is moved["b"]


def test_a_record_says_which_features_its_reader_needs():
    shared = [1]
    for value, features in (({"a": shared, "b": shared}, {"refs"}), ({"$ref": 1, "a": '"$ref"'}, set())):
        assert JsonCodec().features(JsonCodec().encode(value)) == features
        assert PickleCodec().features(PickleCodec().encode(value)) == frozenset()
