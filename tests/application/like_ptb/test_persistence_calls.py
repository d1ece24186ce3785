"""Which methods of a persistence are called, with what, and when: as a subclass that overrides them hears it."""

from __future__ import annotations

import asyncio

import pytest
from telegram.ext import ConversationHandler, MessageHandler, PersistenceInput, filters

from support.applications.recording_persistence import Hears
from support.applications.side_by_side import ADVICE, awaited_and_refused, refused, running, until

pytestmark = ADVICE
ALL = filters.ALL


def taken(app, *kinds):
    """Take the calls since the last time, each once and sorted, because PTB awaits them in any order."""
    calls, app.persistence.calls = app.persistence.calls, []
    found = [call for call in calls if call[0].startswith(kinds)]
    return sorted([call for number, call in enumerate(found) if call not in found[:number]], key=repr)


async def put(update, context):
    for data in (context.bot_data, context.chat_data, context.user_data):
        data["n"] = data.get("n", 0) + 1


async def saved(app, *kinds):
    """The methods that are called for everything since the last time."""
    await app.update_persistence()
    return taken(app, *(kinds or ("update", "drop")))


async def test_what_a_handler_used_is_updated_once(sides):
    async def scenario(side):
        app = side.build(MessageHandler(filters.Regex("put"), put), mixin=Hears)
        async with app:
            for text in ("nobody handles it", "put", "put"):
                await side.says(app, text)
                side.seen.append(await saved(app))
        return side.seen, taken(app, "update", "drop", "flush")

    (nothing, first, second), end = await sides.same(scenario)
    assert nothing == [("update bot", {}), ("update callback", ([], {}))]
    for n, calls in ((1, first), (2, second)):
        assert calls == [
            ("update bot", {"n": n}),
            ("update callback", ([], {})),
            ("update chat", 42, {"n": n}),
            ("update user", 42, {"n": n}),
        ]
    assert end == [("flush",), ("update bot", {"n": 2}), ("update callback", ([], {}))]


async def test_a_handler_that_does_not_block_marks_what_it_used_when_it_ends(sides):
    async def scenario(side):
        opened = asyncio.Event()

        async def later(_update, context):
            await opened.wait()
            context.user_data["n"] = 1

        app = side.build(MessageHandler(ALL, later, block=False), mixin=Hears)
        async with running(app):
            await side.says(app, "hi")
            side.seen.append(await saved(app, "update user"))
            opened.set()
            await until(lambda: app._user_ids_to_be_updated_in_persistence or app.persistence.calls)
            side.seen.append(await saved(app, "update user"))
        return side.seen

    assert await sides.same(scenario) == [[], [("update user", 42, {"n": 1})]]


async def test_drops_migrations_and_marks_arrive(sides):
    async def scenario(side):
        app = side.build(MessageHandler(ALL, put), mixin=Hears)
        async with app:
            await side.says(app, "hi")
            await side.says(app, "hi", who=side.bob)
            await saved(app)
            app.drop_user_data(42)
            app.migrate_chat_data(old_chat_id=42, new_chat_id=43)
            side.seen.append(await saved(app, "update user", "update chat", "drop"))
            app.mark_data_for_update_persistence(user_ids=[43], chat_ids=43)
            side.seen.append(await saved(app, "update user", "update chat", "drop"))
        return side.seen

    assert await sides.same(scenario) == [
        [("drop chat", 42), ("drop user", 42), ("update chat", 43, {"n": 1})],
        [("update chat", 43, {"n": 1}), ("update user", 43, {"n": 1})],
    ]


async def test_what_is_updated_is_a_copy(sides):
    class Changes(Hears):
        async def update_user_data(self, user_id, data):
            data["n"] = "changed"
            await super().update_user_data(user_id, data)

    async def scenario(side):
        app = side.build(MessageHandler(ALL, put), mixin=Changes)
        async with app:
            await side.says(app, "hi")
            await app.update_persistence()
            live = dict(app.user_data[42])
        return live, await side.stored(lambda app: dict(app.user_data))

    assert await sides.same(scenario) == ({"n": 1}, {42: {"n": "changed"}})


async def test_live_data_is_refreshed_once_for_each_update_that_a_handler_takes(sides):
    class Refreshes(Hears):
        async def refresh_user_data(self, user_id, user_data):
            await super().refresh_user_data(user_id, user_data)
            user_data["fresh"] = user_data.get("fresh", 0) + 1

    async def scenario(side):
        async def handle(_update, context):
            side.seen.append(dict(context.user_data))

        app = side.build(MessageHandler(filters.Regex("yes"), handle), mixin=Refreshes)
        app.add_handler(MessageHandler(filters.Regex("yes"), handle), 1)
        async with app:
            await side.says(app, "no", "yes")
            calls = [call for call in app.persistence.calls if "refresh" in call[0]]
        return side.seen, calls

    seen, calls = await sides.same(scenario)
    assert seen == [{"fresh": 1}, {"fresh": 1}]
    assert calls == [("refresh bot", {}), ("refresh chat", 42, {}), ("refresh user", 42, {})]


