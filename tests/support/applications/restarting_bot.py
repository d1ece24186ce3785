"""A bot that uses all that PTB persists, and a world in which it is started again and again."""

from __future__ import annotations

import asyncio
import contextlib
import enum
from dataclasses import dataclass, field
from typing import Any

from telegram import InlineKeyboardButton, InlineKeyboardMarkup
from telegram.ext import (
    Application,
    CallbackQueryHandler,
    CommandHandler,
    ConversationHandler,
    InvalidCallbackData,
    MessageHandler,
    filters,
)

from ptb_bucket import BucketPersistence
from ptb_bucket.offline_telegram import OfflineTelegram
from support.applications.builder import build_application

WORDS = filters.TEXT & ~filters.COMMAND


class Step(enum.Enum):
    """States as an enum."""

    SIZE = "size"
    DONE = 2


PAYING = ("paying", 2)


def say(text: str, state: object = None):
    """Make a handler that says something and goes to a state."""

    async def handle(update, _context):
        await update.effective_message.reply_text(text)
        return state

    return handle


async def count(update, context):
    """Change every kind of data, nested as well."""
    user, chat = update.effective_user.id, update.effective_chat.id
    context.bot_data.setdefault("people", set()).add(user)
    context.bot_data.setdefault("log", []).append((user, chat))
    context.chat_data[user] = context.chat_data.get(user, 0) + 1
    context.user_data.setdefault("visits", {}).setdefault(chat, []).append(update.message.date)
    await update.message.reply_text(f"{context.chat_data[user]} {len(context.user_data['visits'][chat])}")


async def offer(update, _context):
    """Send a keyboard whose buttons carry tuples."""
    row = [InlineKeyboardButton(name, callback_data=("chose", name)) for name in ("tea", "rum")]
    await update.message.reply_text("Drink?", reply_markup=InlineKeyboardMarkup([row]))


async def chosen(update, context):
    """Answer a button, or say that its data is gone."""
    query = update.callback_query
    await query.answer()
    forgotten = isinstance(query.data, InvalidCallbackData)
    await query.message.reply_text("forgotten" if forgotten else f"{query.data!r}")


async def forget(update, context):
    """Drop the data of the user who asks, and the data of the chat."""
    context.application.drop_user_data(update.effective_user.id)
    context.application.drop_chat_data(update.effective_chat.id)


def order(**options) -> ConversationHandler:
    """Order something: an enum state, a nested conversation about the address, a tuple state, the end."""
    address = ConversationHandler(
        [MessageHandler(filters.Regex("^big$"), say("Street?", "street"))],
        {"street": [MessageHandler(WORDS, say("Town?", "town"))], "town": [MessageHandler(WORDS, say("Noted.", -1))]},
        [],
        map_to_parent={ConversationHandler.END: PAYING},
        **({"name": "address", "persistent": True} | options),
    )
    return ConversationHandler(
        [CommandHandler("order", say("Size?", Step.SIZE))],
        {
            Step.SIZE: [address, MessageHandler(WORDS, say("How do you pay?", PAYING))],
            PAYING: [MessageHandler(WORDS, say("Thanks.", ConversationHandler.END))],
        },
        [CommandHandler("cancel", say("Cancelled.", ConversationHandler.END))],
        **({"name": "order", "persistent": True} | options),
    )


@dataclass
class World:
    """A Telegram, a place for the bot's state, and a bot that restarts as often as a test asks it to."""

    uri: Any
    options: dict[str, Any] = field(default_factory=dict)
    handlers: tuple[Any, ...] = ()
    telegram: OfflineTelegram = field(default_factory=OfflineTelegram)
    errors: list[Exception] = field(default_factory=list)

    def persistence(self, **options) -> BucketPersistence:
        """Make a new persistence on the same place, without a bot."""
        return BucketPersistence(self.uri, **({"types": [Step]} | self.options | options))

    def build(self, persistence: Any = None, **builder_options) -> Application:
        """Build a new Application with new handlers, as after a restart of the process."""
        options = {"arbitrary_callback_data": 64, **builder_options}
        app = build_application(self.telegram, persistence or self.persistence(), **options)
        app.add_handlers([make() for make in self.handlers] or [order()])
        app.add_handlers(
            [
                CommandHandler("count", count),
                CommandHandler("offer", offer),
                CommandHandler("forget", forget),
                CallbackQueryHandler(chosen),
                MessageHandler(filters.ALL, say("?")),
            ]
        )
        app.add_error_handler(self._note)
        return app

    async def _note(self, _update, context):
        self.errors.append(context.error)

    @contextlib.asynccontextmanager
    async def running(self, **options):
        """Initialize, and shut down at the end, which saves."""
        async with self.build(**options) as app:
            yield app

    async def state(self, **options) -> list[Any]:
        """Load what a new process would get: bot, chat and user data, callback data, conversations of "order"."""
        persistence = self.persistence(**options)
        persistence.set_bot(self.build(persistence).bot)
        return [
            await persistence.get_bot_data(),
            await persistence.get_chat_data(),
            await persistence.get_user_data(),
            await persistence.get_callback_data(),
            await persistence.get_conversations("order"),
        ]


async def asked(person, app, *texts) -> list[str]:
    """Say several things, one after the other, and return the bot's answers."""
    return [message.text for text in texts for message in await person.send(app, text)]


async def settle() -> None:
    """Let everything run that can run without waiting for a timer."""
    for _ in range(20):
        await asyncio.sleep(0)


def opened(where, **options) -> BucketPersistence:
    """Return a persistence with a bot, without an Application."""
    persistence = BucketPersistence(where, **options)
    persistence.set_bot(build_application(OfflineTelegram(), None, arbitrary_callback_data=64).bot)
    return persistence
