"""Tests of the times of saves, of saves that fail, and of the error handlers that hear of them."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

import pytest
from telegram import InlineKeyboardButton, InlineKeyboardMarkup, Update
from telegram.ext import CommandHandler, ContextTypes, MessageHandler, PersistenceInput, filters

from ptb_bucket import BucketApplication, BucketPersistence, bucket_application
from ptb_bucket.errors import AccessError, ConfigurationError, UnsavedError
from ptb_bucket.state import LAYOUTS
from ptb_bucket.testing.faults import Fault
from support.applications.instances import keep, say


def always(fault, operation):
    return lambda happening, _key: fault if happening == operation else None


async def test_it_is_durable_when_process_update_returns(world):
    one = await world.start(keep("x", 1))
    await world.ada.send(one, "hi")
    assert (await world.stored()).user_data[42] == {"x": 1}
    assert one.unsaved_for == 0


async def test_nothing_changed_is_no_write(world):
    one = await world.start(MessageHandler(filters.ALL, say("hi")))
    for _ in range(3):
        await world.ada.send(one, "hi")
    assert one.persistence.stats.writes == 0


async def test_with_an_interval_ptb_saves(world):
    one = await world.start(keep("x", 1), save="interval")
    await world.ada.send(one, "hi")
    assert one.persistence.stats.writes == 0
    await one.update_persistence()
    assert one.persistence.stats.writes == 1


async def test_on_flush_is_on_flush(world):
    one = await world.start(keep("x", 1), save="interval", on_flush=True)
    await world.ada.send(one, "hi")
    await one.update_persistence()
    assert one.persistence.stats.writes == 0
    await one.persistence.flush()
    assert (await world.stored()).user_data[42] == {"x": 1}


async def test_a_failed_save_is_raised_kept_and_saved_later(world):
    one = await world.start(keep("x", 1))
    world.plan = always(Fault.DENIED, "put")
    with pytest.raises(UnsavedError):
        await world.ada.send(one, "hi")
    assert one.unsaved_for > 0
    world.plan = lambda _operation, _key: None
    await world.bob.send(one, "hi")
    assert set((await world.stored()).user_data) == {42, 43}


async def test_what_cannot_be_loaded_is_raised_before_any_handler(world):
    one = await world.start(keep("x", 1))
    world.plan = always(Fault.DENIED, "get")
    with pytest.raises(AccessError):
        await world.ada.send(one, "hi")
    assert dict(one.user_data) == {}


@pytest.mark.parametrize("operation", ["get", "put"])
async def test_errors_behind_the_queue_reach_the_error_handlers(world, operation):
    one = await world.start(keep("x", 1))
    await one.start()
    world.plan = always(Fault.DENIED, operation)

    def update():
        return Update.de_json(world.ada.message_update("hi"), one.bot)

    await one.update_queue.put(update())
    await one.update_queue.join()
    assert [type(error) for error in world.errors] == [AccessError if operation == "get" else UnsavedError]
    world.plan = lambda _operation, _key: None
    await one.update_queue.put(update())
    await one.update_queue.join()
    assert (await world.stored()).user_data[42] == {"x": 1}
    await one.stop()


@pytest.mark.parametrize("save", ["update", "interval"])
@pytest.mark.parametrize("off", ["bot_data", "chat_data", "user_data", "callback_data"])
async def test_what_is_switched_off_is_neither_saved_nor_loaded_nor_deleted(world, save, off):
    async def put(update, context):
        for data in (context.user_data, context.chat_data, context.bot_data):
            data["x"] = data.get("x", 0) + 1
        button = InlineKeyboardButton("tea", callback_data=("tea", 1))
        await update.effective_message.reply_text("?", reply_markup=InlineKeyboardMarkup([[button]]))

    def found(app):
        keyboards, _ = app.bot.callback_data_cache.persistence_data
        data = [app.bot_data, app.chat_data.get(42), app.user_data.get(42)]
        return dict(zip(("bot_data", "chat_data", "user_data", "callback_data"), [*data, len(keyboards)], strict=True))

    handler, most = MessageHandler(filters.ALL, put), PersistenceInput(**{off: False})
    for store_data in (None, most):
        async with world.build(handler, save=save, store_data=store_data) as one:
            await world.ada.send(one, "hi")
            await one.update_persistence()
    after = {"bot_data": {"x": 2}, "chat_data": {"x": 2}, "user_data": {"x": 2}, "callback_data": 2}
    assert found(await world.stored()) == after | {off: 1 if off == "callback_data" else {"x": 1}}


@pytest.mark.parametrize(("interval", "reads"), [(None, True), (0, True), (60, False)])
async def test_a_document_is_trusted_for_refresh_interval(world, interval, reads):
    one = await world.start(MessageHandler(filters.ALL, say("hi")), refresh_interval=interval)
    await world.ada.send(one, "hi")
    before = one.persistence.stats.reads
    await world.bob.send(one, "hi")
    assert (one.persistence.stats.reads > before) is reads


@pytest.mark.parametrize("layout", LAYOUTS)
async def test_handlers_never_see_what_the_saving_of_others_does(world, layout):
    """With twenty updates at once, some handlers are ready to run in the step in which another update is staged."""

    async def count(_update, context):
        context.chat_data.setdefault("n", []).append(1)
        await asyncio.sleep(0)
        context.user_data.setdefault("n", []).append(1)
        context.bot_data.setdefault("n", []).append(1)

    one = await world.start(MessageHandler(filters.ALL, count), layout=layout)
    people = [world.telegram.user(100 + number, "P") for number in range(20)]
    updates = [Update.de_json(who.message_update("hi"), one.bot) for _ in range(3) for who in people]
    await asyncio.gather(*(one.process_update(update) for update in updates))
    stored = await world.stored(layout)
    assert world.errors == []
    assert len(stored.bot_data["n"]) == 60
    assert {len(data["n"]) for view in (stored.user_data, stored.chat_data) for data in view.values()} == {3}


async def test_dropped_and_present_again_is_saved(world):
    async def anew(_update, context):
        context.application.drop_user_data(42)
        context.application.drop_chat_data(42)
        context.application.user_data[42]["new"] = 1
        context.application.chat_data[42]["new"] = 1

    one = await world.start(CommandHandler("anew", anew), keep("old", 1))
    await world.ada.send(one, "hi")
    await world.ada.send(one, "/anew")
    stored = await world.stored()
    assert (stored.user_data[42], stored.chat_data[42]) == ({"new": 1}, {"new": 1})


async def test_dropped_is_gone_and_migrated_has_moved(world):
    async def move(_update, context):
        context.application.migrate_chat_data(old_chat_id=42, new_chat_id=-100)

    async def put(_update, context):
        context.chat_data["x"] = 1

    one = await world.start(CommandHandler("move", move), MessageHandler(filters.ALL, put))
    await world.ada.send(one, "hi")
    await world.ada.send(one, "/move")
    assert dict((await world.stored()).chat_data) == {-100: {"x": 1}}


@pytest.mark.parametrize("what", ["user_data", "chat_data"])
async def test_after_a_reinitialise_nothing_is_resurrected(world, what):
    async def put(_update, context):
        context.user_data["x"] = context.chat_data["x"] = 1

    async def drop(_update, context):
        context.application.drop_user_data(42)
        context.application.drop_chat_data(42)

    handlers = [CommandHandler("drop", drop), MessageHandler(filters.ALL, put)]
    one, two = world.build(*handlers), await world.start(*handlers)
    await one.initialize()
    await world.ada.send(one, "hi")
    held = getattr(one, what)[42]
    await one.shutdown()
    await world.ada.send(two, "/drop")
    await one.initialize()
    assert held == {}
    await world.bob.send(one, "hi")
    one.mark_data_for_update_persistence(chat_ids=[42], user_ids=[42])
    await one.shutdown()
    assert set(getattr(await world.stored(), what)) == {43}


@pytest.mark.parametrize("save", ["update", "interval"])
async def test_run_and_save_loads_and_saves_everybody(world, save):
    async def put(_update, context):
        context.user_data["x"] = context.chat_data["x"] = context.bot_data["x"] = 1

    one, two = [await world.start(MessageHandler(filters.ALL, put), save=save) for _ in range(2)]
    await world.ada.send(one, "hi")
    await one.update_persistence()

    async def work(application):
        for data in (application.user_data[42], application.chat_data[42], application.bot_data):
            data["seen"] = data["x"]
        return len(application.user_data)

    assert await two.run_and_save(work) == 1
    stored = await world.stored()
    assert [stored.user_data[42], stored.chat_data[42], stored.bot_data] == [{"x": 1, "seen": 1}] * 3


@pytest.mark.parametrize("save", ["update", "interval"])
async def test_run_and_save_raises_for_anybody_whose_data_cannot_be_merged(world, save):
    """run_and_save() reports errors of all its data, while an update's answer is only about that update."""

    def fail(_conflict):
        raise ValueError

    async def work(application):
        async with world.build(keep("x", "theirs")) as other:
            await world.ada.send(other, "hi")
        application.user_data[42]["x"] = "ours"
        application.user_data[43]["x"] = "ours"

    one = world.build(save=save, resolver=fail)
    await one.initialize()
    with pytest.raises(UnsavedError, match=r"user_data\[42\]"):
        await one.run_and_save(work)
    assert {user: data["x"] for user, data in (await world.stored()).user_data.items()} == {42: "theirs", 43: "ours"}
    with pytest.raises(UnsavedError, match=r"user_data\[42\]"):
        await one.shutdown()


