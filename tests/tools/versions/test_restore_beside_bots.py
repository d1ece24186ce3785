"""Tests of restoring beside bots: it refuses while one may be running, and keeps what one writes meanwhile."""

from __future__ import annotations

import contextlib
import re
import time

import pytest

from ptb_bucket.errors import RefusedError
from ptb_bucket.stores import LocalStore, StoreWrapper
from ptb_bucket.tools import open_past
from ptb_bucket.tools.versions.restoring import plan_restore, plan_version, restore
from support.tools.past_states import ADA, CHAT, GRACE, Cart, at, change, records, restored, versions


async def test_a_bot_that_was_started_after_the_plan_was_made_is_noticed(uri, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr("ptb_bucket.state.document.header.time.time", lambda: 1_700_000_000.0)
        await change(uri, (ADA, {"v": 1}))
        await change(uri, (ADA, {"v": 2}))
    when = await at(uri, 0)
    async with open_past(uri) as archive:
        plans = await plan_restore(archive, when)
        await change(uri, (ADA, {"v": 3}))
        with pytest.raises(RefusedError, match="may still be running"):
            await restore(archive, plans)
    assert (await records(uri))[ADA] == b'{"v":3}'


async def test_what_a_bot_writes_meanwhile_stays_unless_it_is_what_is_restored(uri):
    await change(uri, (ADA, {"v": 1}))
    before = await records(uri)
    await change(uri, (ADA, {"v": 2}))
    async with open_past(uri) as archive:
        plans = await plan_version(archive, (await versions(archive))[-1])
        await change(uri, (ADA, {"v": 3}), (GRACE, {"v": 3}))
        await restore(archive, plans, interval=0)
    found = await records(uri)
    assert (found[ADA], set(found)) == (before[ADA], {ADA, GRACE})


class Racing(StoreWrapper):
    """Lets somebody else be faster, once."""

    def __init__(self, store, uri, *changes):
        super().__init__(store)
        self.uri, self.changes = uri, changes

    async def put(self, key, data, mode):
        changes, self.changes = self.changes, ()
        if changes:
            await change(self.uri, *changes, types=[Cart])
        return await super().put(key, data, mode)


async def test_a_lost_race_is_merged_record_by_record_without_opening_them(uri, tmp_path):
    await change(uri, (ADA, {"cart": Cart(["a"])}), types=[Cart])
    before = await records(uri)
    await change(uri, (ADA, {"cart": Cart(["b"])}), (GRACE, {"v": 1}), types=[Cart])
    racing = Racing(LocalStore(tmp_path / "data", keep=20), uri, (ADA, {"v": 3}), (CHAT, {"v": 3}))
    async with open_past(racing) as archive:
        await restore(archive, await plan_version(archive, (await versions(archive))[-1]), interval=0)
    assert racing.changes == ()
    found = await records(uri)
    assert (found[ADA], set(found)) == (before[ADA], {ADA, CHAT})


async def test_it_waits_until_the_bot_has_been_silent_for_two_intervals(uri):
    await change(uri, (ADA, {"v": 1}))
    when = await at(uri, 0)
    await change(uri, (ADA, {"v": 2}))
    after = await records(uri)
    with pytest.raises(RefusedError, match="--force"):
        await restored(uri, lambda archive: plan_restore(archive, when), interval=60)
    assert await records(uri) == after
    await restored(uri, lambda archive: plan_restore(archive, when), interval=60, force=True)
    assert await records(uri) != after


@pytest.mark.parametrize(("intervals", "refused"), [(0.5, True), (1.5, True), (2.5, False)])
async def test_two_intervals_are_two(uri, monkeypatch, intervals, refused):
    """A running bot saves once in an interval; after one without a commit it may only have had nothing to save."""
    with monkeypatch.context() as patch:
        then = time.time() - intervals * 60
        patch.setattr("ptb_bucket.state.document.header.time.time", lambda: then)
        await change(uri, (ADA, {"v": 1}))
        before = await records(uri)
        await change(uri, (ADA, {"v": 2}))
    when = await at(uri, 0)
    with pytest.raises(RefusedError, match="wait 120 seconds") if refused else contextlib.nullcontext():
        await restored(uri, lambda archive: plan_restore(archive, when), interval=60)
    assert (await records(uri) == before) is not refused


async def test_a_restore_may_be_undone_at_once(uri, monkeypatch):
    """A recent write by a tool is not a sign of a running bot."""
    with monkeypatch.context() as patch:
        patch.setattr("ptb_bucket.state.document.header.time.time", lambda: 1_700_000_000.0)
        await change(uri, (ADA, {"v": 1}))
        await change(uri, (ADA, {"v": 2}))
    after = await records(uri)
    for version in (-1, 1):
        async with open_past(uri) as archive:
            await restore(archive, await plan_version(archive, (await versions(archive))[version]))
    assert await records(uri) == after


async def test_a_bot_that_writes_to_another_object_is_running_too(uri, tmp_path):
    uri += "&layout=per-type"
    await change(uri, (ADA, {"v": 1}))
    await change(uri, (ADA, {"v": 2}))
    old = (tmp_path / "data" / "user_data.json").read_text()
    hour_ago = f"{int(time.time()) - 3600}]"
    (tmp_path / "data" / "user_data.json").write_text(re.sub(r"\d{10}\]", hour_ago, old))
    async with open_past(uri) as archive:
        plans = await plan_version(archive, (await versions(archive))[-1])
        await change(uri, (CHAT, {"v": 1}))
        with pytest.raises(RefusedError, match=r"chat_data\.json.*--force"):
            await restore(archive, plans)
        await restore(archive, plans, interval=0)
