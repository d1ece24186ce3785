"""Tests of stored objects whose classes have changed: loaded whole, carried, or refused by name, and never in part."""

from __future__ import annotations

import dataclasses
import enum
import uuid

import attrs
import pydantic
import pytest

from ptb_bucket.codecs import JsonCodec, PickleCodec, StoredAs
from ptb_bucket.errors import CannotLoadError
from support.values.declared_classes import FAMILIES, REQUIRED, attrs_class, loaded, model, profile, stored


@pytest.fixture(params=FAMILIES)
def family(request):
    return request.param


def refused(codec, cls, data):
    with pytest.raises(CannotLoadError) as caught:
        loaded(codec, cls, data)
    assert "Profile (module bots.shop)" in str(caught.value)
    assert "rosebud" not in str(caught.value)
    return str(caught.value)


def test_a_missing_field_gets_its_default(codec, family):
    data = stored(codec, profile(family, name=REQUIRED), name="rosebud")
    me = loaded(codec, profile(family, name=REQUIRED, city="Rome"), data)
    assert (me.name, me.city) == ("rosebud", "Rome")


def test_a_default_that_is_drawn_is_the_same_at_each_decoding(codec, family):
    data = stored(codec, profile(family, name=REQUIRED), name="rosebud")
    again = codec([profile(family, name=REQUIRED, id=uuid.uuid4, tags=list)])
    ada, bo, ada_again = (again.decode(data, origin=origin)["me"] for origin in ("ada", "bo", "ada"))
    assert ada.id == ada_again.id
    if family != "named tuple":  # whose defaults are drawn once for the class
        assert ada.id != bo.id
        assert ada.tags is not ada_again.tags
    assert again.encode({"me": ada}) == again.encode({"me": ada_again})


def test_two_instances_in_one_record_draw_their_own_defaults(codec):
    old, new = profile("dataclass", name=REQUIRED), profile("dataclass", name=REQUIRED, id=uuid.uuid4)
    data = codec([old]).encode([old("a"), old("a")])
    again = codec([new])
    one, other = again.decode(data, origin="x")
    assert one.id != other.id
    assert [found.id for found in again.decode(data, origin="x")] == [one.id, other.id]


def test_a_missing_field_without_a_default_is_named(codec, family):
    data = stored(codec, profile(family, name=REQUIRED), name="rosebud")
    assert "'city'" in refused(codec, profile(family, name=REQUIRED, city=REQUIRED), data)


@pytest.mark.parametrize("default", [REQUIRED, "Bo"], ids=["required", "with a default"])
def test_a_field_that_looks_renamed_is_named_by_both_names(codec, family, default):
    data = stored(codec, profile(family, age=REQUIRED, name=default), age=36, name="rosebud")
    message = refused(codec, profile(family, age=REQUIRED, full_name=default), data)
    assert "'full_name'" in message
    assert "'name'" in message


def test_a_class_that_keeps_its_fields_is_not_looked_at_twice(codec, family):
    cls = profile(family, name=REQUIRED, city="Rome")
    data = stored(codec, cls, name="rosebud", city="Oslo")
    me = loaded(codec, cls, data)
    assert (me.name, me.city) == ("rosebud", "Oslo")
    if codec is JsonCodec:
        assert codec([cls]).encode({"me": me, "beside": 1}) == data


class Cached:
    def __init__(self):
        self.extra = 1


@dataclasses.dataclass
class Shown:
    name: str

    @property
    def loud(self):
        return self.name.upper()


def test_what_an_instance_carries_beside_its_fields_is_no_renamed_field(codec):
    shown = Shown("a")
    shown.__dict__["loud"] = "A"  # as functools.cached_property does
    shown.note = "more"
    data = codec([Shown]).encode(shown)
    again = codec([Shown]).decode(data)
    assert vars(again) == {"name": "a", "loud": "A", "note": "more"}
    assert vars(codec([Cached]).decode(codec([Cached]).encode(Cached()))) == {"extra": 1}


def test_an_attribute_that_is_set_later_may_be_missing(codec):
    @dataclasses.dataclass
    class Lazy:
        name: str
        total: int = dataclasses.field(init=False)

    again = codec([Lazy]).decode(codec([Lazy]).encode(Lazy("a")))
    assert vars(again) == {"name": "a"}


@attrs.define
class Derived:
    name: str
    greeting: str = attrs.field(default=attrs.Factory(lambda self: f"Hello {self.name}", takes_self=True))


class Account(pydantic.BaseModel):
    name: str
    tags: list[str] = pydantic.Field(default_factory=list)
    more: dict[str, int] = pydantic.Field(default_factory=dict)
    greeting: str = pydantic.Field(default_factory=lambda data: f"Hello {data['name']}")


def test_a_models_factory_gets_the_other_fields_only_if_it_takes_them(codec):
    old = model({"name": REQUIRED})
    data = codec([StoredAs(old, name="Account")]).encode(old(name="Ada"))
    assert codec([Account]).decode(data, origin="x") == Account(name="Ada", tags=[], more={}, greeting="Hello Ada")


