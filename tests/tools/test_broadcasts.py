"""Broadcasts and the tools: they are copied, swept, checked and sealed anew with the state, and a person can leave."""

from __future__ import annotations

import asyncio
import base64
import json
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
from ptb_bucket.state import BOT_DATA, BROADCAST, GONE, Journals, Kind, Record
from ptb_bucket.state.timers import Timer
from ptb_bucket.stores import Create, LocalStore, MemoryStore, Update
from ptb_bucket.tools import (
    check,
    copy,
    erase,
    export_json,
    find_person,
    open_state,
    open_target,
    past_of,
    rekey,
    sweep,
)
from support.parameters import MOST_DIFFERENT

ADA = 987654321
KEY = base64.b64encode(b"k" * 32).decode()
OTHER = base64.b64encode(b"o" * 32).decode()
PEOPLE = [7, *range(100_000, 110_000), ADA, 8]


@pytest.fixture(params=MOST_DIFFERENT)
def uri(request, tmp_path):
    return f"file:{tmp_path / 'bot'}?keep=9&layout={request.param}"


@pytest.fixture(params=["plain", "sealed"])
def sealed(request, monkeypatch):
    if request.param == "sealed":
        monkeypatch.setenv("PTB_BUCKET_ENCRYPTION_KEYS", KEY)
    return request.param == "sealed"


async def remember(uri, **journal):
    """Store a bot with a broadcast that is under way, as its journal says, and the timer that drives it."""
    bot = BucketPersistence(uri)
    bot.set_bot(ExtBot("123456:offline"))
    await bot.update_user_data(7, {"name": "Grace"})
    replica = bot._session.replica
    replica.documents.kinds = tuple(Kind)
    timer = Timer(BROADCAST, "00", "news-7", "news-7", due=time.time() + 1e6)
    replica.stage(Record.of_timer(BOT_DATA, f"{BROADCAST}news-7"), timer.to_value())
    await bot.flush()
    journals = Journals(replica.documents.store)
    made = await journals.create("news-7", "news", PEOPLE)
    await journals.write(made.but(done=5, sent=3, blocked=[7, ADA], failed=[], **journal))


async def journal_of(state):
    return await Journals(state.store).read("news-7")


async def audience_of(state):
    return await Journals(state.store).people(await journal_of(state), 0, len(PEOPLE))


async def bytes_of(state):
    keys = [info.key async for info in state.store.list("broadcasts/")]
    return b"".join([(await state.store.get(key)).data for key in keys])


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


# ---------------------------------------------------------------- a person leaves


async def test_a_person_is_removed_from_audience_and_journal_and_all_others_keep_their_places(uri, sealed):
    await remember(uri)
    async with open_state(uri) as state:
        found = await find_person(state, ADA)
        assert list(found.broadcasts) == ["news-7"]
        await erase(state, found, None, force=True)
        assert await audience_of(state) == [GONE if one == ADA else one for one in PEOPLE]
        journal = await journal_of(state)
        assert (journal.people, journal.done, list(journal.blocked)) == (len(PEOPLE), 5, [7])
        assert b"987654321" not in await bytes_of(state)
        assert (await find_person(state, ADA)).broadcasts == {}


async def test_old_versions_with_the_person_are_found_and_deleted(uri, tmp_path):
    await remember(uri)
    async with open_state(uri) as state:
        found = await find_person(state, ADA)
        await erase(state, found, None, force=True)
        left = await past_of(state, found)
        assert len(left.broadcasts) == 2
        await erase(state, await find_person(state, ADA), left, force=True)
        assert (await past_of(state, found)).number == 0
    raw = b"".join(path.read_bytes() for path in (tmp_path / "bot").rglob("*") if path.is_file())
    assert b"987654321" not in raw


async def test_old_versions_of_a_swept_audience_are_found_and_deleted(uri, tmp_path):
    """No listing shows an audience that was swept. Its keys follow from the journal, which stays."""
    await remember(uri, state="finished")
    async with open_state(uri) as state:
        audience = [key for key in (await Journals(state.store).objects())["news-7"] if "people-" in key]
        await sweep(state, timedelta(0))
        found = await find_person(state, ADA)
        past = await past_of(state, found)
        assert set(audience) & past.broadcasts.keys() == {audience[-1]}  # the only part with this person
        await erase(state, found, past, force=True)
        assert (await past_of(state, await find_person(state, ADA))).number == 0
    raw = b"".join(path.read_bytes() for path in (tmp_path / "bot").rglob("*") if path.is_file())
    assert b"987654321" not in raw


async def test_an_audience_without_a_journal_is_searched_under_any_name(uri):
    await remember(uri)
    async with open_state(uri) as state:
        key = "broadcasts/not a name/people-00-000000.json"
        await state.store.put(key, b"[987654321]", Create())
        found = await find_person(state, ADA)
        await erase(state, found, await past_of(state, found), force=True)
        assert json.loads((await state.store.get(key)).data) == [GONE]
        assert (await past_of(state, found)).number == 0


def test_the_receipt_says_that_versions_of_a_deleted_object_may_remain(uri, tmp_path, capsys):
    """Nothing shows the audience of a killed instance any more once it is swept. The receipt does not deny it."""
    asyncio.run(remember(uri))
    (tmp_path / "bot" / "broadcasts.d" / "news-7.d" / "journal.json").unlink()
    for path in (tmp_path / "bot").rglob("people-*.json"):
        if path.is_file():
            os.utime(path, (time.time() - 90_000,) * 2)
    assert main(["sweep", uri, "--older-than", "1d"]) == 0
    capsys.readouterr()
    assert main(["erase-user", uri, str(ADA), "--force", "--versions", "--yes"]) == 0
    raw = b"".join(path.read_bytes() for path in (tmp_path / "bot").rglob("*") if path.is_file())
    out = " ".join(capsys.readouterr().out.split())
    assert b"987654321" in raw
    assert "no other old version that can be found contains this user" in out
    assert "Objects that were deleted, by hand or by 'sweep', are not listed" in out


async def test_an_audience_that_is_swept_meanwhile_contains_nobody(uri):
    await remember(uri, state="finished")
    async with open_state(uri) as state:
        journals = Journals(state.store)
        audience = (await journals.objects())["news-7"][:-1]
        await sweep(state, timedelta(0))
        for key in audience:
            assert await journals.has(key, ADA) is False
            await journals.forget(key, ADA)
        assert [info.key async for info in state.store.list("broadcasts/")] == ["broadcasts/news-7/journal.json"]


def test_the_receipt_names_the_broadcast(uri, capsys):
    asyncio.run(remember(uri))
    assert main(["erase-user", uri, str(ADA), "--force", "--dry-run"]) == 0
    assert "The ID would be removed from the audience and the report of these broadcasts: news-7." in (
        capsys.readouterr().out
    )
    assert main(["erase-user", uri, str(ADA), "--force", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["broadcasts"] == ["news-7"]


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
