"""Merge laws, and the examples that each rule of the state engine is about."""

from __future__ import annotations

import copy
from collections import Counter, OrderedDict, defaultdict, deque
from dataclasses import dataclass, field

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ptb_bucket.codecs import same
from ptb_bucket.state.merge.live import update_in_place
from ptb_bucket.state.merge.resolvers import MISSING, Conflict, add_differences, keep_ours, keep_theirs
from ptb_bucket.state.merge.values import ValueMerge
from support.values.raising_values import VALUES, make

scalars = st.none() | st.booleans() | st.integers(-3, 3) | st.floats(allow_nan=True) | st.text(max_size=2)
keys = st.sampled_from(["a", "b", "c", 1, 2])
values = st.recursive(
    scalars | st.frozensets(st.integers(0, 4), max_size=3) | st.sets(st.integers(0, 4), max_size=3),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(keys, inner, max_size=3),
    max_leaves=8,
)
records = st.dictionaries(keys, values, max_size=4)
no_lists = st.recursive(
    scalars | st.sets(st.integers(0, 4), max_size=3),
    lambda inner: st.dictionaries(keys, inner, max_size=3),
    max_leaves=8,
)
many = settings(deadline=None)


def merge(base, ours, theirs, resolver=keep_ours, **options):
    inputs = copy.deepcopy((base, ours, theirs))
    return ValueMerge("user_data[1]", resolver, **options).run((), *inputs)


@many
@given(records, records)
def test_only_we_changed(base, changed):
    assert same(merge(base, changed, base), changed)


@many
@given(records, records)
def test_only_they_changed(base, changed):
    assert same(merge(base, base, changed), changed)


@many
@given(st.dictionaries(keys, no_lists, max_size=4), st.dictionaries(keys, no_lists, max_size=4))
def test_the_same_change_on_both_sides_is_that_change(base, changed):
    assert same(merge(base, changed, changed), changed)


@many
@given(records, records, records)
def test_no_key_that_one_side_alone_changed_is_lost(base, ours, theirs):
    merged = merge(base, ours, theirs)
    for key in {*base, *ours, *theirs}:
        old, mine, other = (side.get(key, MISSING) for side in (base, ours, theirs))
        if same(old, other):
            assert same(merged.get(key, MISSING), mine)
        elif same(old, mine):
            assert same(merged.get(key, MISSING), other)


unique = st.lists(st.integers(0, 30), unique=True, max_size=6)


@many
@given(unique, st.data())
def test_lists_of_unique_elements_keep_every_addition_and_every_removal(base, data):
    def side(offset):
        kept = [element for element in base if data.draw(st.booleans())]
        added = data.draw(st.lists(st.integers(offset, offset + 20), unique=True, max_size=4))
        return data.draw(st.permutations(kept + added))

    ours, theirs = side(100), side(200)
    merged = merge(base, ours, theirs)
    kept = set(base) & set(ours) & set(theirs)
    assert Counter(merged) == Counter([*kept, *(set(ours) - set(base)), *(set(theirs) - set(base))])


@many
@given(unique, unique, unique)
def test_appends_keep_both_tails_theirs_first(base, ours, theirs):
    assert merge(base, base + ours, base + theirs) == base + (theirs + ours if ours and theirs else ours or theirs)


@pytest.mark.parametrize(
    ("base", "ours", "theirs", "expected"),
    [
        ([], ["a"], ["a"], ["a", "a"]),  # two equal extensions are two
        (MISSING, ["a"], ["a"], ["a"]),  # two equal first initialisations are one
        (MISSING, ["en", "x"], ["en", "y"], ["en", "y", "x"]),
        (MISSING, ["x"], ["y"], ["y", "x"]),
        ([1, 2, 3], [2, 3, 4], [1, 2, 3, 5], [2, 3, 5, 4]),  # a queue: taken in front, put behind
        ([1, 2, 3], [1, 3], [1, 2], [1]),
        ([1, 2], [2, 1], [1, 2, 3], [2, 3, 1]),  # we sorted, they appended
        ([1, 2], [0, 1, 2], [1, 2, 3], [0, 1, 2, 3]),
        ([".", ".", "."], ["X", ".", "."], [".", ".", "O"], ["X", ".", "O"]),  # a board
        (["X", ".", "."], ["X", "X", "."], ["X", ".", "O"], ["X", "X", "O"]),
        ([[1], [2]], [[1, 9], [2]], [[1], [2, 8]], [[1, 9], [2, 8]]),
        ([1, 1], [1], [1, 1, 1], [1, 1]),
        ([1, True], [1, True, 1.0], [1], [1, 1.0]),
    ],
)
def test_lists(base, ours, theirs, expected):
    assert same(merge(base, ours, theirs), expected)