def test_a_default_may_be_made_from_the_other_fields(codec):
    old = attrs_class({"name": REQUIRED})
    data = codec([StoredAs(old, name="Derived")]).encode(old("Ada"))
    assert codec([Derived]).decode(data, origin="x").greeting == "Hello Ada"


@pytest.mark.parametrize("kind", [enum.Enum, enum.IntEnum, enum.Flag])
def test_a_removed_member_is_named_with_its_enum(codec, kind):
    old = kind("Colour", {"RED": 1, "BLUE": 2}, module="bots.shop")
    new = kind("Colour", {"RED": 1, "GREEN": 4}, module="bots.shop")
    data = codec([old]).encode({"paint": old.BLUE})
    assert codec([new]).decode(codec([old]).encode(old.RED)) is new.RED
    if kind is enum.Flag and data:
        with pytest.raises(CannotLoadError, match=r"Colour \(module bots.shop\) has a flag"):
            codec([new]).decode(data)
        return
    with pytest.raises(CannotLoadError, match=r"Colour \(module bots.shop\) lacks the member 'BLUE'"):
        codec([new]).decode(data)


class Status(enum.IntEnum):
    OK = 1

    @classmethod
    def _missing_(cls, value):
        made = int.__new__(cls, value)
        made._name_, made._value_ = f"STATUS_{value}", value
        return made


def test_a_member_that_the_enum_makes_on_demand(codec):
    made = codec([Status])
    again = made.decode(made.encode({"known": Status.OK, "made": Status(7)}))
    assert again["known"] is Status.OK
    assert (type(again["made"]), again["made"].value, again["made"].name) == (Status, 7, "STATUS_7")


def test_a_class_with_another_name_is_kept_by_its_old_one(codec):
    old, new = profile("dataclass", name=REQUIRED), profile("dataclass", name=REQUIRED)
    new.__qualname__ = new.__name__ = "Person"
    data = stored(codec, old, name="rosebud")
    with pytest.raises(CannotLoadError, match=r"StoredAs\(NewName, name='Profile'\)"):
        loaded(codec, new, data)
    again = codec([StoredAs(new, name="Profile")])
    assert type(again.decode(data)["me"]) is new
    assert again.encode(again.decode(data)) == data


def test_a_field_with_a_property_of_another_name_is_stored_as_before(codec, family):
    old, new = profile(family, name=REQUIRED), profile(family, name=REQUIRED)
    new.full_name = property(lambda me: me.name)
    data = stored(codec, old, name="rosebud")
    assert loaded(codec, new, data).full_name == "rosebud"
    assert codec([new]).encode(codec([new]).decode(data)) == data


def test_a_class_may_move_to_another_module(codec, family):
    old, new = profile(family, name=REQUIRED), profile(family, name=REQUIRED)
    new.__module__ = "bots.people"
    assert loaded(codec, new, stored(codec, old, name="rosebud")).name == "rosebud"


def test_an_enum_may_get_a_second_name_for_a_member(codec):
    old = enum.Enum("Step", {"ASK": 1, "PAY": 2}, module="bots.shop")
    new = enum.Enum("Step", {"ASK": 1, "PAY": 2, "CHECKOUT": 2}, module="bots.shop")
    data = codec([old]).encode(old.PAY)
    assert codec([new]).decode(data) is new.CHECKOUT
    assert codec([new]).encode(new.CHECKOUT) == data


def test_a_slot_that_looks_renamed_is_named(codec):
    class Old:
        __slots__ = ("age", "name")

    class New:
        __slots__ = ("age", "full_name")

    for cls in (Old, New):
        cls.__qualname__ = "Slotted"
    old = Old()
    old.age, old.name = 36, "rosebud"
    with pytest.raises(CannotLoadError, match=r"(?s)'name'.*'full_name'"):
        codec([New]).decode(codec([Old]).encode(old))
    partly = New()
    partly.age = 1
    assert codec([New]).decode(codec([New]).encode(partly)).age == 1


def test_old_pickles_with_fields_by_position_are_not_mixed_up():
    """ptb-bucket wrote these pickles before it stored the fields of these classes by name."""
    old = profile("dataclass frozen slots", name=REQUIRED, age=0)
    pickled = (
        b"\x80\x05\x8c\x1aptb_bucket.codecs._allowed\x94\x8c\x07object_\x94\x93\x94"
        b"\x8c\x07Profile\x94\x8c\x03new\x94)\x87\x94R\x94]\x94(\x8c\x03Ada\x94K$eb."
    )
    assert PickleCodec([old]).decode(pickled) == old("Ada", 36)
    with pytest.raises(CannotLoadError, match="has 2 fields, but the class has 1"):
        PickleCodec([profile("dataclass frozen slots", name=REQUIRED)]).decode(pickled)
