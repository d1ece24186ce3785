"""Tests of bot authors' code that raises at any moment: only its own record is lost, and all others are answered."""

from __future__ import annotations

import asyncio
import contextlib
import itertools

import pytest
from telegram import InlineKeyboardButton, InlineKeyboardMarkup, Update
from telegram.ext import CommandHandler, ContextTypes, ConversationHandler, MessageHandler, PicklePersistence

from ptb_bucket import BucketPersistence
from ptb_bucket.errors import PTBBucketError, UnsavedError
from ptb_bucket.state.merge.records import ResolverError
from support.applications.builder import build_application
from support.applications.instances import WORDS
from support.parameters import covering
from support.values.raising_values import SECRET, VALUES, make

PLACES = ("user_data", "chat_data", "bot_data", "conversation", "keyboard")
SAVES = ("update", "interval")
FEW = VALUES[:: len(VALUES) // 6]
MANY = VALUES[::2]
"""Every place and every way of saving gets a few of them, user_data half of them; with --long, all get all of them."""

CASES = [
    *itertools.product(MANY, ["user_data"], ["update"]),
    *covering([FEW, PLACES, SAVES], strength=2),
]
ALL = list(itertools.product(VALUES, PLACES, SAVES))


async def put(place, value, update, context):
    """Put a value where the bot of these tests keeps it."""
    if place in ("user_data", "chat_data", "bot_data"):
        getattr(context, place)["bad"] = value
    if place == "keyboard":
        rows = [[InlineKeyboardButton("x", callback_data=value)], [InlineKeyboardButton("y", callback_data="fine")]]
        await update.effective_message.reply_text("x", reply_markup=InlineKeyboardMarkup(rows))
    return value if place == "conversation" else None


def handlers(place, value, answered):
    async def bad(update, context):
        context.user_data["beside"] = True
        return await put(place, value, update, context)

    async def count(update, context):
        context.user_data["count"] = context.user_data.get("count", 0) + 1
        context.user_data.setdefault("log", []).append(update.update_id)
        answered.append(update.effective_user.id)

    name = {"name": "talk", "persistent": True}
    entry = [CommandHandler("bad", bad)]
    talk = ConversationHandler(entry, {}, [], **name) if place == "conversation" else entry[0]
    return [talk, MessageHandler(WORDS, count)]


async def feed(application, *updates):
    """Feed updates through PTB's fetcher, which ends at the first exception."""
    for update in updates:
        await application.update_queue.put(Update.de_json(update, application.bot))
    await asyncio.wait_for(application.update_queue.join(), 5)


def check_told(errors, caplog):
    """Check that no message quotes the text of the author's error, and that our messages name the record."""
    told = [str(error) for error in errors if isinstance(error, PTBBucketError)]
    assert SECRET not in " ".join(told)
    assert SECRET not in " ".join(one.getMessage() for one in caplog.records if one.name.startswith("ptb_bucket"))


async def live_with(world, caplog, name, place, save):
    answered: list[int] = []
    one = world.build(*handlers(place, make(name), answered), save=save)
    await one.initialize()
    await one.start()
    ada, bob = world.ada, world.bob
    await feed(one, ada.message_update("hi"), ada.message_update("/bad"), bob.message_update("hi"))
    await one.update_persistence()
    # Another instance changes the same records, so that they are merged with what is in memory.
    async with world.build() as other:
        await other.load_data(chat_ids=[42, 43], user_ids=[42, 43])
        for data in (other.user_data[42], other.chat_data[42], other.bot_data):
            data["elsewhere"] = True
        other.user_data[42].setdefault("log", []).append("elsewhere")
        other.mark_data_for_update_persistence(chat_ids=[42], user_ids=[42])
        await other.update_persistence()
    await feed(one, bob.message_update("hi"), ada.message_update("hi"), bob.message_update("hi"))
    await one.update_persistence()
    assert answered.count(bob.id) == 3
    await one.stop()
    with contextlib.suppress(UnsavedError):
        await one.shutdown()
    check_told(world.errors, caplog)
    users = (await world.stored()).user_data
    assert users[43]["count"] == 3
    assert users[42]["beside"] is True, "what lies beside it is saved"
    log = users.get(42, {}).get("log", [])
    assert len(log) == len(set(log)), "nothing is appended twice"


@pytest.mark.parametrize(("name", "place", "save"), CASES)
async def test_everybody_else_is_answered_and_saved(world, caplog, name, place, save):
    await live_with(world, caplog, name, place, save)


@pytest.mark.long
@pytest.mark.parametrize(("name", "place", "save"), ALL)
async def test_everybody_else_is_answered_and_saved_wherever_it_is(world, caplog, name, place, save):
    await live_with(world, caplog, name, place, save)


# ---------------------------------------------------------------- resolvers, and roots of the bot's own classes


def raising_resolver(_conflict):
    raise ValueError(SECRET)


@pytest.mark.parametrize("save", SAVES)
async def test_a_resolver_that_raises_costs_only_the_record_in_conflict(world, caplog, save):
    answered: list[int] = []
    one = world.build(*handlers("", None, answered), save=save, resolver=raising_resolver)
    await one.initialize()
    await one.start()
    await feed(one, world.ada.message_update("hi"))
    await one.update_persistence()
    one.user_data[42]["count"] = 10  # unsaved, when the other instance saves
    async with world.build(*handlers("", None, [])) as other:
        await world.ada.send(other, "hi")
    await feed(one, *(person.message_update("hi") for person in (world.ada, world.bob, world.ada, world.bob)))
    assert answered == [42, 43, 43]
    assert {type(error) for error in world.errors} <= {UnsavedError, ResolverError}
    assert world.errors
    assert all("user_data[42]" in str(error) for error in world.errors)
    await one.update_persistence()
    check_told(world.errors, caplog)
    await one.stop()
    with contextlib.suppress(UnsavedError):
        await one.shutdown()
    assert {number: data["count"] for number, data in (await world.stored()).user_data.items()} == {42: 2, 43: 2}


@pytest.mark.parametrize("save", SAVES)
async def test_a_resolver_that_raises_while_saving_costs_only_the_record_in_conflict(world, caplog, save):
    async def overtaken(update, context):
        async with world.build(*handlers("", None, [])) as other:
            await world.ada.send(other, "hi")
        context.user_data["count"] = 10

    answered: list[int] = []
    one = world.build(
        CommandHandler("slow", overtaken), *handlers("", None, answered), save=save, resolver=raising_resolver
    )
    await one.initialize()
    await one.start()
    await feed(one, *(person.message_update(text) for person, text in ((world.ada, "/slow"), (world.bob, "hi"))))
    await one.update_persistence()
    await feed(one, world.bob.message_update("hi"))
    await one.update_persistence()
    assert answered == [43, 43]
    assert one.unsaved_for == 0
    assert one.persistence.stats.pending == ("user_data[42]",)
    assert {type(error) for error in world.errors} <= {UnsavedError, ResolverError}
    assert world.errors
    assert all("user_data[42]" in str(error) for error in world.errors)
    check_told(world.errors, caplog)
    await one.stop()
    with pytest.raises(UnsavedError, match=r"user_data\[42\]"):
        await one.shutdown()
    assert {number: data["count"] for number, data in (await world.stored()).user_data.items()} == {42: 1, 43: 2}


@pytest.mark.parametrize("name", [name for name in VALUES if name.startswith("dict")])
async def test_a_class_of_its_own_for_user_data(world, caplog, name):
    """PTB makes these for all users, so no data can be saved. But the bot answers, stops, and says why."""
    _, method, _ = name.split()
    if method in {"__getitem__", "__setitem__", "get", "__class__", "__getattribute__"}:
        pytest.skip("the handlers use this themselves")
    answered: list[int] = []
    types = ContextTypes(user_data=lambda: make(name))
    persistence = BucketPersistence(world.store(), context_types=ContextTypes(user_data=type(make(name))))
    assert persistence is not None
    one = world.build(*handlers("", None, answered), context_types=types)
    await one.initialize()
    await one.start()
    await feed(one, *(person.message_update("hi") for person in (world.ada, world.bob, world.ada)))
    assert answered == [42, 43, 42]
    await one.stop()
    with contextlib.suppress(UnsavedError):
        await one.shutdown()
    check_told(world.errors, caplog)


# ---------------------------------------------------------------- under PTB's own Application


async def escaped(world, persistence, name):
    """Return the error of PTB's own update_persistence(), which deep-copies values before a persistence sees them."""
    app = build_application(world.telegram, persistence, *handlers("user_data", make(name), []), on_error=world._hear)
    await app.initialize()
    for person, text in ((world.ada, "/bad"), (world.bob, "hi")):
        await person.send(app, text)
    try:
        await app.update_persistence()
    except Exception as error:  # noqa: BLE001  which one, is what is asked
        return type(error)
    return None


@pytest.mark.filterwarnings(
    "ignore::pytest.PytestUnraisableExceptionWarning", "ignore:coroutine .* was never awaited:RuntimeWarning"
)  # what PTB had prepared when copying raised
@pytest.mark.parametrize("name", VALUES)
async def test_ptbs_own_application_ends_where_it_would_end_with_pickle_persistence(world, tmp_path, caplog, name):
    with_pickle = await escaped(world, PicklePersistence(tmp_path / "bot.pickle"), name)
    assert await escaped(world, BucketPersistence(world.store()), name) is with_pickle
    if with_pickle is None:
        users = (await world.stored()).user_data
        assert users[43]["count"] == 1
    check_told(world.errors, caplog)
