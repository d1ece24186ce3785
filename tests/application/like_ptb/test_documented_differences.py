"""The differences between BucketApplication and PTB's Application: each row of the documentation has a test."""

from __future__ import annotations

import asyncio
import re
import warnings
from pathlib import Path

from telegram.ext import (
    BaseUpdateProcessor,
    CommandHandler,
    ContextTypes,
    ConversationHandler,
    JobQueue,
    MessageHandler,
    TypeHandler,
    filters,
)

from ptb_bucket import BucketApplication
from ptb_bucket.testing.faults import Fault
from support.applications.side_by_side import ADVICE, difference, running, the_one, until

pytestmark = ADVICE
ALL, END = filters.ALL, ConversationHandler.END
PAGE = Path(__file__).parents[3] / "docs" / "reference" / "differences.md"
SECTION = PAGE.read_text(encoding="utf-8").partition("## BucketApplication and PTB's Application")[2]
ROWS = re.findall(r"^\| (?!difference |---)(\S[^|]*?) \|", SECTION, re.MULTILINE)
SOURCES = [path.read_text(encoding="utf-8") for path in Path(__file__).parent.glob("test_*differences*.py")]
TESTED = {name for source in SOURCES for name in re.findall(r'^@difference\("(.+)"\)$', source, re.MULTILINE)}


def test_each_row_has_its_test_and_each_difference_its_row():
    assert sorted(ROWS) == sorted(TESTED)


async def put(_update, context):
    context.user_data["n"] = 1


# ---------------------------------------------------------------- building and starting


@difference("persistence")
async def test_a_bucket_persistence_is_needed(sides):
    async def scenario(side):
        builder = side.telegram.builder()
        if side.name != "PTB":
            builder = builder.application_class(BucketApplication, {})
        try:
            return builder.build().persistence
        except Exception as error:  # noqa: BLE001  the test looks at it
            return f"{type(error).__name__}: {error}"

    ptb, ours = await sides.both(scenario)
    assert ptb is None
    assert the_one(ours).startswith("ConfigurationError: BucketApplication needs a BucketPersistence")


@difference("context types")
async def test_the_persistence_takes_the_context_types_of_the_application(sides):
    class Profile(dict):
        pass

    async def scenario(side):
        types = ContextTypes(user_data=Profile)
        app = side.builder().context_types(types).build()
        other = side.builder(side.persistence(context_types=types))
        return app.persistence.context_types is types, _built(other)

    ptb, ours = await sides.both(scenario)
    assert ptb == (False, "Application")
    takes, other = the_one(ours)
    assert (takes, other.partition(":")[0]) == (True, "ConfigurationError")


def _built(builder):
    try:
        return type(builder.build()).__name__
    except Exception as error:  # noqa: BLE001  the test looks at it
        return f"{type(error).__name__}: {error}"


@difference("class of the job queue")
async def test_ptbs_own_job_queue_becomes_one_of_a_class_of_its_own(sides):
    async def scenario(side):
        queue = side.build().job_queue
        return type(queue) is JobQueue, isinstance(queue, JobQueue)

    ptb, ours = await sides.both(scenario)
    assert (ptb, the_one(ours)) == ((True, True), (False, True))


@difference("advice at start")
async def test_what_several_instances_would_lose_is_warned_of_at_start(sides):
    async def scenario(side):
        app = side.build(
            ConversationHandler([CommandHandler("go", put)], {}, []), MessageHandler(ALL, put, block=False)
        )
        with warnings.catch_warnings(record=True) as warned:
            warnings.simplefilter("always")
            async with app:
                pass
        return sorted(str(one.message).partition(",")[0] for one in warned)

    ptb, ours = await sides.both(scenario, at_once=False)
    assert ptb == []
    lost, later = "ConversationHandler (without a name) is not persistent", "The handler put has block=False"
    for side, found in ours.items():
        assert found == ([lost, later] if side.options["save"] == "update" else [lost])


@difference("methods that return everything")
async def test_get_methods_are_not_overridden_where_records_are_read_one_by_one(sides):
    class Gives:
        async def get_user_data(self):
            return {42: {"n": 1}}

    async def scenario(side):
        try:
            async with side.build(mixin=Gives) as app:
                return dict(app.user_data)
        except Exception as error:  # noqa: BLE001  the test looks at it
            return type(error).__name__

    ptb, ours = await sides.both(scenario)
    assert ptb == {42: {"n": 1}}
    for side, found in ours.items():
        assert found == ("ConfigurationError" if side.layout == "per-record" else ptb)


