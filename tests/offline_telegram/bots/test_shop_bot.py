"""A shop: a catalogue with buttons, an invoice with shipping, the last check, the payment and a refund."""

from __future__ import annotations

from telegram import InlineKeyboardButton, InlineKeyboardMarkup, LabeledPrice, ShippingOption
from telegram.ext import (
    CallbackQueryHandler,
    CommandHandler,
    MessageHandler,
    PreCheckoutQueryHandler,
    ShippingQueryHandler,
    filters,
)

GOODS = {"tea": ("Tea", 199), "cup": ("Cup", 900)}
ADMIN = 7


async def show(update, _context):
    buttons = [
        InlineKeyboardButton(f"{title} {price / 100:.2f} €", callback_data=key) for key, (title, price) in GOODS.items()
    ]
    await update.message.reply_photo(
        "shop-window", caption="What do you like?", reply_markup=InlineKeyboardMarkup.from_column(buttons)
    )


async def choose(update, context):
    query = update.callback_query
    title, price = GOODS[query.data]
    await query.answer(f"{title}, good choice!")
    await context.bot.send_invoice(
        query.from_user.id, title, f"One {title.lower()}.", query.data, provider_token="test", currency="EUR",
        prices=[LabeledPrice(title, price)], is_flexible=True, need_shipping_address=True,
    )  # fmt: skip


async def ship(update, _context):
    query = update.shipping_query
    if query.shipping_address.country_code != "GB":
        await query.answer(ok=False, error_message="We ship to Great Britain only.")
        return
    await query.answer(ok=True, shipping_options=[ShippingOption("post", "Post", [LabeledPrice("Post", 300)])])


async def check(update, context):
    query = update.pre_checkout_query
    sold = context.bot_data.setdefault("sold", {}).get(query.invoice_payload, 0)
    await query.answer(ok=sold < 1, error_message=None if sold < 1 else "Sold out, sorry.")


async def paid(update, context):
    payment = update.message.successful_payment
    sold = context.bot_data["sold"]
    sold[payment.invoice_payload] = sold.get(payment.invoice_payload, 0) + 1
    context.user_data.setdefault("orders", []).append(payment.telegram_payment_charge_id)
    await update.message.reply_text(f"Paid {payment.total_amount / 100:.2f} €. Thank you!")
    await context.bot.send_message(
        ADMIN, f"Send {payment.invoice_payload} to {payment.order_info.shipping_address.city}."
    )


def build(builder):
    application = builder.build()
    application.add_handlers(
        [
            CommandHandler("shop", show),
            CallbackQueryHandler(choose),
            ShippingQueryHandler(ship),
            PreCheckoutQueryHandler(check),
            MessageHandler(filters.SUCCESSFUL_PAYMENT, paid),
        ]
    )
    return application


async def test_an_order_until_it_is_sold_out(start, telegram, ada, bo, texts):
    async with start(build) as app:
        [window] = await ada.send(app, "/shop")
        assert [row[0].text for row in window.reply_markup.inline_keyboard] == ["Tea 1.99 €", "Cup 9.00 €"]
        [invoice] = await ada.press(app, "Tea 1.99 €")
        assert invoice.invoice.total_amount == 199
        assert texts(await ada.pay(app)) == ["Paid 4.99 €. Thank you!", "Send tea to London."]
        await bo.send(app, "/shop")
        await bo.press(app, "Tea 1.99 €")
        assert await bo.pay(app) == []
        assert str(telegram.transcript[-1]) == "Pip (toast): Sold out, sorry."
        await bo.press(app, "Cup 9.00 €")
        address = {
            "country_code": "FR",
            "state": "",
            "city": "Paris",
            "street_line1": "",
            "street_line2": "",
            "post_code": "",
        }
        assert await bo.pay(app, address=address) == []
        assert app.user_data[ada.id]["orders"] == ["charge-1"]
