"""Tests of restoring: the versions that are chosen, the data that comes back, and words that mean no version."""

from __future__ import annotations

from datetime import datetime, timezone

import pytest

from ptb_bucket.cli import main
from ptb_bucket.errors import NotFoundError
from ptb_bucket.stores import LocalStore
from ptb_bucket.tools import open_past
from ptb_bucket.tools.versions.past import history
from ptb_bucket.tools.versions.restoring import plan_rescue, plan_restore, plan_version
from support.tools.past_states import ADA, CHAT, GRACE, Cart, at, change, records, restored


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
