"""Objects inside values that merge as a whole: tuples, sets, frozen classes, models, and classes of an author."""

from __future__ import annotations

import copy
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import attrs
import pydantic
import pytest

from ptb_bucket.codecs import identical
from ptb_bucket.state import keep_ours, keep_theirs
from ptb_bucket.state.merge.live import update_in_place
from ptb_bucket.state.merge.values import ValueMerge
from support.applications.two_instances import Pair


class Point(NamedTuple):
    x: Any
    y: Any = 0


@dataclass(frozen=True)
class Frozen:
    held: Any
    more: Any = None


@dataclass(frozen=True, eq=False)
class FrozenObject:
    held: Any
    more: Any = None


@dataclass(frozen=True, slots=True)
class Slotted:
    held: Any
    more: Any = None


@attrs.frozen
class Medal:
    held: Any
    more: Any = None


class Model(pydantic.BaseModel):
    held: Any = None
    more: Any = None
    _secret: Any = pydantic.PrivateAttr(default=None)


class FrozenModel(pydantic.BaseModel):
    model_config = pydantic.ConfigDict(frozen=True)
    held: Any = None
    more: Any = None


class Guarded:
    """A class that validates assigned values and has its own ``__getstate__``."""

    def __init__(self, held: Any = None, more: Any = None) -> None:
        self.held, self.more = held, more

    def __setattr__(self, name: str, value: Any) -> None:
        if name not in ("held", "more"):
            raise AttributeError(name)
        super().__setattr__(name, value)

    def __getstate__(self) -> Any:
        return (self.held, self.more)

    def __setstate__(self, state: Any) -> None:
        self.held, self.more = state


class Tags(set):
    """Its instances may have attributes."""


class Fixed(frozenset):
    """Its members have names only."""


class Labelled(tuple):  # noqa: SLOT001  attributes are what it is for
    """Its instances may have attributes."""


class Name(str):  # noqa: SLOT000  attributes are what it is for
    """Its instances may have attributes."""


@dataclass
class Cart:
    owner: Any = None
    items: list[Any] = field(default_factory=list)


@dataclass(eq=False)
class Room:
    held: Any = None


CLASSES = [Point, Frozen, FrozenObject, Slotted, Medal, Model, FrozenModel, Guarded, Tags, Labelled, Name, Cart, Room]
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


def merged(base, ours, theirs, resolver=keep_ours):
    """Return the result and the number of decisions."""
    merge = ValueMerge("user_data[1]", resolver)
    return merge.run((), *copy.deepcopy((base, ours, theirs))), len(merge.decided)


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


@pytest.mark.parametrize("codec", ["json", "pickle"])
async def test_an_edit_arrives_in_a_tuple_that_holds_something_unstorable_here(codec):
    pair = await Pair.of({"o": ({"fine": 1},)}, codec=codec, types=CLASSES)
    bad = pair.ours["o"][0]["bad"] = object()
    held = pair.ours["o"][0]
    pair.theirs["o"][0]["fine"] = 2
    await pair.save_theirs()
    await pair.refresh_ours()
    assert pair.ours["o"][0] is held
    assert held == {"fine": 2, "bad": bad}


def itself(holder):
    """Make an object that a cart inside it refers to."""
    owner = holder()
    cart = Cart(owner)
    if isinstance(owner, FrozenObject):
        object.__setattr__(owner, "held", cart)
    else:
        owner.held = cart
    return owner


def nothing():
    return FrozenObject(None)


REFER_TO_THEMSELVES = pytest.mark.parametrize("holder", [Model, Guarded, nothing], ids=["model", "own state", "frozen"])


@REFER_TO_THEMSELVES
@pytest.mark.parametrize("new", [False, True], ids=["was there", "new"])
def test_an_object_that_refers_to_itself_stays_one(holder, new):
    base = {"o": holder() if new and holder is not nothing else None, "n": 1} if new else {"o": itself(holder), "n": 1}
    edited, other = copy.deepcopy(base), copy.deepcopy(base)
    edited["o"] = itself(holder)
    for sides in ((edited, base), (base, edited)):
        result, decided = merged(base, *sides)
        assert identical(result, edited)
        assert not decided
    other["n"] = 2
    for sides in ((edited, other), (other, edited)):
        result, decided = merged(base, *sides)
        assert identical(result, edited | {"n": 2})
        assert not decided


