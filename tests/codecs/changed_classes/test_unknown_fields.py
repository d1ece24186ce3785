"""Tests of fields that a newer deployment added. An older one carries them, and handles objects without them."""

from __future__ import annotations

import copy
import dataclasses

import attrs
import pytest

from ptb_bucket.errors import CannotLoadError
from ptb_bucket.state import Record, RecordMerger
from ptb_bucket.state.merge.live import update_in_place
from support.values.declared_classes import FAMILIES, REQUIRED, loaded, profile, stored


@pytest.mark.parametrize("family", FAMILIES)
def test_an_unknown_field_is_kept_and_written_back(codec, family):
    old, new = profile(family, name=REQUIRED, premium=False), profile(family, name=REQUIRED)
    data = stored(codec, old, name="rosebud", premium="rosebud")
    if family == "pydantic, extra forbidden":
        with pytest.raises(CannotLoadError, match="'premium'"):
            loaded(codec, new, data)
        return
    me = loaded(codec, new, data)
    assert me.name == "rosebud"
    assert isinstance(me, new)
    for kept in (me, copy.copy(me), copy.deepcopy(me)):
        again = codec([new]).encode({"me": kept, "beside": 1})
        back = loaded(codec, old, again)
        assert (type(back), back.name, back.premium) == (old, "rosebud", "rosebud")
        assert codec([new]).equality.identical(loaded(codec, new, again), me)


def test_an_unknown_field_is_merged_like_others(codec):
    old, new = profile("dataclass slots", name=REQUIRED, premium=0), profile("dataclass slots", name=REQUIRED)
    base = stored(codec, old, name="a", premium=[1])
    ours, theirs = codec([new]).decode(base), codec([old]).decode(base)
    ours["me"].name = "b"
    theirs["me"].premium.append(2)
    sides = codec([new]).encode(ours), codec([old]).encode(theirs)
    for one, other in (sides, sides[::-1]):
        merged = RecordMerger(codec([new])).merge(Record.user(42), base, one, other)
        both = loaded(codec, old, merged)
        assert (both.name, both.premium) == ("b", [1, 2])


def replaced(value, **changes):
    """Change an object, or replace it in its family's way if it cannot be changed."""
    try:
        for name, inner in changes.items():
            setattr(value, name, inner)
    except (AttributeError, TypeError):
        if isinstance(value, tuple):
            return value._replace(**changes)
        return (attrs.evolve if attrs.has(type(value)) else dataclasses.replace)(value, **changes)
    return value


FROZEN = ["attrs frozen", "dataclass frozen", "dataclass frozen slots", "named tuple"]


@pytest.mark.parametrize("family", FROZEN)
def test_an_object_that_replaces_a_carrier_is_the_same_after_loading(codec, family):
    old, new = profile(family, name=REQUIRED, premium=False), profile(family, name=REQUIRED)
    again = codec([new])
    me = replaced(loaded(codec, new, stored(codec, old, name="a", premium=True)), name="b")
    back = loaded(codec, new, again.encode({"me": me}))
    assert type(back) is new
    assert again.equality.identical(me, back)
    assert again.equality.same(me, back)
    assert again.equality.fingerprint([me]) == again.equality.fingerprint([back])
    assert not again.equality.same(me, loaded(codec, new, stored(codec, old, name="b", premium=True)))


@pytest.mark.parametrize("family", FROZEN)
def test_an_element_that_both_deployments_replace_in_turn_stays_one(codec, family):
    old, new = profile(family, name=REQUIRED, hp=0, premium=None), profile(family, name=REQUIRED, hp=0)
    mine, theirs = codec([new]), codec([old])
    live = mine.decode(theirs.encode([old("a", 1, 1), old("b", 1, 1)]))
    live[1] = replaced(live[1], hp=2)
    saved = mine.encode(live)
    changed = theirs.decode(saved)
    changed[1] = replaced(changed[1], hp=3)
    merged = RecordMerger(mine).merge_live(Record.user(42), saved, live, theirs.encode(changed))
    assert [(one.name, one.hp) for one in merged] == [("a", 1), ("b", 3)]


