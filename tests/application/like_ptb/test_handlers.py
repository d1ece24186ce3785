"""Tests of handlers, groups and error handlers: which ones run, in which order, and what stops them."""

from __future__ import annotations

import pytest
from telegram.ext import (
    ApplicationHandlerStop,
    BaseHandler,
    CommandHandler,
    ContextTypes,
    MessageHandler,
    TypeHandler,
    filters,
)
from telegram.ext import CallbackContext as Context

from support.applications.side_by_side import ADVICE, refused, running, until

pytestmark = ADVICE
ALL = filters.ALL


async def test_one_handler_of_each_group_runs_and_groups_run_in_order(sides):
    async def scenario(side):
        app = side.build()
        for group, name in ((3, "late"), (-1, "early"), (0, "first"), (0, "second")):
            app.add_handler(MessageHandler(ALL, side.note(name)), group)
        async with app:
            await side.says(app, "hi")
        return side.seen, list(app.handlers)

    assert await sides.same(scenario) == (["early", "first", "late"], [-1, 0, 3])


async def test_handlers_are_added_in_all_forms_and_removed_again(sides):
    async def scenario(side):
        app = side.build()
        one, two, three = (MessageHandler(ALL, side.note(name)) for name in "123")
        app.add_handlers([one, two], 1)
        app.add_handlers({2: (three,), 5: [one]})
        async with app:
            await side.says(app, "hi")
            app.remove_handler(one, 1)
            app.remove_handler(three, 2)
            await side.says(app, "hi")
        return side.seen, {group: len(handlers) for group, handlers in app.handlers.items()}

    assert await sides.same(scenario) == (["1", "3", "1", "2", "1"], {1: 1, 5: 1})


async def test_what_is_not_a_handler_is_refused(sides):
    async def scenario(side):
        app, handler = side.build(), MessageHandler(ALL, side.note("hi"))
        return [
            refused(call)
            for call in (
                lambda: app.add_handler("not one"),
                lambda: app.add_handler(handler, "not a group"),
                lambda: app.add_handlers(handler),
                lambda: app.add_handlers({0: handler}),
                lambda: app.add_handlers([handler], "not a group"),
            )
        ]

    first, *others = await sides.same(scenario)
    assert first.startswith("TypeError: handler is not an instance of BaseHandler")
    assert len(others) == 4


async def test_handlers_are_added_and_removed_while_an_update_is_handled(sides):
    async def scenario(side):
        app = side.build()
        second = MessageHandler(ALL, side.note("second"))

        async def change(_update, context):
            side.seen.append("first")
            context.application.remove_handler(second, 1)
            context.application.add_handler(MessageHandler(ALL, side.note("third")), 2)

        app.add_handler(MessageHandler(ALL, change))
        app.add_handler(second, 1)
        async with app:
            await side.says(app, "hi")
            before, side.seen = side.seen, []
            await side.says(app, "hi")
        return before, side.seen

    before, after = await sides.same(scenario)
    assert (before[0], after) == ("first", ["first", "third"])  # what PTB does meanwhile depends on its version


async def test_one_context_goes_through_all_groups_of_an_update(sides):
    async def scenario(side):
        app = side.build()
        contexts = []

        async def keep(_update, context):
            contexts.append(context)
            side.seen.append(getattr(context, "word", None))
            context.word = "said"

        for group in range(3):
            app.add_handler(MessageHandler(ALL, keep), group)
        async with app:
            await side.says(app, "one", "two")
        return side.seen, len({id(context) for context in contexts})

    assert await sides.same(scenario) == ([None, "said", "said"] * 2, 2)


@pytest.mark.parametrize("raised_by", ["handler", "error handler"])
async def test_a_handler_or_an_error_handler_stops_all_later_groups_and_the_update_is_saved(sides, raised_by):
    async def scenario(side):
        app = side.build()

        async def stop(_update, context):
            context.user_data["n"] = 1
            raise ApplicationHandlerStop if raised_by == "handler" else ValueError("wrong")

        async def stop_for_errors(_update, _context):
            side.seen.append("error handler")
            raise ApplicationHandlerStop

        app.remove_error_handler(side.hear)
        app.add_error_handler(stop_for_errors)
        app.add_error_handler(side.hear)
        app.add_handler(MessageHandler(ALL, stop))
        app.add_handler(MessageHandler(ALL, side.note("later")), 1)
        async with app:
            await side.says(app, "hi")
        return side.seen, side.errors, await side.stored(lambda app: dict(app.user_data))

    heard = ["error handler"] if raised_by == "error handler" else []
    assert await sides.same(scenario) == (heard, [], {42: {"n": 1}})


