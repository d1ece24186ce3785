"""Tests of a newer ptb-bucket on the same bucket: we keep unknown data, and write no document whose needs we lack."""

from __future__ import annotations

import asyncio
import hashlib
import logging
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from ptb_bucket import BucketPersistence, errors
from ptb_bucket.cli import main
from ptb_bucket.errors import (
    CorruptDocumentError,
    ForeignDocumentError,
    RefusedError,
    UnsavedError,
    VanishedDocumentError,
)
from ptb_bucket.state import LAYOUTS, Archive, Record, open_layout
from ptb_bucket.stores import LocalStore, Update
from ptb_bucket.testing.faults import Fault, FaultyStore
from ptb_bucket.tools import open_state
from ptb_bucket.tools.sweeping import sweep
from ptb_bucket.tools.transfer.copy_target import open_target
from ptb_bucket.tools.transfer.copying import copy
from ptb_bucket.tools.versions.restoring import plan_version, restore
from support.applications.restarting_bot import opened
from support.documents.newer_documents import FRAMES, JSON_BODY, body_of, header_of, newer

if TYPE_CHECKING:
    from pathlib import Path

SHORT = {("single", "json"), ("per-record", "pickle")}
LAYOUT_AND_CODEC = [
    pytest.param((layout, codec), marks=() if (layout, codec) in SHORT else pytest.mark.long, id=f"{layout}-{codec}")
    for layout in LAYOUTS
    for codec in ("json", "pickle")
]
BOT = "123456"


class Bucket:
    """A directory with a bot's documents, which a newer library changes."""

    def __init__(self, root: Path, layout: str, codec: str) -> None:
        self.root, self.options = root, {"layout": layout, "codec": codec}
        self.uri = f"file:{root}?layout={layout}&codec={codec}"

    def bot(self, **options) -> BucketPersistence:
        return opened(options.pop("store", self.uri), **{**self.options, **options})

    async def fill(self) -> None:
        bot = self.bot()
        await bot.update_bot_data({"n": 1})
        await bot.update_user_data(42, {"name": "Ada"})
        await bot.update_user_data(43, {"name": "Bo"})
        await bot.update_conversation("talk", (42, 42), "SIZE")
        await bot.flush()

    def documents(self) -> list[Path]:
        found = (path for path in self.root.rglob("*") if path.suffix in (".json", ".pkl"))
        return sorted(path for path in found if ".versions" not in path.parts)

    def change(self, how=newer, **what) -> None:
        """Rewrite every document as a newer library would."""
        for path in self.documents():
            path.write_bytes(how(path.read_bytes(), **what))

    def check_untouched(self, number: int | None = None) -> None:
        """Check that each document has all that the newer library has added, byte for byte."""
        documents = self.documents()
        assert len(documents) == number or number is None
        for path in documents:
            data = path.read_bytes()
            assert body_of(data) == (JSON_BODY if path.suffix == ".json" else FRAMES)
            header = header_of(data)
            assert (header["epoch"], header["note"]) == ([1, {"of": "the newer one"}], None)
            assert header["format"] == 1


@pytest.fixture(params=LAYOUT_AND_CODEC)
async def bucket(request, tmp_path) -> Bucket:
    bucket = Bucket(tmp_path / "bucket", *request.param)
    await bucket.fill()
    return bucket


@pytest.fixture
async def simple(tmp_path) -> Bucket:
    bucket = Bucket(tmp_path / "bucket", "single", "json")
    await bucket.fill()
    return bucket


async def change_everything(bot) -> None:
    await bot.get_user_data()
    await bot.get_bot_data()
    await bot.update_bot_data({"n": 2})
    await bot.update_user_data(42, {"name": "Ada", "age": 36})
    await bot.drop_user_data(43)
    await bot.update_conversation("talk", (42, 42), None)
    await bot.flush()


# ---------------------------------------------------------------- what we do not know stays


async def test_commits_keep_what_they_do_not_know(bucket):
    number = len(bucket.documents())
    bucket.change()
    for _ in range(2):
        await change_everything(bucket.bot())
        bucket.check_untouched(number)
    assert await bucket.bot().get_user_data() == {42: {"name": "Ada", "age": 36}}


async def test_what_a_newer_library_adds_while_we_run_is_kept_through_a_lost_race(bucket):
    bot = bucket.bot()
    await bot.get_user_data()
    bucket.change()
    await change_everything(bot)
    bucket.check_untouched()


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


async def test_a_section_in_any_notation_is_kept_as_it_is(simple):
    (path,) = simple.documents()
    plain = path.read_bytes()
    for body in (
        b"5", b"[]", b"{}", b'"text"', b'{"a":1}', b"{\n}", b"{\n\n}", b'{\r\n  "a": {\n"b": 1\n},\n"c": {\n}\n}',
        b'{"a":1,\n"a":2}', b'{\n"1": {"x": 1},\n"1": 2\n}', '{"é": "\U0001f600"}'.encode(), b"[1.0e0, -0]",
    ):  # fmt: skip
        path.write_bytes(newer(plain, body=body))
        for n in range(3):
            bot = simple.bot()
            assert (await bot.get_user_data())[43] == {"name": "Bo"}
            await bot.update_user_data(42, {"n": n, "body": str(body)})
            await bot.flush()
            assert body_of(path.read_bytes()) == body
        assert await simple.bot().get_user_data() == {42: {"n": 2, "body": str(body)}, 43: {"name": "Bo"}}


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


