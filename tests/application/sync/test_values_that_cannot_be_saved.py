"""Tests of values that cannot be saved: all others are saved, and the error handlers hear of each once."""

from __future__ import annotations

import threading

import pytest
from telegram.ext import CommandHandler, MessageHandler, filters

from ptb_bucket.errors import UnsavedError
from support.applications.instances import keep


class Client:
    """A client with a lock, like most clients."""

    def __init__(self) -> None:
        self.lock = threading.Lock()

    def __deepcopy__(self, memo):
        raise TypeError("cannot pickle")


@pytest.mark.parametrize("kind", ["user", "chat", "bot"])
@pytest.mark.parametrize("bad", [threading.Lock, Client], ids=["lock", "client"])
@pytest.mark.parametrize("save", ["update", "interval"])
async def test_a_value_that_cannot_be_copied_costs_only_itself(world, kind, bad, save):
    async def spoil(_update, context):
        data = getattr(context, f"{kind}_data")
        data["good"], data["bad"] = 1, {"deep": [bad()]}

    async def mend(_update, context):
        del getattr(context, f"{kind}_data")["bad"]

    one = world.build(CommandHandler("spoil", spoil), CommandHandler("mend", mend), keep("x", 1), save=save)
    await one.initialize()
    for text in ("/spoil", "hi", "hi"):
        await (world.ada if text == "/spoil" else world.bob).send(one, text)
        await one.update_persistence()
    assert [str(error).partition(" cannot be stored:")[0].replace("[42]", "") for error in world.errors] == [
        f'{kind}_data["bad"]["deep"][0]'
    ]
    stored = await world.stored()
    assert stored.user_data[43] == {"x": 1}
    assert {"user": stored.user_data[42], "chat": stored.chat_data[42], "bot": stored.bot_data}[kind] == {
        "good": 1,
        "bad": {},
    }
    with pytest.raises(UnsavedError, match="bad"):
        await one.shutdown()
    await one.initialize()
    await world.ada.send(one, "/mend")
    await world.ada.send(one, "/spoil")
    await one.update_persistence()
    await world.ada.send(one, "/mend")
    await one.shutdown()


@pytest.mark.parametrize("save", ["update", "interval"])
async def test_a_value_that_was_mended_and_breaks_again_is_reported_again(world, save):
    async def put(update, context):
        context.user_data["value"] = threading.Lock() if update.message.text == "bad" else update.message.text

    one = await world.start(MessageHandler(filters.ALL, put), save=save)
    reported = []
    for text in ("bad", "bad", "good", "bad", "bad", "good"):
        await world.ada.send(one, text)
        await one.update_persistence()
        reported.append(len(world.errors))
    assert reported == [1, 1, 1, 2, 2, 2]
    assert (await world.stored()).user_data[42] == {"value": "good"}


async def test_every_record_that_cannot_be_stored_is_reported(world):
    async def put(_update, context):
        context.user_data["lock"] = threading.Lock()

    one = await world.start(MessageHandler(filters.ALL, put))
    for person in (world.ada, world.bob, world.ada):
        await person.send(one, "hi")
    assert sorted(str(error)[:13] for error in world.errors) == ["user_data[42]", "user_data[43]"]
    for user in (42, 43):
        one.user_data[user].clear()
    one.mark_data_for_update_persistence(user_ids=[42, 43])
