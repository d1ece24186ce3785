"""Tests of a group that becomes a supergroup. Telegram may report it several times, but its data moves only once."""

from __future__ import annotations

import asyncio
import logging

import pytest
from telegram import Update
from telegram.ext import MessageHandler, TypeHandler, filters

from ptb_bucket.errors import UnsavedError
from ptb_bucket.testing.faults import Fault

OLD, NEW = -5, -1005
LAYOUTS = ["single", "per-type", "per-record"]


async def migrate(update, context):
    context.application.migrate_chat_data(update.effective_message)


async def note(update, context):
    context.chat_data.setdefault("debts", []).append(update.effective_message.text)


async def track(_update, context):
    """Count updates as many bots do, even the update after which the old chat is over."""
    context.chat_data["updates"] = context.chat_data.get("updates", 0) + 1


def reported(world, where, **migration):
    """Make Telegram's service message about it, which a test can deliver several times."""
    told = world.ada.message_update("", chat=world.telegram.group(where, "Friends", supergroup=where == NEW))
    told["message"].pop("text")
    told["message"].update(migration)
    return told


async def begin(world, **options):
    """Start an instance."""
    one = world.build(
        MessageHandler(filters.StatusUpdate.MIGRATE, migrate), MessageHandler(filters.TEXT, note), **options
    )
    one.add_handler(TypeHandler(Update, track), group=1)
    await one.initialize()
    return one


async def deliver(application, told):
    await application.process_update(Update.de_json(told, application.bot))
    await application.update_persistence()


def chat(world, where):
    return world.telegram.group(where, "Friends", supergroup=where == NEW)


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize(("save", "dedupe"), [("update", True), ("interval", False)])
@pytest.mark.parametrize("where", ["same", "other", "restarted"])
async def test_every_report_after_the_first_changes_nothing(world, layout, dedupe, save, where):
    options = {"layout": layout, "dedupe": dedupe, "save": save}
    one, two = [await begin(world, **options) for _ in range(2)]
    await world.ada.send(one, "Ada owes Bob 5", chat=chat(world, OLD))
    await one.update_persistence()
    await world.ada.send(two, "Bob owes Cyd 7", chat=chat(world, OLD))
    to_new = reported(world, OLD, migrate_to_chat_id=NEW)
    from_old = reported(world, NEW, migrate_from_chat_id=OLD)
    again = {**to_new, "update_id": to_new["update_id"] + 100}  # which dedupe cannot recognise
    await two.update_persistence()
    await deliver(one, to_new)
    await world.ada.send(one, "Cyd owes Ada 9", chat=chat(world, NEW))
    await one.update_persistence()
    for told in (again, from_old, to_new, from_old):
        if where == "other":
            one, two = two, one
        elif where == "restarted":
            await one.shutdown()
            one = await begin(world, **options)
        await deliver(one, told)
    debts = ["Ada owes Bob 5", "Bob owes Cyd 7", "Cyd owes Ada 9"]
    assert one.chat_data[NEW]["debts"] == debts
    stored = (await world.stored(layout)).chat_data
    assert set(stored) == {NEW}
    assert stored[NEW]["debts"] == debts
    for application in (one, two):
        await application.shutdown()
    assert world.errors == []


@pytest.mark.parametrize("layout", LAYOUTS)
async def test_two_instances_that_get_one_report_each_at_once(world, layout):
    one, two = [await begin(world, layout=layout) for _ in range(2)]
    await world.ada.send(one, "Ada owes Bob 5", chat=chat(world, OLD))
    to_new = reported(world, OLD, migrate_to_chat_id=NEW)
    from_old = reported(world, NEW, migrate_from_chat_id=OLD)
    await asyncio.gather(deliver(one, to_new), deliver(two, from_old))
    for application in (one, two):
        await application.shutdown()
    stored = (await world.stored(layout)).chat_data
    assert set(stored) == {NEW}
    assert stored[NEW]["debts"] == ["Ada owes Bob 5"]


@pytest.mark.parametrize("layout", LAYOUTS)
async def test_a_report_whose_id_was_not_saved_comes_again(world, layout):
    """The process dies between the effects and the note that they happened."""
    one = await begin(world, layout=layout, dedupe=True)
    await world.ada.send(one, "Ada owes Bob 5", chat=chat(world, OLD))
    to_new = reported(world, OLD, migrate_to_chat_id=NEW)
    world.plan = lambda how, key: Fault.DENIED if how == "put" and "updates" in key else None
    if layout != "single":
        with pytest.raises(UnsavedError):
            await one.process_update(Update.de_json(to_new, one.bot))
    else:
        await deliver(one, to_new)  # one document has both
    world.plan = lambda _how, _key: None
    await one.discard()
    two = await begin(world, layout=layout, dedupe=True)
    await deliver(two, to_new)
    await two.shutdown()
    stored = (await world.stored(layout)).chat_data
    assert (set(stored), stored[NEW]["debts"]) == ({NEW}, ["Ada owes Bob 5"])


@pytest.mark.parametrize("layout", LAYOUTS)
async def test_by_hand_twice_before_anything_is_saved(world, layout, caplog):
    caplog.set_level(logging.INFO, "ptb_bucket")
    one = await world.start(layout=layout, save="interval")
    await one.load_data(chat_ids=[OLD, NEW])
    one.chat_data[OLD]["debts"] = [5]
    for _ in range(2):
        one.migrate_chat_data(old_chat_id=OLD, new_chat_id=NEW)
    assert one.chat_data[NEW] == {"debts": [5]}
    assert f"chat_data[{OLD}] has no data or was already migrated, so chat_data[{NEW}] keeps its data" in caplog.text
    await one.update_persistence()
    assert (await world.stored(layout)).chat_data == {NEW: {"debts": [5]}}


async def test_data_moves_back_and_forth_and_replaces_what_is_there(world):
    """As PTB does, the old chat's data replaces the new chat's data."""
    one = await world.start()
    one.chat_data[OLD]["old"], one.chat_data[NEW]["new"] = 1, 2
    for old, new in ((OLD, NEW), (NEW, OLD), (OLD, NEW)):
        one.migrate_chat_data(old_chat_id=old, new_chat_id=new)
        assert one.chat_data[new] == {"old": 1}
    await one.update_persistence()
    assert (await world.stored()).chat_data == {NEW: {"old": 1}}


async def test_a_chat_that_becomes_itself_stays(world):
    one = await world.start()
    one.chat_data[OLD]["n"] = 1
    one.migrate_chat_data(old_chat_id=OLD, new_chat_id=OLD)
    assert one.chat_data[OLD] == {"n": 1}