@pytest.mark.parametrize("family", FROZEN)
def test_a_value_beside_shared_objects_that_both_deployments_replace_in_turn(codec, family):
    old, new = profile(family, name=REQUIRED, hp=0, premium=None), profile(family, name=REQUIRED, hp=0)
    mine, theirs, shared = codec([new]), codec([old]), []
    live = mine.decode(theirs.encode({"it": old("a", 1, 1), "one": shared, "other": shared}))
    live["it"] = replaced(live["it"], hp=2)
    saved = mine.encode(live)
    changed = theirs.decode(saved)
    changed["it"] = replaced(changed["it"], hp=3)
    merged = RecordMerger(mine).merge_live(Record.user(42), saved, live, theirs.encode(changed))
    assert merged["it"].hp == 3


@pytest.mark.parametrize("family", ["attrs define", "attrs frozen", "dataclass slots", "named tuple"])
def test_only_what_carries_a_field_is_a_carrier(codec, family):
    old, new = profile(family, name=REQUIRED, premium=None), profile(family, name=REQUIRED)
    beside = codec([new])
    values = beside.decode(codec([old]).encode([old("a", 1), old("b", 2)]))
    values[1:1] = [new("new")]
    assert [type(value) is new for value in beside.decode(beside.encode(values))] == [False, True, False]


OPEN = ["attrs define", "dataclass", "dataclass slots"]


@pytest.mark.parametrize("family", OPEN)
@pytest.mark.parametrize("shape", ["a list", "at two places", "an element is removed"])
def test_a_field_that_the_newer_deployment_adds_meanwhile_loses_no_change(codec, family, shape):
    old, new = profile(family, name=REQUIRED, hp=0, premium=None), profile(family, name=REQUIRED, hp=0)
    values = [new("a"), new("b")]
    base = codec([new]).encode([*values, values[1]] if shape == "at two places" else values)
    ours, theirs = codec([new]).decode(base), codec([old]).decode(base)
    ours[1].hp, theirs[1].premium = 2, 1
    if shape == "an element is removed":
        del theirs[0]
    sides = codec([new]).encode(ours), codec([old]).encode(theirs)
    for one, other in (sides, sides[::-1]):
        merged = codec([old]).decode(RecordMerger(codec([new])).merge(Record.user(42), base, one, other))
        *rest, last = merged
        assert (last.name, last.hp, last.premium) == ("b", 2, 1)
        assert [value.name for value in rest if value is not last] == [value.name for value in theirs[:-1]][:1]


@pytest.mark.parametrize("family", OPEN)
def test_a_change_goes_on_to_a_carrier_that_took_the_place_of_the_object(codec, family):
    old, new = profile(family, name=REQUIRED, hp=0, premium=None), profile(family, name=REQUIRED, hp=0)
    base = codec([new]).encode({"first": new("a"), "second": new("b")})
    live, theirs = codec([new]).decode(base), codec([old]).decode(base)
    live["first"].hp = 2
    theirs["first"] = theirs["second"]
    theirs["second"].premium = 1
    sides = codec([new]).encode(live), codec([old]).encode(theirs)
    for one, other in (sides, sides[::-1]):
        merged = codec([old]).decode(RecordMerger(codec([new])).merge(Record.user(42), base, one, other))
        assert merged["first"] is merged["second"]
        assert (merged["first"].name, merged["first"].hp, merged["first"].premium) == ("b", 2, 1)


@pytest.mark.parametrize("family", OPEN)
def test_a_live_object_whose_unknown_field_was_removed_is_the_same_object(codec, family):
    old, new = profile(family, name=REQUIRED, premium=None), profile(family, name=REQUIRED)
    mine = codec([new])
    live = {"me": loaded(codec, new, stored(codec, old, name="a", premium=1)), "list": []}
    assert update_in_place(live["me"], new("a"), mine.equality)
    live["again"] = live["list"]
    base = mine.encode(live)
    theirs = mine.decode(base)
    theirs["me"].name = "b"
    removed = mine.encode({"list": [], "again": []})
    assert "me" not in RecordMerger(mine).merge_live(Record.user(42), base, live, removed)
    live["list"].append(live.pop("me"))
    assert RecordMerger(mine).merge_live(Record.user(42), base, live, mine.encode(theirs))["list"][0].name == "b"


