"""Tests that verbs, sweeps, copies and restores keep data of a newer ptb-bucket."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from ptb_bucket.cli import main
from ptb_bucket.errors import RefusedError, VanishedDocumentError
from ptb_bucket.state import LAYOUTS, Archive, Record, open_layout
from ptb_bucket.stores import LocalStore, Update
from ptb_bucket.tools import open_state
from ptb_bucket.tools.sweeping import sweep
from ptb_bucket.tools.transfer.copy_target import open_target
from ptb_bucket.tools.transfer.copying import copy
from ptb_bucket.tools.versions.restoring import plan_version, restore
from support.documents.newer_buckets import BOT, LAYOUT_AND_CODEC, Bucket, change_everything
from support.documents.newer_documents import FRAMES, JSON_BODY, body_of, newer


async def test_tools_keep_what_they_do_not_know(bucket):
    bucket.change()
    async with open_state(bucket.uri) as state:
        replica = await state.loaded([Record.user(42)])
        replica.values.load(Record.user(42))
        replica.stage(Record.user(42), {"name": "edited"})
        await replica.commit()
        await sweep(state, timedelta(seconds=-5))
    bucket.check_untouched()


@pytest.mark.parametrize("place", LAYOUT_AND_CODEC)
def test_verbs_keep_what_they_do_not_know(tmp_path, place, capfd):
    layout, codec = place
    bucket = Bucket(tmp_path / "bucket", layout, codec)
    asyncio.run(bucket.fill())
    bucket.change()
    number = len(bucket.documents())
    uri, file = bucket.uri, str(tmp_path / "export.json")
    for words in (
        ["set", uri, "user_data", "42", "name", '"x"'],
        ["rm", uri, "user_data", "43"],
        ["end-conversation", uri, "talk", "42", "42"],
        ["export", uri, file],
        ["import", file, uri],
        ["erase-user", uri, "42", "--force"],
        ["sweep", uri, "--older-than", "0s"],
    ):
        assert main(words) == 0, (words, capfd.readouterr())
        bucket.check_untouched(number)


async def test_a_document_that_holds_nothing_but_an_unknown_section_is_not_swept(tmp_path):
    bucket = Bucket(tmp_path, "per-record", "json")
    await bucket.fill()
    bucket.change()
    bot = bucket.bot()
    await bot.get_user_data()
    await bot.drop_user_data(42)
    await bot.flush()
    number = len(bucket.documents())
    async with open_state(bucket.uri) as state:
        assert [part.key for part in [part async for part in state.archive.parts()] if not part.records] != []
        assert (await sweep(state, timedelta(seconds=-5))).removed == []
    bucket.check_untouched(number)
    to = Bucket(tmp_path / "copy", "per-record", "json")
    async with open_state(bucket.uri) as source, open_target(to.uri, source) as target:
        await copy(source, target)
    assert [body_of(path.read_bytes()) for path in to.documents()] == [JSON_BODY] * number


async def test_a_document_that_held_an_unknown_section_and_is_gone_is_no_swept_one(tmp_path):
    bucket = Bucket(tmp_path / "bucket", "per-record", "json")
    await bucket.fill()
    bucket.change()
    bot = bucket.bot(refresh_interval=0)
    await bot.get_user_data()
    await bot.drop_user_data(42)
    for path in bucket.documents():
        if path.stem == "42":
            path.unlink()
    with pytest.raises(VanishedDocumentError):
        await bot.refresh_user_data(42, {})


def test_a_receipt_names_the_sections_that_were_kept(tmp_path, capfd):
    bucket = Bucket(tmp_path / "bucket", "single", "json")
    asyncio.run(bucket.fill())
    assert main(["erase-user", bucket.uri, "42", "--force", "--dry-run"]) == 0
    assert "not supported by this version" not in capfd.readouterr().out
    bucket.change()
    assert main(["erase-user", bucket.uri, "42", "--force"]) == 0
    assert "Sections not supported by this version of ptb-bucket were kept: 'claims'." in capfd.readouterr().out


@pytest.mark.parametrize("place", LAYOUT_AND_CODEC)
async def test_restoring_keeps_the_section_of_now_and_brings_back_one_that_is_gone(tmp_path, place):
    layout, codec = place
    bucket = Bucket(tmp_path / "bucket", layout, codec)
    store = LocalStore(bucket.root, keep=20)
    bucket.uri = store
    await bucket.fill()
    number = len(bucket.documents())
    archive = Archive(store, open_layout(layout), codec, BOT)
    before = await newest(store)
    for key in before:
        found = await store.get(key)
        await store.put(key, newer(found.data), Update(found.etag))
    await change_everything(bucket.bot())
    await restored(archive, before)
    bucket.check_untouched(number)
    assert await bucket.bot().get_user_data() == {42: {"name": "Ada"}, 43: {"name": "Bo"}}
    again = await newest(store)
    for key in again:
        await store.delete(key)
    await restored(archive, again)
    bucket.check_untouched(number)
    assert await bucket.bot().get_user_data() == {42: {"name": "Ada"}, 43: {"name": "Bo"}}


async def test_a_deleted_document_of_nothing_but_an_unknown_section_can_be_brought_back(tmp_path):
    bucket = Bucket(tmp_path / "bucket", "per-record", "json")
    store = LocalStore(bucket.root, keep=20)
    bucket.uri = store
    await bucket.fill()
    key = next(iter(await newest(store, "42")))
    await store.put(key, newer((await store.get(key)).data), Update((await store.get(key)).etag))
    bot = bucket.bot()
    await bot.get_user_data()
    await bot.drop_user_data(42)
    versions = await newest(store, "42")
    await store.delete(key)
    await restored(Archive(store, open_layout("per-record"), "json", BOT), versions)
    assert body_of((await store.get(key)).data) == JSON_BODY


async def newest(store, name: str = "") -> dict[str, str]:
    """Return the current version of each object."""
    found = {}
    async for info in store.list():
        if (name in info.key and "user_data" in info.key) or not name:
            found[info.key] = await anext(store.versions(info.key))
    return {key: version.version for key, version in found.items()}


async def restored(archive, versions) -> None:
    for key, version in versions.items():
        await restore(archive, await plan_version(archive, version, key), force=True)


async def test_copies_take_the_section_along_to_the_same_kind_of_place_and_nowhere_else(bucket, tmp_path):
    bucket.change()
    number = len(bucket.documents())
    to = Bucket(tmp_path / "copy", *bucket.options.values())
    async with open_state(bucket.uri) as source:
        for _ in range(2):  # a second time there is nothing to do
            async with open_target(to.uri, source) as target:
                await copy(source, target)
        for path in to.documents():
            assert body_of(path.read_bytes()) == (JSON_BODY if path.suffix == ".json" else FRAMES)
        assert len(to.documents()) == number
        other = next(layout for layout in LAYOUTS if layout != bucket.options["layout"])
        codec = "pickle" if bucket.options["codec"] == "json" else "json"
        for uri, bot_id in (
            (f"file:{tmp_path}/layout?layout={other}", None),
            (f"file:{tmp_path}/codec?codec={codec}", None),
            (f"file:{tmp_path}/bot", "7"),
        ):
            async with open_target(uri, source, bot_id=bot_id) as target:
                with pytest.raises(RefusedError, match="does not support the section 'claims'"):
                    await copy(source, target)
        assert [path for name in ("layout", "codec", "bot") for path in (tmp_path / name).rglob("*.*")] == []


async def test_a_copy_never_replaces_a_section_that_it_does_not_know(simple, tmp_path):
    to = Bucket(tmp_path / "copy", "single", "json")
    await to.fill()
    simple.change()
    to.change(body=b"{}")
    async with open_state(simple.uri) as source, open_target(to.uri, source) as target:
        with pytest.raises(
            RefusedError, match="state in the destination contains the section 'claims' with different content"
        ):
            await copy(source, target, overwrite=True)
    assert body_of(to.documents()[0].read_bytes()) == b"{}"
