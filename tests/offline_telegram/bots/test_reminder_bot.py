"""Reminders: jobs that the test runs itself instead of waiting, a list, and buttons to snooze or drop them."""

from __future__ import annotations

import pytest
from telegram import InlineKeyboardButton, InlineKeyboardMarkup
from telegram.ext import CallbackQueryHandler, CommandHandler

BUTTONS = InlineKeyboardMarkup.from_row(
    [InlineKeyboardButton("Later", callback_data="later"), InlineKeyboardButton("Done", callback_data="done")]
)


def schedule(context, chat_id, seconds, text):
    context.job_queue.run_once(remind, seconds, text, str(chat_id), chat_id=chat_id, user_id=chat_id)


async def add(update, context):
    try:
        minutes, text = int(context.args[0]), " ".join(context.args[1:])
    except (IndexError, ValueError):
        await update.message.reply_text("Usage: /remind 5 drink tea")
        return
    context.user_data.setdefault("waiting", []).append(text)
    schedule(context, update.effective_chat.id, minutes * 60, text)
    await update.message.reply_text(f"In {minutes} minutes: {text}")


async def remind(context):
    context.user_data["waiting"].remove(context.job.data)
    await context.bot.send_message(context.job.chat_id, context.job.data, reply_markup=BUTTONS)


async def pressed(update, context):
    query = update.callback_query
    if query.data == "later":
        context.user_data["waiting"].append(query.message.text)
        schedule(context, query.message.chat.id, 600, query.message.text)
    await query.answer()
    await query.edit_message_text(f"{query.message.text} ({query.data})")


async def waiting(update, context):
    await update.message.reply_text(", ".join(context.user_data.get("waiting", [])) or "Nothing.")


def build(builder):
    application = builder.build()
    handlers = [CommandHandler("remind", add), CommandHandler("list", waiting), CallbackQueryHandler(pressed)]
    application.add_handlers(handlers)
    return application


@pytest.fixture
def let_time_pass():
    async def run(app, person):
        for job in app.job_queue.get_jobs_by_name(str(person.id)):
            job.schedule_removal()
            await job.run(app)

    return run


async def test_a_reminder_is_snoozed_once(start, telegram, ada, texts, let_time_pass):
    async with start(build) as app:
        assert texts(await ada.send(app, "/remind tea")) == ["Usage: /remind 5 drink tea"]
        assert texts(await ada.send(app, "/remind 5 drink tea")) == ["In 5 minutes: drink tea"]
        assert texts(await ada.send(app, "/list")) == ["drink tea"]
        await let_time_pass(app, ada)
        assert telegram.transcript[-1].buttons == (("Later", "Done"),)
        assert texts(await ada.press(app, "Later")) == ["drink tea (later)"]
        await let_time_pass(app, ada)
        assert texts(await ada.press(app, "Done")) == ["drink tea (done)"]
        assert texts(await ada.send(app, "/list")) == ["Nothing."]