@pytest.mark.parametrize("name", ["bot_data", "chat_data", "user_data", "callback_data"])
async def test_what_is_not_stored_is_not_asked_for(sides, name):
    async def scenario(side):
        app = side.build(MessageHandler(ALL, put), mixin=Hears, store_data=PersistenceInput(**{name: False}))
        async with app:
            await side.says(app, "hi")
            await app.update_persistence()
            app.drop_user_data(42)
            app.drop_chat_data(42)
        return {call[0] for call in app.persistence.calls}

    kind = name.removesuffix("_data")
    everything = {f"{what} {kind}" for what in ("update", "refresh") for kind in ("bot", "chat", "user")}
    everything |= {"update callback", "drop chat", "drop user", "flush"}
    assert await sides.same(scenario) == {one for one in everything if kind not in one}


async def test_an_error_of_one_method_loses_only_its_record(sides):
    class Breaks(Hears):
        async def update_bot_data(self, data):
            raise ValueError("no bot data")

        async def update_user_data(self, user_id, data):
            if user_id == 42:
                raise ValueError("not of this user")
            await super().update_user_data(user_id, data)

    async def scenario(side):
        app = side.build(MessageHandler(ALL, put), mixin=Breaks)
        async with app:
            await side.says(app, "hi")
            await side.says(app, "hi", who=side.bob)
            await app.update_persistence()
            errors = set(side.errors)
        return errors, await side.stored(lambda app: (dict(app.bot_data), dict(app.chat_data), dict(app.user_data)))

    errors, stored = await sides.same(scenario)
    assert errors == {"ValueError: no bot data", "ValueError: not of this user"}
    assert stored == ({}, {42: {"n": 1}, 43: {"n": 1}}, {43: {"n": 1}})


async def test_the_loop_saves_in_its_interval_from_start_to_stop(sides):
    async def scenario(side):
        app = side.build(MessageHandler(ALL, put), mixin=Hears, update_interval=0.01)
        async with app:
            await asyncio.sleep(0.03)
            before = taken(app, "update")
            await app.start()
            await until(lambda: sum(call[0] == "update bot" for call in app.persistence.calls) > 2)
            await app.stop()
            taken(app)
            await asyncio.sleep(0.03)
            after = taken(app, "update")
        return before, after, app.persistence.update_interval

    assert await sides.same(scenario) == ([], [], 0.01)


async def test_an_error_of_the_loop_does_not_end_it(sides):
    class Breaks(Hears):
        async def update_bot_data(self, data):
            self.note("update bot", data)
            raise ValueError("no bot data")

    async def scenario(side):
        app = side.build(mixin=Breaks, update_interval=0.01)
        async with running(app):
            await until(lambda: len(side.errors) > 2)
        return set(side.errors)

    assert await sides.same(scenario) == {"ValueError: no bot data"}


async def test_settings_of_a_persistence_are_kept_and_not_changed(sides):
    async def scenario(side):
        persistence = side.persistence(update_interval=3, store_data=PersistenceInput(bot_data=False), on_flush=True)
        found = [refused(lambda: setattr(persistence, "update_interval", 7)).partition(":")[0]]
        side.build()
        return found, persistence.update_interval, persistence.store_data, side.persistence().update_interval

    found = await sides.same(scenario)
    assert found == (["AttributeError"], 3, PersistenceInput(bot_data=False), 60)


async def test_shutdown_saves_flushes_and_does_so_again_after_the_next_start(sides):
    async def scenario(side):
        app = side.build(MessageHandler(ALL, put), mixin=Hears)
        for _ in range(2):
            await app.initialize()
            await side.says(app, "hi")
            await app.shutdown()
            side.seen.append(taken(app, "update user", "flush"))
        return side.seen

    assert await sides.same(scenario) == [[("flush",), ("update user", 42, {"n": n})] for n in (1, 2)]


async def test_an_error_of_flush_is_raised_by_shutdown(sides):
    class Breaks:
        async def flush(self):
            raise ValueError("cannot flush")

    async def scenario(side):
        app = side.build(mixin=Breaks)
        await app.initialize()
        return await awaited_and_refused(app.shutdown())

    assert await sides.same(scenario) == "ValueError: cannot flush"


async def test_conversations_are_told_by_name_key_and_state(sides):
    async def scenario(side):
        talk = ConversationHandler(
            [MessageHandler(filters.Regex("go"), side.note("go", 1))],
            {1: [MessageHandler(filters.Regex("stay"), side.note("stay")),
                 MessageHandler(filters.Regex("end"), side.note("end", -1))]},
            [], name="talk", persistent=True,
        )  # fmt: skip
        app, calls = side.build(talk, mixin=Hears), []
        async with app:
            for text in ("nothing", "go", "stay", "end"):
                await side.says(app, text)
                calls.append(await saved(app, "update conversation"))
        return calls

    call = ("update conversation", "talk", (42, 42))
    assert await sides.same(scenario) == [[], [(*call, 1)], [], [(*call, None)]]


async def test_without_a_name_a_conversation_is_not_persistent(sides):
    async def scenario(side):
        return refused(lambda: ConversationHandler([], {}, [], persistent=True))

    assert (await sides.same(scenario)).startswith("ValueError: Conversations can't be persistent when handler")


@pytest.mark.parametrize("nothing", ["no name", "not persistent"])
async def test_conversations_that_are_not_persistent_are_not_asked_for(sides, nothing):
    async def scenario(side):
        options = {} if nothing == "no name" else {"name": "talk"}
        app = side.build(
            ConversationHandler([MessageHandler(ALL, side.note("go", 1))], {1: []}, [], **options), mixin=Hears
        )
        async with app:
            await side.says(app, "go")
        return taken(app, "update conversation")

    assert await sides.same(scenario) == []
