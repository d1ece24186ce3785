"""The demo's bot: Pip, who packs suitcases. Its code does not know where its state is stored."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

from telegram import InlineKeyboardButton, InlineKeyboardMarkup
from telegram.ext import (
    Application,
    CallbackQueryHandler,
    CommandHandler,
    ContextTypes,
    ConversationHandler,
    InvalidCallbackData,
    MessageHandler,
    filters,
)

if TYPE_CHECKING:
    from telegram import Update
    from telegram.ext import ApplicationBuilder, BasePersistence

    AnyApplication = Application[Any, Any, Any, Any, Any, Any]
    AnyBuilder = ApplicationBuilder[Any, Any, Any, Any, Any, Any]

__all__ = ["build"]

Context = ContextTypes.DEFAULT_TYPE

WHERE, WHEN, WHAT = "where", "when", "what"

_PER_ROW = 4


def build(builder: AnyBuilder, persistence: BasePersistence[Any, Any, Any]) -> AnyApplication:
    """Build the bot.

    Args:
        builder: A builder that is set up for the real or the simulated Telegram.
        persistence: Where the bot keeps its state.

    Returns:
        An Application with all of Pip's handlers.
    """
    app = builder.persistence(persistence).arbitrary_callback_data(True).build()  # noqa: FBT003 - PTB's signature
    words = filters.TEXT & ~filters.COMMAND
    packing: ConversationHandler[Any] = ConversationHandler(
        entry_points=[CommandHandler("trip", trip)],
        states={
            WHERE: [MessageHandler(words, where)],
            WHEN: [MessageHandler(words, when)],
            WHAT: [MessageHandler(words, what), CommandHandler("done", done)],
        },
        fallbacks=[CommandHandler("cancel", never_mind)],
        allow_reentry=True,
        name="packing",
        persistent=True,
    )
    app.add_handlers(
        [packing, CommandHandler("start", start), CallbackQueryHandler(packed), MessageHandler(None, lost)]
    )
    return app


async def start(update: Update, context: Context) -> None:
    """Greet the user. Count their visits in user_data, and all people in bot_data."""
    message, chat, mine = _here(update, context)
    context.bot_data.setdefault("people", set()).add(message.from_user.id)
    mine["visits"] = mine.get("visits", 0) + 1
    met = mine.setdefault("first met", message.date)
    name = message.from_user.first_name
    if mine["visits"] == 1:
        await message.reply_text(f"Hello {name}, I am Pip and I pack suitcases. Going anywhere? /trip")
        return
    places = ", ".join(dict.fromkeys(place for place, _ in chat.get("trips", ()))) or "nowhere yet"
    visits = f"This is visit number {mine['visits']} since {_day(met)}"
    await message.reply_text(f"Welcome back, {name}! {visits}; we have packed for {places}.")


async def trip(update: Update, context: Context) -> str:
    """Start the conversation."""
    message, *_ = _here(update, context)
    await message.reply_text("A trip! Where to?")
    return WHERE


async def where(update: Update, context: Context) -> str:
    """Store the destination: this trip's in chat_data, and all destinations in bot_data."""
    message, chat, _ = _here(update, context)
    place = message.text.strip()
    chat["trip"] = {"to": place, "leaves": None, "things": set(), "packed": set()}
    context.bot_data.setdefault("destinations", set()).add(place)
    await message.reply_text(f"{place}, lovely. On which day do you leave? (like 2027-05-30)")
    return WHEN


async def when(update: Update, context: Context) -> str:
    """Store the day."""
    message, chat, _ = _here(update, context)
    try:
        leaves = date.fromisoformat(message.text.strip())
    except ValueError:
        await message.reply_text("I read days like 2027-05-30.")
        return WHEN
    chat["trip"]["leaves"] = leaves
    await message.reply_text(f"{_day(leaves)}, noted. What goes into the suitcase?")
    return WHAT


async def what(update: Update, context: Context) -> str:
    """Add one or more things to the list."""
    message, chat, _ = _here(update, context)
    plan = chat["trip"]
    plan["things"].update(thing for word in message.text.split(",") if (thing := word.strip()))
    text = f"{_count(plan)} Tap what is in, name what is missing, or say /done."
    await message.reply_text(text, reply_markup=_checklist(plan))
    return WHAT


async def done(update: Update, context: Context) -> int:
    """Close the suitcase and end the conversation."""
    message, chat, _ = _here(update, context)
    plan = chat["trip"]
    chat.setdefault("trips", []).append((plan["to"], plan["leaves"]))
    missing = ", ".join(sorted(plan["things"] - plan["packed"]))
    await message.reply_text(f"{_count(plan)} " + (f"Do not forget: {missing}." if missing else "All set!"))
    return ConversationHandler.END


async def never_mind(update: Update, context: Context) -> int:
    """Leave the conversation."""
    message, *_ = _here(update, context)
    await message.reply_text("Never mind. Home is nice, too.")
    return ConversationHandler.END


async def packed(update: Update, context: Context) -> None:
    """Tick a thing off, or untick it. The button carries a tuple that Telegram never sees."""
    query: Any = update.callback_query
    _, chat, _ = _here(update, context)
    plan = chat.get("trip")
    if isinstance(query.data, InvalidCallbackData) or plan is None:
        await query.answer("I do not remember that list any more.")
        return
    _pack, thing = query.data
    plan["packed"] ^= {thing}
    context.drop_callback_data(query)  # the edit replaces these buttons, so nobody can press them again
    await query.answer()
    await query.edit_message_text(f"{_count(plan)} What else?", reply_markup=_checklist(plan))


async def lost(update: Update, context: Context) -> None:
    """Answer messages that no other handler has answered."""
    message, *_ = _here(update, context)
    await message.reply_text("I only know about suitcases. /trip starts one.")


def _here(update: Update, context: Context) -> tuple[Any, Any, Any]:
    """Return the message, chat_data and user_data: optional in PTB's types, but present for all these handlers."""
    return update.effective_message, context.chat_data, context.user_data


def _day(day: date) -> str:
    return f"{day.day} {day:%B %Y}"


def _count(plan: dict[str, Any]) -> str:
    return f"{plan['to']}: {len(plan['packed'])} of {len(plan['things'])} packed."


def _checklist(plan: dict[str, Any]) -> InlineKeyboardMarkup:
    buttons = [
        InlineKeyboardButton(f"{'☑' if thing in plan['packed'] else '☐'} {thing}", callback_data=("pack", thing))
        for thing in sorted(plan["things"])
    ]
    return InlineKeyboardMarkup([buttons[start : start + _PER_ROW] for start in range(0, len(buttons), _PER_ROW)])