@REFER_TO_THEMSELVES
def test_both_sides_edits_inside_an_object_that_refers_to_itself_are_kept(holder):
    base, ours, theirs = ({"o": itself(holder)} for _ in range(3))
    ours["o"].held.items.append("ours")
    theirs["o"].held.items.append("theirs")
    result, decided = merged(base, ours, theirs)
    assert result["o"].held.items == ["theirs", "ours"]
    assert result["o"].held.owner is result["o"]
    assert not decided


@REFER_TO_THEMSELVES
@pytest.mark.parametrize("codec", ["json", "pickle"])
async def test_a_refresh_brings_an_object_that_refers_to_itself_once(holder, codec):
    pair = await Pair.of({"o": holder()}, codec=codec, types=CLASSES)
    pair.theirs["o"] = itself(holder)
    await pair.save_theirs()
    await pair.refresh_ours()
    assert identical(pair.ours, pair.theirs)
    pair.ours["n"] = 1
    assert identical(await pair.meet(), {"o": itself(holder), "n": 1})


@pytest.mark.parametrize("make", [set, frozenset, Tags], ids=["set", "frozenset", "of a class of the author's"])
def test_a_member_that_one_side_removed_stays_removed_in_a_record_with_a_cycle(make):
    base, edited = {"s": make("xyz")}, {"s": make("xz")}
    for side in (base, edited):
        side["me"] = side
    for sides in ((edited, base), (base, edited)):
        result, decided = merged(base, *sides)
        assert (result["s"], type(result["s"]), decided) == (make("xz"), make, 0)


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


def tagged(members, cls, **attributes):
    made = cls(members)
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


def test_a_refresh_changes_attributes_of_sets_of_a_class_of_the_author_s():
    live, wanted = {"s": tagged("xy", Tags, log=[])}, {"s": tagged("xz", Tags, log=[1])}
    held, log = live["s"], live["s"].log
    assert update_in_place(live, wanted)
    assert live["s"] is held
    assert held.log is log
    assert (held, log) == ({"x", "z"}, [1])


@pytest.mark.parametrize("codec", ["json", "pickle"])
async def test_a_refresh_brings_a_model_that_holds_itself(codec):
    pair = await Pair.of({"o": Model(held=1)}, codec=codec, types=CLASSES)
    held = pair.ours["o"]
    pair.theirs["o"].held = pair.theirs["o"]
    await pair.save_theirs()
    await pair.refresh_ours()
    assert pair.ours["o"] is held.held is held


def test_a_refresh_puts_the_live_object_into_a_new_tuple_at_any_depth():
    live, wanted = ({"log": {"n": 1}, "me": None} for _ in range(2))
    wanted["o"] = Room(Slotted((wanted["log"],), Model(held=(0, wanted["log"]))))
    wanted["f"] = FrozenObject((wanted["log"],))
    for side in (live, wanted):
        side["me"] = side
    log, expected = live["log"], copy.deepcopy(wanted)
    assert update_in_place(live, wanted)
    assert live["log"] is log
    assert identical(live, expected)


def test_a_refresh_replaces_an_equal_object_in_a_model_by_the_shared_one():
    live = {"o": Model(held=({"n": 1},)), "log": {"n": 1}}
    log = {"n": 1}
    wanted = {"o": Model(held=(log,)), "log": log}
    expected, model = copy.deepcopy(wanted), live["o"]
    assert update_in_place(live, wanted)
    assert live["o"] is model
    assert identical(live, expected)


def test_a_refresh_keeps_an_element_that_was_moved_while_what_it_holds_was_changed():
    live, wanted = ({"hero": {"hp": 1}, "l": [{"cell": "a", "n": 1}, {"cell": "b", "n": 2}]} for _ in range(2))
    for side in (live, wanted):
        side["l"][0]["who"] = side["hero"]
    first, second = live["l"]
    wanted["l"].reverse()
    wanted["hero"]["hp"] = 5
    assert update_in_place(live, wanted)
    assert live["l"][0] is second
    assert live["l"][1] is first
    assert (first, first["who"]) == ({"cell": "a", "n": 1, "who": {"hp": 5}}, live["hero"])


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


class Ring:
    """A value with its own equality that contains itself."""

    def __init__(self) -> None:
        self.next = self

    def __eq__(self, other: object) -> bool:
        return self is other

    def __hash__(self) -> int:
        return 1


def test_a_value_that_contains_itself_does_not_keep_the_merge_from_ending():
    base = {"o": {"ring": Ring()}}
    theirs = copy.deepcopy(base)
    theirs["o"]["n"] = 1
    merge = ValueMerge("user_data[1]", keep_ours)
    assert merge.run((), base, {"o": 2}, theirs) == {"o": 2}
    assert len(merge.decided) == 1
