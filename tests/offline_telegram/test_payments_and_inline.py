"""Payments, business messages, inline results and games: each is asked, answered and seen by later calls."""

from __future__ import annotations

import pytest
import telegram as ptb
from telegram.error import BadRequest
from telegram.ext import (
    CallbackQueryHandler,
    ChosenInlineResultHandler,
    InlineQueryHandler,
    MessageHandler,
    PreCheckoutQueryHandler,
    ShippingQueryHandler,
    filters,
)


async def test_business_messages(app, seen, telegram, ada, bo):
    bot = app.bot
    account = telegram.business_account(ada)
    await account.connect(app)
    chat = account.chat_with(bo)
    await bo.send(app, "are you open?", chat=chat)
    assert seen[0].business_connection.user.id == ada.id
    message = seen[1].business_message
    answer = await bot.send_message(bo.id, "yes", business_connection_id=message.business_connection_id)
    assert (answer.from_user.id, answer.sender_business_bot.id) == (ada.id, bot.id)
    await account.connect(app, enabled=False)
    with pytest.raises(BadRequest, match=r"(?i)business_connection_invalid"):
        await bot.send_message(bo.id, "?", business_connection_id=message.business_connection_id)


async def test_payments_with_shipping_and_stars(stage, telegram, ada):
    seen = []

    async def shipping(update, _context):
        options = [ptb.ShippingOption("fast", "Fast", [ptb.LabeledPrice("Courier", 50)])]
        await update.shipping_query.answer(ok=True, shipping_options=options)

    async def check(update, _context):
        stocked = update.pre_checkout_query.invoice_payload != "sold out"
        await update.pre_checkout_query.answer(ok=stocked, error_message=None if stocked else "Sold out")

    async def paid(update, _context):
        seen.append(update.message.successful_payment)
        await update.message.reply_text("thanks")

    handlers = ShippingQueryHandler(shipping), PreCheckoutQueryHandler(check)
    async with stage(*handlers, MessageHandler(filters.SUCCESSFUL_PAYMENT, paid)) as app:
        tea = ("Tea", "A cup", "tea", "EUR", [ptb.LabeledPrice("Tea", 199)])
        await app.bot.send_invoice(
            ada.id, *tea[:3], provider_token="p", currency="EUR", prices=tea[4], is_flexible=True
        )
        assert [answer.text for answer in await ada.pay(app, shipping="Fast", tip=1)] == ["thanks"]
        assert (seen[0].total_amount, seen[0].shipping_option_id) == (250, "fast")
        star = [ptb.LabeledPrice("Star", 5)]
        await app.bot.send_invoice(ada.id, "T", "t", "sold out", currency="XTR", prices=star)
        assert await ada.pay(app) == []
        assert telegram.transcript[-1].text == "Sold out"
        link = await app.bot.create_invoice_link("T", "t", "club", currency="XTR", prices=star)
        await ada.pay(app, link=link)
        assert (await app.bot.get_my_star_balance()).amount == 5
        await app.bot.refund_star_payment(ada.id, seen[1].telegram_payment_charge_id)
        assert (await app.bot.get_my_star_balance()).amount == 0
        with pytest.raises(BadRequest, match=r"(?i)charge_already_refunded"):
            await app.bot.refund_star_payment(ada.id, seen[1].telegram_payment_charge_id)


async def test_a_payment_that_nobody_answers_is_loud(app, bot, ada):
    await bot.send_invoice(ada.id, "T", "t", "p", currency="XTR", prices=[ptb.LabeledPrice("Star", 5)])
    with pytest.raises(LookupError, match="did not answer the pre_checkout_query"):
        await ada.pay(app)


async def test_inline_results_are_chosen_and_can_be_edited(stage, ada):
    chosen = []

    async def answer(update, _context):
        button = ptb.InlineKeyboardMarkup.from_button(ptb.InlineKeyboardButton("more", callback_data="m"))
        text = ptb.InputTextMessageContent(update.inline_query.query.upper())
        photo = ptb.InlineQueryResultCachedPhoto("2", "photo-id", caption="duck")
        await update.inline_query.answer([ptb.InlineQueryResultArticle("1", "T", text, reply_markup=button), photo])

    async def pick(update, _context):
        chosen.append(update.chosen_inline_result.inline_message_id)

    async def more(update, _context):
        await update.callback_query.edit_message_text("more tea")

    async with stage(InlineQueryHandler(answer), ChosenInlineResultHandler(pick), CallbackQueryHandler(more)) as app:
        results = await ada.ask_inline(app, "tea")
        assert [one["id"] for one in results] == ["1", "2"]
        await ada.choose_inline(app, "2")
        await ada.choose_inline(app, "1")
        [edited] = await ada.press(app, "more")
        assert (edited.text, edited.via_bot.id) == ("more tea", app.bot.id)
        with pytest.raises(LookupError, match="no result '3'"):
            await ada.choose_inline(app, "3")
    assert chosen[0] is None
    assert chosen[1]
    async with stage() as app:
        with pytest.raises(LookupError, match="has not answered"):
            await ada.ask_inline(app, "tea")


async def test_game_buttons(stage, telegram, ada):
    async def play(update, _context):
        await update.callback_query.answer(url=f"https://example.org/{update.callback_query.game_short_name}")

    query = telegram.server.next_query_id(ada.id, "inline_query")
    async with stage(CallbackQueryHandler(play)) as app:
        with pytest.raises(BadRequest, match=r"(?i)query is too old"):
            await app.bot.answer_callback_query(query)
        button = ptb.InlineKeyboardButton("Play", callback_game=ptb.CallbackGame())
        await app.bot.send_game(ada.id, "duck", reply_markup=ptb.InlineKeyboardMarkup.from_button(button))
        await ada.press(app, "Play")
