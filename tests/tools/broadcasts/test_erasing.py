"""Tests that a person can leave a broadcast: nothing of them stays in its audience, its journal or old versions."""

from __future__ import annotations

import asyncio
import json
import os
import time
from datetime import timedelta

from ptb_bucket.cli import main
from ptb_bucket.state import GONE, Journals
from ptb_bucket.stores import Create
from ptb_bucket.tools import erase, find_person, open_state, past_of, sweep
from support.tools.stored_broadcasts import ADA, PEOPLE, audience_of, journal_of, remember


async def bytes_of(state):
    keys = [info.key async for info in state.store.list("broadcasts/")]
    return b"".join([(await state.store.get(key)).data for key in keys])


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