async def test_an_error_goes_to_all_error_handlers_and_the_next_group_runs(sides):
    async def scenario(side):
        app = side.build(MessageHandler(ALL, side.note("wrong", ValueError("wrong"))))
        app.add_handler(MessageHandler(ALL, side.note("next")), 1)

        async def also(update, context):
            side.seen.append((update.message.text, context.user_data, context.error.args, context.job))

        app.add_error_handler(also)
        async with app:
            await side.says(app, "hi")
            app.remove_error_handler(also)
            await side.says(app, "hi")
        return side.seen, side.errors

    seen, errors = await sides.same(scenario)
    assert seen == ["wrong", ("hi", {}, ("wrong",), None), "next", "wrong", "next"]
    assert errors == ["ValueError: wrong"] * 2


async def test_an_error_handler_that_raises_does_not_hinder_the_others(sides, caplog):
    async def scenario(side):
        caplog.clear()
        app = side.build(MessageHandler(ALL, side.note("wrong", ValueError("wrong"))))

        async def worse(_update, _context):
            raise KeyError("worse")

        app.remove_error_handler(side.hear)
        app.add_error_handler(worse)
        app.add_error_handler(side.hear)
        async with app:
            await side.says(app, "hi")
            found = await app.process_error(None, ValueError("by hand"))
        return side.errors, found, [one.message[:50] for one in caplog.records if one.levelname == "ERROR"]

    errors, stopped, logged = await sides.same(scenario, at_once=False)
    assert (errors, stopped, len(logged)) == (["ValueError: wrong", "ValueError: by hand"], False, 2)


async def test_without_an_error_handler_the_error_is_logged(sides, caplog):
    async def scenario(side):
        caplog.clear()
        app = side.build(MessageHandler(ALL, side.note("wrong", ValueError("wrong"))))
        app.remove_error_handler(side.hear)
        async with app:
            await side.says(app, "hi")
        return [(one.name, one.message) for one in caplog.records if one.levelname == "ERROR"]

    assert [name for name, _ in await sides.same(scenario, at_once=False)] == ["telegram.ext.Application"]


async def test_an_error_handler_is_added_once(sides, caplog):
    async def scenario(side):
        app = side.build(MessageHandler(ALL, side.note("wrong", ValueError("wrong"))))
        app.add_error_handler(side.hear, block=False)
        async with app:
            await side.says(app, "hi")
        return side.errors, list(app.error_handlers.values())

    errors, blocks = await sides.same(scenario)
    assert (errors, len(blocks)) == (["ValueError: wrong"], 1)


async def test_an_error_handler_that_does_not_block_runs_later_and_its_error_is_logged(sides, caplog):
    async def scenario(side):
        app = side.build(MessageHandler(ALL, side.note("wrong", ValueError("wrong"))))
        app.add_handler(MessageHandler(ALL, side.note("next")), 1)

        async def later(_update, _context):
            side.seen.append("later")
            raise KeyError("worse")

        app.add_error_handler(later, block=False)
        async with running(app):
            await side.says(app, "hi")
            await until(lambda: "later" in side.seen)
        return side.seen, side.errors

    assert await sides.same(scenario) == (["wrong", "next", "later"], ["ValueError: wrong"])


async def test_a_context_that_cannot_be_made_ends_the_update(sides, caplog):
    class Broken(Context):
        @classmethod
        def from_update(cls, update, application):
            raise ValueError("no context")

    async def scenario(side):
        caplog.clear()
        app = side.build(MessageHandler(ALL, side.note("never")), context_types=ContextTypes(context=Broken))
        async with app:
            await side.says(app, "hi")
        return side.seen, side.errors, [one.levelname for one in caplog.records if one.levelno > 40]

    assert await sides.same(scenario, at_once=False) == ([], [], ["CRITICAL"])


async def test_updates_of_unknown_types_reach_the_handlers_that_want_them(sides):
    async def scenario(side):
        app = side.build(
            TypeHandler(int, side.note("a number")),
            TypeHandler(str, side.note("a text", ValueError("wrong"))),
            CommandHandler("start", side.note("a command")),
        )
        async with app:
            for update in (7, "seven", 7.0, None, {"a": 1}, ValueError("an error")):
                await app.process_update(update)
        return side.seen, side.errors

    assert await sides.same(scenario) == (["a number", "a text"], ["ValueError: wrong"])


async def test_a_check_that_raises_is_an_error_of_the_update(sides):
    class Broken(BaseHandler):
        def check_update(self, update):
            raise ValueError("cannot check")

    async def scenario(side):
        app = side.build(Broken(side.note("never")))
        app.add_handler(MessageHandler(ALL, side.note("next")), 1)
        async with app:
            await side.says(app, "hi")
        return side.seen, side.errors

    assert await sides.same(scenario) == (["next"], ["ValueError: cannot check"])


async def test_results_of_a_check_reach_the_context(sides):
    async def scenario(side):
        async def handle(_update, context):
            side.seen.append((context.args, context.matches and context.matches[0].group()))

        app = side.build(CommandHandler("go", handle), MessageHandler(filters.Regex("[0-9]+"), handle))
        async with app:
            await side.says(app, "/go one two", "room 101")
        return side.seen

    assert await sides.same(scenario) == [(["one", "two"], None), (None, "101")]
