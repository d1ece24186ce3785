"""Tests of a newer ptb-bucket on the same bucket: a bot keeps data that it does not know, and names it in its log."""

from __future__ import annotations

import logging

import pytest

from ptb_bucket.errors import CorruptDocumentError
from ptb_bucket.state import Record
from support.documents.newer_buckets import Bucket, change_everything, unsaved
from support.documents.newer_documents import body_of, newer


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