async def test_what_stands_inside_an_unknown_section_is_never_taken_for_a_section(tmp_path):
    """Its line breaks may be where ours are, and its nested keys named as ours."""
    bucket = Bucket(tmp_path / "bucket", "single", "json")
    bot = bucket.bot()
    await bot.update_bot_data({"n": 1})
    (path,) = bucket.documents()
    inner = b'{\n"a": {\n"x": 1\n},\n"user_data": {\n"42": {"evil": 1}}}'
    path.write_bytes(newer(newer(path.read_bytes(), body=inner), section="z", body=b'{\n"43": {"evil": 1}\n}'))
    path.write_bytes(path.read_bytes().replace(b'"crc"', b'"crd"'))  # read with care, as if edited by hand
    for n in range(3):
        bot = bucket.bot()
        assert (await bot.get_user_data(), await bot.get_bot_data()) == ({}, {"n": n or 1})
        await bot.update_bot_data({"n": n + 1})
        assert body_of(path.read_bytes(), "z") == b'{\n"43": {"evil": 1}\n}'
        assert inner in path.read_bytes()


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


async def test_what_is_in_the_spool_meets_a_newer_document_and_changes_only_its_records(tmp_path):
    bucket = Bucket(tmp_path / "bucket", "single", "json")
    await bucket.fill()
    await unsaved(bucket, tmp_path / "spool")
    bucket.change()
    bot = bucket.bot(spool_dir=tmp_path / "spool")
    assert (await bot.get_user_data())[42] == {"late": 1}
    bucket.check_untouched(1)


async def test_the_log_names_the_section_once_for_each_document(bucket, caplog):
    bucket.change()
    bot = bucket.bot(refresh_interval=0)
    other = bucket.bot()
    other._session.replica.documents.metrics.unknown = lambda *_: None
    with caplog.at_level(logging.WARNING, "ptb_bucket"):
        for n in range(3):
            await change_everything(bot)
            await other.update_user_data(42, {"n": n})
            await bot.refresh_user_data(42, {})
            assert bot._session.replica.values.read(Record.user(42))["n"] == n
    told = [
        record.getMessage() for record in caplog.records if "contains an unsupported section" in record.getMessage()
    ]
    assert len(told) == len(set(told)) == len(bucket.documents())
    assert all("contains an unsupported section: 'claims'" in line for line in told)


@pytest.mark.parametrize("name", ["user_dat", "users_data", "User_Data", "userdata", "user-data", "conversation"])
async def test_a_misspelt_section_stops_the_start_and_says_what_was_meant(bucket, name):
    bucket.change(section=name)
    before = [path.read_bytes() for path in bucket.documents()]
    with pytest.raises(CorruptDocumentError, match=f"section {name!r}. Did you mean '(user_data|conversations)'?"):
        await bucket.bot().get_user_data()
    assert [path.read_bytes() for path in bucket.documents()] == before


@pytest.mark.parametrize("name", ["alarms", "claims", "job_data", "jobs", "poll_data", "versions", "x", ""])
async def test_other_names_are_no_misspellings(simple, name):
    simple.change(section=name)
    assert len(await simple.bot().get_user_data()) == 2


async def test_a_section_or_a_header_that_stands_there_twice_is_damage(bucket):
    once = [path.read_bytes() for path in bucket.documents()]
    bucket.change()
    bucket.change()
    with pytest.raises(CorruptDocumentError, match="'claims' twice"):
        await bucket.bot().get_user_data()
    if bucket.options["codec"] == "json":
        for path, data in zip(bucket.documents(), once, strict=True):
            path.write_bytes(newer(data, section="ptb_bucket"))
        with pytest.raises(CorruptDocumentError, match="'ptb_bucket' twice"):
            await bucket.bot().get_user_data()


# ---------------------------------------------------------------- what we lack is refused


async def needed(bucket: Bucket, what: str = "teleport") -> list[bytes]:
    bucket.change(needs=[what, "refs"])
    return [path.read_bytes() for path in bucket.documents()]


def check_refusal(error: BaseException, bucket: Bucket) -> None:
    said = str(error)
    assert "the document needs teleport, which this version of ptb-bucket does not support. Upgrade ptb-bucket" in said
    assert "refs" not in said
    assert any(str(path) in said for path in bucket.documents()), said


async def test_a_start_asks_for_an_upgrade_and_writes_nothing(bucket):
    before = await needed(bucket)
    bot = bucket.bot()
    with pytest.raises(ForeignDocumentError) as told:
        await bot.get_bot_data()
    check_refusal(told.value, bucket)
    assert isinstance(told.value, errors.NewerDocumentError)
    assert [path.read_bytes() for path in bucket.documents()] == before


