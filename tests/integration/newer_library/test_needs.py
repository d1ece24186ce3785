"""Tests that a document whose needs we lack is never written: its user is asked to upgrade."""

from __future__ import annotations

import asyncio
import hashlib

import pytest

from ptb_bucket import errors
from ptb_bucket.cli import main
from ptb_bucket.errors import CorruptDocumentError, ForeignDocumentError, UnsavedError
from support.documents.newer_buckets import LAYOUT_AND_CODEC, Bucket, unsaved
from support.documents.newer_documents import newer


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
