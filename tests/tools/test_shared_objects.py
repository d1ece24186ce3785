"""Tests of objects at several places of one record, and of cycles, with each verb, layout and codec."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest
from telegram import User
from telegram.ext import ExtBot, PicklePersistence

from ptb_bucket import BucketPersistence, edit_user_data
from ptb_bucket.codecs import BotReference
from ptb_bucket.errors import CannotLoadError, ConfigurationError, RefusedError
from ptb_bucket.state import Record
from ptb_bucket.tools import export_dict, export_json, export_pickle, import_memory, open_past, open_state, read_memory
from ptb_bucket.tools.edit.edit import remove, set_value
from ptb_bucket.tools.inspect import inspect_record
from ptb_bucket.tools.transfer.copy_target import open_target
from ptb_bucket.tools.transfer.copying import copy
from ptb_bucket.tools.versions.past import history
from ptb_bucket.tools.versions.restoring import plan_version, restore

BOT = ExtBot("123456:offline")
USER = Record.user(42)


class Cart:
    """A class that defines neither equality nor hash."""

    def __init__(self, items):
        self.items = items
        self.owner = None


def shared(*, own):
    """Make a record with one object at several places, and cycles, with or without a bot author's class."""
    hero = {"name": "Bo", "bag": ["rope"]}
    data = {"characters": [hero, {"name": "Al"}], "current": hero, "bags": [hero["bag"]]}
    hero["party"] = data["party"] = data["characters"]
    if own:
        data["cart"] = data["same"] = cart = Cart([hero])
        cart.owner = cart
    return data


def check(data, *, own):
    hero = data["current"]
    assert hero is data["characters"][0]
    assert hero["bag"] is data["bags"][0]
    assert hero["party"] is data["characters"] is data["party"]
    if own:
        cart = data["cart"]
        assert cart is data["same"] is cart.owner
        assert type(cart) is Cart
        assert cart.items[0] is hero


PLACES = [(layout, codec) for layout in ("single", "per-record") for codec in ("json", "pickle")]


IN_SHORT = {("single", "json"), ("per-record", "pickle")}
PARAMS = [
    pytest.param(place, marks=() if place in IN_SHORT else pytest.mark.long, id="-".join(place)) for place in PLACES
]


@pytest.fixture(params=PARAMS)
def where(request, tmp_path):
    layout, codec = request.param
    return f"file:{tmp_path.as_posix()}/state?layout={layout}&codec={codec}&keep=9"


@pytest.fixture(params=[False, True], ids=["plain", "with a class"])
def own(request):
    return request.param


async def running(where):
    persistence = BucketPersistence(where, types=[Cart])
    persistence.set_bot(BOT)
    await persistence.get_user_data()
    return persistence


async def stored(where, data):
    persistence = await running(where)
    await persistence.update_user_data(42, data)
    await persistence.update_user_data(7, {"beside": 1})
    await persistence.flush()


async def loaded(where):
    persistence = BucketPersistence(where, types=[Cart])
    persistence.set_bot(BOT)
    return (await persistence.get_user_data())[42]


async def changed(where, change, *arguments, types=(), **more):
    async with open_state(where, types=types, keep_unknown=True) as state:
        return await change(state, USER, *arguments, **more)


async def imported(path, where):
    async with open_state(where, types=[Cart], bot_id="123456", create=True) as state:
        return await import_memory(state, read_memory(path, types=[Cart]))


@pytest.mark.parametrize("target", PARAMS)
async def test_copy(where, own, target, tmp_path):
    await stored(where, shared(own=own))
    to = f"file:{tmp_path.as_posix()}/other?layout={target[0]}&codec={target[1]}"
    async with open_state(where, types=[Cart]) as source, open_target(to, source, types=[Cart]) as found:
        await copy(source, found)
        assert (await copy(source, found)).skipped == 2
    check(await loaded(to), own=own)


@pytest.mark.parametrize("codec", ["json", "pickle"])
@pytest.mark.parametrize("export", [export_json, export_pickle])
async def test_export_and_import(where, own, export, codec, tmp_path):
    await stored(where, shared(own=own))
    path, to = tmp_path / "bot.export", f"file:{tmp_path.as_posix()}/other?codec={codec}"
    async with open_state(where, types=[Cart]) as state:
        await export(state, path, types=[Cart])
    if export is export_pickle:
        read = PicklePersistence(path)
        read.set_bot(BOT)
        check((await read.get_user_data())[42], own=own)
    else:
        assert json.loads(path.read_text("utf-8"))["user_data"]["42"]["current"] == {"$ref": 2}
    await imported(path, to)
    check(await loaded(to), own=own)
    assert (await imported(path, to)).equal == 2


