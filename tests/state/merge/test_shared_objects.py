"""Records whose objects are at several places: both sides' edits, as if both had been made to one record."""

from __future__ import annotations

import copy
from dataclasses import dataclass, field

import pytest

from ptb_bucket.state import MISSING, keep_ours, keep_theirs
from ptb_bucket.state.merge.live import update_in_place
from support.values.merging import merged


def party():
    """Two characters, one of whom is the current one."""
    bo, al = {"name": "Bo", "hp": 12}, {"name": "Al", "hp": 20}
    return {"characters": [bo, al], "current": bo}


def sides():
    return [copy.deepcopy(party()) for _ in range(3)]


def test_an_edit_through_one_place_and_an_edit_through_another_are_in_one_object():
    base, ours, theirs = sides()
    ours["current"]["hp"] = 4
    theirs["characters"][0]["level"] = 2
    result, decided = merged(base, ours, theirs)
    assert result["current"] is result["characters"][0]
    assert (result["current"], decided) == ({"name": "Bo", "hp": 4, "level": 2}, [])


def test_damage_stays_with_the_one_who_was_hit_when_another_one_is_current_now():
    base, ours, theirs = sides()
    ours["current"] = ours["characters"][1]
    theirs["current"]["hp"] = 4
    result, decided = merged(base, ours, theirs)
    assert result == {
        "characters": [{"name": "Bo", "hp": 4}, {"name": "Al", "hp": 20}],
        "current": {"name": "Al", "hp": 20},
    }
    assert result["current"] is result["characters"][1]
    assert not decided


def test_a_copy_in_place_of_an_object_is_an_object_of_its_own():
    base, ours, theirs = sides()
    ours["current"] = dict(ours["current"])
    theirs["characters"][0]["hp"] = 4
    result, _ = merged(base, ours, theirs)
    assert (result["characters"][0]["hp"], result["current"]["hp"]) == (4, 12)


def test_sharing_alone_is_a_change():
    base, ours, theirs = sides()
    base["current"], theirs["current"] = dict(base["current"]), dict(theirs["current"])
    result, _ = merged(base, ours, theirs)
    assert result["current"] is result["characters"][0]


def test_an_object_whose_last_place_was_given_to_another_hands_its_edit_on_and_that_is_counted():
    base, ours, theirs = ({"a": {"name": "x", "n": 1}, "b": {"name": "y"}, "c": None} for _ in range(3))
    for side in (base, ours, theirs):
        side["c"] = side["b"]
    ours["a"]["mine"] = 1
    theirs["a"] = theirs["b"]
    result, decided = merged(base, ours, theirs)
    assert result["a"] is result["b"] is result["c"]
    assert result["b"] == {"name": "y", "mine": 1}
    assert [(choice.path, choice.other) for choice in decided] == [(("a",), ("b",))]


def test_an_object_that_was_replaced_by_something_else_is_reported():
    base, ours, theirs = ({"a": {"n": 1}, "b": [1], "c": None} for _ in range(3))
    for side in (base, ours, theirs):
        side["c"] = side["b"]
    ours["a"]["mine"] = 1
    theirs["a"] = theirs["b"]
    result, decided = merged(base, ours, theirs)
    assert result["a"] is result["b"]
    assert [choice.path for choice in decided] == [("a",)]


def test_what_one_side_added_to_an_object_stays_when_the_other_removed_all_its_places():
    base, ours, theirs = sides()
    ours["current"]["mine"] = 1
    del theirs["current"]
    theirs["characters"].pop(0)
    result, _ = merged(base, ours, theirs)
    assert result == {"characters": [{"name": "Al", "hp": 20}], "current": {"mine": 1}}


def test_an_object_removed_at_one_place_is_complete_at_the_other():
    base, ours, theirs = sides()
    ours["current"]["mine"] = 1
    del theirs["current"]
    result, decided = merged(base, ours, theirs)
    assert result == {"characters": [{"name": "Bo", "hp": 12, "mine": 1}, {"name": "Al", "hp": 20}]}
    assert not decided


def test_both_sides_put_other_objects_at_one_place_and_the_resolver_decides():
    for resolver, name in ((keep_ours, "Cy"), (keep_theirs, "Di")):
        base, ours, theirs = sides()
        ours["characters"].append({"name": "Cy"})
        theirs["characters"].append({"name": "Di"})
        ours["current"], theirs["current"] = ours["characters"][2], theirs["characters"][2]
        result, decided = merged(base, ours, theirs, resolver)
        assert result["current"]["name"] == name
        assert any(result["current"] is character for character in result["characters"])
        assert ("current",) in [choice.path for choice in decided]


@pytest.mark.parametrize("before", [{}, {"current": {"level": 3}}, {"current": {"level": 3}, "party": []}])
def test_a_current_one_that_both_sides_replaced_by_new_ones_leaves_both_in_the_list(before):
    """Nothing is left of the one that was there, so neither side has edited it."""
    sides = []
    for new in ("Al", "Bo"):
        side = copy.deepcopy(before)
        side["current"] = {"name": new}
        side.setdefault("party", []).append(side["current"])
        sides.append(side)
    result, decided = merged(before, *sides)
    assert sorted(one["name"] for one in result["party"]) == ["Al", "Bo"]
    assert any(result["current"] is one for one in result["party"])
    assert decided


