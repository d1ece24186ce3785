"""Lists are merged by element: what changed on both sides stays one element, and no edit goes without a report."""

from __future__ import annotations

import copy
from collections import OrderedDict, deque
from dataclasses import dataclass, field

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ptb_bucket.codecs import identical
from ptb_bucket.state import keep_ours
from ptb_bucket.state.merge.values import ValueMerge
from support.applications.two_instances import Pair

BO, AL, CY = {"name": "Bo", "hp": 12}, {"name": "Al", "hp": 20}, {"name": "Cy", "hp": 7}


def merged(base, ours, theirs):
    """Return the result and the number of decisions."""
    merge = ValueMerge("user_data[1]", keep_ours)
    return merge.run((), *copy.deepcopy((base, ours, theirs))), len(merge.decided)


@pytest.mark.parametrize(
    ("base", "ours", "theirs", "expected"),
    [
        ([BO, AL], [BO | {"hp": 4}, AL], [BO | {"level": 2}, AL], [BO | {"level": 2, "hp": 4}, AL]),
        ([BO, AL], [BO | {"hp": 4}, AL | {"hp": 1}], [BO | {"x": 1}, AL | {"y": 2}],
         [BO | {"hp": 4, "x": 1}, AL | {"hp": 1, "y": 2}]),
        ([BO, AL], [BO | {"hp": 4}, AL], [AL, BO], [AL, BO | {"hp": 4}]),  # moved there
        ([BO, AL], [AL, BO | {"hp": 4}], [BO | {"level": 2}, AL], [AL, BO | {"level": 2, "hp": 4}]),  # and changed
        ([BO, AL], [BO | {"hp": 4}, AL, CY], [CY | {"hp": 1}, BO | {"x": 1}, AL],
         [CY | {"hp": 1}, BO | {"x": 1, "hp": 4}, AL, CY]),  # both added, in different places
        ([BO, AL, CY], [AL, CY | {"hp": 1}], [BO, AL, CY | {"x": 1}], [AL, CY | {"x": 1, "hp": 1}]),
        ([{"n": 1}], [{"n": 2}], [{"n": 1, "m": 1}], [{"n": 2, "m": 1}]),
        ([{"id": 1, "n": 1}], [{"id": 1, "n": 2}], [{"id": 1, "n": 1, "m": 1}], [{"id": 1, "n": 2, "m": 1}]),
        ([[1, [2, {"a": 1}]]], [[1, [2, {"a": 2}]]], [[1, [2, {"a": 1, "b": 1}]]], [[1, [2, {"a": 2, "b": 1}]]]),
        ([[*"..."], [*"..."], [*"..."]], [[*"X.."], [*"..."], [*"..."]], [[*"..O"], [*"..."], [*"..."]],
         [[*"X.O"], [*"..."], [*"..."]]),  # a board
        ([[*"..."], [*"..."], [*"..."], [*"..."]], [[*"X.."], [*"..."], [*"..."], [*".X."]],
         [[*"..O"], [*"O.."], [*"..."], [*"..."]], [[*"X.O"], [*"O.."], [*"..."], [*".X."]]),
        ([{1}, {2}], [{1, 3}, {2}], [{1, 4}, {2}], [{1, 3, 4}, {2}]),
        ([{"n": "x", "new": True}], [{"n": "x", "new": True, "note": 1}],
         [{"n": "renamed", "new": True}, {"n": "y", "new": True}],
         [{"n": "renamed", "new": True, "note": 1}, {"n": "y", "new": True}]),  # both may be it: the first one is
    ],
)  # fmt: skip
@pytest.mark.parametrize("kind", [list, deque])
def test_what_both_sides_changed_in_one_element_is_in_one_element(kind, base, ours, theirs, expected):
    assert merged(kind(base), kind(ours), kind(theirs)) == (kind(expected), 0)


def players(count, **changed):
    return [{"name": f"P{at}", "hp": 12, "level": 1} | changed for at in range(count)]


@pytest.mark.parametrize("count", [3, 99, 100, 101, 400])
def test_however_many_were_changed_by_both_none_is_there_twice(count):
    ours, theirs, new = players(count, hp=2), players(count, level=3), {"name": "New", "hp": 1, "level": 1}
    everywhere = players(count, hp=2, level=3)
    assert merged(players(count), ours, [*theirs, new]) == ([*everywhere, new], 0)
    assert merged(players(count), [new, *ours], theirs) == ([new, *everywhere], 0)


