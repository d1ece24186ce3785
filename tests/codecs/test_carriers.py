"""Fields that a newer deployment added: an older one carries them, and is not confused by what carries none."""

from __future__ import annotations

import copy
import dataclasses

import attrs
import pytest
from families import FAMILIES, REQUIRED, loaded, profile, stored

from ptb_bucket.codecs import JsonCodec, PickleCodec
from ptb_bucket.errors import CannotLoadError
from ptb_bucket.state import Merger, Record
from ptb_bucket.state._inplace import assign


@pytest.fixture(params=[JsonCodec, PickleCodec])
def codec(request):
    return request.param


@pytest.mark.parametrize("family", FAMILIES)
def test_an_unknown_field_is_carried_and_written_back(codec, family):
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


def test_a_carried_field_is_merged_like_others(codec):
    old, new = profile("dataclass slots", name=REQUIRED, premium=0), profile("dataclass slots", name=REQUIRED)
    base = stored(codec, old, name="a", premium=[1])
    ours, theirs = codec([new]).decode(base), codec([old]).decode(base)
    ours["me"].name = "b"
    theirs["me"].premium.append(2)
    sides = codec([new]).encode(ours), codec([old]).encode(theirs)
    for one, other in (sides, sides[::-1]):
        merged = Merger(codec([new])).merge(Record.user(42), base, one, other)
        both = loaded(codec, old, merged)
        assert (both.name, both.premium) == ("b", [1, 2])


def replaced(value, **changes):
    """Change an object; replace one that cannot be changed, by the way of its family."""
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
    merged = Merger(mine).merge_live(Record.user(42), saved, live, theirs.encode(changed))
    assert [(one.name, one.hp) for one in merged] == [("a", 1), ("b", 3)]


@pytest.mark.parametrize("family", ["attrs define", "attrs frozen", "dataclass slots", "named tuple"])
def test_only_what_carries_a_field_is_a_carrier(codec, family):
    old, new = profile(family, name=REQUIRED, premium=None), profile(family, name=REQUIRED)
    beside = codec([new])
    values = beside.decode(codec([old]).encode([old("a", 1), old("b", 2)]))
    values[1:1] = [new("new")]
    assert [type(value) is new for value in beside.decode(beside.encode(values))] == [False, True, False]


@pytest.mark.parametrize("family", ["attrs define", "dataclass", "dataclass slots"])
def test_a_field_that_the_newer_deployment_adds_meanwhile_loses_no_change(codec, family):
    old, new = profile(family, name=REQUIRED, premium=None), profile(family, name=REQUIRED)
    base = codec([new]).encode([new("a"), new("b")])
    ours, theirs = codec([new]).decode(base), codec([old]).decode(base)
    ours[1].name, theirs[1].premium = "c", 1
    sides = codec([new]).encode(ours), codec([old]).encode(theirs)
    for one, other in (sides, sides[::-1]):
        merged = codec([old]).decode(Merger(codec([new])).merge(Record.user(42), base, one, other))
        assert [(value.name, value.premium) for value in merged] == [("a", None), ("c", 1)]


@pytest.mark.parametrize("family", ["attrs define", "dataclass", "dataclass slots"])
def test_a_live_object_stays_when_its_carried_field_goes(codec, family):
    old, new = profile(family, name=REQUIRED, premium=None), profile(family, name=REQUIRED)
    live = loaded(codec, new, stored(codec, old, name="a", premium=1))
    assert assign(live, new("b"), codec([new]).equality)
    assert (live.name, hasattr(live, "premium")) == ("b", False)


def test_a_cycle_through_a_carried_field(codec):
    old, new = profile("attrs define", name=REQUIRED, friend=None), profile("attrs define", name=REQUIRED)
    one = old("a")
    one.friend = [one]
    data = codec([old]).encode({"me": one})
    me = codec([new]).decode(data)["me"]
    again = loaded(codec, old, codec([new]).encode({"me": me}))
    assert again.friend[0] is again


def test_fields_in_slots_that_a_class_no_longer_has_are_carried(codec):
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
