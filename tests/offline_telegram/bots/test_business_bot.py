"""A business bot: it answers customers while the owner is away, and posts a summary in a channel."""

from __future__ import annotations

from telegram.ext import BusinessConnectionHandler, CommandHandler, MessageHandler, filters

CHANNEL = "@pond_news"


async def connected(update, context):
    connection = update.business_connection
    context.bot_data.setdefault("owners", {})[connection.id] = connection.user.id
    words = "I answer for you now." if connection.is_enabled else "Goodbye."
    await context.bot.send_message(connection.user_chat_id, words)


async def customer(update, context):
    message = update.business_message
    owner = context.bot_data["owners"][message.business_connection_id]
    if message.from_user.id == owner:
        return
    await context.bot.read_business_message(message.business_connection_id, message.chat.id, message.message_id)
    asked = context.bot_data.setdefault("asked", [])
    asked.append(message.from_user.first_name)
    await message.reply_text("We open at nine.")
    await context.bot.send_message(owner, f"{message.from_user.first_name} wrote: {message.text}")


async def summary(_update, context):
    asked = context.bot_data.get("asked", [])
    post = await context.bot.send_message(CHANNEL, f"Customers today: {len(asked)}")
    await post.pin()


def build(builder):
    application = builder.build()
    application.add_handlers(
        [
            BusinessConnectionHandler(connected),
            MessageHandler(filters.UpdateType.BUSINESS_MESSAGE, customer),
            CommandHandler("summary", summary),
        ]
    )
    return application


async def test_a_customer_is_answered_in_the_owners_name(start, telegram, ada, bo, texts):
    account = telegram.business_account(ada)
    telegram.channel(-400, "News", username="pond_news")
    async with start(build) as app:
        assert texts(await account.connect(app)) == ["I answer for you now."]
        answer, report = await bo.send(app, "Are you open?", chat=account.chat_with(bo))
        assert (answer.text, answer.from_user.id, answer.sender_business_bot.id) == (
            "We open at nine.",
            ada.id,
            app.bot.id,
        )
        assert (report.chat.id, report.text) == (ada.id, "Bo wrote: Are you open?")
        assert await ada.send(app, "I am back", chat=account.chat_with(bo)) == []
        [post] = await ada.send(app, "/summary")
        assert (post.text, post.sender_chat.title) == ("Customers today: 1", "News")
        assert texts(await account.connect(app, enabled=False)) == ["Goodbye."]
