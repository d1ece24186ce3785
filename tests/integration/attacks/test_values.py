"""Tests of values that are hard to merge and refresh: none is lost, and other users' values do not change."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

import pytest
from telegram import User
from telegram.ext import CommandHandler

from ptb_bucket.stores import MemoryStore
from support.applications.restarting_bot import Step, World, asked
from support.applications.two_instances import Pair, save

EITHER_WAY = pytest.mark.parametrize("refreshed", [False, True], ids=["merged", "refreshed"])


@dataclass(frozen=True, slots=True)
class Settings:
    """A constant that many users share."""

    lang: str


@dataclass
class Cart:
    """A cart that is made on its first use."""

    items: list[str] = field(default_factory=list)
    notes: dict[str, str] = field(default_factory=dict)


async def test_a_frozen_value_that_two_users_share_changes_for_one_only():
    pair = await Pair.of({"s": Settings("?")}, types=[Settings])
    constant = Settings("en")
    pair.ours["s"] = constant
    another = {"s": constant}
    await save(pair.one, another, 43)
    pair.theirs["s"] = Settings("de")
    await pair.save_theirs()
    await pair.refresh_ours()
    assert constant == Settings("en")
    assert another == {"s": Settings("en")}


async def test_a_frozen_value_that_handlers_share_between_users_in_a_real_application():
    world, english = World(MemoryStore(), {"types": [Settings, Step]}), Settings("en")
    ada, bo = world.telegram.user(1, "Ada"), world.telegram.user(2, "Bo")

    async def hello(_update, context):
        context.user_data.setdefault("s", english)

    async def german(_update, context):
        context.user_data["s"] = Settings("de")

    async with world.running(persistence=world.persistence(refresh_interval=0)) as one:
        one.add_handler(CommandHandler("hello", hello), group=-1)
        await asked(ada, one, "/hello")
        await asked(bo, one, "/hello")
        await one.update_persistence()
        async with world.running() as two:
            two.add_handler(CommandHandler("german", german), group=-1)
            await asked(ada, two, "/german")
        await asked(ada, one, "/hello")
        assert [one.user_data[user]["s"].lang for user in (1, 2)] == ["de", "en"]
        await asked(bo, one, "/hello")
    assert english == Settings("en")
    users = (await world.state())[2]
    assert [users[user]["s"].lang for user in (1, 2)] == ["de", "en"]


@pytest.mark.parametrize("codec", ["json", "pickle"])
async def test_a_telegram_object_in_two_places_changes_in_one(codec):
    pair = await Pair.of({"z": 1}, codec=codec)
    ada = User(1, "Ada", is_bot=False)
    pair.ours |= {"current": ada, "history": [ada]}
    await pair.save_ours()
    await pair.refresh_theirs()
    pair.theirs["current"] = User(2, "Bo", is_bot=False)
    await pair.save_theirs()
    await pair.refresh_ours()
    assert [user.id for user in pair.ours["history"]] == [1]
    pair.ours["x"] = 1
    await pair.save_ours()
    data = await pair.stored()
    assert (data["current"].id, [user.id for user in data["history"]]) == (2, [1])


async def test_a_telegram_object_that_a_handler_holds_is_never_changed():
    pair = await Pair.of({"u": User(1, "Ada", is_bot=False)})
    held = pair.ours["u"]
    pair.theirs["u"] = User(2, "Bo", is_bot=False)
    await pair.save_theirs()
    await pair.refresh_ours()
    assert (held.id, pair.ours["u"].id) == (1, 2)


async def test_one_dict_in_two_places_that_they_changed_through_one_is_still_one():
    pair, game = await Pair.of({"z": 1}), {"moves": ["m1"]}
    pair.ours |= {"current": game, "games": {"g": game}}
    await pair.save_ours()
    await pair.refresh_theirs()
    pair.theirs["current"]["winner"] = "bo"
    await pair.save_theirs()
    await pair.refresh_ours()
    pair.ours["x"] = 1
    await pair.save_ours()
    data = await pair.stored()
    assert data["current"] == {"moves": ["m1"], "winner": "bo"}
    assert data["games"]["g"] is data["current"]
    assert pair.ours["games"]["g"] is pair.ours["current"] is game


async def test_one_list_in_two_places_that_they_changed_through_both_is_still_one():
    pair, moves = await Pair.of({"z": 1}), ["m1"]
    pair.ours |= {"a": moves, "b": moves}
    await pair.save_ours()
    await pair.refresh_theirs()
    pair.theirs["a"].append("A")
    pair.theirs["b"].append("B")
    await pair.save_theirs()
    await pair.refresh_ours()
    pair.ours["x"] = 1
    await pair.save_ours()
    data = await pair.stored()
    assert data == {"z": 1, "a": ["m1", "A", "B"], "b": ["m1", "A", "B"], "x": 1}
    assert data["a"] is data["b"]
    assert pair.ours["a"] is pair.ours["b"] is moves


async def test_an_element_without_an_id_that_they_changed_is_the_one_that_a_handler_holds():
    pair = await Pair.of({"players": [{"name": "ada", "score": 0}, {"name": "bo", "score": 0}]})
    held = pair.ours["players"][0]
    pair.theirs["players"][0]["score"] = 5
    await pair.save_theirs()
    await pair.refresh_ours()
    held["mine"] = True
    await pair.save_ours()
    assert (await pair.stored())["players"][0] == {"name": "ada", "score": 5, "mine": True}


@EITHER_WAY
async def test_elements_whose_ids_are_not_unique_lose_nothing_that_either_side_added(refreshed):
    pair = await Pair.of({"log": [{"id": 42, "t": number} for number in range(3)]})
    for live, text in ((pair.ours, "ours"), (pair.theirs, "theirs")):
        live["log"].append({"id": 42, "t": text})
        del live["log"][0]
    log = (await pair.meet(refreshed=refreshed))["log"]
    assert {"ours", "theirs"} < {element["t"] for element in log}


@EITHER_WAY
@pytest.mark.parametrize("after", [deque([1, 2, 3, 4, 5], maxlen=5), [1], (1,), {1, 2}, frozenset({3})], ids=repr)
@pytest.mark.parametrize("before", [deque([1, 2, 3], maxlen=3), [1, 2, 3], {1, 2, 3}, frozenset({1, 2})], ids=repr)
async def test_another_type_or_length_limit_that_one_side_chose_stays(before, after, refreshed):
    for side in ("ours", "theirs"):
        pair = await Pair.of({"v": before})
        getattr(pair, side)["v"] = after
        pair.theirs["x"] = 1
        got = (await pair.meet(refreshed=refreshed))["v"]
        assert (type(got), got, getattr(got, "maxlen", None)) == (type(after), after, getattr(after, "maxlen", None))


@EITHER_WAY
async def test_a_length_limit_that_we_raised_stays_and_what_they_appended_too(refreshed):
    pair = await Pair.of({"h": deque([1, 2, 3], maxlen=3)})
    pair.theirs["h"].append(9)
    pair.ours["h"] = deque([1, 2, 3, 4, 5], maxlen=5)
    merged = (await pair.meet(refreshed=refreshed))["h"]
    assert merged.maxlen == 5
    assert {4, 5, 9} < set(merged)


@EITHER_WAY
@pytest.mark.parametrize(("base", "theirs"), [([1], [1, 2]), (frozenset({1}), frozenset({1, 2}))], ids=["list", "set"])
async def test_the_type_that_we_chose_holds_what_they_added(base, theirs, refreshed):
    chosen = {list: deque, frozenset: set}[type(base)]
    pair = await Pair.of({"v": base})
    pair.ours["v"], pair.theirs["v"] = chosen(base), theirs
    assert (await pair.meet(refreshed=refreshed))["v"] == chosen(theirs)


@EITHER_WAY
@pytest.mark.parametrize("kind", [set, frozenset])
async def test_sets_of_both_types_are_merged_by_member(kind, refreshed):
    pair = await Pair.of({"v": kind({1, 2, 3})})
    pair.ours["v"], pair.theirs["v"] = kind({2, 3, 4}), kind({1, 2, 5})
    assert (await pair.meet(refreshed=refreshed))["v"] == kind({2, 4, 5})


async def test_a_telegram_object_that_they_replaced_stays_as_it_was_in_a_real_application():
    world = World(MemoryStore())
    ada, seen = world.telegram.user(1, "Ada"), []

    async def remember(update, context):
        context.user_data.setdefault("who", update.effective_user)
        context.user_data.setdefault("all", []).append(context.user_data["who"])
        seen.append(context.user_data["who"])

    async def rename(_update, context):
        context.user_data["who"] = User(2, "Bo", is_bot=False)

    async with world.running(persistence=world.persistence(refresh_interval=0)) as one:
        one.add_handler(CommandHandler("remember", remember), group=-1)
        await asked(ada, one, "/remember")
        await one.update_persistence()
        async with world.running() as two:
            two.add_handler(CommandHandler("rename", rename), group=-1)
            await asked(ada, two, "/rename")
        await asked(ada, one, "/remember")
    assert [user.id for user in seen] == [1, 2]
    assert [user.id for user in (await world.state())[2][1]["all"]] == [1, 2]


@EITHER_WAY
async def test_two_first_objects_are_merged(refreshed):
    pair = await Pair.of({"a": 1}, types=[Cart])
    pair.ours["cart"], pair.theirs["cart"] = Cart(["tea"], {"o": "1"}), Cart(["rum"], {"t": "1"})
    assert (await pair.meet(refreshed=refreshed))["cart"] == Cart(["rum", "tea"], {"o": "1", "t": "1"})
