"""An object in place of another one: whether a side changed what was there, or put something new there."""

from __future__ import annotations

import copy

import pytest

from ptb_bucket.codecs import identical
from ptb_bucket.state import add_differences, keep_ours, keep_theirs
from ptb_bucket.state.merge.values import ValueMerge

CY = {"name": "Cy"}
LEFT = {"level": 3, "bag": {"rope": 1}}
"""What is left of a character who was dropped while another instance added to it."""


def merged(base, ours, theirs, resolver=keep_ours):
    """Return the result and the decisions."""
    merge = ValueMerge("user_data[1]", resolver)
    return merge.run((), *copy.deepcopy((base, ours, theirs))), merge.decided


def with_current(character, *others):
    """Return a record with a current character, who is also the last one in the party."""
    character = copy.deepcopy(character)
    return {"current": character, "party": [*others, character]}


def names(result):
    return sorted(character["name"] for character in result["party"])


def is_in_party(result):
    return any(result["current"] is character for character in result["party"])


# ---------------------------------------------------------------- one side put it elsewhere, the other replaced it


@pytest.mark.parametrize("turned", [False, True], ids=["ours is new", "theirs is new"])
@pytest.mark.parametrize("others", [[], [CY]], ids=["new list", "old list"])
def test_who_takes_the_place_of_one_who_lives_on_in_a_list_is_somebody_else(turned, others):
    base = {"current": LEFT, "party": others} if others else {"current": LEFT}
    sides = [with_current({"name": "Al"}, *others), with_current(LEFT | {"name": "Bo"}, *others)]
    result, decided = merged(base, *(sides[::-1] if turned else sides))
    assert names(result) == ["Al", "Bo", *(one["name"] for one in others)]
    assert (result["current"], decided) == ({"name": "Al"}, [])
    assert is_in_party(result)
    assert LEFT | {"name": "Bo"} in result["party"]


@pytest.mark.parametrize("turned", [False, True], ids=["ours is new", "theirs is new"])
def test_settings_that_replace_others_are_new_if_the_others_were_kept_as_a_backup(turned):
    kept = {"lang": "de", "size": 2}
    sides = [{"settings": {"theme": "dark"}, "a": [1]}, {"settings": kept, "backup": kept, "a": [1]}]
    result, decided = merged({"settings": {"lang": "de"}, "a": [1]}, *(sides[::-1] if turned else sides))
    assert (result, decided) == ({"settings": {"theme": "dark"}, "backup": kept, "a": [1]}, [])


@pytest.mark.parametrize("turned", [False, True], ids=["ours is new", "theirs is new"])
def test_settings_that_replace_others_get_an_addition_to_the_others(turned):
    """The others are nowhere else, so it would be lost."""
    shared = {"n": 1}
    sides = [{"settings": one, "a": shared, "b": shared} for one in ({"theme": "dark"}, {"lang": "de", "size": 2})]
    base = {"settings": {"lang": "de"}, "a": shared, "b": shared}
    result, decided = merged(base, *(sides[::-1] if turned else sides))
    assert (result["settings"], decided) == ({"theme": "dark", "size": 2}, [])


# ---------------------------------------------------------------- both sides put it into a list


@pytest.mark.parametrize("resolver", [keep_ours, keep_theirs])
@pytest.mark.parametrize("others", [[], [CY]], ids=["new list", "old list"])
def test_one_whom_both_sides_named_and_put_into_a_list_is_two(resolver, others):
    base = {"current": LEFT, "party": others} if others else {"current": LEFT}
    sides = [with_current(LEFT | {"name": name}, *others) for name in ("Al", "Bo")]
    result, decided = merged(base, *sides, resolver)
    assert names(result) == ["Al", "Bo", *(one["name"] for one in others)]
    assert is_in_party(result)
    assert result["current"] == LEFT | {"name": "Al" if resolver is keep_ours else "Bo"}
    assert [choice.path for choice in decided] == [("current",)]


