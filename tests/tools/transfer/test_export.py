"""Tests of ``export``: what it writes can be read again, it replaces no file unasked, and a failure leaves none."""

from __future__ import annotations

import copyreg
import json
import pickle

import pytest
from telegram.ext import PicklePersistence

from ptb_bucket import BucketPersistence
from ptb_bucket.errors import CannotLoadError, RefusedError
from ptb_bucket.tools import export_dict, export_json, export_pickle, open_state
from support.tools.imports import BOT, DATA, imported
from support.values.strategies import TYPES, Cart


@pytest.fixture
async def state(tmp_path, uri):
    (tmp_path / "bot.pickle").write_bytes(pickle.dumps({**DATA, "bot_data": {"cart": Cart({1})}}))
    await imported(tmp_path / "bot.pickle", uri + "?codec=pickle&layout=per-type", types=TYPES)
    async with open_state(uri, types=TYPES) as state:
        yield state


async def test_json_of_a_pickle_state_can_be_imported(tmp_path, state):
    assert await export_json(state, tmp_path / "all.json", types=TYPES) == 7
    found, _ = await imported(tmp_path / "all.json", f"file:{tmp_path.as_posix()}/state", types=TYPES)
    assert (found.added, found.equal) == ({}, 7)


async def test_a_file_that_is_there_is_not_replaced_and_a_failure_leaves_none(tmp_path, state, uri):
    (tmp_path / "all.json").write_text("precious")
    for write in (export_json, export_pickle, export_dict):
        with pytest.raises(RefusedError, match="--force"):
            await write(state, tmp_path / "all.json", types=TYPES)
    assert (tmp_path / "all.json").read_text("utf-8") == "precious"
    async with open_state(uri) as unknowing:
        for write in (export_json, export_pickle, export_dict):
            with pytest.raises(CannotLoadError, match=r"bot_data cannot be loaded: .*Cart"):
                await write(unknowing, tmp_path / "all.json", force=True)
    assert (tmp_path / "all.json").read_text("utf-8") == "precious"
    before = set(tmp_path.iterdir())
    await export_json(state, tmp_path / "all.json", types=TYPES, force=True)
    assert set(tmp_path.iterdir()) == before
    assert json.loads((tmp_path / "all.json").read_text("utf-8"))["bot_id"] == "123456"


@pytest.mark.parametrize("keys", ["PTB_BUCKET_ENCRYPTION_KEYS", "PTB_BUCKET_SIGNING_KEYS"])
async def test_what_is_sealed_is_exported_in_every_format(tmp_path, uri, monkeypatch, keys):
    (tmp_path / "bot.pickle").write_bytes(pickle.dumps(DATA))
    monkeypatch.setenv(keys, "a" * 43)
    await imported(tmp_path / "bot.pickle", f"{uri}?compression=gzip")
    async with open_state(uri) as state:
        for write in (export_json, export_pickle, export_dict):
            assert await write(state, tmp_path / write.__name__) == 7
    again = PicklePersistence(tmp_path / "export_pickle")
    again.set_bot(BOT)
    assert await again.get_user_data() == {1: DATA["user_data"][1]}


async def test_an_older_export_in_five_files_leaves_nothing_behind(tmp_path, state):
    await export_pickle(state, tmp_path / "five", types=TYPES, multi=True)
    with pytest.raises(RefusedError, match="five_"):
        await export_pickle(state, tmp_path / "five", types=TYPES, multi=True)
    (tmp_path / "little.pickle").write_bytes(pickle.dumps({**DATA, "user_data": {}}))
    other = f"file:{tmp_path.as_posix()}/other"
    await imported(tmp_path / "little.pickle", other)
    async with open_state(other) as little:
        await export_pickle(little, tmp_path / "five", multi=True, force=True)
    again = PicklePersistence(tmp_path / "five", single_file=False)
    again.set_bot(BOT)
    assert await again.get_user_data() == {}
    assert await again.get_bot_data() == DATA["bot_data"]


async def test_nothing_is_exported_as_a_file_that_ptb_can_read(tmp_path, uri):
    persistence = BucketPersistence(uri)
    persistence.set_bot(BOT)
    await persistence.update_user_data(1, {"a": 1})
    await persistence.drop_user_data(1)
    await persistence.flush()
    async with open_state(uri) as state:
        assert await export_pickle(state, tmp_path / "empty.pickle") == 0
    again = PicklePersistence(tmp_path / "empty.pickle")
    again.set_bot(BOT)
    assert (await again.get_user_data(), await again.get_chat_data(), await again.get_bot_data()) == ({}, {}, {})


def test_the_extension_registry_is_as_it_was():
    """The tests above have registered nothing."""
    assert not [key for key in copyreg._extension_registry if key[0] == "os"]