def test_elements_with_an_id_are_merged_with_themselves():
    base = [{"id": 1, "n": 1, "m": 1}, {"id": 2}, {"id": 3}]
    ours = [{"id": 1, "n": 2, "m": 1}, {"id": 2, "mine": 1}, {"id": 4}]
    theirs = [{"id": 5}, {"id": 1, "n": 1, "m": 2}, {"id": 3, "edited": 1}]
    assert merge(base, ours, theirs) == [{"id": 5}, {"id": 1, "n": 2, "m": 2}, {"id": 4}]


def test_the_same_id_added_on_both_sides_is_one_element():
    assert merge([0], [0, {"id": 1, "a": 1}, 7], [{"id": 1, "b": 2}, 0]) == [{"id": 1, "b": 2, "a": 1}, 7, 0]


def test_long_lists_merge_in_reasonable_time():
    base = list(range(20_000))
    merged = merge(base, [*base[1:], "ours"], [*base[:-1], "theirs"])
    assert merged == [*base[1:-1], "theirs", "ours"] or merged == [*base[1:-1], "ours", "theirs"]


@pytest.mark.parametrize(
    ("base", "ours", "theirs", "expected"),
    [
        ({"a": 1, "b": 2}, {}, {"a": 1, "b": 3, "c": 4}, {"b": 3, "c": 4}),  # dropped here, changed there
        ({"a": 1, "b": 2}, {"b": 3}, {}, {"b": 3}),
        ({"x": {"a": 1, "b": 1}}, {}, {"x": {"a": 1, "b": 2}}, {"x": {"b": 2}}),
        ({"x": [1, 2]}, {}, {"x": [1, 2, 3]}, {"x": [3]}),
        ({"x": {1, 2}}, {}, {"x": {1, 2, 3}}, {"x": {3}}),
        ({"x": {"a": 1}}, {}, {"x": {"a": 1}}, {}),
        ({"x": {"a": 1}}, {}, {"x": {}}, {}),
        ({}, {"x": {"a": 1}}, {"x": {"b": 2}}, {"x": {"a": 1, "b": 2}}),
        ({"x": 1}, {"x": {"a": 1}}, {"x": {"b": 2}}, {"x": {"a": 1, "b": 2}}),
        ({"x": {1}}, {"x": {1, 2}}, {"x": {3}}, {"x": {2, 3}}),
        ({"x": 1}, {"x": 2}, {"x": 3}, {"x": 2}),
        ({"x": 1}, {"x": True}, {"x": 1}, {"x": True}),
        ({"x": float("nan")}, {"x": float("nan")}, {"x": 1}, {"x": 1}),
    ],
)
def test_dicts(base, ours, theirs, expected):
    assert same(merge(base, ours, theirs), expected)


def test_dict_types_are_kept():
    merged = merge(
        {"d": defaultdict(int, a=1), "o": OrderedDict(a=1), "c": Counter("a"), "q": deque([1], 3)},
        {"d": defaultdict(int, a=1, b=2), "o": OrderedDict(a=2), "c": Counter("ab"), "q": deque([1, 2], 3)},
        {"d": defaultdict(int, a=3), "o": OrderedDict(a=1, z=1), "c": Counter("ac"), "q": deque([1, 3, 4], 3)},
    )
    assert same(
        merged,
        {
            "d": defaultdict(int, a=3, b=2),
            "o": OrderedDict(a=2, z=1),
            "c": Counter("abc"),
            "q": deque([3, 4, 2], 3),
        },
    )
    assert merged["d"]["new"] == 0


