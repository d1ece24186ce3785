"""Tests that broadcasts are copied, swept, checked and sealed anew with the state."""

from __future__ import annotations

import asyncio
import base64
import os
import re
import time
from datetime import timedelta

import pytest
from telegram.ext import ExtBot

from ptb_bucket import BucketPersistence, tools
from ptb_bucket.cli import main
from ptb_bucket.errors import CorruptDocumentError, DocumentError, RefusedError
from ptb_bucket.sealing import SealedStore, Sealing
from ptb_bucket.state import BROADCAST, Journals, Record
from ptb_bucket.stores import Create, LocalStore, MemoryStore, Update
from ptb_bucket.tools import check, copy, export_json, open_state, open_target, rekey, sweep
from support.parameters import MOST_DIFFERENT
from support.tools.stored_broadcasts import ADA, KEY, PEOPLE, audience_of, journal_of, remember

OTHER = base64.b64encode(b"o" * 32).decode()


# ---------------------------------------------------------------- copies


@pytest.mark.parametrize("to", MOST_DIFFERENT)
async def test_a_copy_has_the_broadcasts_with_their_audiences(uri, tmp_path, to, sealed):
    await remember(uri)
    async with open_state(uri) as source, open_target(f"file:{tmp_path / 'copy'}?layout={to}", source) as target:
        done = await copy(source, target)
        assert (done.broadcasts, done.left_out) == (1, 0)
        assert await journal_of(target) == await journal_of(source)
        assert await audience_of(target) == PEOPLE
        assert (await copy(source, target)).broadcasts == 1
    raw = b"".join(path.read_bytes() for path in (tmp_path / "copy").rglob("*") if path.is_file())
    assert (b"100001" in raw) is not sealed


async def test_a_broadcast_that_has_come_further_in_the_copy_is_replaced_only_on_request(uri, tmp_path):
    await remember(uri)
    async with open_state(uri) as source, open_target(f"file:{tmp_path / 'copy'}", source) as target:
        await copy(source, target)
        journals = Journals(target.store)
        await journals.write((await journals.read("news-7")).but(done=9000))
        with pytest.raises(RefusedError, match=r"journal\.json"):
            await copy(source, target)
        assert (await journal_of(target)).done == 9000
        await copy(source, target, overwrite=True)
        assert (await journal_of(target)).done == 5


async def test_a_copy_for_another_bot_leaves_them_out_with_their_timers(uri, tmp_path):
    await remember(uri)
    async with open_state(uri) as source, open_target(f"file:{tmp_path / 'copy'}", source, bot_id="99") as target:
        done = await copy(source, target)
        assert (done.broadcasts, done.left_out) == (0, 1)
        assert await journal_of(target) is None
        records = [record async for part in target.archive.parts() for record in part.records]
        assert records == [Record.user(7)]


async def test_an_export_says_how_many_it_leaves_out(uri, tmp_path, capsys):
    await remember(uri)
    async with open_state(uri) as state:
        assert await export_json(state, tmp_path / "bot.json") == 1
    assert BROADCAST not in (tmp_path / "bot.json").read_text()
    assert await asyncio.to_thread(main, ["export", uri, str(tmp_path / "again.json")]) == 0
    assert "1 broadcast is left out. 'ptb-bucket copy' moves broadcasts." in capsys.readouterr().out


# ---------------------------------------------------------------- sweep, check, rekey


async def test_old_audiences_are_swept_and_journals_stay(uri):
    await remember(uri, state="finished")
    async with open_state(uri) as state:
        assert (await sweep(state, timedelta(days=1))).audiences == []
        assert len((await sweep(state, timedelta(0), dry_run=True)).audiences) == 2
        assert await audience_of(state) == PEOPLE
        assert len((await sweep(state, timedelta(0))).audiences) == 2
        assert (await journal_of(state)).state == "finished"
        assert [info.key async for info in state.store.list("broadcasts/")] == ["broadcasts/news-7/journal.json"]
        assert (await sweep(state, timedelta(0))).audiences == []


async def test_the_audience_of_a_broadcast_under_way_is_not_swept(uri):
    await remember(uri)
    async with open_state(uri) as state:
        assert (await sweep(state, timedelta(0))).audiences == []
        assert await audience_of(state) == PEOPLE


async def test_an_audience_without_a_journal_is_swept_when_it_is_old(uri, tmp_path):
    """Its creator was killed. Within a day, the creator may still be writing, whatever age is given."""
    await remember(uri, state="finished")
    (tmp_path / "bot" / "broadcasts.d" / "news-7.d" / "journal.json").unlink()
    parts = [path for path in (tmp_path / "bot").rglob("people-*.json") if path.is_file()]
    async with open_state(uri) as state:
        for hours, age, swept in ((23, 0, 0), (25, 48, 0), (25, 0, len(parts))):
            for path in parts:
                os.utime(path, (time.time() - 3600 * hours,) * 2)
            assert len((await sweep(state, timedelta(hours=age), dry_run=True)).audiences) == swept
            assert len((await sweep(state, timedelta(hours=age))).audiences) == swept
        assert [info.key async for info in state.store.list("broadcasts/")] == []


