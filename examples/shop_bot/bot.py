"""A shop that takes a Telegram payment, books it once, hands out the goods once, and says so at least once.

It reads the environment: ``TELEGRAM_BOT_TOKEN``, and ``PTB_BUCKET_URI`` such as ``s3://my-bucket/{bot_id}``; without
it, the state is in ``./bot-data``.
"""

from __future__ import annotations

import itertools
import os
from typing import Any

from ptb_bucket import BucketApplication, BucketApplicationBuilder, bucket_application
from ptb_bucket.errors import OutcomeUnknownError
from telegram import LabeledPrice, Update
from telegram.ext import CommandHandler, ContextTypes, MessageHandler, PreCheckoutQueryHandler, filters

PRICE = 50
Context = ContextTypes.DEFAULT_TYPE


class Books:
    """The books, an outside service that accepts a key with each booking. A second booking with that key has no effect.

    Replace it with your accounting or payment service. Most of them accept such a key ("idempotency key").
    """

    def __init__(self) -> None:
        self.bookings: dict[str, int] = {}

    async def book(self, key: str, amount: int) -> int:
        """Book a payment, and return the number of the booking."""
        self.bookings.setdefault(key, amount)
        return list(self.bookings).index(key) + 1


class Warehouse:
    """The warehouse, an outside service without such keys: it hands out goods as often as you ask.

    But it can be asked what it has handed out. Replace it with your own.
    """

    def __init__(self) -> None:
        self.handed_out: list[tuple[str, str]] = []
        self._numbers = itertools.count(1)

    async def hand_out(self, order: str) -> str:
        """Hand out the goods of an order: a code."""
        code = f"CODE-{next(self._numbers)}"
        self.handed_out.append((order, code))
        return code

    async def find(self, order: str) -> str | None:
        """Return what was handed out for an order; None if nothing was."""
        return next((code for each, code in self.handed_out if each == order), None)


class Shop:
    """The handlers and the job of the shop.

    Args:
        books: Books payments.
        warehouse: Hands out goods.
    """

    def __init__(self, books: Any = None, warehouse: Any = None) -> None:
        self.books, self.warehouse = books or Books(), warehouse or Warehouse()

    async def buy(self, update: Update, _context: Context) -> None:
        """Send an invoice."""
        prices = [LabeledPrice("A good book", PRICE)]
        await update.effective_message.reply_invoice(
            "A good book", "You get a code to download it.", "book", "XTR", prices
        )

    async def check_out(self, update: Update, _context: Context) -> None:
        """Say whether the order can be fulfilled. Telegram charges the user then."""
        query = update.pre_checkout_query
        if query.invoice_payload == "book":
            await query.answer(ok=True)
        else:
            await query.answer(ok=False, error_message="We do not sell this any more.")

    async def take_payment(self, update: Update, context: Context) -> None:
        """Book the payment, note the order, and have it delivered after both are saved."""
        payment = update.effective_message.successful_payment
        order, amount = payment.telegram_payment_charge_id, payment.total_amount
        booking = await context.application.once("book", self.books.book, order, amount)
        context.user_data.setdefault("orders", {})[order] = {"amount": amount, "booking": booking}
        context.application.after_commit(self.deliver, {"order": order})

    async def deliver(self, context: Context) -> None:
        """Hand out the goods once, and send the code at least once: Telegram has no key for a message."""
        order = context.job.data["order"]
        code = await self._code(context, order)
        context.user_data["orders"][order]["code"] = code
        await context.bot.send_message(context.job.chat_id, f"Thank you! Your code is {code}.")

    async def _code(self, context: Context, order: str) -> str:
        """Return the code of an order. If nobody recorded whether the goods were handed out, ask the warehouse."""
        once, hand_out = context.application.once, self.warehouse.hand_out
        try:
            return await once("goods", hand_out, order, at_most_once=True)
        except OutcomeUnknownError:
            return await self.warehouse.find(order) or await once("goods, again", hand_out, order)


def build_application(builder: BucketApplicationBuilder | None = None, shop: Shop | None = None) -> BucketApplication:
    """Build the bot.

    Args:
        builder: One that brings its own connection to Telegram, for tests; else the token is read from the environment.
        shop: The shop with its services.
    """
    shop = shop or Shop()
    application = (builder or new_builder(shop).token(read_token())).build()
    application.add_handler(CommandHandler("buy", shop.buy))
    application.add_handler(PreCheckoutQueryHandler(shop.check_out))
    application.add_handler(MessageHandler(filters.SUCCESSFUL_PAYMENT, shop.take_payment))
    return application


def new_builder(shop: Shop, where: Any = None, **options: Any) -> BucketApplicationBuilder:
    """Return a builder: the state in a bucket, jobs too, and each update handled once."""
    where = where or os.environ.get("PTB_BUCKET_URI", "file:./bot-data")
    return bucket_application(where, save="update", dedupe=True, jobs="bucket", callbacks=[shop.deliver], **options)


def read_token() -> str:
    """Return the bot's token, or end the program with a sentence that says what is missing."""
    if token := os.environ.get("TELEGRAM_BOT_TOKEN"):
        return token
    raise SystemExit("Set TELEGRAM_BOT_TOKEN to your bot's token, which @BotFather gives you.")


if __name__ == "__main__":
    build_application().run_polling()