def test_of_many_without_a_name_the_changed_ones_are_paired_in_order():
    base = [{"hp": 12, "level": 1} for _ in range(150)]
    theirs = [{"hp": 12, "level": 3} for _ in base]
    value, _ = merged(base, [{"hp": 2, "level": 1} for _ in base], [*theirs, {"hp": 7, "level": 7}])
    assert value == [*({"hp": 2, "level": 3} for _ in base), {"hp": 7, "level": 7}]


@pytest.mark.parametrize("wrap", [lambda rows: rows, lambda rows: {"rows": rows, "again": rows}])
def test_what_both_moved_and_changed_in_other_fields_is_there_once(wrap):
    bo, al, cy = ({"name": name, "hp": 12, "level": 1} for name in ("Bo", "Al", "Cy"))
    ours, theirs = [cy, al, bo | {"level": 2}], [cy, bo | {"hp": 9}, al]
    value, decided = merged(wrap([bo, al, cy]), wrap(ours), wrap(theirs))
    rows = value if isinstance(value, list) else value["rows"]
    assert sorted(rows, key=str) == sorted([al, cy, bo | {"hp": 9, "level": 2}], key=str)
    assert decided == 0


@pytest.mark.parametrize("wrap", [lambda rows: rows, lambda rows: {"rows": rows, "again": rows}])
def test_what_both_moved_and_changed_in_one_field_stays_twice_and_is_counted(wrap):
    bo, al, cy = ({"name": name, "hp": 12, "level": 1} for name in ("Bo", "Al", "Cy"))
    value, decided = merged(wrap([bo, al, cy]), wrap([cy, al, bo | {"hp": 2}]), wrap([cy, bo | {"hp": 9}, al]))
    rows = value if isinstance(value, list) else value["rows"]
    assert sorted(rows, key=str) == sorted([al, cy, bo | {"hp": 2}, bo | {"hp": 9}], key=str)
    assert decided == 1


@pytest.mark.parametrize("turned", [False, True], ids=["ours", "theirs"])
@pytest.mark.parametrize("wrap", [lambda rows: rows, lambda rows: {"rows": rows, "again": rows}])
def test_an_element_that_was_changed_is_found_though_as_many_were_added_behind_it_as_removed_before_it(wrap, turned):
    di, ed = {"name": "Di", "hp": 1}, {"name": "Ed", "hp": 2}
    sides = [[BO, AL, CY | {"x": 1}], [CY | {"level": 2}, di, ed]]
    value, decided = merged(wrap([BO, AL, CY]), *map(wrap, sides[::-1] if turned else sides))
    rows = value if isinstance(value, list) else value["rows"]
    assert (rows, decided) == ([CY | {"level": 2, "x": 1}, di, ed], 0)


@pytest.mark.parametrize("turned", [False, True], ids=["ours", "theirs"])
def test_a_changed_element_behind_removed_ones_is_gone_if_the_other_side_removed_all(turned):
    sides = [[], [CY | {"level": 2}, {"name": "Di", "hp": 1}, {"name": "Ed", "hp": 2}]]
    value, decided = merged([BO, AL, CY], *(sides[::-1] if turned else sides))
    assert ([one["name"] for one in value], decided > 0) == (["Di", "Ed"], True)


@dataclass
class Hero:
    name: str
    hp: int
    bag: list = field(default_factory=list)


def test_elements_that_are_objects_are_merged_attribute_by_attribute():
    result, decided = merged([Hero("Bo", 12), Hero("Al", 20)], [Hero("Bo", 4), Hero("Al", 20)],
                             [Hero("Bo", 12, ["rope"]), Hero("Al", 20)])  # fmt: skip
    assert (result, decided) == ([Hero("Bo", 4, ["rope"]), Hero("Al", 20)], 0)


@attrs.define
class Guarded:
    name: str
    hp: int


def test_an_element_that_guards_its_attributes_is_not_doubled():
    result, decided = merged([Guarded("Bo", 12)], [Guarded("Bo", 4)], [Guarded("Bo", 11)])
    assert (result, decided) == ([Guarded("Bo", 4)], 1)


@pytest.mark.parametrize(
    ("ours", "theirs"), [([BO | {"hp": 4}, AL], [AL]), ([AL], [BO | {"hp": 4}, AL])], ids=["there", "here"]
)
def test_an_element_that_one_side_changed_and_the_other_removed_is_gone_and_that_is_counted(ours, theirs):
    assert merged([BO, AL], ours, theirs) == ([AL], 1)