def test_what_both_sides_put_in_place_of_all_that_was_in_a_dict_is_all_there():
    base, ours, theirs = ({"settings": {name: 1}} for name in ("lang", "theme", "size"))
    for side in (base, ours, theirs):
        side["a"] = side["b"] = {"n": 1}
    result, _ = merged(base, ours, theirs)
    assert result["settings"] == {"theme": 1, "size": 1}


def test_an_object_that_both_sides_created_at_the_same_places_is_one():
    base, ours, theirs = ({} for _ in range(3))
    for side, number in ((ours, 1), (theirs, 2)):
        side["a"] = side["b"] = {number: number}
    result, _ = merged(base, ours, theirs)
    assert result["a"] is result["b"]
    assert result["a"] == {1: 1, 2: 2}


def test_repeating_what_may_be_there_already_moves_references_and_leaves_lists():
    base, ours, theirs = sides()
    ours["current"] = ours["characters"][1]
    ours["characters"].append({"name": "Cy"})
    theirs["characters"][0]["hp"] = 4
    once, decided = merged(base, ours, theirs, idempotent=True)
    assert once["current"] is once["characters"][1]
    assert [character["name"] for character in once["characters"]] == ["Bo", "Al", "Cy"]
    theirs["characters"].append({"name": "Di"})
    twice, _ = merged(*copy.deepcopy((base, ours, theirs)), idempotent=True)
    assert [character["name"] for character in twice["characters"]] == ["Bo", "Al", "Di"]
    assert not decided


@dataclass
class Room:
    name: str
    exits: list = field(default_factory=list)
    guard: object = None


def dungeon():
    """Rooms that lead to one another, and a guard that two of them share."""
    guard = {"hp": 9}
    hall, cell = Room("hall", guard=guard), Room("cell", guard=guard)
    hall.exits.append(cell)
    cell.exits.append(hall)
    return {"here": hall, "pair": (hall, guard)}


def test_objects_that_hold_one_another_are_merged_in_tuples_too():
    base, ours, theirs = dungeon(), dungeon(), dungeon()
    ours["here"].exits[0].guard["hp"] = 1
    theirs["here"].name = "throne room"
    result, decided = merged(base, ours, theirs)
    hall = result["here"]
    assert hall.exits[0].exits[0] is hall is result["pair"][0]
    assert hall.guard is hall.exits[0].guard is result["pair"][1]
    assert (hall.name, hall.guard, decided) == ("throne room", {"hp": 1}, [])


def test_sharing_that_doubles_at_each_level_takes_no_longer_than_there_are_objects():
    def doubled():
        value = [1]
        for _ in range(40):
            value = [value, value]
        return {"deep": value}

    base, ours, theirs = doubled(), doubled(), doubled()
    ours["mine"], theirs["other"] = 1, 1
    result, _ = merged(base, ours, theirs)
    assert result.keys() == {"deep", "mine", "other"}
    assert result["deep"][0] is result["deep"][1]
    live = doubled()
    assert update_in_place(live, result)
    assert live["deep"][0] is live["deep"][1]


def test_a_place_that_is_gone_on_both_sides_stays_gone():
    base, ours, theirs = sides()
    del ours["current"]
    del theirs["current"]
    assert merged(base, ours, theirs)[0].get("current", MISSING) is MISSING


def test_an_element_that_is_gone_everywhere_is_reported_if_the_other_side_changed_it():
    base, ours, theirs = sides()
    ours["characters"][1]["hp"] = 1
    theirs["characters"].pop()
    result, decided = merged(base, ours, theirs)
    assert [character["name"] for character in result["characters"]] == ["Bo"]
    assert [choice.path for choice in decided] == [("characters", 1)]


def test_an_edit_follows_an_object_that_was_moved():
    base, ours, theirs = sides()
    for side in (base, ours, theirs):
        side["guest"] = {"name": "Cy", "hp": 5}
    ours["guest"]["hp"] = 4
    theirs["characters"].append(theirs.pop("guest"))
    result, decided = merged(base, ours, theirs)
    assert result["characters"][2] == {"name": "Cy", "hp": 4}
    assert "guest" not in result
    assert not decided


def test_an_element_that_was_changed_and_moved_has_the_other_side_s_edit():
    base, ours, theirs = sides()
    for side in (base, ours, theirs):
        side["characters"].append({"name": "Cy", "hp": 5})
    ours["characters"].insert(0, ours["characters"].pop() | {"hp": 30})
    theirs["characters"][2]["level"] = 2
    result, decided = merged(base, ours, theirs)
    assert [character["name"] for character in result["characters"]] == ["Cy", "Bo", "Al"]
    assert (result["characters"][0], decided) == ({"name": "Cy", "hp": 30, "level": 2}, [])


def test_lists_that_both_sides_created_begin_once():
    base, ours, theirs = sides()
    ours["log"], theirs["log"] = ["start", ours["current"], "ours"], ["start", theirs["current"], "theirs"]
    result, _ = merged(base, ours, theirs)
    assert result["log"] == ["start", result["current"], "theirs", "ours"]


def test_refreshing_keeps_objects_that_were_moved_and_values_that_are_equal():
    live, wanted = party(), party()
    for side in (live, wanted):
        side["guest"], side["place"] = {"name": "Cy"}, tuple(range(2))
    guest, place = live["guest"], live["place"]
    wanted["characters"].append(wanted.pop("guest"))
    assert update_in_place(live, wanted)
    assert live["characters"][2] is guest
    assert live["place"] is place
