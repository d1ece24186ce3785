"""Restoring: the versions that are chosen, the data that is written, and what is refused."""

from __future__ import annotations

import contextlib
import re
import time
from dataclasses import dataclass
from datetime import datetime, timezone

import pytest

from ptb_bucket.cli import main
from ptb_bucket.errors import CorruptDocumentError, ForeignDocumentError, NotFoundError, RefusedError, SealError
from ptb_bucket.state import Record, WriterIdentity
from ptb_bucket.stores import LocalStore, StoreWrapper, Update
from ptb_bucket.tools import open_past, open_state
from ptb_bucket.tools.versions.past import history
from ptb_bucket.tools.versions.restoring import plan_rescue, plan_restore, plan_version, restore

BOT = "123456"


@dataclass
class Cart:
    items: list[str]


@pytest.fixture
def uri(tmp_path):
    return f"file:{tmp_path}/data?keep=20"


async def change(uri, *changes, types=(), bot_id=BOT):
    """Commit records with their new values as a bot; None drops a record."""
    async with open_state(uri, types=types, bot_id=bot_id, create=True) as state:
        replica = state.replica()
        replica.documents.writer = WriterIdentity()  # as a bot's
        await replica.documents.read_all()
        for record, value in changes:
            replica.values.load(record)
            replica.stage(record, value)
        await replica.commit()


async def records(uri):
    async with open_state(uri) as state:
        return {record: value async for part in state.archive.parts() for record, value in part.records.items()}


async def at(uri, number, what=None):
    """Return the time at which the version with this number was written, the oldest first."""
    async with open_past(uri) as archive:
        found = [one async for one in history(archive, what)]
    return found[::-1][number].version.modified


async def restored(uri, make_plan, **how):
    async with open_past(uri) as archive:
        plans = await make_plan(archive)
        await restore(archive, plans, **{"interval": 0, **how})
        return plans


ADA, GRACE, CHAT = Record.user(1), Record.user(2), Record.chat(3)


async def test_each_object_is_as_it_was_and_what_was_not_there_is_gone(uri):
    uri += "&layout=per-type"
    await change(uri, (ADA, {"v": 1}))
    before = await records(uri)
    when = await at(uri, 0)
    await change(uri, (ADA, {"v": 2}), (GRACE, {"v": 2}), (CHAT, {"v": 2}))
    after = await records(uri)
    plans = await restored(uri, lambda archive: plan_restore(archive, when))
    assert await records(uri) == before
    figures = {plan.object: plan.figures for plan in plans if plan.is_needed}
    assert figures == {
        "user_data.json": {"returning": 0, "changed": 1, "dropped": 1},
        "chat_data.json": {"returning": 0, "changed": 0, "dropped": 1},
    }
    assert set(after) > set(before)


async def test_a_document_for_each_record_goes_back_too(uri, tmp_path):
    uri += "&layout=per-record"
    await change(uri, (ADA, {"v": 1}), (CHAT, {"v": 1}))
    before = await records(uri)
    when = max([await at(uri, 0, "user_data"), await at(uri, 0, "chat_data")])
    await change(uri, (ADA, {"v": 2}), (GRACE, {"v": 2}), (CHAT, None))
    await restored(uri, lambda archive: plan_restore(archive, when))
    assert await records(uri) == before
    path = next(path for path in tmp_path.rglob("1.json") if path.is_file() and "user_data" in str(path))
    path.write_bytes(b"{")
    assert [plan.changes for plan in await restored(uri, plan_rescue)] == [{ADA: before[ADA]}]
    assert await records(uri) == before


async def test_a_deleted_object_was_not_there_and_comes_back(uri, tmp_path):
    await change(uri, (ADA, {"v": 1}))
    first = await at(uri, 0)
    store = LocalStore(tmp_path / "data", keep=20)
    await store.delete("state.json")
    deleted = await at(uri, 1)
    with pytest.raises(NotFoundError, match="no version older than"):
        await restored(uri, lambda archive: plan_restore(archive, deleted))
    await restored(uri, lambda archive: plan_restore(archive, first))
    assert list(await records(uri)) == [ADA]
    await store.delete("state.json")
    await restored(uri, plan_rescue)
    assert list(await records(uri)) == [ADA]


async def test_no_class_of_the_bots_is_needed(uri):
    for codec in ("json", "pickle"):
        place = uri.replace("data?", f"{codec}?") + f"&codec={codec}"
        await change(place, (ADA, {"cart": Cart(["a"])}), types=[Cart])
        before = await records(place)
        when = await at(place, 0)
        await change(place, (ADA, {"cart": Cart(["b"])}), types=[Cart])
        await restored(place, lambda archive, when=when: plan_restore(archive, when))
        assert await records(place) == before


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


async def versions(archive):
    return [one.version.version async for one in history(archive)]


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


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--at", "2026-01-01T10:00:00"], "no time zone"),
        (["--at", "2026-01-01"], "no time zone"),
        (["--at", "yesterday"], "is not a valid time"),
        (["--at", "2999-01-01T10:00:00Z"], "is in the future"),
        (["--at", "999999999w"], "is not a valid time"),
        (["--at", "1h", "--version", "1"], "not both"),
        (["--object", "state.json"], "can only be used with --version"),
    ],
)
def test_times_and_options_that_mean_nothing_are_refused(tmp_path, capsys, options, words):
    assert main(["restore", f"file:{tmp_path}?keep=2", *options]) == 2
    assert words in capsys.readouterr().err


@pytest.mark.parametrize("when", ["1s", "2h", "1d12h", "2026-01-31T18:00:00Z", "2026-01-31T18:00:00+02:00"])
def test_times_that_are_times_are_taken(tmp_path, capsys, when):
    assert main(["restore", f"file:{tmp_path}?keep=2", "--at", when]) == 3
    assert "No bot state" in capsys.readouterr().err


async def test_what_does_not_exist_is_said(uri):
    await change(uri, (ADA, {"v": 1}))
    async with open_past(uri) as archive:
        with pytest.raises(NotFoundError, match="ptb-bucket history"):
            await plan_version(archive, "nonsense")
        with pytest.raises(NotFoundError, match=r"state\.json"):
            [one async for one in history(archive, "nonsense")]
        with pytest.raises(NotFoundError, match="no version older than"):
            await plan_restore(archive, datetime(2000, 1, 1, tzinfo=timezone.utc))
        assert len([one async for one in history(archive, "user_data", limit=1)]) == 1
