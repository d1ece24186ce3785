"""An inline bot: it offers a text in several styles, pages its results, and counts what people choose."""

from __future__ import annotations

from telegram import InlineKeyboardButton, InlineKeyboardMarkup, InlineQueryResultArticle, InputTextMessageContent
from telegram.constants import ParseMode
from telegram.ext import CallbackQueryHandler, ChosenInlineResultHandler, InlineQueryHandler
from telegram.helpers import escape_markdown

STYLES = {"bold": "*{}*", "italic": "_{}_", "code": "`{}`"}
LIKE = InlineKeyboardMarkup.from_button(InlineKeyboardButton("Like", callback_data="like"))


def result(style, text):
    content = InputTextMessageContent(STYLES[style].format(escape_markdown(text, 2)), ParseMode.MARKDOWN_V2)
    return InlineQueryResultArticle(style, style.title(), content, reply_markup=LIKE)


async def offer(update, _context):
    query = update.inline_query
    first = int(query.offset or 0)
    styles = list(STYLES)[first : first + 2] if query.query else []
    following = str(first + 2) if first + 2 < len(STYLES) else ""
    await query.answer([result(style, query.query) for style in styles], next_offset=following, cache_time=0)


async def count(update, context):
    chosen = context.user_data.setdefault("chosen", {})
    chosen[update.chosen_inline_result.result_id] = chosen.get(update.chosen_inline_result.result_id, 0) + 1


async def like(update, context):
    query = update.callback_query
    likes = context.bot_data.setdefault("likes", {})
    likes[query.inline_message_id] = likes.get(query.inline_message_id, 0) + 1
    await query.answer("Thank you")
    button = InlineKeyboardButton(f"Liked {likes[query.inline_message_id]}", callback_data="like")
    await query.edit_message_reply_markup(InlineKeyboardMarkup.from_button(button))


def build(builder):
    application = builder.build()
    application.add_handlers([InlineQueryHandler(offer), ChosenInlineResultHandler(count), CallbackQueryHandler(like)])
    return application


async def test_a_style_is_chosen_and_liked(start, telegram, ada, bo, group):
    async with start(build) as app:
        assert await ada.ask_inline(app, "") == []
        assert [one["id"] for one in await ada.ask_inline(app, "1.5!", offset="2")] == ["code"]
        assert [one["title"] for one in await ada.ask_inline(app, "1.5!")] == ["Bold", "Italic"]
        await ada.choose_inline(app, "bold", chat=group)
        message = next(telegram.messages(group.id))
        assert (message["text"], message["entities"][0]["type"]) == ("1.5!", "bold")
        await bo.press(app, "Like", chat=group)
        [answer] = await ada.press(app, "Liked 1", chat=group)
        assert answer.reply_markup.inline_keyboard[0][0].text == "Liked 2"
        assert app.user_data[ada.id]["chosen"] == {"bold": 1}
