"""Tests that the commit with an update's effects has its ID, even if an instance handles many updates at once."""

from __future__ import annotations

import asyncio
import json
import random

import pytest
from telegram import Update
from telegram.ext import MessageHandler, filters

from ptb_bucket.application.sync import units_of_work

USERS = 30


def counting(seed: int, *, shared: bool):
    """Make a handler that writes before and after waiting, and also to bot_data if ``shared``."""
    chance = random.Random(seed)

    async def handle(update, context):
        number = update.update_id
        await asyncio.sleep(chance.random() / 50)
        context.user_data.setdefault("payments", []).append(number)
        if shared:
            context.bot_data.setdefault("payments", []).append(number)
        await asyncio.sleep(chance.random() / 50)
        context.user_data["last"] = number

    return MessageHandler(filters.ALL, handle)


async def versions_of(world, tmp_path, handler, **options) -> list[dict]:
    """Return the content of each commit of one instance that handles many updates at once."""
    path, found = tmp_path / "bot" / "state.json", []

    def plan(operation, _key):
        if operation == "put" and path.exists():
            found.append(json.loads(path.read_text()))

    world.plan = plan
    app = await world.start(handler, dedupe=True, **options)
    updates = [
        Update.de_json(world.telegram.user(100 + number, "Somebody").message_update("hi"), app.bot)
        for number in range(USERS)
    ]
    await asyncio.gather(*map(app.process_update, updates))
    await app.update_persistence()
    found.append(json.loads(path.read_text()))
    return found


def halves(document: dict) -> tuple[set[int], set[int], set[int]]:
    """Return the IDs of noted updates, and of updates whose effects are stored, for users and for the bot."""
    noted = set(document.get("updates", {}).get("handled", []))
    users = {one for data in document.get("user_data", {}).values() for one in data["payments"]}
    return noted, users, set(document.get("bot_data", {}).get("bot", {}).get("payments", []))


@pytest.mark.parametrize("save", ["update", "interval"])
@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("shared", [False, True], ids=["own data", "bot_data"])
async def test_effects_and_ids_are_in_the_same_commits(world, tmp_path, save, seed, shared):
    found = await versions_of(world, tmp_path, counting(seed, shared=shared), save=save)
    for document in found:
        noted, users, bot = halves(document)
        assert users == noted
        assert bot == (noted if shared else set())
        assert all("last" in data for data in document.get("user_data", {}).values())
    assert len(halves(found[-1])[0]) == USERS


@pytest.mark.parametrize("how", ["mark", "load"])
async def test_data_of_others_that_a_handler_uses_is_left_out_until_it_ends(world, tmp_path, how):
    """Bob's handler uses Ada's data; Ada's own update ends first and must not save half of Bob's work."""
    half, ended = asyncio.Event(), asyncio.Event()

    async def handle(update, context):
        if update.effective_user.id == 42:
            await half.wait()
            context.user_data["mine"] = 1
            return
        if how == "load":
            await context.application.load_data(user_ids=42)
        else:
            context.application.mark_data_for_update_persistence(user_ids=42)
        theirs = context.application.user_data[42]
        theirs["first"] = 1
        half.set()
        await ended.wait()
        theirs["second"] = 1
        context.application.mark_data_for_update_persistence(user_ids=42)

    app = await world.start(MessageHandler(filters.ALL, handle), dedupe=True)
    tasks = [asyncio.ensure_future(who.send(app, "hi")) for who in (world.bob, world.ada)]
    await half.wait()
    await asyncio.sleep(0.05)
    assert not (tmp_path / "bot" / "state.json").exists()
    ended.set()
    await asyncio.gather(*tasks)
    assert app.persistence.stats.commits == 1
    assert (await world.stored()).user_data == {42: {"mine": 1, "first": 1, "second": 1}}


async def test_a_handler_that_takes_long_does_not_stop_others(world, monkeypatch, caplog):
    monkeypatch.setattr(units_of_work, "PATIENCE", 0.01)
    ending = asyncio.Event()

    async def handle(update, context):
        context.bot_data[update.effective_user.id] = True
        if update.effective_user.id == 43:
            await ending.wait()

    app = await world.start(MessageHandler(filters.ALL, handle), dedupe=True)
    slow = asyncio.ensure_future(world.bob.send(app, "hi"))
    await asyncio.sleep(0)
    for _ in range(2):
        await world.ada.send(app, "hi")
    assert (await world.stored()).bot_data == {42: True, 43: True}
    ending.set()
    await slow
    told = [record.getMessage() for record in caplog.records if "was still running" in record.getMessage()]
    assert len(told) == 1
    assert told[0].startswith("bot_data was saved while a handler that may change it was still running after 0.01")


