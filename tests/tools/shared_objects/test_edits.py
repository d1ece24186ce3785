"""Tests that ``set``, ``rm`` and edits from Python keep one object at several places, and that ``show`` labels it."""

from __future__ import annotations

import json

import pytest
from telegram import User
from telegram.ext import ExtBot

from ptb_bucket import edit_user_data
from ptb_bucket.codecs import BotReference
from ptb_bucket.errors import ConfigurationError
from ptb_bucket.tools import open_state
from ptb_bucket.tools.edit.edit import remove, set_value
from ptb_bucket.tools.inspect import inspect_record
from ptb_bucket.tools.transfer.copy_target import open_target
from ptb_bucket.tools.transfer.copying import copy
from support.tools.shared_objects import BOT, USER, Cart, changed, check, loaded, shared, stored


@pytest.mark.parametrize("types", [[], [Cart]], ids=["", "types"])
async def test_set_and_rm_beside_and_inside(where, own, types):
    if own and not types and "codec=pickle" in where:
        pytest.skip("a pickle with classes is changed with these")
    await stored(where, shared(own=own))
    for change, *arguments in (
        (set_value, "note", '"x"'),
        (set_value, "current.hp", "3"),
        (set_value, "characters[2]", '{"name": "new"}'),
        (remove, "characters[2]"),
        (remove, "note"),
    ):
        assert (await changed(where, change, *arguments, types=types)).changed
        check(await loaded(where), own=own)
    assert (await loaded(where))["characters"][0]["hp"] == 3


@pytest.mark.parametrize("types", [[], [Cart]], ids=["", "types"])
async def test_rm_of_the_labelled_place_moves_the_value(where, own, types):
    if own and not types and "codec=pickle" in where:
        pytest.skip("a pickle with classes is changed with these")
    await stored(where, shared(own=own))
    await changed(where, remove, "characters", types=types)
    data = await loaded(where)
    assert "characters" not in data
    check({**data, "characters": data["party"]}, own=own)


@pytest.mark.parametrize("place", ["leader", "characters[2]"])
async def test_set_refers_to_an_object_by_the_label_that_show_shows(where, own, place):
    await stored(where, shared(own=own))
    async with open_state(where, types=[Cart]) as state:
        shown = json.loads((await inspect_record(state, USER, decode=True)).text)
    label = shown["characters"]["$list"][0]["$id"]
    edit = await changed(where, set_value, place, f'{{"$ref": {label}}}', types=[Cart] if own else [])
    assert json.loads(edit.after)["name"] == "Bo"
    data = await loaded(where)
    check(data, own=own)
    assert (data["leader"] if place == "leader" else data["characters"][2]) is data["current"]


async def test_set_makes_one_object_of_two_with_the_same_content(where):
    bag = ["rope"]
    await stored(where, {"bag": bag, "first": bag, "second": ["rope"]})
    edit = await changed(where, set_value, "second", '{"$ref": 1}')
    assert edit.before == edit.after == '["rope"]'
    assert edit.changed
    assert edit.is_other_object
    data = await loaded(where)
    assert data["second"] is data["bag"] is data["first"]
    assert not (await changed(where, set_value, "second", '{"$ref": 1}')).changed


async def test_set_takes_a_value_with_labels_of_its_own(where, own):
    await stored(where, shared(own=own))
    await changed(where, set_value, "note", '{"a": {"$id": 1, "me": {"$ref": 1}}, "b": {"$ref": 1}}', types=[Cart])
    data = await loaded(where)
    check(data, own=own)
    assert data["note"]["a"] is data["note"]["b"] is data["note"]["a"]["me"]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ('{"$ref": 99}', "object 99, but there is no object with this .id"),
        ('{"$ref": "1"}', "no object with this .id"),
        ('{"$ref": 1, "x": 2}', "no object with this .id"),
        ('{"$id": 1, "x": {"$ref": 2}}', "two objects have the same .id 1"),
        ('{"$Nope": [{"$ref": 1}]}', "Nope"),
        ('[{"$ref": 1}], "x": 2', "is not valid ptb-bucket JSON"),
        ('{"$set": [{"$ref": 1}]}', "set"),
    ],
)
async def test_set_refuses_a_reference_that_means_nothing(where, text, why):
    await stored(where, shared(own=True))
    async with open_state(where, types=[Cart]) as state:
        before = (await inspect_record(state, USER, decode=True)).text
        for path in ("note", ""):
            with pytest.raises(ConfigurationError, match=why):
                await set_value(state, USER, path, text)
        assert (await inspect_record(state, USER, decode=True)).text == before


async def test_set_refuses_a_reference_in_a_record_that_is_not_there(where):
    await stored(where, {})
    with pytest.raises(ConfigurationError, match="no object with this"):
        await changed(where, set_value, "x", '{"$ref": 1}')


async def test_edit_user_data(where, own):
    await stored(where, shared(own=own))
    async with edit_user_data(where, 42, types=[Cart]) as data:
        check(data, own=own)
        data["current"]["hp"] = 9
        data["leader"] = data["current"]
    again = await loaded(where)
    check(again, own=own)
    assert again["leader"] is again["current"]
    assert again["characters"][0]["hp"] == 9


async def test_show_has_readable_labels(where, own):
    await stored(where, shared(own=own))
    async with open_state(where, types=[Cart]) as state:
        texts = [(await inspect_record(state, USER, decode=decode)).text for decode in (False, True)]
    assert texts[0] == texts[1]
    shown = json.loads(texts[0])
    assert shown["current"] == {"$ref": shown["characters"]["$list"][0]["$id"]}


async def test_a_stored_bot_is_shown_and_survives_what_happens_beside_it(where, tmp_path):
    user = User(1, "Ann", is_bot=False)
    user.set_bot(BOT)
    await stored(where, {"bot": BOT, "other": ExtBot("9:other"), "user": user})
    async with open_state(where) as state:
        assert '"bot":{"$bot":true},"other":{"$bot":false}' in (await inspect_record(state, USER)).text
    await changed(where, set_value, "note", '{"$bot": true}')
    to = f"file:{tmp_path.as_posix()}/other?layout=single&codec={'json' if 'codec=pickle' in where else 'pickle'}"
    async with open_state(where) as source, open_target(to, source) as target:
        await copy(source, target)
    for place in (where, to):
        data = await loaded(place)
        assert data["bot"] == data["note"] == BotReference(is_live=True)
        assert data["user"].get_bot() is BOT
        assert "offline" not in repr(data)


async def test_set_puts_a_telegram_object_of_the_bot(where):
    await stored(where, {"x": 1})
    text = '{"$telegram":["User",{"first_name":"Ann","id":1,"is_bot":false}]}'
    assert (await changed(where, set_value, "user", text)).after == text
    assert (await loaded(where))["user"].get_bot() is BOT
