"""A poll in a group: who wants what, with the result in words when somebody closes it."""

from __future__ import annotations

from telegram.ext import CommandHandler, PollAnswerHandler


async def ask(update, context):
    question, *options = " ".join(context.args).split("; ")
    sent = await update.message.reply_poll(question, options, is_anonymous=False, allows_multiple_answers=True)
    await sent.pin(disable_notification=True)
    context.chat_data["poll"] = {"message": sent.message_id, "id": sent.poll.id}
    context.bot_data[sent.poll.id] = {"chat": sent.chat.id, "voters": {}}


async def answered(update, context):
    answer = update.poll_answer
    voters = context.bot_data[answer.poll_id]["voters"]
    voters.pop(answer.user.id, None)
    if answer.option_ids:
        voters[answer.user.id] = answer.user.first_name


async def close(update, context):
    poll = context.chat_data.pop("poll", None)
    if poll is None:
        await update.message.reply_text("There is no poll here.")
        return
    result = await context.bot.stop_poll(update.effective_chat.id, poll["message"])
    await context.bot.unpin_chat_message(update.effective_chat.id, poll["message"])
    best = max(result.options, key=lambda option: option.voter_count)
    voters = ", ".join(context.bot_data.pop(poll["id"])["voters"].values())
    await update.effective_chat.send_message(f"{best.text} wins with {best.voter_count} votes. Voters: {voters}.")


def build(builder):
    application = builder.build()
    application.add_handlers([CommandHandler("poll", ask), CommandHandler("close", close), PollAnswerHandler(answered)])
    return application


async def test_a_group_decides(start, ada, bo, group, texts):
    async with start(build) as app:
        [poll] = await ada.send(app, "/poll Lunch?; Soup; Cake", chat=group)
        assert (await app.bot.get_chat(group.id)).pinned_message.message_id == poll.message_id
        await ada.vote(app, "Cake", chat=group)
        await bo.vote(app, "Soup", "Cake", chat=group)
        closed, words = await bo.send(app, "/close", chat=group)
        assert closed.poll.is_closed
        assert words.text == "Cake wins with 2 votes. Voters: Ada, Bo."
        assert (await app.bot.get_chat(group.id)).pinned_message is None
        assert texts(await bo.send(app, "/close", chat=group)) == ["There is no poll here."]
