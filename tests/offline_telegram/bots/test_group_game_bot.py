"""Noughts and crosses in a group: turns, a board of buttons, and a score that stays in the chat."""

from __future__ import annotations

from telegram import InlineKeyboardButton, InlineKeyboardMarkup
from telegram.ext import CallbackQueryHandler, CommandHandler

LINES = ("012", "345", "678", "036", "147", "258", "048", "246")


def board(fields):
    buttons = [
        InlineKeyboardButton(mark or str(place + 1), callback_data=str(place)) for place, mark in enumerate(fields)
    ]
    return InlineKeyboardMarkup([buttons[:3], buttons[3:6], buttons[6:]])


async def begin(update, context):
    rival = update.message.reply_to_message and update.message.reply_to_message.from_user
    if rival is None or rival.is_bot:
        await update.message.reply_text("Reply to the person whom you challenge.")
        return
    players = [(update.effective_user.id, update.effective_user.first_name), (rival.id, rival.first_name)]
    game = {"players": players, "fields": [""] * 9, "turn": 0}
    sent = await update.effective_chat.send_message(f"{players[0][1]} begins.", reply_markup=board(game["fields"]))
    context.chat_data[sent.message_id] = game


async def move(update, context):
    query = update.callback_query
    game = context.chat_data[query.message.message_id]
    place, (player, name) = int(query.data), game["players"][game["turn"]]
    if query.from_user.id != player:
        await query.answer(f"It is the turn of {name}.", show_alert=True)
        return
    if game["fields"][place]:
        await query.answer("Taken.")
        return
    game["fields"][place] = "XO"[game["turn"]]
    await query.answer()
    if any(len({game["fields"][int(one)] for one in line}) == 1 and game["fields"][int(line[0])] for line in LINES):
        wins = context.chat_data.setdefault("wins", {})
        wins[name] = wins.get(name, 0) + 1
        await query.edit_message_text(f"{name} wins!")
        await query.message.set_reaction("🏆")
        return
    game["turn"] = 1 - game["turn"]
    await query.edit_message_text(
        f"It is the turn of {game['players'][game['turn']][1]}.", reply_markup=board(game["fields"])
    )


async def score(update, context):
    wins = context.chat_data.get("wins", {})
    await update.message.reply_text(", ".join(f"{name}: {number}" for name, number in wins.items()) or "No games yet.")


def build(builder):
    application = builder.build()
    application.add_handlers(
        [CommandHandler("play", begin), CommandHandler("score", score), CallbackQueryHandler(move)]
    )
    return application


async def test_a_game_across_a_restart(start, telegram, ada, bo, group, texts):  # noqa: PLR0913, PLR0917  fixtures
    async with start(build) as app:
        assert texts(await ada.send(app, "/play", chat=group)) == ["Reply to the person whom you challenge."]
        await bo.send(app, "I am good at games", chat=group)
        [game] = await ada.send(app, "/play", chat=group, reply_to=telegram.newest(group))
        assert await bo.press(app, "1", chat=group) == []
        assert telegram.transcript[-1].text == "It is the turn of Ada."
        await ada.press(app, "1", chat=group)
        await bo.press(app, "5", chat=group)
    async with start(build) as app:
        await ada.press(app, "2", chat=group)
        await bo.press(app, "9", chat=group)
        [end] = await ada.press(app, "3", chat=group)
        assert (end.message_id, end.text, end.reply_markup) == (game.message_id, "Ada wins!", None)
        assert texts(await bo.send(app, "/score", chat=group)) == ["Ada: 1"]