async def test_a_file_with_a_copy_differs_from_a_record_with_one_object(where, tmp_path):
    """If they counted as equal, the file's data would be lost."""
    data = shared(own=False)
    await stored(where, data)
    path = tmp_path / "all.json"
    data["bags"] = [list(data["bags"][0])]
    await stored(f"file:{tmp_path.as_posix()}/other", data)
    async with open_state(f"file:{tmp_path.as_posix()}/other") as state:
        await export_json(state, path)
    with pytest.raises(RefusedError, match=r"user_data\[42\]"):
        await imported(path, where)


async def test_dict_persistence_cannot_say_it(where, tmp_path):
    bag = ["rope"]
    await stored(where, {"bag": bag, "bags": [bag]})
    async with open_state(where) as state:
        with pytest.raises(RefusedError, match=r"user_data\[42\] contains a value .* a shared object"):
            await export_dict(state, tmp_path / "dict.json")
    assert not (tmp_path / "dict.json").exists()


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


async def test_restore(where, own):
    await stored(where, shared(own=own))
    async with open_past(where) as archive:
        key = archive.name(archive.layout.key(USER))
        newest, *_ = [one.version.version async for one in history(archive, key)]
    await changed(where, set_value, "characters", "[]", types=[Cart])
    async with open_past(where) as archive:
        await restore(archive, await plan_version(archive, newest, key), interval=0)
    check(await loaded(where), own=own)


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


# ---------------------------------------------------------------- a reference without its value


@pytest.fixture
async def broken(tmp_path):
    """Remove an object by hand, but leave the references to it."""
    where = f"file:{tmp_path.as_posix()}/state"
    await stored(where, {"bag": (bag := ["rope"]), "bags": [bag]})
    await asyncio.to_thread(take_out, Path(tmp_path, "state", "state.json"))
    return where


def take_out(path):
    text = path.read_text("utf-8")
    assert '{"$id":1,"$list":["rope"]}' in text
    path.write_text(text.replace('{"$id":1,"$list":["rope"]}', '["rope"]'), "utf-8")


@pytest.mark.parametrize("types", [[], [Cart]], ids=["", "types"])
async def test_verbs_name_the_record(broken, types):
    async with open_state(broken, types=types, keep_unknown=True) as state:
        for verb in (
            inspect_record(state, USER),
            set_value(state, USER, "note", "1"),
            set_value(state, USER, "note", '{"$ref": 1}'),
            remove(state, USER, "bag"),
        ):
            with pytest.raises(
                (CannotLoadError, RefusedError), match=r"user_data\[42\].*object 1, but there is no object"
            ):
                await verb
        assert (await set_value(state, Record.user(7), "note", "1")).changed


async def test_what_needs_all_values_names_the_record(broken, tmp_path):
    async with open_state(broken) as state:
        for form in (export_pickle, export_dict):
            with pytest.raises(CannotLoadError, match=r"user_data\[42\].*object 1, but there is no object"):
                await form(state, tmp_path / "export")
            assert not (tmp_path / "export").exists()
        await export_json(state, tmp_path / "all.json")
    with pytest.raises(CannotLoadError, match=r"user_data\[42\].*object 1, but there is no object"):
        await imported(tmp_path / "all.json", f"file:{tmp_path.as_posix()}/other")
    with pytest.raises(CannotLoadError, match=r"user_data\[42\].*object 1, but there is no object"):
        async with (
            open_state(broken) as source,
            open_target(f"file:{tmp_path.as_posix()}/third?codec=pickle", source) as target,
        ):
            await copy(source, target)


@pytest.mark.parametrize("form", [export_pickle, export_dict])
async def test_no_record_is_left_out_of_an_export_because_its_class_was_not_named(where, form, tmp_path):
    """Otherwise a bot would start without the record."""
    await stored(where, {"cart": Cart([1])})
    async with open_state(where) as state:
        with pytest.raises(CannotLoadError, match=r"user_data\[42\].*Cart.*--types"):
            await form(state, tmp_path / "export")
    assert not (tmp_path / "export").exists()


async def test_rm_takes_the_whole_record_out(broken):
    assert (await changed(broken, remove)).changed
    async with open_state(broken) as state:
        part = await state.archive.part_of(USER)
        assert USER not in part.records


async def test_the_bot_names_the_record(broken, caplog):
    persistence = BucketPersistence(broken)
    persistence.set_bot(BOT)
    data = await persistence.get_user_data()
    assert data[7] == {"beside": 1}
    assert "user_data[42]" in caplog.text