@pytest.mark.parametrize("family", FROZEN)
@pytest.mark.parametrize("is_shared", [False, True], ids=["once", "at two places"])
def test_what_an_object_that_replaces_a_carrier_holds_is_merged(codec, family, is_shared):
    old, new = profile(family, name=REQUIRED, tags=None, premium=None), profile(family, name=REQUIRED, tags=None)
    mine, theirs = codec([new]), codec([old])
    live = mine.decode(theirs.encode([old("a", [1], 1), old("b", [2], 1)]))
    live[1] = replaced(live[1], name="c")
    live += [live[1].tags] if is_shared else []
    saved = mine.encode(live)
    changed = theirs.decode(saved)
    changed[1] = replaced(changed[1], premium=5)
    live[1].tags.append(3)
    merged = RecordMerger(mine).merge_live(Record.user(42), saved, live, theirs.encode(changed))
    found = theirs.decode(mine.encode(merged))
    assert [(one.name, one.tags, one.premium) for one in found[:2]] == [("a", [1], 1), ("c", [2, 3], 5)]
    assert not is_shared or found[2] is found[1].tags


@pytest.mark.parametrize("family", FROZEN)
def test_an_object_that_replaces_a_carrier_stays_when_nothing_changes(codec, family):
    old, new = profile(family, name=REQUIRED, tags=None, premium=None), profile(family, name=REQUIRED, tags=None)
    mine = codec([new])
    live = mine.decode(codec([old]).encode([old("a", [1], 1), old("b", 2, 1)]))
    live[:] = replaced(live[0], name="c"), replaced(live[1], name="d")
    kept = [*live]
    assert update_in_place(live, [*mine.decode(mine.encode(live)), "more"], mine.equality)
    assert [live[0] is kept[0], live[1] is kept[1], live[2]] == [True, True, "more"]


@pytest.mark.parametrize("family", FROZEN)
def test_what_cannot_be_stored_in_an_object_that_replaces_a_carrier_stays_as_it_was(codec, family):
    old, new = profile(family, name=REQUIRED, tags=None, premium=None), profile(family, name=REQUIRED, tags=None)
    mine = codec([new])
    me = replaced(loaded(codec, new, stored(codec, old, name="a", tags=1, premium=1)), name="b")
    before = mine.encode({"me": me})
    rest, errors = mine.encode_storable({"me": replaced(me, name="c", tags=object())}, before)
    assert len(errors) == 1
    assert mine.decode(rest)["me"] == new("c", 1)


@pytest.mark.parametrize("family", OPEN)
def test_a_live_object_stays_when_its_unknown_field_is_removed(codec, family):
    old, new = profile(family, name=REQUIRED, premium=None), profile(family, name=REQUIRED)
    live = loaded(codec, new, stored(codec, old, name="a", premium=1))
    assert update_in_place(live, new("b"), codec([new]).equality)
    assert (live.name, hasattr(live, "premium")) == ("b", False)


def test_a_cycle_through_an_unknown_field(codec):
    old, new = profile("attrs define", name=REQUIRED, friend=None), profile("attrs define", name=REQUIRED)
    one = old("a")
    one.friend = [one]
    data = codec([old]).encode({"me": one})
    me = codec([new]).decode(data)["me"]
    again = loaded(codec, old, codec([new]).encode({"me": me}))
    assert again.friend[0] is again


def test_fields_in_slots_that_a_class_no_longer_has_are_kept(codec):
    class Old:
        __slots__ = ("__secret", "age")

        def __init__(self):
            self.age, self.__secret = 1, 2

    class New:
        __slots__ = ("age",)

    for cls in (Old, New):
        cls.__qualname__ = "Slotted"
    data = codec([Old]).encode(Old())
    assert codec([Old]).decode(data)._Old__secret == 2
    again = codec([New]).decode(data)
    assert again.age == 1
    assert codec([Old]).decode(codec([New]).encode(again))._Old__secret == 2
