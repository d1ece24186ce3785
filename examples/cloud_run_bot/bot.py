"""A Telegram bot that asks for your name and city and remembers them, with its state in a bucket.

To chat with it in this terminal, without Telegram, run ``python bot.py --offline``.
"""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ptb_bucket import BucketApplication, PTBBucketError, add_differences, bucket_application
from ptb_bucket.serverless import setting
from telegram import InlineKeyboardButton, InlineKeyboardMarkup, Update
from telegram.ext import (
    CallbackContext,
    CallbackQueryHandler,
    CommandHandler,
    ContextTypes,
    ConversationHandler,
    ExtBot,
    InvalidCallbackData,
    MessageHandler,
    TypeHandler,
    filters,
)

if TYPE_CHECKING:
    from ptb_bucket.offline_telegram import OfflineTelegram

NAME, CITY = range(2)


@dataclass
class Person:
    """The type of ``user_data``: a user's name and city."""

    name: str = ""
    city: str = ""


@dataclass
class Totals:
    """The type of ``bot_data``: a counter of all people."""

    people: int = 0


class Context(CallbackContext[ExtBot[None], Person, dict[Any, Any], Totals]):
    """The handlers' context. Type checkers and editors know its data."""

    @property
    def person(self) -> Person:
        """Return the data of the user who wrote."""
        if self.user_data is None:
            raise TypeError("This update has no user, as in a channel. Filter such updates out.")
        return self.user_data


def text_of(update: Update) -> str:
    """Return the text that the user wrote."""
    message = update.effective_message
    return (message.text if message else None) or ""


async def reply(update: Update, text: str, *buttons: InlineKeyboardButton) -> None:
    """Answer in the chat of the update."""
    if message := update.effective_message:
        await message.reply_text(text, reply_markup=InlineKeyboardMarkup([buttons]) if buttons else None)


async def start(update: Update, _context: Context) -> int:
    """Begin to get acquainted."""
    await reply(update, "Hello! What is your name?")
    return NAME


async def take_name(update: Update, context: Context) -> int:
    """Remember the name."""
    context.person.name = text_of(update)
    await reply(update, "And where do you live?")
    return CITY


async def take_city(update: Update, context: Context) -> int:
    """Remember the city, and count the acquaintance."""
    context.person.city = text_of(update)
    context.bot_data.people += 1
    await reply(update, f"You are number {context.bot_data.people}. /me shows what I know.")
    return ConversationHandler.END


async def cancel(update: Update, _context: Context) -> int:
    """End the conversation."""
    await reply(update, "Never mind.")
    return ConversationHandler.END


async def give_up(update: Update, _context: Context) -> None:
    """End a conversation that had no answer for an hour."""
    await reply(update, "I have not heard from you for an hour. /start begins anew.")


async def me(update: Update, context: Context) -> None:
    """Show the stored data, and offer to delete it."""
    person = context.person
    if not person.name:
        await reply(update, "I do not know you yet. /start changes that.")
        return
    known = f"I know {person.name} from {person.city or 'a city that you have not told me'}."
    await reply(update, known, InlineKeyboardButton("Forget me", callback_data="forget"))


async def forget(update: Update, context: Context) -> None:
    """Delete the data of the user who pressed the button."""
    query = update.callback_query
    if query is None:
        return
    await query.answer()
    if isinstance(query.data, InvalidCallbackData):
        await query.edit_message_text("This button is too old. Ask again with /me.")
        return
    context.application.drop_user_data(query.from_user.id)
    await query.edit_message_text("Forgotten.")


def build_application(telegram: OfflineTelegram | None = None) -> BucketApplication[Any, Any, Any, Any, Any, Any]:
    """Build the bot. The environment variable ``PTB_BUCKET_URI`` says where its state is stored.

    Args:
        telegram: An offline Telegram, for tests and for ``--offline``. Without it, TELEGRAM_BOT_TOKEN must be set.
    """
    builder = bucket_application(
        save="update",  # an update is done when its changes are in the bucket
        jobs="bucket",  # jobs and conversation timeouts survive, and run on any instance
        dedupe=True,  # an update that Telegram sends again is not handled again
        resolver=add_differences,  # if two instances count at once, both count
        shutdown_deadline=6,  # seconds to save after SIGTERM; some hosts kill a process after 10
        spool_dir=os.environ.get("STATE_DIRECTORY"),  # where systemd lets a service keep what it could not save
    )
    builder = telegram.connect(builder) if telegram else builder.token(setting("TELEGRAM_BOT_TOKEN"))
    types = ContextTypes(context=Context, user_data=Person, bot_data=Totals)
    application = builder.context_types(types).arbitrary_callback_data(arbitrary_callback_data=True).build()
    words = filters.TEXT & ~filters.COMMAND
    conversation = ConversationHandler(
        entry_points=[CommandHandler("start", start)],
        states={
            NAME: [MessageHandler(words, take_name)],
            CITY: [MessageHandler(words, take_city)],
            ConversationHandler.TIMEOUT: [TypeHandler(Update, give_up)],
        },
        fallbacks=[CommandHandler("cancel", cancel)],
        name="acquaintance",
        persistent=True,
        conversation_timeout=3600,
    )
    application.add_handlers([conversation, CommandHandler("me", me), CallbackQueryHandler(forget)])
    return application


def main() -> None:
    """Run the bot by polling, or in this terminal."""
    os.environ.setdefault("PTB_BUCKET_URI", "file:./bot-data/{bot_id}")
    if "--offline" in sys.argv[1:]:
        from ptb_bucket.offline_telegram import chat_in_terminal

        chat_in_terminal(build_application)
    else:
        build_application().run_polling()


if __name__ == "__main__":
    try:
        main()
    except PTBBucketError as error:
        sys.exit(f"{error}")
