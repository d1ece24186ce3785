"""A quiz: one question after the other, and a score that survives a restart."""

from __future__ import annotations

from telegram.ext import CommandHandler, PollAnswerHandler

QUESTIONS = [("Which bird quacks?", ["Duck", "Owl"], 0), ("2 + 2?", ["5", "4"], 1)]


async def ask(context, user_id, number):
    question, options, right = QUESTIONS[number]
    sent = await context.bot.send_poll(
        user_id, question, options, type="quiz", correct_option_ids=[right], is_anonymous=False, open_period=30
    )
    context.bot_data[sent.poll.id] = number


async def begin(update, context):
    context.user_data["score"] = 0
    await ask(context, update.effective_user.id, 0)


async def answered(update, context):
    answer = update.poll_answer
    number = context.bot_data.pop(answer.poll_id)
    context.user_data["score"] += answer.option_ids == (QUESTIONS[number][2],)
    if number + 1 < len(QUESTIONS):
        await ask(context, answer.user.id, number + 1)
    else:
        await context.bot.send_message(answer.user.id, f"You have {context.user_data['score']} of {len(QUESTIONS)}.")


def build(builder):
    application = builder.build()
    application.add_handlers([CommandHandler("quiz", begin), PollAnswerHandler(answered)])
    return application


async def test_two_people_play_across_a_restart(start, ada, bo):
    async with start(build) as app:
        [first] = await ada.send(app, "/quiz")
        assert (first.poll.type, first.poll.correct_option_ids) == ("quiz", (0,))
        [second] = await ada.vote(app, "Duck")
        assert second.poll.question == "2 + 2?"
    async with start(build) as app:
        await bo.send(app, "/quiz")
        [result] = await ada.vote(app, "4")
        assert result.text == "You have 2 of 2."
        await bo.vote(app, "Owl")
        [result] = await bo.vote(app, "5")
        assert (result.chat.id, result.text) == (bo.id, "You have 0 of 2.")
