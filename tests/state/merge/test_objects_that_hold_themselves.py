"""Objects that hold themselves: a merge and a refresh end, and leave each of them one object."""

from __future__ import annotations

import copy

import pytest

from ptb_bucket.codecs import identical
from ptb_bucket.state import keep_ours
from ptb_bucket.state.merge.values import ValueMerge
from support.applications.two_instances import Pair
from support.values.whole_values import CLASSES, Cart, FrozenObject, Guarded, Model, Tags, merged


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


@pytest.mark.parametrize("codec", ["json", "pickle"])
async def test_a_refresh_brings_a_model_that_holds_itself(codec):
    pair = await Pair.of({"o": Model(held=1)}, codec=codec, types=CLASSES)
    held = pair.ours["o"]
    pair.theirs["o"].held = pair.theirs["o"]
    await pair.save_theirs()
    await pair.refresh_ours()
    assert pair.ours["o"] is held.held is held


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
