"""Tests that an object at several places of one record is loaded as one object, in both codecs."""

from __future__ import annotations

import copy
import json
import random
import threading
from collections import Counter, OrderedDict, defaultdict, deque
from dataclasses import dataclass
from typing import NamedTuple

import attrs
import pydantic
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ptb_bucket.codecs import JsonCodec, PickleCodec, PreservingJsonCodec, StoredAs, identical
from ptb_bucket.errors import CannotLoadError


class Plain:
    pass


@dataclass
class Data:
    part: object = None
    other: object = None


@dataclass(slots=True)
class Slotted:
    part: object = None


@dataclass(frozen=True)
class Frozen:
    part: object = None


@attrs.define
class Attrs:
    part: object = None


class Model(pydantic.BaseModel):
    part: object = None


class Pair(NamedTuple):
    part: object
    other: object = None


class Bag(dict):
    pass


class Row(list):
    pass


class Line(deque):
    pass


class Stateful:
    def __init__(self, part=None):
        self.part = part

    def __getstate__(self):
        return [self.part]

    def __setstate__(self, state):
        (self.part,) = state


class Ring:
    def __init__(self, part=None):
        self.part = part


TYPES = [Plain, Data, Slotted, Frozen, Attrs, Model, Pair, Bag, Row, Line, Stateful]
WITH_A_PART = [Plain, Data, Slotted, Attrs, Model, Stateful]


@pytest.fixture(params=[JsonCodec, PickleCodec])
def codec(request):
    return request.param([*TYPES, StoredAs(Ring, encode=lambda ring: [ring.part], decode=lambda row: Ring(*row))])


def again(codec, value):
    data = codec.encode(value)
    made = codec.decode(data)
    assert codec.equality.identical(made, value)
    if codec.name == "json":
        assert codec.encode(made) == data
    return made


def with_part(cls, part):
    made = cls()
    made.part = part
    return made


MUTABLE = [
    *[lambda: [1], lambda: {"a": 1}, lambda: {1}, lambda: deque([1], 3), lambda: bytearray(b"a")],
    *[
        lambda: defaultdict(list, a=[1]),
        lambda: Counter("aab"),
        lambda: OrderedDict(a=1),
        lambda: Bag(a=1),
        lambda: Row("a"),
    ],
    *[lambda cls=cls: with_part(cls, 1) for cls in WITH_A_PART],
]


@pytest.mark.parametrize("make", MUTABLE)
def test_an_object_at_several_places_is_one(codec, make):
    shared = make()
    made = again(codec, {"a": shared, "b": [shared, make()], "c": (shared, Frozen(shared), Pair(shared, 1))})
    assert made["a"] is made["b"][0] is made["c"][0] is made["c"][1].part is made["c"][2].part
    assert made["b"][1] is not made["a"]


@pytest.mark.parametrize("cls", WITH_A_PART)
def test_an_object_that_contains_itself(codec, cls):
    thing = with_part(cls, None)
    thing.part = [thing]
    made = again(codec, {"thing": thing})
    assert made["thing"].part[0] is made["thing"]
    assert again(codec, thing).part[0].part[0] is not thing


def test_containers_that_contain_themselves(codec):
    row, bag, back, line = [], {}, deque(maxlen=2), Line()
    line.append(line)
    row.append((row,))
    bag["bag"] = defaultdict(list, bag=bag)
    back.append(back)
    made = again(codec, [row, bag, back, line])
    assert made[0][0][0] is made[0]
    assert made[1]["bag"]["bag"] is made[1]
    assert made[2][0] is made[2]
    assert made[3][0] is made[3]


def test_a_member_of_a_set_that_knows_its_set(codec):
    group, member = set(), Plain()
    member.group = group
    group.add(member)
    made = again(codec, {"group": group, "member": member})
    assert made["group"] == {made["member"]}
    assert made["member"].group is made["group"]


def test_objects_as_keys_and_members(codec):
    keys = [Plain() for _ in range(5)]
    for number, key in enumerate(keys):
        key.number = number
    made = again(codec, {"keys": keys, "by key": {key: key.number for key in keys}, "set": set(keys)})
    assert [made["by key"][key] for key in made["keys"]] == [0, 1, 2, 3, 4]
    assert made["set"] == set(made["keys"])


def test_values_are_written_at_each_place(codec):
    frozen = Frozen(1)
    made = again(codec, [frozen, frozen, (1, 2), (1, 2), "a" * 50])
    assert made[0] == made[1]
    if codec.name == "json":
        assert b"$id" not in codec.encode([frozen, frozen])


class Word(str):  # noqa: SLOT000  it has attributes
    """A value: it has the equality and the hash of str. Its attributes do not count as an object of the record."""

    def __new__(cls, text, note=""):
        made = super().__new__(cls, text)
        made.note = note
        return made


def test_a_value_with_attributes_is_written_at_each_place(codec):
    made = type(codec)([Word])
    word = Word("a", "b")
    data = made.encode({"one": word, "other": [word], "n": 1})
    again = made.decode(data)
    assert (again["one"], again["one"].note, again["other"][0].note) == ("a", "b", "b")
    if made.name == "json":
        assert b"$ref" not in data


def test_what_functions_store_may_hold_shared_objects(codec):
    shared = [1]
    made = again(codec, [Ring(shared), shared])
    assert made[0].part is made[1]


def test_a_structure_that_doubles_at_each_level_takes_no_longer_than_others(codec):
    value = {"a": 1}
    for _ in range(60):
        value = [value, value]
    assert len(codec.encode(value)) < 10_000


# ---------------------------------------------------------------- random graphs


@st.composite
def graphs(draw):
    """Draw a graph of containers and objects. Any of them may hold any other one, or itself."""
    makers = [list, dict, set, deque, Bag, Row, *WITH_A_PART]
    nodes = [draw(st.sampled_from(makers))() for _ in range(draw(st.integers(1, 7)))]
    leaves = st.one_of(st.integers(), st.text(max_size=3), st.sampled_from(['"$ref"', "$id", "$list", 1.5, None]))
    for node in nodes:
        for _ in range(draw(st.integers(0, 3))):
            inner = draw(st.one_of(st.sampled_from(nodes), leaves))
            inner = draw(st.sampled_from([inner, (inner,), Frozen(inner)]))
            put(node, draw(st.sampled_from(["a", "$id", "$ref", 1, (1, "x")])), inner)
    return nodes


def put(node, key, inner):
    if isinstance(node, dict):
        node[key] = inner
    elif isinstance(node, list | deque):
        node.append(inner)
    elif isinstance(node, set):
        node.add(key)
    else:
        node.part = inner


@given(graphs())
def test_any_graph_comes_back_as_it_was(nodes):
    for cls in (JsonCodec, PickleCodec):
        again(cls(TYPES), nodes)
    assert identical(copy.deepcopy(nodes), nodes)


def shuffled(tree, chance):
    if isinstance(tree, dict):
        pairs = list(tree.items())
        chance.shuffle(pairs)
        return {key: shuffled(part, chance) for key, part in pairs}
    return [shuffled(part, chance) for part in tree] if isinstance(tree, list) else tree


@given(graphs(), st.integers())
def test_labels_may_be_moved_by_hand(nodes, seed):
    codec = JsonCodec(TYPES)
    tree = json.loads(codec.encode({"nodes": nodes, "first": nodes[:1]}))
    made = codec.decode(json.dumps(shuffled(tree, random.Random(seed))).encode())
    assert made["first"][0] is made["nodes"][0]
    assert codec.equality.same(made["nodes"], codec.decode(codec.encode(nodes)))


# ---------------------------------------------------------------- what people read and write


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
