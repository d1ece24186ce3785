"""Tests that a subclass of BucketPersistence decides what is stored and shown, as under PTB's Application."""

from __future__ import annotations

import pytest
from telegram import InlineKeyboardButton, InlineKeyboardMarkup
from telegram.ext import CommandHandler, ConversationHandler, MessageHandler, filters

from ptb_bucket import BucketPersistence
from ptb_bucket.errors import ConfigurationError
from ptb_bucket.state import LAYOUTS
from support.applications.instances import END, say
from support.applications.overriding import Scrubbed, build

SAVES = ["update", "interval", "PTB's"]
"""The two ways of BucketApplication, and PTB's own Application."""


class Heard(BucketPersistence):
    """A mixin that notes the calls of its methods."""

    def __init__(self, *args, **options):
        super().__init__(*args, **options)
        self.calls = []

    async def drop_chat_data(self, chat_id):
        self.calls.append(("drop chat", chat_id))
        await super().drop_chat_data(chat_id)

    async def drop_user_data(self, user_id):
        self.calls.append(("drop user", user_id))
        await super().drop_user_data(user_id)

    async def refresh_bot_data(self, bot_data):
        await super().refresh_bot_data(bot_data)
        self.calls.append(("bot", dict(bot_data)))
        bot_data["fresh"] = True

    async def refresh_chat_data(self, chat_id, chat_data):
        await super().refresh_chat_data(chat_id, chat_data)
        self.calls.append(("chat", chat_id, dict(chat_data)))

    async def refresh_user_data(self, user_id, user_data):
        await super().refresh_user_data(user_id, user_data)
        self.calls.append(("user", user_id, dict(user_data)))


async def fill(update, context):
    for data in (context.bot_data, context.chat_data, context.user_data):
        data.update(n=1, secret="4111")
    keyboard = InlineKeyboardMarkup([[InlineKeyboardButton("go", callback_data=" padded ")]])
    await update.effective_message.reply_text("where?", reply_markup=keyboard)
    return "where?"


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("save", SAVES)
async def test_what_is_stored_is_what_its_methods_pass_on(world, save, layout):
    talk = ConversationHandler([CommandHandler("go", fill)], {"where?": []}, [], name="talk", persistent=True)
    app = build(world, Scrubbed(world.store(), layout=layout), talk, save=save)
    async with app:
        await world.ada.send(app, "/go")
        await app.update_persistence()
        assert app.user_data[42] == {"n": 1, "secret": "4111"}
    stored = await world.stored(layout)
    assert (stored.bot_data, stored.chat_data, stored.user_data) == ({"n": 1}, {42: {"n": 1}}, {42: {"n": 1}})
    assert await stored.persistence.get_conversations("talk") == {(42, 42): "asked"}
    assert [list(data.values()) for _, _, data in (await stored.persistence.get_callback_data())[0]] == [["padded"]]
    assert world.errors == []


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("save", SAVES)
async def test_drops_and_ends_reach_its_methods(world, save, layout):
    async def clear(_update, context):
        context.application.drop_user_data(42)
        context.application.drop_chat_data(42)
        return END

    talk = ConversationHandler(
        [CommandHandler("go", say("where?", "where?"))], {"where?": [MessageHandler(filters.ALL, clear)]}, [],
        name="talk", persistent=True,
    )  # fmt: skip
    ended = []

    class Ends(Heard):
        async def update_conversation(self, name, key, new_state):
            ended.append((name, key, new_state))
            await super().update_conversation(name, key, new_state)

    persistence = Ends(world.store(), layout=layout)
    async with build(world, persistence, talk, save=save) as app:
        for text in ("/go", "bye"):
            await world.ada.send(app, text)
            await app.update_persistence()
    assert [call for call in persistence.calls if "drop" in call[0]] in (
        [("drop chat", 42), ("drop user", 42)],
        [("drop user", 42), ("drop chat", 42)],  # PTB awaits them in no order
    )
    assert ended == [("talk", (42, 42), "where?"), ("talk", (42, 42), None)]


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("save", SAVES)
async def test_refreshes_reach_its_methods_with_the_live_objects(world, save, layout):
    async with world.build(layout=layout) as app:
        app.user_data[42]["n"] = app.user_data[7]["n"] = 1
        app.mark_data_for_update_persistence(user_ids=[42, 7])
        await app.update_persistence()
    seen = []
    persistence = Heard(world.store(), layout=layout)

    async def handle(_update, context):
        seen.append(context.bot_data.get("fresh"))

    async with build(world, persistence, MessageHandler(filters.ALL, handle), save=save) as app:
        await world.ada.send(app, "hi")
        assert seen == [True]
        assert {kind for kind, *_ in persistence.calls} == {"bot", "chat", "user"}
        assert ("user", 42, {"n": 1}) in persistence.calls
        if save != "PTB's":
            reads = persistence.stats.reads
            await app.load_data(user_ids=7)
            assert persistence.calls[-1] == ("user", 7, {"n": 1})
            assert persistence.stats.reads == reads + 1  # our own read; the subclass costs no second one