@difference("second start")
async def test_a_second_start_forgets_what_is_gone_from_the_store(sides):
    async def scenario(side):
        async def look(_update, context):
            side.seen.append(dict(context.user_data))

        app = side.build(MessageHandler(filters.Regex("look"), look), MessageHandler(ALL, put))
        async with app:
            await side.says(app, "hi")
        async with side.build() as other:
            other.drop_user_data(42)
        async with app:
            await side.says(app, "look")
        return side.seen

    ptb, ours = await sides.both(scenario)
    assert (ptb, the_one(ours)) == ([{"n": 1}], [{}])


# ---------------------------------------------------------------- updates


@difference("updates of one chat or user")
async def test_updates_of_one_user_wait_for_each_other(sides):
    async def scenario(side):
        async def handle(update, _context):
            who = update.effective_user.first_name
            side.seen.append(f"{who} begins")
            await asyncio.sleep(0.01)
            side.seen.append(f"{who} ends")

        app = side.builder().concurrent_updates(4).build()
        app.add_handler(MessageHandler(ALL, handle))
        async with running(app):
            for who in (side.ada, side.ada, side.bob):
                app.update_queue.put_nowait(side.update("hi", who, app=app))
            await app.update_queue.join()
        return [one for one in side.seen if "Ada" in one], side.seen.index("Bob begins")

    begins, ends = "Ada begins", "Ada ends"
    ptb, ours = await sides.both(scenario)
    assert ptb == ([begins, begins, ends, ends], 2)
    assert the_one(ours) == ([begins, ends, begins, ends], 1)


@difference("handlers that wait for each other")
async def test_handlers_that_process_each_others_updates_are_refused(sides):
    async def scenario(side):
        both = []

        async def handle(update, context):
            both.append(update)
            await until(lambda: len(both) >= 2)
            if update.effective_message.text == "hi":
                other = side.bob if update.effective_user.id == 42 else side.ada
                await context.application.process_update(side.update("from a handler", other, app=app))
                side.seen.append("done")

        app = side.build(MessageHandler(ALL, handle))
        async with app:
            await asyncio.gather(*(side.says(app, "hi", who=who) for who in (side.ada, side.bob)))
        return side.seen, [error[:60] for error in side.errors]

    ptb, ours = await sides.both(scenario)
    assert ptb == (["done", "done"], [])
    seen, [error] = the_one(ours)
    assert (seen, error.startswith("RuntimeError: A handler called process_update()")) == (
        ["done"],
        True,
    )


@difference("errors around an update")
async def test_an_error_of_an_update_processor_does_not_end_the_queue(sides):
    class Processor(BaseUpdateProcessor):
        async def do_process_update(self, update, coroutine):
            await coroutine
            if update == "wrong":
                raise ValueError(update)

        async def initialize(self):
            pass

        async def shutdown(self):
            pass

    async def scenario(side):
        async def handle(update, _context):
            side.seen.append(update)

        app = side.builder().concurrent_updates(Processor(1)).build()
        app.add_handler(TypeHandler(str, handle))
        app.add_error_handler(side.hear)
        async with app:
            await app.start()
            for update in ("wrong", "next"):
                app.update_queue.put_nowait(update)
            await asyncio.sleep(0.02)
            try:
                await app.stop()
            except ValueError:
                side.seen.append("stop raises")
        return side.seen, side.errors

    ptb, ours = await sides.both(scenario)
    assert "next" not in ptb[0]
    assert the_one(ours)[0] == ["wrong", "next"]


@difference("an update that comes again")
async def test_an_update_is_handled_once_with_dedupe(sides):
    async def scenario(side):
        if side.name != "PTB":
            side.options["dedupe"] = True
        app = side.build(MessageHandler(ALL, side.note("handled")))
        async with app:
            update = side.update("hi", app=app)
            for _ in range(2):
                await app.process_update(update)
        return side.seen

    ptb, ours = await sides.both(scenario)
    assert (ptb, the_one(ours)) == (["handled"] * 2, ["handled"])


@difference("a state that cannot be read")
async def test_no_handler_runs_on_a_state_that_cannot_be_read(sides):
    async def scenario(side):
        app = side.build(MessageHandler(ALL, side.note("handled")))
        async with app:
            side.plan = lambda operation, _key: Fault.DENIED if operation == "get" else None
            found = None
            try:
                await side.says(app, "hi")
            except Exception as error:  # noqa: BLE001  the test looks at it
                found = type(error).__name__
            side.plan = lambda _operation, _key: None
        return side.seen, found

    ptb, ours = await sides.both(scenario)
    assert (ptb, the_one(ours)) == ((["handled"], None), ([], "AccessError"))
