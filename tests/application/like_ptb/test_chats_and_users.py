"""Tests of the data of chats and users when it is dropped, moved or marked, and after a restart."""

from __future__ import annotations

import pytest
from telegram import Update
from telegram.ext import CallbackContext, ContextTypes, MessageHandler, PersistenceInput, filters

from support.applications.side_by_side import refused, running

ALL = filters.ALL


def data_of(app):
    return dict(app.bot_data), dict(app.chat_data), dict(app.user_data)


async def put(update, context):
    """Put the message into all data. A user who says nothing new keeps the old data."""
    for data in (context.bot_data, context.chat_data, context.user_data):
        data[update.effective_message.text] = update.effective_user.id


async def test_data_is_there_after_a_restart(sides):
    async def scenario(side):
        group = side.telegram.group(-1, "Group")
        app = side.build(MessageHandler(ALL, put))
        async with app:
            await side.says(app, "one")
            await side.says(app, "two", who=side.bob)
            await side.says(app, "three", chat=group)
        return await side.stored(data_of)

    assert await sides.same(scenario) == (
        {"one": 42, "two": 43, "three": 42},
        {42: {"one": 42}, 43: {"two": 43}, -1: {"three": 42}},
        {42: {"one": 42, "three": 42}, 43: {"two": 43}},
    )


async def test_dropped_data_is_gone_at_once_and_after_a_restart(sides):
    async def scenario(side):
        app = side.build(MessageHandler(ALL, put))
        async with app:
            await side.says(app, "one")
            await side.says(app, "two", who=side.bob)
            await app.update_persistence()
            app.drop_chat_data(42)
            app.drop_user_data(43)
            app.drop_chat_data(99)
            app.drop_user_data(99)
            side.seen.append(data_of(app))
        return side.seen, await side.stored(data_of)

    left = ({"one": 42, "two": 43}, {43: {"two": 43}}, {42: {"one": 42}})
    assert await sides.same(scenario) == ([left], left)


async def test_data_that_is_dropped_by_its_own_handler_stays_gone(sides):
    async def scenario(side):
        async def drop(_update, context):
            context.user_data["n"] = context.chat_data["n"] = 1
            context.application.drop_user_data(42)
            context.application.drop_chat_data(42)

        app = side.build(MessageHandler(filters.Regex("drop"), drop), MessageHandler(ALL, put))
        async with app:
            await side.says(app, "one", "drop")
            await app.update_persistence()
        return await side.stored(lambda app: (dict(app.chat_data), dict(app.user_data)))

    assert await sides.same(scenario) == ({}, {})


@pytest.mark.parametrize("told_by", ["ids", "from", "to"])
async def test_a_chats_data_moves_to_its_new_id(sides, told_by):
    async def scenario(side):
        old, new = side.telegram.group(-1, "Group"), side.telegram.group(-2, "Group", supergroup=True)
        app = side.build(MessageHandler(ALL, put))
        async with app:
            await side.says(app, "one", chat=old)
            await side.says(app, "two", chat=new)
            if told_by == "ids":
                app.migrate_chat_data(old_chat_id=-1, new_chat_id=-2)
            else:
                update = side.ada.message_update("", old if told_by == "from" else new)
                other = {"migrate_to_chat_id": -2} if told_by == "from" else {"migrate_from_chat_id": -1}
                update["message"] |= other
                app.migrate_chat_data(message=_message(update))
            side.seen.append({chat: dict(data) for chat, data in app.chat_data.items()})
        return side.seen, await side.stored(lambda app: {chat: data for chat, data in app.chat_data.items() if data})

    assert await sides.same(scenario) == ([{-2: {"one": 42}}], {-2: {"one": 42}})


def _message(update):
    return Update.de_json(update).message


async def test_a_migration_without_both_ids_is_refused(sides):
    async def scenario(side):
        app = side.build()
        message = side.update("hi").message
        async with app:
            await side.says(app, "hi")
            await side.says(app, "hi", who=side.bob)
            return [
                refused(lambda arguments=arguments: app.migrate_chat_data(**arguments))
                for arguments in (
                    {},
                    {"message": message},
                    {"message": message, "old_chat_id": 1},
                    {"message": message, "new_chat_id": 1},
                    {"message": message, "old_chat_id": 1, "new_chat_id": 2},
                    {"old_chat_id": 42},
                    {"new_chat_id": 42},
                    {"old_chat_id": "42", "new_chat_id": 43},
                    {"old_chat_id": 42, "new_chat_id": "43"},
                )
            ]

    assert [one.partition(":")[0] for one in await sides.same(scenario)] == ["ValueError"] * 9


