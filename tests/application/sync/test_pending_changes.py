"""Tests of data that an update or the bot author marks to be saved, and of data that is not in memory."""

from __future__ import annotations

import asyncio

import pytest
from telegram.ext import CommandHandler, MessageHandler, filters

from ptb_bucket.state import LAYOUTS


@pytest.mark.parametrize("save", ["update", "interval"])
@pytest.mark.parametrize("layout", LAYOUTS)
async def test_a_mark_on_an_unloaded_record_loses_nothing(world, layout, save):
    async with world.build(layout=layout) as app:
        app.user_data[42]["n"] = app.chat_data[-7]["n"] = 1
        app.mark_data_for_update_persistence(user_ids=42, chat_ids=-7)
        await app.update_persistence()
    async with world.build(layout=layout, save=save) as app:
        app.mark_data_for_update_persistence(user_ids=[42, 43], chat_ids=[-7, -8])
        await app.update_persistence()
        if layout == "per-record":
            assert not app.user_data
            assert not app.chat_data
    stored = await world.stored(layout)
    assert stored.user_data == {42: {"n": 1}}
    assert stored.chat_data == {-7: {"n": 1}}


def reports(caplog) -> list[str]:
    return [record.getMessage() for record in caplog.records if "has not been loaded" in record.getMessage()]


async def test_data_that_is_not_loaded_is_reported_once_per_place(world, caplog):
    async with world.build(layout="per-record") as app:
        app.user_data[7]["n"] = app.chat_data[-7]["n"] = 1
        app.mark_data_for_update_persistence(user_ids=7, chat_ids=-7)
        await app.update_persistence()
    caplog.clear()
    found = []

    async def look(_update, context):
        found.extend(dict(context.application.user_data[number]) for number in (7, 8))
        found.append(dict(context.application.chat_data[-7]))

    async def load_first(_update, context):
        await context.application.load_data(chat_ids=-7, user_ids=[7, 8])
        await look(None, context)

    async with world.build(CommandHandler("look", look), layout="per-record") as app:
        for _ in range(2):
            await world.ada.send(app, "/look")
    line = look.__code__.co_firstlineno + 1
    assert found[:3] == [{}, {}, {}]
    assert reports(caplog) == [
        f"{__file__}:{line + n} uses {name}, which looks empty because it has not been loaded. Call await {call} first."
        for n, (name, call) in enumerate(
            [
                ("user_data[7]", "application.load_data(user_ids=[7])"),
                ("chat_data[-7]", "application.load_data(chat_ids=[-7])"),
            ]
        )
    ]
    caplog.clear()
    async with world.build(CommandHandler("look", load_first), layout="per-record") as app:
        await world.ada.send(app, "/look")
    assert found[-3:] == [{"n": 1}, {}, {"n": 1}]
    assert reports(caplog) == []


@pytest.mark.parametrize("layout", LAYOUTS)
async def test_what_ptb_loads_itself_is_not_reported(world, layout, caplog):
    """PTB itself loads the data of an update and of a job."""
    done = asyncio.Event()

    async def job(context):
        context.user_data["n"] = context.chat_data["n"] = 1
        done.set()

    async def handle(_update, context):
        context.user_data["n"] = 1

    async with world.build(MessageHandler(filters.ALL, handle), layout=layout) as app:
        await app.start()
        await world.ada.send(app, "hi")
        app.job_queue.run_once(job, 0, user_id=43, chat_id=44)
        await done.wait()
        await app.stop()
    assert reports(caplog) == []
    stored = await world.stored(layout)
    assert (stored.user_data, stored.chat_data) == ({42: {"n": 1}, 43: {"n": 1}}, {44: {"n": 1}})
