"""Tests of sweeping: removed and kept documents, and documents that a bot writes at that moment."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from telegram.ext import ExtBot

from ptb_bucket import BucketPersistence
from ptb_bucket.cli import main
from ptb_bucket.errors import RefusedError, StoreError, UnsupportedError, VanishedDocumentError
from ptb_bucket.stores import MemoryStore, StoreWrapper, Update
from ptb_bucket.testing.faults import Fault, FaultyStore
from ptb_bucket.tools import open_state
from ptb_bucket.tools.sweeping import sweep

NOW = timedelta(seconds=-5)
"""Older than a moment that is still to come: everything is."""


def running(store, layout="per-record"):
    bot = BucketPersistence(store, layout=layout)
    bot.set_bot(ExtBot("123456:offline"))
    return bot


async def dropped(store, *users, layout="per-record"):
    """Make a bot that has dropped these people and kept another one."""
    bot = running(store, layout)
    for user in users:
        await bot.update_user_data(user, {"name": "Ada"})
    await bot.update_user_data(7, {"name": "Grace"})
    await bot.flush()
    for user in users:
        await bot.drop_user_data(user)
    await bot.flush()
    return bot


async def keys(store):
    return {info.key async for info in store.list()}


async def swept(store, age=NOW, **options):
    async with open_state(store) as state:
        return await sweep(state, age, **options)


class Unconditional(StoreWrapper):
    """A store that cannot delete on a condition."""

    async def delete_if(self, key, etag):
        raise UnsupportedError(f"{key} {etag}: no conditions here", key=key)


async def test_what_is_young_or_holds_something_stays():
    store = MemoryStore()
    await dropped(store, 1, 2)
    before = await keys(store)
    assert (await swept(store, timedelta(days=30))).young == 2
    dry = await swept(store, dry_run=True)
    assert len(dry.removed) == 2
    assert await keys(store) == before
    assert (await swept(store)).removed == dry.removed
    assert before - await keys(store) == set(dry.removed)
    assert await running(store).get_user_data() == {7: {"name": "Grace"}}
    assert (await swept(store)).removed == []


async def test_the_age_is_that_of_the_last_commit(monkeypatch):
    """The first commit in the document does not count, because somebody may have been dropped just now."""
    store = MemoryStore()
    bot = running(store)
    with monkeypatch.context() as patch:
        patch.setattr("ptb_bucket.state.document.header.time.time", lambda: 1_700_000_000.0)
        await bot.update_user_data(1, {"name": "Ada"})
        await bot.update_user_data(2, {"name": "Bo"})
        await bot.drop_user_data(2)
    other = running(store)
    await other.get_user_data()
    await other.drop_user_data(1)
    done = await swept(store, timedelta(days=30))
    assert (len(done.removed), done.young) == (1, 1)
    assert done.removed[0].endswith("/2.json")


async def test_a_document_without_commits_has_no_age():
    """Such a document may have been made by hand."""
    store = MemoryStore()
    await dropped(store, 1)
    [key] = (await swept(store, dry_run=True)).removed
    blob = await store.get(key)
    document = json.loads(blob.data)
    document["ptb_bucket"]["commits"] = []
    await store.put(key, json.dumps(document).encode(), Update(blob.etag))
    assert (await swept(store)).removed == []
    assert key in await keys(store)


async def test_what_every_start_reads_stays():
    store = MemoryStore()
    bot = running(store)
    await bot.update_bot_data({"total": 1})
    await bot.flush()
    await bot.update_bot_data({})
    await bot.flush()
    before = await keys(store)
    assert (await swept(store)).removed == []
    assert await keys(store) == before


@pytest.mark.parametrize("layout", ["single", "per-type"])
async def test_other_layouts_have_nothing_to_sweep(layout):
    store = MemoryStore()
    await dropped(store, 1, 7, layout=layout)
    before = await keys(store)
    assert (await swept(store)).removed == []
    assert await keys(store) == before


@pytest.mark.parametrize("conditional", [True, False])
async def test_what_a_bot_writes_at_that_moment_is_kept(conditional):
    """The bot writes between the sweep's look and its delete. With ``bot_stopped``, the sweep looks once more."""

    class Racing(StoreWrapper):
        async def delete_if(self, key, etag):
            await bot.update_user_data(1, {"name": "Ada again"})
            await bot.flush()
            if not conditional:
                raise UnsupportedError("no conditions here", key=key)
            await super().delete_if(key, etag)

    store = MemoryStore()
    bot = await dropped(store, 1)
    done = await swept(Racing(store), bot_stopped=not conditional)
    assert (done.removed, len(done.kept)) == ([], 1)
    assert (await running(store).get_user_data())[1] == {"name": "Ada again"}


async def test_a_bot_that_knows_the_empty_document_writes_it_anew():
    store = MemoryStore()
    bot = await dropped(store, 1)
    await swept(store)
    await bot.update_user_data(1, {"name": "Ada again"})
    await bot.flush()
    assert (await running(store).get_user_data())[1] == {"name": "Ada again"}


async def test_a_bot_that_does_not_know_of_the_drop_reports_it_and_writes_nothing():
    store = MemoryStore()
    await dropped(store)
    other = running(store)
    await other.update_user_data(1, {"name": "Ada"})
    await other.flush()
    bot = running(store)
    await bot.get_user_data()
    await bot.drop_user_data(1)
    await bot.flush()
    [gone] = (await swept(store)).removed
    with pytest.raises(VanishedDocumentError, match="ptb-bucket will not recreate it"):
        await other.update_user_data(1, {"name": "Ada", "more": 1})
    assert gone not in await keys(store)


async def test_where_no_delete_has_a_condition_it_is_refused_until_somebody_insists():
    store = MemoryStore()
    await dropped(store, *range(10, 40))
    before = await keys(store)
    with pytest.raises(RefusedError, match=r"Nothing was removed.*--bot-stopped"):
        await swept(Unconditional(store))
    assert await keys(store) == before
    assert len((await swept(Unconditional(store), bot_stopped=True)).removed) == 30
    assert len(before - await keys(store)) == 30


async def test_a_failed_delete_is_reported_and_the_next_sweep_continues():
    store = MemoryStore()
    await dropped(store, 1, 2, 3)
    faulty = FaultyStore(
        store, lambda operation, key: Fault.DENIED if (operation, key[-7:]) == ("delete_if", "/2.json") else None
    )
    with pytest.raises(StoreError, match=r"/2\.json"):
        await swept(faulty)
    assert [key[-7:] for key in (await swept(store)).removed] == ["/2.json"]


@pytest.mark.parametrize("age", ["30 days", "", "30", "999999d", "9" * 5000 + "d"])
def test_an_age_is_a_number_and_a_unit_and_the_calendar_goes_back_so_far(age, capsys):
    assert main(["sweep", "memory:nothing", "--older-than", age]) == 2
    assert "30d" in capsys.readouterr().err
