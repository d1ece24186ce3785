"""Checks for what two instances of a bot need from a persistence. They run on any PTB Application.

``python tests/support/applications/several_checks.py`` prints a table: PTB's own PicklePersistence beside ours.
"""

from __future__ import annotations

import asyncio
import logging
import tempfile
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from telegram.ext import Application, CommandHandler, ConversationHandler, MessageHandler, PicklePersistence, filters

from ptb_bucket import BucketApplication, BucketPersistence
from ptb_bucket.offline_telegram import OfflineTelegram

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable


async def put(update, context):
    """Handle ``/put name value``."""
    name, value = context.args
    context.user_data[name] = value
    await update.message.reply_text("put")


async def show(update, context):
    """Reply with everything that is stored for a user."""
    known = " ".join(f"{name}={value}" for name, value in sorted(context.user_data.items()))
    await update.message.reply_text(known or "nothing")


def say(text: str, state: object):
    """Make a step of a conversation."""

    async def step(update, _context):
        await update.message.reply_text(text)
        return state

    return step


def handlers() -> list:
    """Return the handlers of a bot that stores values and takes orders."""
    start, end = CommandHandler("order", say("Size?", "size")), say("Thanks.", ConversationHandler.END)
    size = MessageHandler(filters.Regex("^big$"), end)
    order = ConversationHandler([start], {"size": [size]}, [], name="order", persistent=True)
    return [
        order,
        CommandHandler("put", put),
        CommandHandler("show", show),
        MessageHandler(filters.ALL, say("?", None)),
    ]


@dataclass
class World:
    """A place for the bot's state, and instances that all run at the same time.

    Args:
        saver: A function of a path and a builder. It returns the builder with a persistence on that path.
    """

    saver: Callable[[Path, object], object]
    folder: Path
    telegram: OfflineTelegram = field(default_factory=OfflineTelegram)
    running: AsyncExitStack = field(default_factory=AsyncExitStack)

    async def instance(self) -> Application:
        """Start one more instance, which loads the present state."""
        app = self.saver(self.folder, self.telegram.builder()).build()
        app.add_handlers(handlers())
        await app.initialize()
        self.running.push_async_callback(app.shutdown)
        return app

    async def ask(self, user: int, app: Application, text: str, *, save: bool = True) -> str:
        """Say something, and save its changes as early as any Application can."""
        [answer] = await self.telegram.user(user, f"User {user}").send(app, text)
        if save:
            await app.update_persistence()
            await app.persistence.flush()
        return answer.text


def in_a_pickle(folder: Path, builder) -> object:
    """Give the builder PTB's own persistence."""
    return builder.persistence(PicklePersistence(folder / "bot.pickle"))


def in_a_bucket(folder: Path, builder) -> object:
    """Give the builder our persistence. It saves only on request, so that the checks are the same for both."""
    return builder.application_class(BucketApplication).persistence(BucketPersistence(f"file:{folder}/bot"))


async def different_users_at_once(world: World) -> None:
    """Check that each instance can save its own user, and that both users are stored."""
    one, two = await world.instance(), await world.instance()
    await world.ask(1, one, "/put lang en")
    await world.ask(2, two, "/put lang de")
    new = await world.instance()
    assert [await world.ask(user, new, "/show") for user in (1, 2)] == ["lang=en", "lang=de"]


async def one_user_different_fields(world: World) -> None:
    """Check that each instance can save another field of the same user, and that both fields are stored."""
    one, two = await world.instance(), await world.instance()
    await world.ask(1, one, "/put name Ada", save=False)
    await world.ask(1, two, "/put lang de")
    await one.update_persistence()
    await one.persistence.flush()
    assert await world.ask(1, await world.instance(), "/show") == "lang=de name=Ada"


async def a_warm_instance_sees_the_data(world: World) -> None:
    """Check that handlers of one instance see what the other has saved, without a restart."""
    one, two = await world.instance(), await world.instance()
    await world.ask(1, one, "/put lang en")
    assert await world.ask(1, two, "/show") == "lang=en"


async def a_warm_instance_sees_the_conversation(world: World) -> None:
    """Check that a conversation goes on at the other instance, and then is over at both."""
    one, two = await world.instance(), await world.instance()
    assert await world.ask(1, one, "/order") == "Size?"
    assert await world.ask(1, two, "big") == "Thanks."
    assert await world.ask(1, one, "big") == "?"


async def a_refresh_keeps_what_is_unsaved(world: World) -> None:
    """Check that the next update sees the other instance's saved changes and this one's unsaved changes."""
    one, two = await world.instance(), await world.instance()
    await world.ask(1, one, "/put name Ada", save=False)
    await world.ask(1, two, "/put lang de")
    assert await world.ask(1, one, "/show") == "lang=de name=Ada"


CHECKS = [
    different_users_at_once,
    one_user_different_fields,
    a_warm_instance_sees_the_data,
    a_warm_instance_sees_the_conversation,
    a_refresh_keeps_what_is_unsaved,
]


async def run(check: Callable[[World], Awaitable[None]], saver, folder: Path) -> None:
    """Run one check on one persistence, and end its instances."""
    world = World(saver, folder)
    async with world.running:
        await check(world)


def passes(check, saver) -> bool:
    """Return True if the check passes with this saver."""
    with tempfile.TemporaryDirectory() as folder:
        try:
            asyncio.run(run(check, saver, Path(folder)))
        except AssertionError:
            return False
    return True


if __name__ == "__main__":
    logging.getLogger("ptb_bucket").setLevel(logging.ERROR)  # each place is empty at first
    print(f"{'two instances':44}{'PicklePersistence':>20}{'BucketApplication':>20}")  # noqa: T201
    for each in CHECKS:
        cells = ["yes" if passes(each, saver) else "no" for saver in (in_a_pickle, in_a_bucket)]
        print(f"{each.__name__.replace('_', ' '):44}{cells[0]:>20}{cells[1]:>20}")  # noqa: T201
