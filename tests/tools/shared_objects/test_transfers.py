"""Tests that copies, exports, imports and restores keep one object at several places, and cycles."""

from __future__ import annotations

import json

import pytest
from telegram.ext import PicklePersistence

from ptb_bucket.errors import CannotLoadError, RefusedError
from ptb_bucket.tools import export_dict, export_json, export_pickle, open_past, open_state
from ptb_bucket.tools.edit.edit import set_value
from ptb_bucket.tools.transfer.copy_target import open_target
from ptb_bucket.tools.transfer.copying import copy
from ptb_bucket.tools.versions.past import history
from ptb_bucket.tools.versions.restoring import plan_version, restore
from support.tools.shared_objects import BOT, PARAMS, USER, Cart, changed, check, imported, loaded, shared, stored


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


async def test_restore(where, own):
    await stored(where, shared(own=own))
    async with open_past(where) as archive:
        key = archive.name(archive.layout.key(USER))
        newest, *_ = [one.version.version async for one in history(archive, key)]
    await changed(where, set_value, "characters", "[]", types=[Cart])
    async with open_past(where) as archive:
        await restore(archive, await plan_version(archive, newest, key), interval=0)
    check(await loaded(where), own=own)


@pytest.mark.parametrize("form", [export_pickle, export_dict])
async def test_no_record_is_left_out_of_an_export_because_its_class_was_not_named(where, form, tmp_path):
    """Otherwise a bot would start without the record."""
    await stored(where, {"cart": Cart([1])})
    async with open_state(where) as state:
        with pytest.raises(CannotLoadError, match=r"user_data\[42\].*Cart.*--types"):
            await form(state, tmp_path / "export")
    assert not (tmp_path / "export").exists()