@pytest.mark.parametrize("left", [{}, {"level": 3}], ids=["nothing", "something"])
@pytest.mark.parametrize("others", [[], [CY]], ids=["new list", "old list"])
def test_one_whom_both_sides_renamed_and_put_into_a_list_is_two(left, others):
    base = {"current": {"name": "Di", "level": 3}} | ({"party": others} if others else {})
    result, decided = merged(base, with_current({"name": "Al"}, *others), with_current({"name": "Bo"} | left, *others))
    assert names(result) == ["Al", "Bo", *(one["name"] for one in others)]
    assert is_in_party(result)
    assert (result["current"], [choice.path for choice in decided]) == ({"name": "Al"}, [("current",)])


def test_two_who_were_one_do_not_share_what_the_one_had():
    result, _ = merged({"current": LEFT}, *(with_current(LEFT | {"name": name}) for name in ("Al", "Bo")))
    first, second = result["party"]
    assert first["bag"] == second["bag"] == {"rope": 1}
    assert first["bag"] is not second["bag"]


def test_what_somebody_else_holds_too_is_shared_by_two_who_were_one():
    versions = [{"current": LEFT}, *(with_current(LEFT | {"name": name}) for name in ("Al", "Bo"))]
    for version in versions:
        version["bag"] = version["current"]["bag"]
    result, _ = merged(*versions)
    assert result["bag"] is result["party"][0]["bag"] is result["party"][1]["bag"]


@pytest.mark.parametrize(
    ("mine", "other", "expected"),
    [
        ({"name": "Al"}, {"name": "Al"}, {"name": "Al"}),
        ({"name": "Al"}, {"title": "Dr"}, {"title": "Dr", "name": "Al"}),
        ({"hits": 1}, {"hits": 2}, {"hits": 3}),
    ],
    ids=["one name", "different parts", "numbers"],
)
def test_one_whom_both_sides_put_into_a_list_with_what_fits_together_stays_one(mine, other, expected):
    sides = [with_current(LEFT | added) for added in (mine, other)]
    result, _ = merged({"current": LEFT}, *sides, add_differences)
    assert result["party"] == [LEFT | expected]
    assert is_in_party(result)


def test_one_who_was_in_a_list_before_stays_one_under_the_name_that_the_resolver_chose():
    sides = [with_current(LEFT | {"name": name}) for name in ("Al", "Bo")]
    result, decided = merged(with_current(LEFT), *sides)
    assert result["party"] == [LEFT | {"name": "Al"}]
    assert [choice.path for choice in decided] == [("current", "name")]


@pytest.mark.parametrize("turned", [False, True], ids=["ours", "theirs"])
def test_one_whom_both_sides_put_into_a_list_and_one_side_renamed_stays_one(turned):
    sides = [with_current(LEFT | {"name": "Al"}), with_current(LEFT | CY)]
    result, decided = merged({"current": LEFT | CY}, *(sides[::-1] if turned else sides))
    assert (result["party"], decided) == ([LEFT | {"name": "Al"}], [])


@pytest.mark.parametrize("elsewhere", ["nowhere", "under a key"])
def test_one_whom_both_sides_named_and_did_not_put_into_a_list_stays_one(elsewhere):
    """Two would be one at each place, and a part that one side removed would come back."""
    sides = [{"current": {"level": 3, "name": "Al"}}, {"current": LEFT | {"name": "Bo"}}]
    for side in sides:
        side["backup"] = side["current"] if elsewhere == "under a key" else [side]  # objects, not places, are merged
    result, decided = merged({"current": LEFT}, *sides)
    assert (result["current"], [choice.path for choice in decided]) == (
        {"level": 3, "name": "Al"},
        [("current", "name")],
    )


@pytest.mark.parametrize("name", ["Al", "Bo"])
def test_what_only_one_side_named_and_put_into_a_list_is_taken_as_it_is(name):
    base, changed = {"current": LEFT}, with_current(LEFT | {"name": name})
    for sides in ((changed, base), (base, changed)):
        result, decided = merged(base, *sides)
        assert identical(result, changed)
        assert not decided
