"""Merging and refreshing keep types and order, count what was created twice, and survive code that raises."""

from __future__ import annotations

import copy
from collections import Counter, OrderedDict, defaultdict, deque

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ptb_bucket.codecs import identical
from ptb_bucket.errors import CannotMergeError, UnsavedError
from ptb_bucket.state import MISSING, add_differences, keep_ours
from ptb_bucket.state.merge.live import update_in_place
from ptb_bucket.state.merge.values import ValueMerge
from support.applications.restarting_bot import opened
from support.applications.two_instances import Pair

EITHER_WAY = pytest.mark.parametrize("refreshed", [False, True], ids=["merged", "refreshed"])


def merged(base, ours, theirs, resolver=keep_ours):
    merge = ValueMerge("user_data[1]", resolver)
    return merge.run((), *copy.deepcopy((base, ours, theirs)))


@pytest.mark.parametrize(
    ("base", "ours", "theirs", "expected"),
    [
        ({1: "a", 2: "b"}, {True: "a", 2: "b"}, {1: "a", 2: "c"}, {True: "a", 2: "c"}),
        ({1: "a"}, {1: "a", 2: "b"}, {True: "a"}, {True: "a", 2: "b"}),
        ({1: "a"}, {1.0: "a"}, {1: "b"}, {1.0: "b"}),
        ({(1, 2): "a", "x": 1}, {(True, 2): "a", "x": 1}, {(1, 2): "a", "x": 2}, {(True, 2): "a", "x": 2}),
        ({"s": {1, 2}}, {"s": {True, 2}}, {"s": {1, 2, 3}}, {"s": {True, 2, 3}}),
        ({"s": {1}}, {"s": frozenset({1})}, {"s": {1, 2}}, {"s": frozenset({1, 2})}),
        ({"s": frozenset({1})}, {"s": frozenset({1, 3})}, {"s": {1}}, {"s": {1, 3}}),
        ({"d": defaultdict(int, a=1)}, {"d": defaultdict(list, a=1)}, {"d": defaultdict(int, a=2)},
         {"d": defaultdict(list, a=2)}),
        ({"d": defaultdict(int, a=1)}, {"d": defaultdict(int, a=2)}, {"d": defaultdict(list, a=1)},
         {"d": defaultdict(list, a=2)}),
        ({"d": {"a": 1}}, {"d": {"a": 1, "b": 1}}, {"d": defaultdict(list, a=1)}, {"d": defaultdict(list, a=1, b=1)}),
        ({"c": Counter("a")}, {"c": OrderedDict(a=1)}, {"c": Counter("ab")}, {"c": OrderedDict(a=1, b=1)}),
        ({"c": OrderedDict(a=1)}, {"c": OrderedDict(a=2)}, {"c": Counter("a")}, {"c": Counter(a=2)}),
        ({"q": deque([1], 2)}, {"q": deque([1], 5)}, {"q": deque([1, 2], 2)}, {"q": deque([1, 2], 5)}),
    ],
)  # fmt: skip
def test_a_type_that_one_side_changed_stays_changed(base, ours, theirs, expected):
    assert identical(merged(base, ours, theirs), expected)


def keys(text):
    return {key: key for key in text}


@pytest.mark.parametrize(
    ("base", "ours", "theirs", "expected"),
    [
        ("abc", "cba", "abc", "cba"),
        ("abc", "abc", "cba", "cba"),
        ("abc", "cba", "abcd", "cbad"),
        ("abc", "cbax", "abcd", "cbadx"),  # theirs before ours
        ("abc", "abcx", "cbad", "cbadx"),
        ("abc", "cab", "bca", "bca"),  # both: the bucket's
        ("abc", "cabx", "bcad", "bcadx"),
        ("abc", "xabc", "abc", "xabc"),
        ("abc", "xabc", "abcd", "xabcd"),
        ("abc", "cb", "abcd", "cbd"),
        ("abc", "ac", "cba", "ca"),
        ("abc", "acb", "ab", "ab"),
    ],
)
@pytest.mark.parametrize("kind", [dict, OrderedDict])
def test_order(kind, base, ours, theirs, expected):
    result = merged(*(kind(keys(text)) for text in (base, ours, theirs)))
    assert "".join(result) == expected


