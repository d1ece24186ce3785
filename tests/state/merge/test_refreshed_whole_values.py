"""Refreshes of values that merge as a whole: the objects that handlers hold stay, at any depth."""

from __future__ import annotations

import copy

import pytest

from ptb_bucket.codecs import identical
from ptb_bucket.state.merge.live import update_in_place
from support.applications.two_instances import Pair
from support.values.whole_values import CLASSES, FrozenObject, Model, Room, Slotted, Tags, tagged


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


def test_a_refresh_changes_attributes_of_sets_of_a_class_of_the_author_s():
    live, wanted = {"s": tagged("xy", Tags, log=[])}, {"s": tagged("xz", Tags, log=[1])}
    held, log = live["s"], live["s"].log
    assert update_in_place(live, wanted)
    assert live["s"] is held
    assert held.log is log
    assert (held, log) == ({"x", "z"}, [1])


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
