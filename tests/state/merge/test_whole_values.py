"""Objects inside values that merge as a whole: tuples, sets, frozen classes, models, and classes of an author."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from ptb_bucket.codecs import identical
from ptb_bucket.state import keep_ours, keep_theirs
from ptb_bucket.state.merge.values import ValueMerge
from support.applications.two_instances import Pair
from support.values.whole_values import (
    CLASSES,
    Frozen,
    FrozenModel,
    FrozenObject,
    Guarded,
    Labelled,
    Medal,
    Model,
    Name,
    Point,
    Room,
    Slotted,
    Tags,
    merged,
    tagged,
)


class Fixed(frozenset):
    """Its members have names only."""


KEYWORDS = {Model, FrozenModel}
HOLDERS = {
    "tuple": lambda part: (part,),
    "tuple in a tuple": lambda part: (0, (1, part)),
    "set": lambda part: {Room(part)},
    "frozenset": lambda part: frozenset({Room(part)}),
    "set of a class of the author's": lambda part: Tags({Room(part)}),
    **{
        cls.__name__: lambda part, cls=cls: cls(held=part) if cls in KEYWORDS else cls(part)
        for cls in (Point, Frozen, FrozenObject, Slotted, Medal, Model, FrozenModel, Guarded)
    },
}
HELD_IN_ANY = pytest.mark.parametrize("make", HOLDERS.values(), ids=HOLDERS)
SHARED_OR_NOT = pytest.mark.parametrize("shared", [False, True], ids=["", "shared"])


def record(holder, *, shared):
    log = [1]
    return {"o": holder, "a": log, "b": log if shared else [1]}


def held_in(value):
    """Find the dict that a holder holds."""
    while not isinstance(value, dict):
        if isinstance(value, tuple) and not isinstance(value, Point):
            value = value[-1]
        elif isinstance(value, set | frozenset):
            (value,) = value
        else:
            value = value.x if isinstance(value, Point) else value.held
    return value


@HELD_IN_ANY
@SHARED_OR_NOT
def test_both_sides_edits_of_a_dict_inside_a_value_are_kept(make, shared):
    base, ours, theirs = (record(make({"a": 1, "b": 2}), shared=shared) for _ in range(3))
    held_in(ours["o"])["a"] = 10
    held_in(theirs["o"])["b"] = 20
    result, decided = merged(base, ours, theirs)
    assert held_in(result["o"]) == {"a": 10, "b": 20}
    assert not decided


@pytest.mark.parametrize("make", [make for name, make in HOLDERS.items() if "set" not in name])
@SHARED_OR_NOT
@pytest.mark.parametrize("mover", [1, 2, None])
@pytest.mark.parametrize("idempotent", [False, True])
def test_a_new_order_of_keys_inside_a_value_stays_whichever_side_made_it(make, shared, mover, idempotent):
    """In members of a set, the order of keys does not count."""
    sides = [record(make({"a": 1, "b": 2, "c": 3}), shared=shared) for _ in range(3)]
    for side in sides:
        side["list"] = [make({"a": 1, "b": 2})]
    for number, side in enumerate(sides):
        if number and mover in (number, None):
            for held in (held_in(side["o"]), held_in(side["list"][0])):
                held["a"] = held.pop("a")
    sides[1]["mine"], sides[2]["theirs"] = 1, 1
    result = ValueMerge("user_data[1]", keep_ours, idempotent=idempotent).run((), *copy.deepcopy(sides))
    assert list(held_in(result["o"])) == ["b", "c", "a"]
    assert list(held_in(result["list"][0])) == ["b", "a"]


@HELD_IN_ANY
def test_the_same_in_a_list_and_next_to_a_removed_element(make):
    base, ours, theirs = ([make({"a": 1, "b": 2}), "x"] for _ in range(3))
    held_in(ours[0])["a"] = 10
    held_in(theirs[0])["b"] = 20
    theirs.pop()
    result, decided = merged(base, ours, theirs)
    assert [held_in(element) for element in result] == [{"a": 10, "b": 20}]
    assert not decided


@pytest.mark.parametrize("codec", ["json", "pickle"])
@HELD_IN_ANY
async def test_two_instances_that_edit_a_dict_inside_a_value_see_both_edits(make, codec):
    pair = await Pair.of({"o": make({"a": 1, "b": 2})}, codec=codec, types=CLASSES)
    held_in(pair.ours["o"])["a"] = 10
    held_in(pair.theirs["o"])["b"] = 20
    assert held_in((await pair.meet())["o"]) == {"a": 10, "b": 20}
    assert pair.one.stats.conflicts_decided == pair.two.stats.conflicts_decided == 0


def test_an_equal_set_is_not_an_edit_in_whichever_order_its_members_come():
    base, ours, theirs = ({"t": (Fixed([0, 8]), 1), "l": []} for _ in range(3))
    theirs["t"] = (Fixed([8, 0]), 1)
    ours["t"] = (Fixed([0, 8]), 2)
    assert list(base["t"][0]) != list(theirs["t"][0])  # these two collide
    for side in (base, ours, theirs):
        side["m"] = side["l"]
    result, decided = merged(base, ours, theirs, keep_theirs)
    assert (result["t"], decided) == ((Fixed([0, 8]), 2), 0)


def named(text, **attributes):
    made = Name(text)
    vars(made).update(attributes)
    return made


@pytest.mark.parametrize(
    ("base", "edited"),
    [
        (named("a", log=[]), named("b", log=[])),
        (named("a", log=[]), named("a", log=[1])),
        (tagged("xy", Tags, log=[]), tagged("xy", Tags, log=[1])),
        (tagged("xy", Tags, log=[]), tagged("xz", Tags, log=[])),
        (tagged("xy", Labelled, log=[]), tagged("xy", Labelled, log=[1])),
        (tagged("xy", Labelled, log=[]), tagged("xz", Labelled, log=[])),
        (Model(held={}), Model(held={}, more=2)),
        (FrozenModel(held={}), FrozenModel(held={}, more=2)),
    ],
)
@pytest.mark.parametrize("place", [lambda part: part, lambda part: [part, 1], lambda part: (part,)])
def test_content_and_attributes_of_a_value_are_both_seen_to_change(base, edited, place):
    base, edited = ({"o": place(copy.deepcopy(value)), "l": [], "m": None} for value in (base, edited))
    for side in (base, edited):
        side["m"] = side["l"]
    for sides in ((edited, base), (base, edited)):
        result, decided = merged(base, *sides)
        assert identical(result, edited)
        assert not decided


def test_private_attributes_of_a_model_are_merged_too():
    base, ours, theirs = ({"o": Model(held={})} for _ in range(3))
    for side in (base, ours, theirs):
        side["o"]._secret = {"a": 1, "b": 2}
    ours["o"]._secret["a"] = 10
    theirs["o"]._secret["b"] = 20
    result, decided = merged(base, ours, theirs)
    assert (result["o"]._secret, decided) == ({"a": 10, "b": 20}, 0)


def test_elements_that_both_sides_moved_while_what_they_hold_was_changed_stay_one():
    base, ours, theirs = (
        {"hero": {"hp": 1}, "l": [{"cell": "a", "n": 1}, {"cell": "b", "n": 2}, {"cell": "c", "n": 3}]}
        for _ in range(3)
    )
    for side in (base, ours, theirs):
        side["l"][0]["who"] = side["hero"]
    for side, at in ((ours, 2), (theirs, 1)):
        side["l"].insert(at, side["l"].pop(0))
    ours["hero"]["hp"] = 5
    theirs["hero"]["mp"] = 6
    result, decided = merged(base, ours, theirs)
    assert sorted(element["cell"] for element in result["l"]) == ["a", "b", "c"]
    assert next(element for element in result["l"] if element["cell"] == "a")["who"] is result["hero"]
    assert (result["hero"], decided) == ({"hp": 5, "mp": 6}, 0)


class ReadOnly(dict):
    """Refuses every change."""

    def _refuse(self, *_: Any, **__: Any) -> Any:
        raise TypeError

    __setitem__ = __delitem__ = clear = update = pop = popitem = setdefault = _refuse

    def __reduce__(self) -> Any:
        return ReadOnly, (dict(self),)

    def __deepcopy__(self, memo: Any) -> ReadOnly:
        return ReadOnly({key: copy.deepcopy(value, memo) for key, value in self.items()})


class Uncopyable(ReadOnly):
    """Refuses that, too."""

    def __reduce__(self) -> Any:
        raise TypeError

    def __deepcopy__(self, memo: Any) -> Uncopyable:
        return self


@SHARED_OR_NOT
def test_both_sides_edits_inside_a_mapping_that_refuses_changes_are_kept(shared):
    base, ours, theirs = (record(ReadOnly(x={"a": 1, "b": 2}), shared=shared) for _ in range(3))
    for side in (base, ours, theirs) if shared else ():
        side["b"] = side["o"]["x"]
    ours["o"]["x"]["a"] = 10
    theirs["o"]["x"]["b"] = 20
    result, decided = merged(base, ours, theirs)
    assert (type(result["o"]), result["o"], decided) == (ReadOnly, {"x": {"a": 10, "b": 20}}, 0)
    assert (result["b"] is result["o"]["x"]) == shared


@SHARED_OR_NOT
def test_an_edit_inside_an_object_that_cannot_be_made_again_is_counted(shared):
    base, ours, theirs = ({"o": Uncopyable(x={"a": 1, "b": 2}), "y": None} for _ in range(3))
    for side in (base, ours, theirs) if shared else ():
        side["y"] = side["o"]["x"]
    ours["o"]["x"]["a"] = 10
    theirs["o"]["x"]["b"] = 20
    merge = ValueMerge("user_data[1]", keep_ours)
    assert merge.run((), base, ours, theirs)["o"] == {"x": {"a": 10, "b": 2}}
    assert merge.decided


@SHARED_OR_NOT
@pytest.mark.parametrize("make", [Model, Guarded, FrozenObject])
def test_a_conflict_in_an_object_that_merges_as_a_whole_is_counted(make, shared):
    base, ours, theirs, same = (record(make(held=n), shared=shared) for n in (1, 2, 3, 2))
    assert merged(base, ours, theirs)[1] == 1
    assert merged(base, ours, theirs, keep_theirs)[0]["o"].held == 3
    assert merged(base, ours, same)[1] == 0
