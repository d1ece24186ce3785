"""Tests of conversations that are not persistent, that do not block, or that join a running Application."""

from __future__ import annotations

import asyncio

import pytest
from telegram.ext import CallbackQueryHandler, CommandHandler, ConversationHandler, MessageHandler, filters
from telegram.warnings import PTBUserWarning

from support.applications.restarting_bot import Step, asked, order, say, settle


class Slow:
    """A conversation whose non-blocking handlers wait until the test lets them go on."""

    def __init__(self) -> None:
        self.gate = asyncio.Event()

    def handler(self) -> ConversationHandler:
        start = CommandHandler("slow", self._step("Started.", "started"), block=False)
        end = MessageHandler(filters.Regex("^end$"), self._step("Ended.", ConversationHandler.END), block=False)
        return ConversationHandler([start], {"started": [end]}, [], name="slow", persistent=True)

    def _step(self, text, state):
        async def step(update, _context):
            await self.gate.wait()
            await update.message.reply_text(text)
            return state

        return step


async def slow_states(world):
    persistence = world.persistence()
    persistence.set_bot(world.build(persistence).bot)
    return await persistence.get_conversations("slow")


@pytest.fixture
async def slow(everywhere):
    slow = Slow()
    everywhere.handlers = (slow.handler,)
    return slow


async def test_a_state_that_is_pending_is_saved_when_it_is_there(everywhere, slow):
    ada = everywhere.telegram.user(42, "Ada")
    async with everywhere.running() as app:
        await app.start()
        await ada.send(app, "/slow")
        await app.update_persistence()
        assert await slow_states(everywhere) == {}
        slow.gate.set()
        await everywhere.telegram.wait_for(lambda line: line.text == "Started.")
        await settle()
        await app.update_persistence()
        assert await slow_states(everywhere) == {(42, 42): "started"}
        slow.gate.clear()
        await ada.send(app, "end")
        await app.update_persistence()
        assert await slow_states(everywhere) == {(42, 42): "started"}
        slow.gate.set()
        await app.stop()
    assert await slow_states(everywhere) == {(42, 42): ConversationHandler.END}  # so PTB has it until the next start
    assert everywhere.errors == []


async def test_a_conversation_without_blocking_goes_on_after_a_restart(everywhere, slow):
    ada = everywhere.telegram.user(42, "Ada")
    slow.gate.set()
    for words in ("/slow", "end"):
        async with everywhere.running() as app:
            await app.start()
            await ada.send(app, words)
            await app.stop()
    async with everywhere.running() as app:
        assert await asked(ada, app, "end") == ["?"]
    assert [line.text for line in everywhere.telegram.transcript if line.from_bot] == ["Started.", "Ended.", "?"]
    assert await slow_states(everywhere) == {}


async def test_what_is_not_persistent_is_forgotten(everywhere):
    everywhere.handlers = (lambda: order(persistent=False),)
    ada = everywhere.telegram.user(42, "Ada")
    async with everywhere.running() as app:
        await asked(ada, app, "/order")
    async with everywhere.running() as app:
        assert await asked(ada, app, "small") == ["?"]
    assert app.persistence.stats.writes == 0


def per_message() -> ConversationHandler:
    """Make a conversation whose keys have a message's ID, one for each keyboard."""
    return ConversationHandler(
        [CallbackQueryHandler(say("First.", 1))],
        {1: [CallbackQueryHandler(say("Second.", 0))], 0: [CallbackQueryHandler(say("Third.", -1))]},
        [],
        name="order",
        persistent=True,
        per_message=True,
    )


async def test_conversations_for_each_message_and_falsy_states(everywhere):
    everywhere.handlers = (per_message,)
    ada = everywhere.telegram.user(42, "Ada")
    async with everywhere.running() as app:
        [one] = await ada.send(app, "/offer")
        [two] = await ada.send(app, "/offer")
    answers = []
    for message in (one, two, one, one, two):
        async with everywhere.running() as app:
            answers += [answer.text for answer in await ada.press(app, "tea", message=message)]
    assert answers == ["First.", "First.", "Second.", "Third.", "Second."]
    assert (await everywhere.state())[4] == {(42, 42, two.message_id): 0}


async def test_a_handler_added_to_a_running_application_finds_its_states(everywhere):
    ada = everywhere.telegram.user(42, "Ada")
    async with everywhere.running() as app:
        await asked(ada, app, "/order")
    everywhere.handlers = (lambda: CommandHandler("nothing", say("Nothing.")),)
    async with everywhere.running() as app:
        await app.start()
        with pytest.warns(PTBUserWarning, match="discouraged"):
            app.add_handler(order(), group=-1)
        loading = [task for task in asyncio.all_tasks() if "add_handler" in task.get_name()]
        await asyncio.wait(loading)
        assert (await asked(ada, app, "small"))[0] == "How do you pay?"
        await app.stop()
    assert (await everywhere.state())[4] == {(42, 42): ("paying", 2)}


async def test_people_in_the_same_conversation_do_not_share_a_state(everywhere):
    people = [everywhere.telegram.user(number, f"P{number}") for number in range(1, 6)]
    friends = everywhere.telegram.group(-100, "Friends")
    async with everywhere.running() as app:
        await asyncio.gather(*(person.send(app, "/order", chat=friends) for person in people))
        await people[0].send(app, "/cancel", chat=friends)
    assert (await everywhere.state())[4] == {(-100, number): Step.SIZE for number in range(2, 6)}
