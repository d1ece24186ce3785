"""Timers in tools: kept, moved with their due keys, shown, edited, erased, and left out of PTB's formats."""

from __future__ import annotations

import asyncio
import json
import re
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone

import pytest

from ptb_bucket.cli import main
from ptb_bucket.state import BOT_DATA, LAYOUTS, Record
from ptb_bucket.state.timers import Timer, due_key
from ptb_bucket.tools import open_state
from ptb_bucket.tools.edit.erasing import erase, find_person
from ptb_bucket.tools.sweeping import sweep
from ptb_bucket.tools.transfer.copy_target import open_target
from ptb_bucket.tools.transfer.copying import copy
from ptb_bucket.tools.transfer.import_ import import_memory
from ptb_bucket.tools.transfer.json_export import export_json
from ptb_bucket.tools.transfer.memory_file import read_memory
from ptb_bucket.tools.transfer.ptb_export import export_dict, export_pickle
from ptb_bucket.tools.versions.restoring import plan_restore, restore
from support.parameters import MOST_DIFFERENT

BOT = "123456"


@dataclass
class Cart:
    items: list[str]


ADA, GROUP = Record.user(42), Record.chat(-100)
TEA = Record.of_timer(ADA, "tea")
NEWS = Record.of_timer(BOT_DATA, "news")
FOR_ADA = Record.of_timer(GROUP, "for ada")
TIMERS = {
    TEA: Timer("remind", "0a", due=1e9, user_id=42, data=Cart(["x"])),
    NEWS: Timer("news", "0b", due=2e9, schedule={"every": 60}),
    FOR_ADA: Timer("remind", "0c", due=3e9, chat_id=-100, user_id=42),
}


@pytest.fixture(params=["json", "pickle"])
def codec(request):
    return request.param


@pytest.fixture
def place(tmp_path, codec):
    return lambda layout, name="bot": f"file:{tmp_path / name}?layout={layout}&codec={codec}&keep=20"


async def change(uri, values):
    async with open_state(uri, types=[Cart], bot_id=BOT, create=True) as state:
        replica = state.replica()
        await replica.documents.read_all()
        for record, value in values.items():
            replica.values.load(record)
            replica.stage(record, value.to_value() if isinstance(value, Timer) else value)
        await replica.commit()


async def timers(uri):
    async with open_state(uri, types=[Cart]) as state:
        replica = state.replica()
        await replica.documents.read_all()
        owners = (ADA, GROUP, BOT_DATA)
        found = [record for owner in owners for record in replica.timers_of(owner)]
        return {record: Timer.from_value(replica.values.load(record)) for record in found}


async def keys(uri):
    async with open_state(uri) as state:
        return [info.key async for info in state.store.list("timers/due/")]


def needed(found):
    return sorted(due_key(record, timer).key for record, timer in found.items())


@pytest.mark.parametrize("layout", MOST_DIFFERENT)
@pytest.mark.parametrize("target", MOST_DIFFERENT)
async def test_a_copy_has_all_timers_and_creates_their_keys(place, layout, target):
    await change(place(layout), {ADA: {"n": 1}, **TIMERS})
    to = place(target, "copy")
    for copied in (4, 0):  # the second copy does not meet the keys as anything foreign
        async with open_state(place(layout)) as source, open_target(to, source) as state:
            assert (await copy(source, state)).copied == copied
    assert await timers(to) == TIMERS
    assert await keys(to) == (needed(TIMERS) if target == "per-record" else [])


@pytest.mark.parametrize("layout", LAYOUTS)
async def test_restoring_brings_timers_and_their_keys_back(place, layout):
    uri = place(layout)
    await change(uri, {ADA: {"n": 1}, **TIMERS})
    then = datetime.now(timezone.utc)
    await change(uri, {TEA: None, NEWS: TIMERS[NEWS].rearmed(2.5e9, "0d", occurrence=2)})
    async with open_state(uri) as state:
        await restore(state.archive, await plan_restore(state.archive, then), force=True)
    assert await timers(uri) == TIMERS
    assert await keys(uri) == (needed(TIMERS) if layout == "per-record" else [])


