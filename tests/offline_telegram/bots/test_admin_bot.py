"""An admin panel: statistics, settings of the bot, and a broadcast that survives blocks and flood control."""

from __future__ import annotations

import pytest
from telegram import BotCommandScopeChat, InlineKeyboardButton, InlineKeyboardMarkup, MenuButtonCommands
from telegram.error import Forbidden, RetryAfter
from telegram.ext import (
    CallbackQueryHandler,
    ChatMemberHandler,
    CommandHandler,
    ConversationHandler,
    MessageHandler,
    filters,
)

ADMIN = 42
TEXT = 0
PANEL = InlineKeyboardMarkup.from_row(
    [
        InlineKeyboardButton("Broadcast", callback_data="broadcast"),
        InlineKeyboardButton("People", callback_data="people"),
    ]
)


async def set_up(application):
    await application.bot.set_my_commands([("start", "Begin")])
    await application.bot.set_my_commands([("admin", "The panel")], scope=BotCommandScopeChat(ADMIN))
    await application.bot.set_my_description("I tell news.")
    await application.bot.set_chat_menu_button(ADMIN, MenuButtonCommands())


async def begin(update, context):
    context.bot_data.setdefault("people", []).append(update.effective_user.id)
    await update.message.reply_text("You get the news.")


async def panel(update, _context):
    await update.message.reply_text("What now?", reply_markup=PANEL)


async def people(update, context):
    await update.callback_query.answer(f"{len(context.bot_data.get('people', []))} people", show_alert=True)


async def ask(update, _context):
    await update.callback_query.answer()
    await update.callback_query.edit_message_text("Send me what everybody shall get.")
    return TEXT


async def send(context, person, message):
    for _ in range(3):
        try:
            await message.copy(person)
        except RetryAfter:
            continue  # a real bot sleeps
        except Forbidden:
            context.bot_data["people"].remove(person)
            return False
        return True
    return False


async def broadcast(update, context):
    sent = [await send(context, person, update.message) for person in list(context.bot_data["people"])]
    await update.message.reply_text(f"Sent to {sum(sent)} of {len(sent)}.")
    return ConversationHandler.END


async def left(update, context):
    if update.my_chat_member.new_chat_member.status == "kicked":
        context.bot_data.setdefault("left", []).append(update.effective_user.id)


def build(builder):
    application = builder.build()
    talk = ConversationHandler(
        [CallbackQueryHandler(ask, "broadcast")], {TEXT: [MessageHandler(~filters.COMMAND, broadcast)]}, [],
        name="broadcast", persistent=True,
    )  # fmt: skip
    application.add_handlers(
        [
            talk,
            CommandHandler("start", begin),
            CommandHandler("admin", panel, filters.User(ADMIN)),
            CallbackQueryHandler(people, "people"),
            ChatMemberHandler(left, ChatMemberHandler.MY_CHAT_MEMBER),
        ]
    )
    return application


@pytest.mark.filterwarnings("ignore:.*retry_after:telegram.warnings.PTBDeprecationWarning")
@pytest.mark.filterwarnings("ignore:If 'per_message=False':telegram.warnings.PTBUserWarning")
async def test_a_broadcast_skips_who_blocked_the_bot_and_waits_for_the_flood(start, telegram, ada, bo, texts):
    cy = telegram.user(8, "Cy")
    async with start(build) as app:
        await set_up(app)
        assert [one.command for one in await app.bot.get_my_commands(BotCommandScopeChat(ADMIN))] == ["admin"]
        for person in (bo, cy):
            assert texts(await person.send(app, "/start")) == ["You get the news."]
        assert await bo.send(app, "/admin") == []
        await ada.send(app, "/admin")
        await ada.press(app, "People")
        assert telegram.transcript[-1].text == "2 people"
        await cy.block(app)
        await ada.press(app, "Broadcast")
    async with start(build) as app:
        telegram.flood(5, method="copyMessage", times=2)
        news, result = await ada.send_photo(app, caption="News!")
        assert (news.chat.id, news.caption, result.text) == (bo.id, "News!", "Sent to 1 of 2.")
        assert (app.bot_data["people"], app.bot_data["left"]) == ([bo.id], [cy.id])