@pytest.mark.parametrize("save", ["update", "interval"])
async def test_a_failed_save_of_ptbs_loop_goes_to_the_error_handlers_and_the_next_one_saves(world, save):
    one = await world.start(save=save)
    one.user_data[42]["x"] = 1
    one.mark_data_for_update_persistence(user_ids=42)
    world.plan = always(Fault.DENIED, "put")
    await one.update_persistence()
    assert [type(error) for error in world.errors] == [UnsavedError]
    world.plan = lambda _operation, _key: None
    await one.update_persistence()
    assert (await world.stored()).user_data == {42: {"x": 1}}


async def test_discarded_is_never_written(world):
    one = world.build(keep("x", 1))
    await one.initialize()
    world.plan = always(Fault.UNAVAILABLE, "put")
    sending = asyncio.ensure_future(world.ada.send(one, "hi"))
    await asyncio.sleep(0.05)
    await one.discard()
    with pytest.raises((UnsavedError, asyncio.CancelledError)):
        await sending
    world.plan = lambda _operation, _key: None
    await asyncio.sleep(0.05)
    assert dict((await world.stored()).user_data) == {}


@dataclass
class Cart:
    items: list = field(default_factory=list)


async def test_context_types_of_ones_own(world):
    async def add(_update, context):
        context.user_data.items.append("tea")

    types = ContextTypes(user_data=Cart)
    one, two = [await world.start(MessageHandler(filters.ALL, add), context_types=types) for _ in range(2)]
    for instance in (one, two, one):
        await world.ada.send(instance, "hi")
    assert one.user_data[42] == Cart(["tea"] * 3)


def test_what_it_refuses(world):
    with pytest.raises(ConfigurationError, match=r"save must be .* not 'never'"):
        world.build(save="never")
    with pytest.raises(ConfigurationError, match="shutdown_deadline"):
        world.build(shutdown_deadline=0)
    with pytest.raises(ConfigurationError, match="BucketPersistence"):
        world.telegram.builder().application_class(BucketApplication).build()


def test_one_line(tmp_path):
    application = bucket_application(tmp_path, save="update", dedupe=True).token("1:a").build()
    assert (application.save, application.dedupe) == ("update", True)
    persistence = BucketPersistence("memory:")
    assert bucket_application(persistence).token("1:a").build().persistence is persistence
