"""Tests that an object at several places of one record is loaded as one object, in both codecs."""

from __future__ import annotations

import copy
import json
import random
from collections import Counter, OrderedDict, defaultdict, deque

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ptb_bucket.codecs import JsonCodec, PickleCodec, identical
from support.values.holders import TYPES, WITH_A_PART, Bag, Frozen, Line, Pair, Plain, Ring, Row, again, with_part

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