@pytest.mark.parametrize("codec", ["json", "pickle"])
@EITHER_WAY
async def test_a_new_order_reaches_the_other_instance_and_is_not_undone_there(codec, refreshed):
    pair = await Pair.of({"list": {"tea": 1, "bread": 2, "milk": 3}}, codec=codec)
    held = pair.ours["list"]
    pair.theirs["list"] = dict(reversed(pair.theirs["list"].items()))
    pair.ours["x"] = 1
    assert list((await pair.meet(refreshed=refreshed))["list"]) == ["milk", "bread", "tea"]
    await pair.refresh_ours()
    assert list(held) == ["milk", "bread", "tea"]
    assert pair.ours["list"] is held


mixed = st.dictionaries(
    st.sampled_from([0, 1, 2, True, 1.0, "1", (1,), (True,)]),
    st.sampled_from([1, True, 1.0, {1}, {True}, [1]]).map(copy.deepcopy),
)


@given(mixed, mixed)
def test_a_refreshed_dict_has_the_order_and_the_types_of_what_it_should_be(live, wanted):
    held = dict(live)
    assert update_in_place(live, copy.deepcopy(wanted))
    assert identical(live, wanted)
    for key, value in held.items():
        if isinstance(value, list) and isinstance(live.get(key), list):
            assert live[key] is value


@given(mixed, mixed)
def test_a_change_of_types_by_one_side_alone_is_taken_as_it_is(base, changed):
    assert identical(merged(base, changed, base), changed)
    assert identical(merged(base, base, changed), changed)


def test_what_is_equal_already_is_not_touched():
    class Watched(dict):
        def __setitem__(self, key, value):
            raise AssertionError(key)

        __delitem__ = update = clear = pop = __setitem__

    live = {"w": Watched(a=[1], b={"x": 1}), "n": 1}
    assert update_in_place(live, {"w": Watched(a=[1], b={"x": 2}), "n": 1})
    assert live["w"]["b"] == {"x": 2}


@pytest.mark.parametrize(
    ("base", "sides", "expected"),
    [({}, (1, 1, 1), 3), ({"n": 5}, (1, 2, 1), 9), ({}, (2, 1, 1.5), 4.5), ({}, (1, 1), 2)],
)
def test_what_several_instances_count_at_once_is_the_sum(base, sides, expected):
    stored = base
    for number in sides:
        ours = {"n": base.get("n", 0) + number}
        stored = merged(base, ours, stored, add_differences)
    assert stored == {"n": expected}


def test_a_number_that_both_created_alike_is_no_conflict_for_other_resolvers():
    merge = ValueMerge("user_data[1]", keep_ours)
    assert merge.run((), {}, {"n": {"m": 1}}, {"n": {"m": 1}}) == {"n": {"m": 1}}
    assert not merge.decided


def test_a_resolver_is_asked_for_what_both_created_and_is_told_that_it_is_new():
    asked = []
    merged({}, {"n": 1}, {"n": 1}, lambda conflict: asked.append(conflict.base) or conflict.ours)
    assert asked == [MISSING]


class ReadOnly(dict):
    """Refuses every change that does not come from dict itself."""

    def _refuse(self, *_args, **_kwargs):
        raise TypeError("read-only")

    __setitem__ = __delitem__ = clear = update = pop = setdefault = __ior__ = _refuse

    def __reduce__(self):
        return type(self), (dict(self),)


class Refusing(list):
    def __setitem__(self, at, value):
        raise TypeError("read-only")

    def clear(self):
        raise TypeError("read-only")


class HalfWay(dict):
    """Accepts one change, and not the second one."""

    left = 1

    def __setitem__(self, key, value):
        if self.left == 0:
            raise TypeError("enough")
        self.left -= 1
        super().__setitem__(key, value)


class Uncopied:
    def __init__(self, n) -> None:
        self.n = n

    def __copy__(self):
        raise RuntimeError("not me")


