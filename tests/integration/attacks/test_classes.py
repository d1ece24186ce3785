"""Tests of classes that are hard to merge and refresh: custom containers, values stored by functions, cycles."""

from __future__ import annotations

import threading
from collections import OrderedDict, deque

import pytest

from ptb_bucket import StoredAs
from ptb_bucket.state import MISSING, keep_ours
from ptb_bucket.state.merge.values import ValueMerge
from support.applications.two_instances import Pair

EITHER_WAY = pytest.mark.parametrize("refreshed", [False, True], ids=["merged", "refreshed"])


class Basket(dict):
    """A dict with an attribute."""

    owner = None


class Queue(deque):
    """A bot author's subclass of deque."""


class Stack(list):
    """A bot author's subclass of list."""


class Session:
    """A class without equality, whose lock can be neither copied nor stored."""

    def __init__(self, name) -> None:
        self.name, self.lock = name, threading.Lock()

    def __deepcopy__(self, memo):
        return type(self)(self.name)


class Handle(Session):
    """A session with an equality."""

    def __eq__(self, other):
        return isinstance(other, Handle) and other.name == self.name

    def __hash__(self):
        return hash(self.name)


def stored(cls) -> dict[str, list[StoredAs]]:
    return {"types": [StoredAs(cls, encode=lambda session: session.name, decode=cls)]}


@pytest.mark.parametrize("cls", [Session, Handle])
@EITHER_WAY
async def test_a_value_that_is_stored_by_functions_and_that_they_replaced_stays_replaced(cls, refreshed):
    pair = await Pair.of({"s": cls("a")}, **stored(cls))
    pair.theirs["s"] = cls("b")
    pair.ours["x"] = 1
    assert (await pair.meet(refreshed=refreshed))["s"].name == "b"


@EITHER_WAY
async def test_values_that_are_stored_by_functions_are_not_doubled_in_lists(refreshed):
    pair = await Pair.of({"l": [Handle("a")]}, **stored(Handle))
    pair.theirs["l"].append(Handle("b"))
    pair.ours["l"].append(Handle("c"))
    assert [value.name for value in (await pair.meet(refreshed=refreshed))["l"]] == ["a", "b", "c"]


@EITHER_WAY
async def test_both_the_content_and_the_attributes_of_a_dict_class_are_merged(refreshed):
    basket = Basket(a=1)
    basket.owner = "ada"
    pair = await Pair.of({"b": basket}, types=[Basket])
    pair.theirs["b"]["n"] = 1
    pair.ours["b"].owner = "bo"
    got = (await pair.meet(refreshed=refreshed))["b"]
    assert (type(got), got.owner, dict(got)) == (Basket, "bo", {"a": 1, "n": 1})


@EITHER_WAY
async def test_an_attribute_of_a_dict_class_that_they_changed_stays_changed(refreshed):
    basket = Basket(a=1)
    basket.owner = "ada"
    pair = await Pair.of({"b": basket}, types=[Basket])
    pair.theirs["b"].owner = "bo"
    assert (await pair.meet(refreshed=refreshed))["b"].owner == "bo"


@pytest.mark.parametrize("cls", [Queue, Stack])
@EITHER_WAY
async def test_both_tails_of_a_list_class_are_kept(cls, refreshed):
    pair = await Pair.of({"h": cls([1])}, types=[cls])
    held = pair.ours["h"]
    pair.theirs["h"].append(2)
    pair.ours["h"].append(3)
    got = (await pair.meet(refreshed=refreshed))["h"]
    assert (type(got), list(got)) == (cls, [1, 2, 3])
    assert pair.ours["h"] is held


@pytest.mark.parametrize("cls", [Queue, Stack])
@EITHER_WAY
async def test_what_only_they_added_to_a_list_class_stays(cls, refreshed):
    pair = await Pair.of({"h": cls([1])}, types=[cls])
    pair.theirs["h"].append(2)
    assert list((await pair.meet(refreshed=refreshed))["h"]) == [1, 2]


async def test_an_order_of_an_ordered_dict_that_they_changed_is_refreshed_and_stays():
    pair = await Pair.of({"lru": OrderedDict(a=1, b=2)})
    held = pair.ours["lru"]
    pair.theirs["lru"].move_to_end("a")
    await pair.save_theirs()
    await pair.refresh_ours()
    assert pair.ours["lru"] is held
    assert list(held) == ["b", "a"]
    writes = pair.one.stats.writes
    await pair.save_ours()
    assert pair.one.stats.writes == writes
    assert list((await pair.stored())["lru"]) == ["b", "a"]


@pytest.mark.parametrize(
    ("ours", "theirs", "asked"),
    [
        ({"d": {"k": 2}}, {}, (2, MISSING)),
        ({}, {"d": {"k": 2}}, (MISSING, 2)),
        ({"d": {"k": 2}}, {"d": {}}, (2, MISSING)),
        ({"d": {}}, {"d": {"k": 2}}, (MISSING, 2)),
    ],
    ids=["they deleted around it", "we deleted around it", "they deleted it", "we deleted it"],
)
def test_a_resolver_is_told_which_side_deleted(ours, theirs, asked):
    told = []

    def resolver(conflict):
        told.append((conflict.path, conflict.base, conflict.ours, conflict.theirs))
        return keep_ours(conflict)

    assert ValueMerge("user_data[42]", resolver).run((), {"d": {"k": 1}}, ours, theirs) == {"d": {"k": 2}}
    assert told == [(("d", "k"), 1, *asked)]


def family() -> dict[str, object]:
    """Make data whose child refers to its parent."""
    data = {"a": 1, "child": {"n": 1}}
    data["child"]["parent"] = data
    return data


@pytest.mark.parametrize("codec", ["json", "pickle"])
async def test_a_cycle_that_both_changed_has_both_changes(codec):
    pair = await Pair.of(family(), codec=codec)
    pair.theirs["child"]["theirs"] = 1
    pair.ours["mine"] = 1
    data = await pair.meet()
    assert (data["mine"], data["child"]["theirs"]) == (1, 1)
    assert data["child"]["parent"] is data
    assert pair.one.stats.conflicts_decided == 0


async def test_a_cycle_that_only_they_changed_is_not_undone_by_our_next_save():
    pair = await Pair.of(family(), codec="pickle")
    pair.theirs["child"]["theirs"] = 1
    assert (await pair.meet(refreshed=True))["child"]["theirs"] == 1


async def test_a_cycle_that_they_changed_is_refreshed():
    pair = await Pair.of(family(), codec="pickle")
    pair.theirs["child"]["theirs"] = 1
    await pair.save_theirs()
    await pair.refresh_ours()
    assert pair.ours["child"]["theirs"] == 1