@pytest.mark.parametrize("layout", LAYOUTS)
async def test_erasing_a_person_removes_their_timers_and_keys(place, layout):
    uri = place(layout)
    others = {Record.of_timer(Record.user(7), "tea"): Timer("remind", "0e", due=1e9, user_id=7)}
    await change(uri, {ADA: {"n": 1}, GROUP: {"kept": True}, **TIMERS, **others})
    async with open_state(uri) as state:
        found = await find_person(state, 42)
        assert {record for records in found.records.values() for record in records} == {ADA, TEA, FOR_ADA}
        await erase(state, found, None, force=True)
    assert await timers(uri) == {NEWS: TIMERS[NEWS]}
    assert await keys(uri) == (needed({NEWS: TIMERS[NEWS], **others}) if layout == "per-record" else [])


@pytest.mark.parametrize("layout", LAYOUTS)
async def test_our_own_export_has_timers_and_an_import_arms_them(place, layout, tmp_path):
    await change(place(layout), {ADA: {"n": 1}, **TIMERS})
    async with open_state(place(layout), types=[Cart]) as state:
        assert await export_json(state, tmp_path / "export.json", types=[Cart]) == 4
    assert json.loads((tmp_path / "export.json").read_text())["ptb_bucket_export"] == 2
    to = place(layout, "import")
    async with open_state(to, types=[Cart], bot_id=BOT, create=True) as state:
        await import_memory(state, read_memory(tmp_path / "export.json", types=[Cart]))
    assert await timers(to) == TIMERS
    assert await keys(to) == (needed(TIMERS) if layout == "per-record" else [])


async def test_an_export_without_timers_can_be_read_by_older_versions(place, tmp_path):
    await change(place("single"), {ADA: {"n": 1}})
    async with open_state(place("single")) as state:
        await export_json(state, tmp_path / "export.json")
    assert json.loads((tmp_path / "export.json").read_text())["ptb_bucket_export"] == 1


@pytest.mark.parametrize("layout", LAYOUTS)
async def test_ptbs_formats_leave_timers_out_and_say_how_many(place, layout, tmp_path):
    await change(place(layout), {ADA: {"n": 1}, **TIMERS})
    left_out: list[int] = []
    async with open_state(place(layout), types=[Cart]) as state:
        assert await export_pickle(state, tmp_path / "bot.pickle", left_out=left_out.append) == 1
        assert await export_dict(state, tmp_path / "bot.json", left_out=left_out.append) == 1
    assert left_out == [3, 3]


def test_the_verb_says_what_it_leaves_out(place, tmp_path, capsys):
    asyncio.run(change(place("single"), TIMERS))
    assert main(["export", place("single"), str(tmp_path / "bot.pickle"), "--format", "pickle"]) == 0
    assert "3 timers are left out" in capsys.readouterr().out


def test_a_timer_is_shown_listed_changed_and_removed_by_its_address(place, capsys):
    uri = place("per-record")
    asyncio.run(change(uri, {record: timer for record, timer in TIMERS.items() if record != TEA}))
    assert main(["show", uri, "timers"]) == 0
    listed = capsys.readouterr().out
    assert re.search(r"bot_data news", listed)
    assert re.search(r"chat_data -100 for ada", listed)
    assert main(["show", uri, "timers", "bot", "news"]) == 0
    assert '"news"' in capsys.readouterr().out
    assert main(["set", uri, "timers", "chat", "-100", "for ada", "enabled", "false"]) == 0
    assert asyncio.run(keys(uri)) == needed({NEWS: TIMERS[NEWS]})
    assert main(["rm", uri, "timers", "bot_data", "news"]) == 0
    assert asyncio.run(keys(uri)) == []
    assert [*asyncio.run(timers(uri))] == [FOR_ADA]


@pytest.mark.parametrize("words", [["timers", "user", "42"], ["timers", "updates", "x"], ["timers", "bot_data"]])
def test_an_incomplete_address_is_refused_with_an_example(place, words, capsys):
    asyncio.run(change(place("single"), TIMERS))
    assert main(["show", place("single"), *words]) != 0
    assert "timers user_data 42 TIMER" in capsys.readouterr().err


async def test_a_document_with_only_timers_is_not_swept(place):
    await change(place("per-record"), TIMERS)
    async with open_state(place("per-record")) as state:
        assert (await sweep(state, older_than=timedelta(0))).removed == []
    assert await timers(place("per-record")) == TIMERS