class Odd:
    """Says that it is of another class, and raises where it is asked anything."""

    def __init__(self, n) -> None:
        self.n = n

    @property
    def __class__(self):
        raise RuntimeError("who asks?")

    def __eq__(self, other):
        raise RuntimeError("equal to what?")

    def __bool__(self):
        raise RuntimeError("true or false?")

    __hash__ = None


@pytest.mark.parametrize(
    ("make", "get"),
    [
        (ReadOnly, dict),
        (lambda pairs: Refusing(pairs.items()), list),
        (lambda pairs: Uncopied(len(pairs)), lambda value: value.n),
        (lambda pairs: Odd(len(pairs)), lambda value: value.n),
    ],
    ids=["read-only dict", "read-only list", "no copy", "odd"],
)  # fmt: skip
def test_a_class_that_raises_is_merged_as_a_whole_beside_everything_else(make, get):
    old, new, other = make({}), make({"a": 1}), make({"a": 1, "b": 2})
    base, ours, theirs = ({"v": value, "n": number, "deep": {}} for value, number in ((old, 0), (new, 0), (old, 1)))
    ours["deep"]["x"] = 1
    result = ValueMerge("user_data[1]", keep_ours).run((), base, ours, theirs)
    assert (get(result["v"]), result["n"], result["deep"]) == (get(new), 1, {"x": 1})
    merge = ValueMerge("user_data[1]", keep_ours)
    theirs["v"] = other
    result = merge.run((), base, ours, theirs)
    assert get(result["v"]) in (get(new), get(other))
    assert result["n"] == 1


@pytest.mark.parametrize("shared", [False, True])
def test_a_live_container_that_refuses_is_left_as_it_is_and_its_place_gets_the_new_one(shared):
    dicts = ReadOnly(a=1), HalfWay(a=1, b=1, c=1), Refusing([1])
    wanted = ReadOnly(a=2), HalfWay(a=2, b=2, c=2), Refusing([2, 3])
    live = {"d": dicts[0], "h": dicts[1], "l": dicts[2], "n": [1]}
    held = live["n"]
    target = dict(zip("dhl", wanted, strict=True)) | {"n": [1, 2]}
    if shared:
        live["again"], target["again"] = live["d"], target["d"]
    assert update_in_place(live, target)
    assert [dict(dicts[0]), dict(dicts[1]), list(dicts[2])] == [{"a": 1}, {"a": 1, "b": 1, "c": 1}, [1]]
    assert [live[key] is value for key, value in zip("dhl", wanted, strict=True)] == [True] * 3
    assert (held, live["n"] is held) == ([1, 2], True)


def test_a_live_record_that_refuses_is_as_it_was():
    live = HalfWay(a=1, b=1, c={"x": 1})
    assert not update_in_place(live, HalfWay(a=2, b=2, c={"x": 2}))
    assert dict(live) == {"a": 1, "b": 1, "c": {"x": 1}}


def test_a_set_keeps_objects_that_equal_only_themselves_once():
    class Thing:
        def __init__(self, n) -> None:
            self.n = n

    base = {"s": {Thing(1), Thing(2)}}
    ours, theirs = copy.deepcopy(base), copy.deepcopy(base)
    ours["s"].add(Thing(3))
    theirs["s"] = {thing for thing in theirs["s"] if thing.n != 1}
    result = ValueMerge("user_data[1]", keep_ours).run((), base, ours, theirs)
    assert sorted(thing.n for thing in result["s"]) == [2, 3]


async def test_a_resolver_that_raises_holds_up_its_record_alone():
    def resolver(conflict):
        raise RuntimeError("no idea")

    pair = await Pair.of({"n": 0}, resolver=resolver)
    await pair.two.update_chat_data(-5, {"n": 1})
    pair.ours["n"], pair.theirs["n"] = 1, 2
    await pair.save_theirs()
    for save in (pair.save_ours(), pair.one.update_chat_data(-6, {"n": 1})):
        with pytest.raises(UnsavedError, match=r"user_data\[42\]"):
            await save
    with pytest.raises(CannotMergeError, match="RuntimeError"):
        await pair.refresh_ours()
    assert pair.ours == {"n": 1}
    assert (await pair.stored())["n"] == 2
    assert await opened(pair.store).get_chat_data() == {-5: {"n": 1}, -6: {"n": 1}}