@dataclass
class Cart:
    items: list = field(default_factory=list)
    note: str = ""


@dataclass(frozen=True)
class Price:
    amount: int


def test_objects_merge_attribute_by_attribute():
    merged = merge({"c": Cart(["a"])}, {"c": Cart(["a"], "mine")}, {"c": Cart(["a", "b"])})
    assert merged == {"c": Cart(["a", "b"], "mine")}


def test_frozen_objects_are_leaves():
    asked = []
    merge({"p": Price(1)}, {"p": Price(2)}, {"p": Price(3)}, lambda conflict: asked.append(conflict) or conflict.ours)
    assert [(c.record, c.path, c.base, c.ours, c.theirs) for c in asked] == [
        ("user_data[1]", ("p",), Price(1), Price(2), Price(3))
    ]


@pytest.mark.parametrize(
    ("base", "ours", "theirs", "expected"),
    [(5, 6, 6, 7), (5, 6, 7, 8), (5, 6, 5, 6), (1.5, 2.0, 1.0, 1.5), (True, False, True, False), (5, MISSING, 6, 6)],
)
def test_counting(base, ours, theirs, expected):
    sides = [{} if value is MISSING else {"n": value} for value in (base, ours, theirs)]
    assert merge(*sides, add_differences) == {"n": expected}


def test_the_resolver_may_delete_and_is_asked_with_missing():
    seen = []

    def resolver(conflict):
        seen.append((conflict.path, conflict.base, conflict.ours, conflict.theirs))
        return MISSING

    assert merge({"x": {"n": 1, "m": 1}}, {"x": {"m": 1}}, {"x": {"n": 2, "m": 1}}, resolver) == {"x": {"m": 1}}
    assert seen == [(("x", "n"), 1, MISSING, 2)]


def test_keep_theirs():
    assert merge({"x": 1}, {"x": 2}, {"x": 3}, keep_theirs) == {"x": 3}
    assert merge({"x": 1}, {"x": 2}, {}, keep_theirs) == {"x": 2}


def test_idempotent_merging_repeats_only_what_does_no_harm_twice():
    base = {"list": [1], "tags": {1}, "count": 5, "name": "a"}
    ours = {"list": [1, 2], "tags": {1, 2}, "count": 6, "name": "b", "new": "x"}
    once = merge(base, ours, {**base, "list": [1, 3], "count": 7}, idempotent=True)
    assert once == {"list": [1, 3], "tags": {1, 2}, "count": 7, "name": "b", "new": "x"}
    assert merge(base, ours, once, idempotent=True) == once


def test_a_conflict_shows_no_values():
    assert "rosebud" not in repr(Conflict("user_data[1]", ("a",), "rosebud", "rosebud", "rosebud"))


# ---------------------------------------------------------------- code of the bot's own, while a live object is changed


class ReadOnly(dict):
    """A dict whose methods refuse changes."""

    def _refuse(self, *_):
        raise TypeError

    __setitem__ = __delitem__ = clear = update = pop = _refuse


@pytest.mark.parametrize("name", VALUES)
def test_a_live_value_whose_code_raises_is_replaced_and_all_beside_it_is_changed_in_place(name):
    log = [1]
    live, wanted = {"bad": make(name), "log": log, "gone": 1}, {"bad": make(name), "log": [1, 2]}
    assert update_in_place(live, wanted)
    assert list(live) == ["bad", "log"]
    assert live["log"] is log
    assert log == [1, 2]


def test_a_live_value_that_cannot_be_changed_is_replaced():
    log = [1]
    live, wanted = {"bad": ReadOnly(a=1), "log": log}, {"bad": ReadOnly(a=2), "log": [1, 2]}
    assert update_in_place(live, wanted)
    assert live == wanted
    assert live["log"] is log
    assert not update_in_place(ReadOnly(a=1), ReadOnly(a=2))
