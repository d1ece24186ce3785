"""Browsing: lists from the listing alone, single records with their versions, and authors of commits."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace

import pytest
from telegram.ext import ExtBot

from ptb_bucket import BucketPersistence
from ptb_bucket.state import LAYOUTS, Kind, Record
from ptb_bucket.tools import (
    Found,
    OvertakenError,
    compact,
    export_person,
    last_changes,
    list_records,
    open_state,
    parsed,
    parts_of,
    python_text,
    record_versions,
    restore_record,
    set_value,
    value_under,
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
            await bot.update_user_data(43 + visits, {"new": True})
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
        plan = await restore_record(state, ADA, oldest.version, dry_run=True)
        assert (plan.before, plan.after) == (newest.text, oldest.text)
        with pytest.raises(OvertakenError):
            await restore_record(state, ADA, oldest.version, planned=replace(plan, before=oldest.text))
        assert await restore_record(state, ADA, oldest.version, planned=plan) == replace(plan, dry_run=False)
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


async def test_old_versions_tell_when_a_record_last_changed(uri):
    async with open_state(uri) as state:
        shared = [ADA] if state.archive.layout.lazy else [ADA, Record.user(44), Record.user(999)]
        found = await last_changes(state, shared)
        versions = await record_versions(state, [ADA])
        assert found[ADA].time == versions[0].time  # 1 became 2
        assert not found[ADA].at_least
        assert Record.user(999) not in found
        await set_value(state, ADA, "visits", "3")
        assert (await last_changes(state, [ADA]))[ADA].time > found[ADA].time
        assert (await last_changes(state, [ADA], limit=1))[ADA].at_least
        if len(shared) > 1:
            assert (await last_changes(state, shared))[shared[1]] == found[shared[1]]


async def test_without_versions_no_last_change_is_known(tmp_path):
    async with open_state(f"file:{tmp_path}", bot_id=1, create=True) as state:
        await set_value(state, ADA, "", "{}")
        assert await last_changes(state, [ADA]) == {}


async def test_a_person_is_exported_with_a_receipt(uri):
    async with open_state(uri, author="web:ada") as state:
        exported = await export_person(state, 42)
        assert exported["data"] == {"user_data[42]": {"visits": 2}}
        receipt = exported["receipt"]
        assert (receipt["user_id"], receipt["exported_by"]) == (42, "web:ada")
        assert receipt["records"].keys() == exported["data"].keys()


ODD = {
    "plain": [1, {"a b": None}], "$42": {"$set": [1, 2]}, '$"42"': "text", "$true": {"$tuple": [1]},
    '${"$tuple":[1,2]}': 2, "deque": {"$deque": [[1], 3]}, "cart": {"$shop.Cart": {"items": [5]}},
    "": {"$defaultdict": ["list", {"x": [1]}]},
}  # fmt: skip


def test_the_path_of_each_part_leads_to_it():
    def walk(value, path):
        for _, step, part in parts_of(value) or ():
            if step is not None:
                found = path + step if path else step.removeprefix(".")
                assert value_under(ODD, found) is part, found
                walk(part, found)

    walk(ODD, "")
    assert [one.label for one in parts_of(ODD)] == ["plain", "42", "42", "True", "(1, 2)", "deque", "cart", '""']
    assert value_under(ODD, 'plain[1]["a b"]') is None
    with pytest.raises(KeyError):
        value_under(ODD, "plain[7]")
    assert parsed(compact(ODD)) == ODD
