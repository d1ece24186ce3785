"""Tests of restoring a damaged state: its newest readable version replaces that damage and nothing else."""

from __future__ import annotations

import pytest

from ptb_bucket.errors import CorruptDocumentError, ForeignDocumentError, NotFoundError, SealError
from ptb_bucket.stores import LocalStore, Update
from ptb_bucket.tools import open_past
from ptb_bucket.tools.versions.past import history
from ptb_bucket.tools.versions.restoring import plan_rescue, restore
from support.tools.past_states import ADA, BOT, change, records, restored


async def damage(tmp_path, data=b'{"ptb_bucket": {"form'):
    path = tmp_path / "data" / "state.json"
    path.write_bytes(data)
    return path


async def test_only_the_damage_that_was_found_is_replaced(uri, tmp_path):
    await change(uri, (ADA, {"v": 1}))
    await damage(tmp_path)
    async with open_past(uri) as archive:
        plans = await plan_rescue(archive)
        path = await damage(tmp_path, b"another damage")
        with pytest.raises(CorruptDocumentError):
            await restore(archive, plans)
    assert path.read_bytes() == b"another damage"


async def test_the_newest_version_that_can_be_read_is_taken_and_commits_go_on_from_there(uri, tmp_path):
    await change(uri, (ADA, {"v": 1}))
    await change(uri, (ADA, {"v": 2}))
    good = await records(uri)
    await damage(tmp_path)
    store = LocalStore(tmp_path / "data", keep=20)
    await store.put("state.json", b"worse", Update((await store.get("state.json")).etag))
    await restored(uri, plan_rescue)
    assert await records(uri) == good
    async with open_past(uri) as archive:
        found = [one async for one in history(archive)]
    assert [one.sequence for one in found] == [3, None, None, 2, 1]
    assert [bool(one.problem) for one in found] == [False, True, True, False, False]
    assert await restored(uri, plan_rescue) == []


async def test_without_a_version_that_can_be_read_nothing_is_touched(uri, tmp_path):
    (tmp_path / "data").mkdir()
    path = await damage(tmp_path)
    with pytest.raises(NotFoundError, match="neither can any older version"):
        await restored(uri, plan_rescue)
    assert path.read_bytes().startswith(b'{"ptb')


async def test_another_bots_state_is_not_replaced(uri, tmp_path):
    await change(uri, (ADA, {"v": 1}))
    async with open_past(uri, bot_id="99") as archive:
        with pytest.raises(ForeignDocumentError):
            await plan_rescue(archive)
    data = (tmp_path / "data" / "state.json").read_bytes()
    (tmp_path / "data" / "state.json").write_bytes(data.replace(b'"123456"', b'"99"'))
    async with open_past(uri, bot_id=BOT) as archive:
        with pytest.raises(ForeignDocumentError):
            await plan_rescue(archive)


async def test_a_broken_seal_is_damage_and_a_missing_key_is_none(uri, tmp_path, monkeypatch):
    await change(uri, (ADA, {"v": "plain"}))
    monkeypatch.setenv("PTB_BUCKET_SIGNING_KEYS", "a" * 43)
    async with open_past(uri) as archive:
        with pytest.raises(SealError):
            await plan_rescue(archive)  # it is plain; that is for 'rekey'
    (tmp_path / "data" / "state.json").unlink()
    sealed = uri.replace("data?", "sealed?")
    await change(sealed, (ADA, {"v": 1}))
    good = await records(sealed)
    path = tmp_path / "sealed" / "state.json"
    path.write_bytes(path.read_bytes()[:-4])
    monkeypatch.setenv("PTB_BUCKET_SIGNING_KEYS", "b" * 43)
    async with open_past(sealed) as archive:
        with pytest.raises(SealError):
            await plan_rescue(archive)  # whether it is damaged nobody can tell without its key
    monkeypatch.setenv("PTB_BUCKET_SIGNING_KEYS", "a" * 43)
    await restored(sealed, plan_rescue)
    assert await records(sealed) == good
