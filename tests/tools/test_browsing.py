"""Browsing: lists from the listing alone, single records with their versions, and authors of commits."""

from __future__ import annotations

import asyncio
import json

import pytest
from telegram.ext import ExtBot

from ptb_bucket import BucketPersistence
from ptb_bucket.state import LAYOUTS, Kind, Record
from ptb_bucket.tools import (
    Found,
    OvertakenError,
    list_records,
    open_state,
    python_text,
    record_versions,
    restore_record,
    set_value,
)

ADA = Record.user(42)


@pytest.fixture(params=list(LAYOUTS))
def uri(request, tmp_path):
    uri = f"file:{tmp_path}?layout={request.param}&keep=9"

    async def save():
        bot = BucketPersistence(uri)
        bot.set_bot(ExtBot("123456:offline"))
        for visits in (1, 2):
            await bot.update_user_data(42, {"visits": visits})
            await bot.update_user_data(43 + visits, {})
            await bot.update_bot_data({"day": visits})
            await bot.flush()

    asyncio.run(save())
    return uri


async def test_records_are_listed(uri):
    async with open_state(uri) as state:
        found = [one async for one in list_records(state, Kind.USER)]
        assert all(isinstance(one, Found) for one in found)
        assert {one.record.id for one in found} >= {"42"}
        if state.archive.layout.lazy:
            assert {one.encoded for one in found} == {None}  # nothing was read
            assert all(one.changed for one in found)


async def test_a_planned_change_is_refused_once_the_value_has_changed(uri):
    async with open_state(uri, keep_unknown=True, author="web:ada") as state:
        plan = await set_value(state, ADA, "visits", "5", dry_run=True)
        await set_value(state, ADA, "visits", "6")
        with pytest.raises(OvertakenError) as error:
            await set_value(state, ADA, "visits", "5", planned=plan)
        assert error.value.now == "6"
        part = await state.archive.part_of(ADA)
        assert json.loads(part.records[ADA])["visits"] == 6
        assert part.commits[0].writer.startswith("web:ada:")
        assert part.commits[0].is_tools


async def test_one_record_is_restored_alone(uri):
    async with open_state(uri) as state:
        newest, oldest = await record_versions(state, [ADA])
        assert [json.loads(one.text)["visits"] for one in (newest, oldest)] == [2, 1]
        with pytest.raises(OvertakenError):
            await restore_record(state, ADA, oldest.version, planned=oldest.encoded)
        await restore_record(state, ADA, oldest.version, planned=newest.encoded)
        part = await state.archive.part_of(ADA)
        assert json.loads(part.records[ADA])["visits"] == 1
        other = await state.archive.part_of(Record(Kind.BOT, "bot"))
        assert json.loads(other.records[Record(Kind.BOT, "bot")])["day"] == 2


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ('{"a": {"$set": [1]}, "$42": null}', "{'a': {1}, 42: None}"),
        ('{"$tuple": [1]}', "(1,)"),
        ('{"$set": []}', "set()"),
        ('{"$datetime": "2026-01-01T00:00:00+00:00"}', "datetime.datetime.fromisoformat('2026-01-01T00:00:00+00:00')"),
        ('{"$true": 1}', "{True: 1}"),
    ],
)
def test_values_as_python(text, code):
    assert python_text(text) == code
