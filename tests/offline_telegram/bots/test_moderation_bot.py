"""A moderator: it greets, deletes links of newcomers, warns, mutes on command and bans."""

from __future__ import annotations

import pytest
from telegram import ChatPermissions, MessageEntity
from telegram.ext import CommandHandler, MessageHandler, filters

LINKS = filters.Entity(MessageEntity.URL) | filters.CaptionEntity(MessageEntity.URL)


async def is_admin(update, context):
    member = await context.bot.get_chat_member(update.effective_chat.id, update.effective_user.id)
    return member.status in {"creator", "administrator"}


async def greet(update, _context):
    names = ", ".join(user.mention_html() for user in update.message.new_chat_members)
    await update.effective_chat.send_message(f"Welcome, {names}!", parse_mode="HTML")


async def link(update, context):
    if await is_admin(update, context):
        return
    await update.message.delete()
    warnings = context.chat_data.setdefault("warnings", {})
    user = update.effective_user
    warnings[user.id] = warnings.get(user.id, 0) + 1
    if warnings[user.id] < 2:
        await update.effective_chat.send_message(f"{user.first_name}, no links please.")
        return
    await context.bot.ban_chat_member(update.effective_chat.id, user.id)
    await update.effective_chat.send_message(f"{user.first_name} is banned.")


async def mute(update, context):
    if not await is_admin(update, context):
        await update.message.reply_text("You may not do that.")
        return
    user = update.message.reply_to_message.from_user
    await context.bot.restrict_chat_member(update.effective_chat.id, user.id, ChatPermissions.no_permissions())
    await update.message.reply_text(f"{user.first_name} is muted.")


def build(builder):
    application = builder.build()
    application.add_handlers(
        [
            MessageHandler(filters.StatusUpdate.NEW_CHAT_MEMBERS, greet),
            MessageHandler(LINKS, link),
            CommandHandler("mute", mute, filters.REPLY),
        ]
    )
    return application


async def test_rules_of_a_group(start, telegram, ada, bo, group, texts):  # noqa: PLR0913, PLR0917  fixtures
    telegram.set_member(group, ada, "creator")
    async with start(build) as app:
        [welcome] = await bo.join(app, group)
        assert welcome.text == "Welcome, Bo!"
        assert welcome.entities[0].user.id == bo.id
        assert texts(await bo.send(app, "see http://spam.com", chat=group)) == ["Bo, no links please."]
        assert await ada.send(app, "see http://ducks.org", chat=group) == []
        assert texts(await bo.send_photo(app, caption="spam.com", chat=group)) == ["Bo is banned."]
        assert not any("spam" in str(message.get("text")) for message in telegram.messages(group.id))
        with pytest.raises(PermissionError, match="Bo is banned"):
            await bo.send(app, "hello?", chat=group)


async def test_only_administrators_mute(start, telegram, ada, bo, group, texts):  # noqa: PLR0913, PLR0917  fixtures
    telegram.set_member(group, ada, "administrator")
    async with start(build) as app:
        await bo.join(app, group)
        [welcome] = await telegram.user(8, "Cy").join(app, group)
        assert texts(await bo.send(app, "/mute", chat=group, reply_to=welcome)) == ["You may not do that."]
        await bo.send(app, "I talk a lot", chat=group)
        assert texts(await ada.send(app, "/mute", chat=group, reply_to=telegram.newest(group))) == ["Bo is muted."]
        with pytest.raises(PermissionError, match="Bo is muted"):
            await bo.send(app, "but", chat=group)