@pytest.mark.parametrize("ids", [42, [42, 43], {43}, (), None])
async def test_what_is_marked_is_saved_and_nothing_else(sides, ids):
    async def scenario(side):
        app = side.build()
        async with app:
            for one in (42, 43):
                app.user_data[one]["n"] = app.chat_data[one]["n"] = 1
            app.mark_data_for_update_persistence(chat_ids=ids)
            await app.update_persistence()
            app.mark_data_for_update_persistence(user_ids=ids)
        return await side.stored(lambda app: (dict(app.chat_data), dict(app.user_data)))

    expected = {one: {"n": 1} for one in ([ids] if isinstance(ids, int) else ids or ())}
    assert await sides.same(scenario) == (expected, expected)


async def test_unmarked_changes_are_saved_with_a_later_update_of_that_user(sides):
    async def scenario(side):
        app = side.build(MessageHandler(ALL, side.note("handled")))
        async with app:
            app.user_data[42]["n"] = 1
            app.user_data[43]["n"] = 1
            await side.says(app, "hi")
        return await side.stored(lambda app: dict(app.user_data))

    assert await sides.same(scenario) == {42: {"n": 1}}


@pytest.mark.parametrize("name", ["bot_data", "chat_data", "user_data", "callback_data"])
async def test_what_is_not_stored_is_kept_in_memory_only(sides, name):
    async def scenario(side):
        wanted = PersistenceInput(**{name: False})
        app = side.build(MessageHandler(ALL, put), store_data=wanted)
        async with app:
            await side.says(app, "one")
            before = data_of(app)
        return before, await side.stored(data_of, store_data=wanted)

    before, after = await sides.same(scenario)
    assert before == ({"one": 42}, {42: {"one": 42}}, {42: {"one": 42}})
    lost = ["bot_data", "chat_data", "user_data"].index(name) if name != "callback_data" else None
    assert after == tuple({} if number == lost else data for number, data in enumerate(before))


async def test_bot_data_may_be_replaced(sides):
    async def scenario(side):
        async def replace(_update, context):
            context.application.bot_data = {"new": 1}

        app = side.build(MessageHandler(filters.Regex("replace"), replace), MessageHandler(ALL, put))
        async with app:
            await side.says(app, "one", "replace")
            side.seen.append(dict(app.bot_data))
            await side.says(app, "two")
        return side.seen, await side.stored(lambda app: dict(app.bot_data))

    assert await sides.same(scenario) == ([{"new": 1}], {"new": 1, "two": 42})


class Profile(dict):
    """A bot author's class for all three kinds of data."""


class Context(CallbackContext):
    @property
    def name(self):
        return "mine"


async def test_context_types_are_used_for_new_and_for_stored_data(sides):
    types = ContextTypes(context=Context, bot_data=Profile, chat_data=Profile, user_data=Profile)

    async def scenario(side):
        async def handle(_update, context):
            side.seen.append((context.name, type(context.bot_data).__name__, type(context.user_data).__name__))
            context.user_data["n"] = 1

        async def hear(_update, context):
            side.seen.append(context.name)
            side.errors.append(str(context.error))

        app = side.build(MessageHandler(filters.Regex("fine"), handle), context_types=types)
        app.add_handler(MessageHandler(filters.Regex("wrong"), side.note("wrong", ValueError("wrong"))))
        app.add_error_handler(hear)
        async with running(app):
            await side.says(app, "fine", "wrong")
        found = await side.stored(
            lambda app: (app.user_data[42], type(app.user_data[42]).__name__), context_types=types
        )
        return side.seen, side.errors, found

    seen, errors, found = await sides.same(scenario)
    assert seen == [("mine", "Profile", "Profile"), "wrong", "mine"]
    assert (errors, found) == (["ValueError: wrong", "wrong"], ({"n": 1}, "Profile"))


async def test_data_of_another_context_type_than_the_persistence_returns_is_refused(sides):
    class Odd:
        async def get_bot_data(self):
            return ["not", "a", "dict"]

    async def scenario(side):
        with pytest.raises(ValueError, match="bot_data must be of type dict") as raised:
            await side.build(mixin=Odd).initialize()
        return str(raised.value)

    assert "dict" in await sides.same(scenario)