async def test_while_running_nothing_is_written_and_what_is_unsaved_is_named(bucket):
    bot = bucket.bot(refresh_interval=0)
    await bot.get_user_data()
    before = await needed(bucket)
    with pytest.raises(ForeignDocumentError) as told:
        await bot.refresh_user_data(42, {"name": "Ada"})
    check_refusal(told.value, bucket)
    with pytest.raises(ForeignDocumentError, match=r"stay in memory: user_data\[42\]") as told:
        await bot.update_user_data(42, {"name": "late"})
    check_refusal(told.value, bucket)
    assert bot.stats.pending == ("user_data[42]",)
    with pytest.raises(UnsavedError, match=r"user_data\[42\].*Upgrade ptb-bucket"):
        await bot.flush()
    assert [path.read_bytes() for path in bucket.documents()] == before
    assert bot.stats.pending == ("user_data[42]",)


async def test_what_is_unsaved_is_saved_once_the_feature_is_no_longer_needed(simple):
    bot = simple.bot()
    await bot.get_user_data()
    (path,) = simple.documents()
    plain = path.read_bytes()
    await needed(simple)
    with pytest.raises(ForeignDocumentError):
        await bot.update_user_data(42, {"name": "late"})
    path.write_bytes(newer(plain))
    await bot.flush()
    assert (await simple.bot().get_user_data())[42] == {"name": "late"}


@pytest.mark.parametrize("place", LAYOUT_AND_CODEC)
def test_no_verb_writes_to_a_document_that_needs_more(tmp_path, place, capfd):
    layout, codec = place
    bucket = Bucket(tmp_path / "bucket", layout, codec)
    asyncio.run(bucket.fill())
    file = str(tmp_path / "export.json")
    assert main(["export", bucket.uri, file]) == 0
    before = asyncio.run(needed(bucket))
    capfd.readouterr()
    for words in (
        ["show", bucket.uri],
        ["set", bucket.uri, "user_data", "42", "name", '"x"'],
        ["rm", bucket.uri, "user_data", "43"],
        ["end-conversation", bucket.uri, "talk", "42", "42"],
        ["import", file, bucket.uri],
        ["erase-user", bucket.uri, "42", "--force"],
        ["sweep", bucket.uri, "--older-than", "0s"],
        ["copy", bucket.uri, f"file:{tmp_path}/copy"],
        ["rekey", bucket.uri, "--to-plain"],
    ):
        assert main(words) != 0
        assert "Upgrade ptb-bucket" in capfd.readouterr().err, words
    assert [path.read_bytes() for path in bucket.documents()] == before
    assert not (tmp_path / "copy").exists()


async def test_a_spool_is_not_brought_into_a_document_that_needs_more(tmp_path):
    bucket = Bucket(tmp_path / "bucket", "single", "json")
    await bucket.fill()
    spool = await unsaved(bucket, tmp_path / "spool")
    before = await needed(bucket)
    with pytest.raises(ForeignDocumentError) as told:
        await bucket.bot(spool_dir=tmp_path / "spool").get_user_data()
    check_refusal(told.value, bucket)
    assert str(spool) in str(told.value)
    assert spool.exists()
    assert [path.read_bytes() for path in bucket.documents()] == before


async def test_a_spool_that_needs_more_asks_for_an_upgrade(tmp_path):
    bucket = Bucket(tmp_path / "bucket", "single", "json")
    await bucket.fill()
    spool = await unsaved(bucket, tmp_path / "spool")
    first, _, body = spool.read_bytes().partition(b"\n")
    for form, extra in ((b"2", b', "needs": ["teleport"]}'), (b"3", b"}")):
        changed = body[:-1] + extra
        spool.write_bytes(b"ptb-bucket spool %s %s\n" % (form, hashlib.sha256(changed).hexdigest().encode()) + changed)
        with pytest.raises(ForeignDocumentError, match="Upgrade ptb-bucket") as told:
            await bucket.bot(spool_dir=tmp_path / "spool").get_user_data()
        assert str(spool) in str(told.value)
    assert first.startswith(b"ptb-bucket spool 1 ")
    assert spool.exists()


@pytest.mark.parametrize("needs", ["refs", 5, None, {"refs": 1}, [5], [["refs"]]])
async def test_needs_that_are_no_list_of_names_are_damage(simple, needs):
    (path,) = simple.documents()
    path.write_bytes(newer(path.read_bytes(), fields={"needs": needs}))
    with pytest.raises(CorruptDocumentError, match="header is damaged"):
        await simple.bot().get_bot_data()


async def unsaved(bucket: Bucket, spool: Path) -> Path:
    """Let a bot end in an outage."""
    fault = None
    store = FaultyStore(LocalStore(bucket.root), lambda operation, _key: fault if operation == "put" else None)
    bot = bucket.bot(store=store, spool_dir=spool)
    bot._session.replica.documents.retry_policy.deadline = 0.05
    await bot.get_user_data()
    fault = Fault.UNAVAILABLE
    with pytest.raises(errors.PTBBucketError):
        await bot.update_user_data(42, {"late": 1})
    with pytest.raises(UnsavedError, match="kept in"):
        await bot.flush()
    return next(spool.glob("*.spool"))  # noqa: ASYNC240  nothing else runs
