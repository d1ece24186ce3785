"""A chat with a language model: a streamed answer, a memory, long answers and broken formatting."""

from __future__ import annotations

from telegram.constants import MessageLimit
from telegram.error import BadRequest
from telegram.ext import CommandHandler, MessageHandler, filters


async def model(history):
    """Play a language model: it streams an answer to the last question."""
    question = history[-1]["content"]
    answers = {"long": "x" * 5000, "broken": "an *unclosed star"}
    for part in [answers[question]] if question in answers else ["You said ", f"*{question}*", f" ({len(history)})"]:
        yield part


async def show(message, text, **options):
    try:
        await message.edit_text(text, parse_mode="Markdown", **options)
    except BadRequest as error:
        if "not modified" in error.message:
            return
        await message.edit_text(text, **options)


async def chat(update, context):
    history = context.user_data.setdefault("history", [])
    history.append({"role": "user", "content": update.message.text or update.message.caption})
    await update.effective_chat.send_action("typing")
    message, answer = await update.message.reply_text("…"), ""
    async for part in model(history):
        answer += part
        await show(message, answer[: MessageLimit.MAX_TEXT_LENGTH])
    for start in range(MessageLimit.MAX_TEXT_LENGTH, len(answer), MessageLimit.MAX_TEXT_LENGTH):
        await update.message.reply_text(answer[start : start + MessageLimit.MAX_TEXT_LENGTH])
    history.append({"role": "assistant", "content": answer})


async def reset(update, context):
    context.user_data.clear()
    await update.message.reply_text("Forgotten.")


def build(builder):
    application = builder.build()
    application.add_handlers([CommandHandler("reset", reset), MessageHandler(filters.TEXT | filters.PHOTO, chat)])
    return application


async def test_answers_are_streamed_and_remembered(start, telegram, ada, texts):
    async with start(build) as app:
        answers = await ada.send(app, "hello")
        assert len({message.message_id for message in answers}) == 1
        assert texts(answers)[-1] == "You said hello (1)"
        assert answers[-1].entities[0].type == "bold"
        assert [line.kind for line in telegram.transcript] == ["message", "message", "edit", "edit", "edit"]
    async with start(build) as app:
        assert texts(await ada.send_photo(app, caption="and this"))[-1] == "You said and this (3)"
        assert texts(await ada.send(app, "/reset")) == ["Forgotten."]
        assert texts(await ada.send(app, "again"))[-1] == "You said again (1)"


async def test_long_and_broken_answers(start, ada, texts):
    async with start(build) as app:
        assert [len(text) for text in texts(await ada.send(app, "long"))] == [1, 4096, 904]
        assert texts(await ada.send(app, "broken"))[-1] == "an *unclosed star"