@pytest.mark.parametrize("layout", LAYOUTS)
async def test_refreshes_reach_its_methods_before_a_timer_runs(world, layout):
    async with world.build(layout=layout) as app:
        app.user_data[7]["n"] = app.chat_data[8]["n"] = app.bot_data["n"] = 1
        app.mark_data_for_update_persistence(user_ids=7, chat_ids=8)
        await app.update_persistence()
    persistence, seen = Heard(world.store(), layout=layout), []

    async def work(app):
        seen.extend(persistence.calls)

    async with build(world, persistence) as app:
        await app.load_data(user_ids=7, chat_ids=8)
        persistence.calls.clear()
        await app.run_and_save(work)
    assert sorted(seen, key=str) == [("bot", {"n": 1}), ("chat", 8, {"n": 1}), ("user", 7, {"n": 1})]


async def test_a_method_on_the_object_counts_too(world):
    persistence = BucketPersistence(world.store())
    stored = []

    async def update_user_data(user_id, data):
        stored.append((user_id, data))

    persistence.update_user_data = update_user_data

    async def handle(_update, context):
        context.user_data["n"] = 1

    async with build(world, persistence, MessageHandler(filters.ALL, handle)) as app:
        await world.ada.send(app, "hi")
    assert stored == [(42, {"n": 1})]
    assert (await world.stored()).user_data == {}


async def test_a_method_may_flush(world):
    class Flushing(BucketPersistence):
        async def update_user_data(self, user_id, data):
            await super().update_user_data(user_id, data)
            await self.flush()

    async def handle(_update, context):
        context.user_data["n"] = 1

    async with build(world, Flushing(world.store()), MessageHandler(filters.ALL, handle)) as app:
        await world.ada.send(app, "hi")
        assert (await world.stored()).user_data == {42: {"n": 1}}


@pytest.mark.parametrize("name", ["get_chat_data", "get_user_data", "get_conversations", "get_callback_data"])
async def test_what_an_on_demand_layout_does_not_ask_for_is_refused(world, name):
    async def get(self, *args):
        return await getattr(BucketPersistence, name)(self, *args)

    cls = type("Getting", (BucketPersistence,), {name: get})
    for layout in set(LAYOUTS) - {"per-record"}:
        async with build(world, cls(world.store(), layout=layout)):
            pass
    with pytest.raises(
        ConfigurationError, match=rf"Getting overrides {name}\(\).*per-record.*(refresh_|another layout)"
    ):
        build(world, cls(world.store(), layout="per-record"))


async def test_records_that_a_subclass_changes_leave_the_memory_too(world):
    async def handle(_update, context):
        context.user_data.update(n=1, secret="4111")

    persistence = Scrubbed(world.store(), layout="per-record")
    async with build(world, persistence, MessageHandler(filters.ALL, handle), cache_size=2) as app:
        for number in range(10):
            await world.telegram.user(100 + number, "Somebody").send(app, "hi")
        assert len(app.user_data) <= 3
