"""Tests that switching takes one line: a bot says the same with PicklePersistence and with BucketPersistence."""

from __future__ import annotations

import pytest
from telegram import InlineKeyboardButton, InlineKeyboardMarkup
from telegram.ext import (
    CallbackQueryHandler,
    CommandHandler,
    ConversationHandler,
    InvalidCallbackData,
    MessageHandler,
    PicklePersistence,
)

from ptb_bucket import BucketPersistence
from support.applications.restarting_bot import WORDS, Step, World, order, say


def bucket(folder, **options):
    return lambda: BucketPersistence(f"file:{folder}/state", types=[Step], **options)


SWITCHED = {
    "json": bucket,
    "pickle": lambda folder: bucket(folder, codec="pickle"),
    "per-type": lambda folder: bucket(folder, layout="per-type"),
    "on_flush": lambda folder: bucket(folder, on_flush=True),
    "refreshed": lambda folder: bucket(folder, refresh_interval=0),
}


async def remember(update, context):
    """Say everything that the bot knows, in a form that shows int keys, tuples, sets and dates."""
    word = update.message.text
    context.user_data.setdefault("words", []).append(word)
    context.user_data.setdefault(len(word), {"first": update.message.date})["last"] = (word, None)
    context.chat_data.setdefault("lengths", set()).add(len(word))
    context.bot_data[update.effective_user.id] = context.bot_data.get(update.effective_user.id, 0.5) + 1
    known = (context.user_data, sorted(context.chat_data["lengths"]), context.bot_data)
    await update.message.reply_text(repr(known))


async def vote(update, context):
    """Send buttons that carry objects."""
    votes = context.chat_data.setdefault("votes", {})
    row = [InlineKeyboardButton(name, callback_data=(name, len(votes))) for name in ("yes", "no")]
    await update.message.reply_text("Vote!", reply_markup=InlineKeyboardMarkup([row]))


async def voted(update, context):
    """Count the vote, show it on the keyboard's message, and forget some keyboards."""
    query = update.callback_query
    await query.answer()
    if isinstance(query.data, InvalidCallbackData):
        await query.message.reply_text("forgotten")
        return
    votes = context.chat_data.setdefault("votes", {})
    votes[query.data] = votes.get(query.data, 0) + 1
    await query.message.reply_text(repr(votes))


async def clear(update, context):
    """Empty the user's data, drop the chat's data, migrate it and move on."""
    context.user_data.clear()
    context.application.drop_chat_data(update.effective_chat.id)
    await update.message.reply_text("cleared")


def survey() -> ConversationHandler:
    """Make a conversation with falsy and negative-looking states, separate for each person in a group."""
    return ConversationHandler(
        [CommandHandler("survey", say("How many?", 0))],
        {0: [MessageHandler(WORDS, say("Really?", ""))], "": [MessageHandler(WORDS, say("Fine.", -1))]},
        [],
        name="a survey's [name]",
        persistent=True,
        per_chat=False,
    )


HANDLERS = (
    order,
    survey,
    lambda: CommandHandler("vote", vote),
    lambda: CommandHandler("clear", clear),
    lambda: CallbackQueryHandler(voted),
    lambda: MessageHandler(WORDS, remember),
)
RUNS = [
    ["ada one", "bo one two", "ada /order", "bo /vote"],
    ["ada big", "ada Main Street", "bo [yes]", "bo /survey"],
    ["bo seven", "ada London", "ada three four", "bo [no]", "ada /vote"],
    [],
    ["ada cash", "ada five", "bo sure", "bo six", "ada [yes]", "ada /clear"],
    ["ada anew", "bo /order", "bo small", "ada /survey", "bo still here"],
    ["bo /cancel", "ada many", "bo eight", "ada yes indeed", "ada nine"],
]


async def transcript(folder, make) -> list[str]:
    """Play all runs, each with a new Application; return the bot's answers."""
    world = World(folder, handlers=HANDLERS)
    people = {"ada": world.telegram.user(42, "Ada"), "bo": world.telegram.user(43, "Bo")}
    friends = world.telegram.group(-100, "Friends")
    for number, lines in enumerate(RUNS):
        async with world.build(make()) as app:
            await app.start()
            for line in lines:
                name, _, words = line.partition(" ")
                if words.startswith("["):
                    await people[name].press(app, words[1:-1])
                else:
                    await people[name].send(app, words)
                await people[name].send(app, "in the group", chat=friends)
            if number % 2:
                await app.update_persistence()
            await app.stop()
    assert world.errors == []
    return [str(line) for line in world.telegram.transcript]


@pytest.mark.parametrize("switched", SWITCHED)
async def test_the_same_bot_says_the_same(tmp_path, switched):
    said = await transcript(tmp_path, lambda: PicklePersistence(tmp_path / "bot.pickle"))
    assert await transcript(tmp_path, SWITCHED[switched](tmp_path)) == said
    assert any("Thanks." in line for line in said)
    assert any("('yes', 0): 1" in line and "('no', 0): 1" in line for line in said)
    assert len(said) > 100


async def test_without_persistence_it_says_something_else(tmp_path):
    """This shows that the transcripts differ if something is lost."""
    said = await transcript(tmp_path, bucket(tmp_path))
    assert await transcript(tmp_path, lambda: BucketPersistence("memory:", types=[Step])) != said
