"""A helper for forums: each question gets a topic, which is answered, renamed and closed."""

from __future__ import annotations

import pytest
from telegram.error import BadRequest
from telegram.ext import CommandHandler, MessageHandler, filters

RED = 0xFB6F5F


async def ask(update, context):
    title = " ".join(context.args)
    chat = update.effective_chat
    if not chat.is_forum:
        await update.message.reply_text("This works in forums.")
        return
    topic = await chat.create_forum_topic(title, icon_color=RED)
    first = await update.message.copy(chat.id, message_thread_id=topic.message_thread_id)
    await context.bot.pin_chat_message(chat.id, first.message_id)
    context.chat_data[topic.message_thread_id] = {"title": title, "asked_by": update.effective_user.id, "answers": 0}


async def count(update, context):
    question = context.chat_data.get(update.message.message_thread_id)
    if question and update.effective_user.id != question["asked_by"]:
        question["answers"] += 1


async def solved(update, context):
    thread = update.message.message_thread_id
    question = context.chat_data.get(thread)
    if question is None or update.effective_user.id != question["asked_by"]:
        await update.message.reply_text("Only the person who asked can close this.")
        return
    await update.message.reply_text(f"Solved after {question['answers']} answers.")
    await context.bot.edit_forum_topic(update.effective_chat.id, thread, name=f"Solved: {question['title']}")
    await context.bot.close_forum_topic(update.effective_chat.id, thread)


def build(builder):
    application = builder.build()
    application.add_handlers(
        [CommandHandler("ask", ask), CommandHandler("solved", solved), MessageHandler(filters.TEXT, count)]
    )
    return application


async def test_a_question_from_the_topic_to_its_end(start, telegram, ada, bo, group, texts):  # noqa: PLR0913, PLR0917  fixtures
    forum = telegram.group(-300, "Ponds", forum=True)
    async with start(build) as app:
        assert texts(await ada.send(app, "/ask Why?", chat=group)) == ["This works in forums."]
        [question] = await ada.send(app, "/ask Why do ducks quack?", chat=forum)
        assert question.is_topic_message
        topic = forum.topic(question.message_thread_id)
        await bo.send(app, "Because they can", chat=topic)
        assert texts(await bo.send(app, "/solved", chat=topic)) == ["Only the person who asked can close this."]
        assert texts(await ada.send(app, "/solved", chat=topic)) == ["Solved after 1 answers."]
        with pytest.raises(BadRequest, match=r"(?i)topic_not_modified"):
            await app.bot.close_forum_topic(forum.id, topic.thread_id)
        await app.bot.unpin_all_forum_topic_messages(forum.id, topic.thread_id)
        assert (await app.bot.get_chat(forum.id)).pinned_message is None