async def test_an_audience_of_unknown_age_stays():
    store = MemoryStore()  # its listing has no times
    bot = BucketPersistence(store)
    bot.set_bot(ExtBot("123456:offline"))
    await bot.update_user_data(7, {"name": "Grace"})
    await bot.flush()
    await store.put("broadcasts/news/people-00-000000.json", b"[7]", Create())
    async with open_state(store) as state:
        assert (await sweep(state, timedelta(0))).audiences == []


async def test_a_damaged_journal_stops_a_sweep_before_it_removes_anything(uri):
    await remember(uri, state="finished")
    async with open_state(uri) as state:
        bot = state.replica()
        await bot.documents.read_all()
        bot.values.load(Record.user(7))
        bot.stage(Record.user(7), None)
        await bot.commit()
        await Journals(state.store).create("aaa", "news", [7])
        await Journals(state.store).turn("aaa", "cancelled")
        key = "broadcasts/news-7/journal.json"
        await state.store.put(key, b"{", Update((await state.store.get(key)).etag))
        before = [info.key async for info in state.store.list("")]
        with pytest.raises(CorruptDocumentError):
            await sweep(state, timedelta(0))
        assert [info.key async for info in state.store.list("")] == before


async def test_check_reports_broadcasts_and_lost_audiences(uri, tmp_path):
    await remember(uri)
    [line] = [one for one in await check(uri) if one.name == "broadcasts"]
    assert (line.verdict.value, line.detail) == ("ok", "1 broadcast, 1 under way")
    part, *_ = sorted(path for path in (tmp_path / "bot").rglob("people-*.json") if path.is_file())
    part.unlink()
    [line] = [one for one in await check(uri) if one.name == "broadcasts"]
    assert line.verdict.value == "warning"
    assert "news-7" in line.detail


async def test_rekey_seals_broadcasts_too(uri, tmp_path, monkeypatch):
    await remember(uri)
    monkeypatch.setenv("PTB_BUCKET_ENCRYPTION_KEYS", KEY)
    assert sum("broadcasts/" in key for key in (await rekey(uri, old=Sealing(environment={}))).written) == 3
    store = LocalStore(tmp_path / "bot")
    async for info in store.list("broadcasts/"):
        assert b"100001" not in (await store.get(info.key)).data
    async with open_state(uri) as state:
        assert await audience_of(state) == PEOPLE
    monkeypatch.setenv("PTB_BUCKET_ENCRYPTION_KEYS", f"{OTHER},{KEY}")
    assert sum("broadcasts/" in key for key in (await rekey(uri)).written) == 3
    monkeypatch.setenv("PTB_BUCKET_ENCRYPTION_KEYS", OTHER)
    async with open_state(uri) as state:
        assert await audience_of(state) == PEOPLE


async def test_rekey_opens_broadcasts_before_it_writes_anything(uri, tmp_path, monkeypatch):
    await remember(uri)
    store = LocalStore(tmp_path / "bot")
    key = next(key for key in [info.key async for info in store.list("broadcasts/")] if "people-" in key)
    lost = SealedStore(store, Sealing(environment={"PTB_BUCKET_ENCRYPTION_KEYS": OTHER}).sealer("123456"))
    await lost.put(key, b"[7]", Update((await store.get(key)).etag))
    before = {info.key: (await store.get(info.key)).etag async for info in store.list("")}
    monkeypatch.setenv("PTB_BUCKET_ENCRYPTION_KEYS", KEY)
    with pytest.raises(DocumentError, match=r"people-"):
        await rekey(uri, old=Sealing(environment={}))
    assert {info.key: (await store.get(info.key)).etag async for info in store.list("")} == before


async def test_names_are_listed_without_reading_a_journal(uri):
    await remember(uri)
    async with open_state(uri) as state:
        assert await tools.broadcast_names(state) == ["news-7"]
        assert [one.name for one in await tools.broadcasts(state)] == ["news-7"]  # not the module


@pytest.mark.parametrize("data", [b"", b"\xff", b"{", b"7", b'"text"', b'{"people": 7}', b"[" * 100_000])
async def test_a_damaged_object_is_named(tmp_path, data):
    uri = f"file:{tmp_path / 'bot'}"
    await remember(uri)
    async with open_state(uri) as state:
        journals, made = Journals(state.store), await journal_of(state)
        for key in [info.key async for info in state.store.list("broadcasts/")]:
            await state.store.put(key, data, Update((await state.store.get(key)).etag))
            with pytest.raises(CorruptDocumentError, match=re.escape(key)):
                await journals.has(key, ADA)
            with pytest.raises(CorruptDocumentError, match=re.escape(key)):
                await journals.forget(key, ADA)
        with pytest.raises(CorruptDocumentError, match=r"people-.*is not the audience"):
            await journals.people(made, 0, 1)
        with pytest.raises(CorruptDocumentError, match=r"news-7/journal\.json is not a valid"):
            await journals.read("news-7")
