"""Tests of a reference whose object is gone: every verb and the bot name the record, and ``rm`` takes it out."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from ptb_bucket import BucketPersistence
from ptb_bucket.errors import CannotLoadError, RefusedError
from ptb_bucket.state import Record
from ptb_bucket.tools import export_dict, export_json, export_pickle, open_state
from ptb_bucket.tools.edit.edit import remove, set_value
from ptb_bucket.tools.inspect import inspect_record
from ptb_bucket.tools.transfer.copy_target import open_target
from ptb_bucket.tools.transfer.copying import copy
from support.tools.shared_objects import BOT, USER, Cart, changed, imported, stored


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