@pytest.mark.parametrize("shared", [False, True])
@pytest.mark.parametrize("turned", [False, True])
@pytest.mark.parametrize("added", [[], [{"task": "eggs"}]])
def test_what_one_side_moved_and_changed_and_the_other_removed_is_counted(shared, turned, added):
    milk, bread = {"task": "milk"}, {"task": "bread"}
    sides = [[bread, milk | {"note": "2 litres"}], [bread, *added]]
    wrap = (lambda todo: {"todo": todo, "again": todo}) if shared else (lambda todo: {"todo": todo})
    value, decided = merged(wrap([milk, bread]), *map(wrap, sides[::-1] if turned else sides))
    assert sorted(value["todo"], key=str) == sorted([bread, milk | {"note": "2 litres"}, *added], key=str)
    assert decided == 1


@pytest.mark.parametrize(
    "wrap",
    [
        lambda todo: {"todo": todo},
        lambda todo: {"todo": todo, "last": todo[-1]},
        lambda todo: {"last": todo[-1], "todo": todo},
        lambda todo: {"todo": todo, "bread": next(task for task in todo if task["task"] == "bread")},
    ],
)
def test_an_element_is_no_other_one_because_that_one_left_its_place_to_it(wrap):
    milk, bread, eggs, tea = ({"task": name} for name in ("milk", "bread", "eggs", "tea"))
    ours, theirs = [eggs | {"by": "Bo"}, bread], [bread, milk, eggs | {"note": "six"}, tea]
    value, _ = merged(wrap([milk, bread, eggs]), wrap(ours), wrap(theirs))
    assert sorted(value["todo"], key=str) == sorted([bread, eggs | {"by": "Bo", "note": "six"}, tea], key=str)


@pytest.mark.parametrize("turned", [False, True])
@pytest.mark.parametrize("replaced", ["gone", ("new",), None])
def test_an_edit_inside_a_tuple_that_the_other_side_took_away_is_counted(turned, replaced):
    sides = [{"z": 1, "pair": ({"x": 1, "note": "2"}, "t")}, {"z": 1} | ({"pair": replaced} if replaced else {})]
    value, decided = merged({"z": 1, "pair": ({"x": 1}, "t")}, *(sides[::-1] if turned else sides))
    assert decided == 1
    assert value == sides[1 if replaced else 0]  # rule "Edits survive deletions"


@pytest.mark.parametrize("turned", [False, True])
def test_an_edit_inside_a_tuple_in_a_list_that_the_other_side_removed_is_counted(turned):
    jobs = [("job1", {"x": 1}), ("job2", {"x": 1})]
    sides = [[("job1", {"x": 1, "note": "2"}), jobs[1]], jobs[1:]]
    assert merged(jobs, *(sides[::-1] if turned else sides))[1] == 1


@pytest.mark.parametrize("turned", [False, True])
@pytest.mark.parametrize("ids", [[{}, {}, {}], [{"id": 1}, {"id": 2}, {"id": 3}]])
def test_an_edit_of_an_element_whose_place_another_one_took_is_counted_beside_shared_ones(turned, ids):
    milk, bread, eggs = ({"task": name} | own for name, own in zip(("milk", "bread", "eggs"), ids, strict=True))
    sides = [[milk | {"note": "2"}, bread], [bread, eggs]]
    records = [{"todo": todo, "current": todo[at]} for todo, at in zip(sides, (1, 0), strict=True)]
    base = {"todo": [milk, bread], "current": bread}
    value, decided = merged(base, *(records[::-1] if turned else records))
    assert (value, decided) == ({"todo": [bread, eggs], "current": bread}, 1)


def test_two_logs_that_dropped_their_oldest_entry_keep_both_newest_ones():
    log = [{"user": 1, "kind": "roll", "value": number} for number in range(5)]
    mine, other = ({"user": 1, "kind": "roll", "value": value} for value in ("mine", "other"))
    assert merged(log, [*log[1:], mine], [*log[1:], other]) == ([*log[1:], other, mine], 0)


def test_an_element_that_may_have_been_replaced_is_kept_beside_its_edit_and_counted():
    result, decided = merged([{"job": 1}], [{"job": 2}], [])
    assert (result, decided) == ([{"job": 2}], 1)


def test_two_equal_elements_that_both_sides_appended_are_two():
    assert merged([BO], [BO, AL], [BO, AL]) == ([BO, AL, AL], 0)


def test_different_ids_are_different_elements_however_alike_they_are():
    base, ours, theirs = ([{"id": number, "name": "x", "hp": 1}] for number in (1, 2, 3))
    assert merged(base, ours, theirs) == ([*theirs, *ours], 0)


