"""PTB's example timerbot, unchanged but for its builder, on two instances with one bucket."""

from __future__ import annotations

import asyncio

import pytest
from telegram.ext import CommandHandler

from ptb_bucket import bucket_application

# ---------------------------------------------------------------- the handlers of PTB's example


async def start(update, _context):
    """Send a message when the command /start is issued."""
    await update.message.reply_text("Hi! Use /set <seconds> to set a timer")


async def alarm(context):
    """Send the alarm message."""
    job = context.job
    await context.bot.send_message(job.chat_id, text=f"Beep! {job.data} seconds are over!")


def remove_job_if_exists(name, context):
    """Remove job with given name. Returns whether job was removed."""
    current_jobs = context.job_queue.get_jobs_by_name(name)
    if not current_jobs:
        return False
    for job in current_jobs:
        job.schedule_removal()
    return True


async def set_timer(update, context):
    """Add a job to the queue."""
    chat_id = update.effective_message.chat_id
    try:
        due = float(context.args[0])
        if due < 0:
            await update.effective_message.reply_text("Sorry we can not go back to future!")
            return
        job_removed = remove_job_if_exists(str(chat_id), context)
        context.job_queue.run_once(alarm, due, chat_id=chat_id, name=str(chat_id), data=due)
        text = "Timer successfully set!"
        if job_removed:
            text += " Old one was removed."
        await update.effective_message.reply_text(text)
    except (IndexError, ValueError):
        await update.effective_message.reply_text("Usage: /set <seconds>")


async def unset(update, context):
    """Remove the job if the user changed their mind."""
    chat_id = update.message.chat_id
    job_removed = remove_job_if_exists(str(chat_id), context)
    text = "Timer successfully cancelled!" if job_removed else "You have no active timer."
    await update.message.reply_text(text)


# ---------------------------------------------------------------- two instances of it


def timerbot(bots):
    builder = bucket_application(
        bots.where, layout=bots.layout, save="update", refresh_interval=0.0, jobs="bucket", callbacks=[alarm]
    )
    application = bots.telegram.connect(builder).build()
    application.runs = False
    for name, function in (("start", start), ("help", start), ("set", set_timer), ("unset", unset)):
        application.add_handler(CommandHandler(name, function))
    return application


@pytest.fixture
async def two(bots):
    async with timerbot(bots) as one, timerbot(bots) as other:
        yield one, other


async def said(bots, application, text):
    """Send a message to an instance; return its answers."""
    return [message.text for message in await bots.ada.send(application, text)]


def beeps(bots):
    return [line.text for line in bots.telegram.transcript if line.text.startswith("Beep!")]


async def test_a_timer_of_one_instance_rings_once_whoever_ticks(bots, clock, two):
    one, other = two
    assert await said(bots, one, "/set 60") == ["Timer successfully set!"]
    clock.pass_(50)
    assert [(await each.tick()).ran for each in two] == [0, 0]
    clock.pass_(12)
    ticked = await asyncio.gather(one.tick(), other.tick(), other.tick())
    assert sum(each.ran for each in ticked) == 1
    assert beeps(bots) == ["Beep! 60.0 seconds are over!"]
    assert [(await each.tick()).ran for each in two] == [0, 0]
    assert await said(bots, other, "/unset") == ["You have no active timer."]


async def test_the_other_instance_unsets_it(bots, clock, two):
    one, other = two
    await said(bots, one, "/set 60")
    assert await said(bots, other, "/unset") == ["Timer successfully cancelled!"]
    assert await said(bots, one, "/unset") == ["You have no active timer."]
    clock.pass_(62)
    assert [(await each.tick()).ran for each in two] == [0, 0]
    assert beeps(bots) == []


async def test_the_other_instance_replaces_it(bots, clock, two):
    one, other = two
    await said(bots, one, "/set 60")
    assert await said(bots, other, "/set 120") == ["Timer successfully set! Old one was removed."]
    clock.pass_(62)
    assert [(await each.tick()).ran for each in two] == [0, 0]
    clock.pass_(60)
    assert (await one.tick()).ran + (await other.tick()).ran == 1
    assert beeps(bots) == ["Beep! 120.0 seconds are over!"]


async def test_wrong_arguments_set_nothing(bots, clock, two):
    one, other = two
    assert await said(bots, one, "/set") == ["Usage: /set <seconds>"]
    assert await said(bots, one, "/set -5") == ["Sorry we can not go back to future!"]
    clock.pass_(100)
    assert (await other.tick()).ran == 0