async def test_updates_without_shared_data_do_not_wait(world, monkeypatch):
    """A slow handler does not hold up others as long as bot_data does not change."""
    monkeypatch.setattr(units_of_work, "PATIENCE", 3600)
    ending = asyncio.Event()

    async def handle(update, context):
        context.user_data["n"] = 1
        if update.effective_user.id == 43:
            await ending.wait()

    app = await world.start(MessageHandler(filters.ALL, handle), dedupe=True)
    slow = asyncio.ensure_future(world.bob.send(app, "hi"))
    await asyncio.sleep(0.01)
    await world.ada.send(app, "hi")
    assert (await world.stored()).user_data == {42: {"n": 1}}
    ending.set()
    await slow
    assert (await world.stored()).user_data == {42: {"n": 1}, 43: {"n": 1}}


async def test_while_a_save_waits_no_other_handler_begins(world, monkeypatch):
    """Otherwise a busy bot would never get to save."""
    monkeypatch.setattr(units_of_work, "PATIENCE", 3600)
    ending, begun, begins = asyncio.Event(), [], asyncio.Queue()
    bea = world.telegram.user(44, "Bea")

    async def handle(update, context):
        begun.append(update.effective_user.id)
        begins.put_nowait(None)
        context.bot_data[update.effective_user.id] = True
        if update.effective_user.id == 43:
            await ending.wait()

    app = await world.start(MessageHandler(filters.ALL, handle), dedupe=True)
    tasks = []
    for who in (world.bob, world.ada):
        tasks.append(asyncio.ensure_future(who.send(app, "hi")))
        await begins.get()
    tasks.append(asyncio.ensure_future(bea.send(app, "hi")))
    await asyncio.sleep(0.05)
    assert begun == [43, 42]
    ending.set()
    await asyncio.gather(*tasks)
    assert begun == [43, 42, 44]


async def test_a_handler_may_process_an_update_itself(world, monkeypatch):
    """The inner update does not wait for the outer one, which waits for it."""
    monkeypatch.setattr(units_of_work, "PATIENCE", 3600)

    async def handle(update, context):
        context.bot_data[update.effective_user.id] = True
        if update.effective_user.id == 42:
            await world.bob.send(context.application, "hi")

    app = await world.start(MessageHandler(filters.ALL, handle), dedupe=True)
    await world.ada.send(app, "hi")
    assert (await world.stored()).bot_data == {42: True, 43: True}


async def test_what_a_running_handler_changed_is_saved_at_the_end(world):
    started = asyncio.Event()

    async def handle(_update, context):
        context.user_data["n"] = 1
        context.application.mark_data_for_update_persistence(user_ids=42)
        started.set()
        await asyncio.sleep(3600)

    app = world.build(MessageHandler(filters.ALL, handle), dedupe=True, save="interval")
    await app.initialize()
    task = asyncio.ensure_future(world.ada.send(app, "hi"))
    await started.wait()
    await app.update_persistence()
    assert (await world.stored()).user_data == {}
    await app.shutdown()
    assert (await world.stored()).user_data == {42: {"n": 1}}
    task.cancel()


async def test_an_update_whose_handling_was_cut_off_is_not_noted(world):
    started = asyncio.Event()

    async def handle(_update, context):
        context.user_data["n"] = context.user_data.get("n", 0) + 1
        started.set()
        await asyncio.sleep(0 if context.user_data["n"] > 1 else 3600)

    app = await world.start(MessageHandler(filters.ALL, handle), dedupe=True)
    update = Update.de_json(world.ada.message_update("hi"), app.bot)
    task = asyncio.ensure_future(app.process_update(update))
    await started.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await app.process_update(update)
    assert (await world.stored()).user_data == {42: {"n": 2}}


@pytest.mark.parametrize("how", ["mark", "drop", "migrate"])
async def test_documents_of_others_list_the_update_that_changed_them(world, tmp_path, how):
    async def handle(_update, context):
        app = context.application
        await app.load_data(user_ids=7, chat_ids=[8, 9])
        app.user_data[7]["n"] = 1
        if how == "mark":
            app.mark_data_for_update_persistence(user_ids=7)
        elif how == "drop":
            app.drop_user_data(7)
            app.user_data[7]["n"] = 2
        else:
            app.migrate_chat_data(old_chat_id=8, new_chat_id=9)

    async with world.build(layout="per-record") as app:
        app.user_data[7]["before"], app.chat_data[8]["before"] = 1, 1
        app.mark_data_for_update_persistence(user_ids=7, chat_ids=8)
    app = await world.start(MessageHandler(filters.ALL, handle), dedupe=True, layout="per-record")
    update = Update.de_json(world.ada.message_update("hi"), app.bot)
    await app.process_update(update)
    changed = {"migrate": [("chat_data", "8"), ("chat_data", "9")]}.get(how, [("user_data", "7")])
    for kind, number in changed:
        [path] = (tmp_path / "bot").glob(f"records.d/{kind}.d/*/{number}.json")
        assert json.loads(path.read_text())["ptb_bucket"]["units"] == [update.update_id]