elements = st.dictionaries(st.sampled_from("abcd"), st.integers(0, 3), max_size=3)
rows = st.lists(elements | st.lists(st.integers(0, 2), max_size=3) | st.integers(0, 2), max_size=5)


@given(rows, rows)
def test_what_only_one_side_changed_is_taken_as_it_is(base, changed):
    assert identical(merged(base, changed, base)[0], changed)
    assert identical(merged(base, base, changed)[0], changed)


@given(st.lists(elements, min_size=1, max_size=5), st.data())
def test_edits_of_different_fields_are_all_there_once(base, data):
    base = [element | {"name": number} for number, element in enumerate(base)]
    ours, theirs = copy.deepcopy(base), copy.deepcopy(base)
    for at in data.draw(st.sets(st.integers(0, len(base) - 1))):
        ours[at]["ours"] = at
    for at in data.draw(st.sets(st.integers(0, len(base) - 1))):
        theirs[at]["theirs"] = at
    expected = [other | mine for other, mine in zip(theirs, ours, strict=True)]
    assert merged(base, ours, theirs) == (expected, 0)


def test_order_inside_an_element_that_only_they_changed_is_theirs():
    result, _ = merged([{"a": 1, "b": 2}, BO], [{"a": 1, "b": 2}, AL], [{"b": 2, "a": 1}, BO])
    assert list(result[0]) == ["b", "a"]


@pytest.mark.parametrize("codec", ["json", "pickle"])
@pytest.mark.parametrize("refreshed", [False, True], ids=["merged", "refreshed"])
async def test_elements_stay_one_and_in_the_hands_of_handlers(codec, refreshed):
    pair = await Pair.of({"party": [BO, AL]}, codec=codec)
    held = pair.ours["party"][0]
    pair.ours["party"][0]["hp"] = 4
    pair.theirs["party"][0]["level"] = 2
    assert (await pair.meet(refreshed=refreshed))["party"] == [BO | {"hp": 4, "level": 2}, AL]
    assert pair.ours["party"][0] is held


async def test_a_report_of_a_lost_edit_names_the_place_and_no_data(caplog):
    caplog.set_level("INFO", "ptb_bucket.state")
    pair = await Pair.of({"party": [BO, AL], "private note": {"rosebud 1": [dict(BO)]}})
    pair.ours["party"][0]["hp"] = pair.ours["private note"]["rosebud 1"][0]["hp"] = 4
    pair.theirs["party"].pop(0)
    pair.theirs["private note"]["rosebud 1"].pop()
    await pair.meet()
    assert pair.one.stats.conflicts_decided == 2
    said = [record.getMessage() for record in caplog.records if "removed" in record.getMessage()]
    assert sorted(line.partition(":")[0] for line in said) == [
        'user_data[42]["party"][0]', "user_data[42][<str>][<str>][0]"
    ]  # fmt: skip
    assert "rosebud" not in caplog.text


async def test_a_report_names_no_id_of_an_element_and_the_resolver_is_given_it(caplog):
    caplog.set_level("INFO", "ptb_bucket.state")
    asked = []
    data = {"party": [dict(BO), {"key": "rosebud", "n": 1}, {"id": 4915550100, "n": 1}]}
    pair = await Pair.of(data, resolver=lambda conflict: asked.append(conflict.path) or conflict.ours)
    for side, number in ((pair.ours, 2), (pair.theirs, 3)):
        for at in (1, 2):
            side["party"][at]["n"] = number
    await pair.meet()
    said = [record.getMessage() for record in caplog.records if "resolver" in record.getMessage()]
    assert [line.partition(":")[0] for line in said] == [f'user_data[42]["party"][{at}]["n"]' for at in (1, 2)]
    assert {*asked} == {("party", "rosebud", "n"), ("party", 4915550100, "n")}


class Lines(list):
    """A subclass of list."""


def test_types_of_lists_that_one_side_changed_stay():
    result, _ = merged({"a": [1], "b": deque([1]), "c": [1]}, {"a": Lines([1]), "b": deque([1], 3), "c": [1]},
                       {"a": [1, 2], "b": deque([1, 2]), "c": [1, 2]})  # fmt: skip
    assert identical(result, {"a": Lines([1, 2]), "b": deque([1, 2], 3), "c": [1, 2]})


def test_an_ordered_dict_that_replaced_a_dict_stays_one():
    result, _ = merged({"a": {"x": 1}}, {"a": OrderedDict(x=1)}, {"a": {"x": 1, "y": 2}})
    assert identical(result, {"a": OrderedDict(x=1, y=2)})
