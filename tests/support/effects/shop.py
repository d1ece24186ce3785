"""The shop of the examples with its world: a bucket, Telegram, the books and the warehouse, which outlive a kill."""

from __future__ import annotations

import asyncio
import contextlib
import importlib.util
from pathlib import Path

from telegram import Update

from ptb_bucket._aio import Backoff, RetryPolicy
from ptb_bucket.errors import OutcomeUnknownError, UnsavedError
from ptb_bucket.offline_telegram import OfflineRequest, OfflineTelegram
from support.effects.killing import Process, World, run_killed

__all__ = ["CountingShop", "HastyShop", "Street", "bot", "check", "deliver", "one_kill", "one_outage"]

BOT = Path(__file__).parents[3] / "examples" / "shop_bot" / "bot.py"


def _load():
    spec = importlib.util.spec_from_file_location("shop_bot", BOT)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


bot = _load()


class Stepping(OfflineRequest):
    """A connection to Telegram that takes a step before a call is carried out, and one before it is answered."""

    def __init__(self, telegram, process):
        super().__init__(telegram)
        self._process = process

    async def do_request(self, *args, **kwargs):
        await self._process.step()
        answer = await super().do_request(*args, **kwargs)
        await self._process.step()
        return answer


class Service:
    """An outside service, as a process calls it."""

    def __init__(self, inner, process):
        self._inner, self._process = inner, process

    def __getattr__(self, name):
        async def call(*args):
            await self._process.step()
            self._process.calls.append(name)
            answer = await getattr(self._inner, name)(*args)
            await self._process.step()
            return answer

        return call


class CountingShop(bot.Shop):
    """A shop that counts payments before it does anything else, books each twice, and notes which bookings returned."""

    returned = 0

    async def take_payment(self, update, context):
        context.user_data["payments"] = context.user_data.get("payments", 0) + 1
        await super().take_payment(update, context)
        self.returned += 1  # its result is durable
        await context.application.once("book again", self.books.book, "T1", 50)


class HastyShop(CountingShop):
    """A shop that hands out the goods while the update is handled, and asks nobody how that ended."""

    async def take_payment(self, update, context):
        order = update.effective_message.successful_payment.telegram_payment_charge_id
        with contextlib.suppress(OutcomeUnknownError):
            await context.application.once("goods", self.warehouse.hand_out, order, at_most_once=True)


class Street(World):
    """The world of the shop.

    Args:
        layout: The layout of the bot's state.
        shop: The class of the shop, which may have a deliberate bug.
    """

    def __init__(self, layout, shop=None):
        super().__init__(layout)
        shop = shop or CountingShop
        self.telegram, self._shop = OfflineTelegram(), shop
        self.ada = self.telegram.user(42, "Ada")
        self.books, self.warehouse = bot.Books(), bot.Warehouse()
        self.calls = []

    async def start(self, process, **options):
        """Start an instance in a process."""
        process.shop = shop = self._shop(Service(self.books, process), Service(self.warehouse, process))
        builder = self.telegram.connect(bot.new_builder(shop, self.store(process), layout=self.layout, **options))
        builder.request(Stepping(self.telegram, process))
        application = bot.build_application(builder, shop)
        application.runs = False
        await application.initialize()
        return application

    def updates(self):
        """Return the two updates of a payment."""
        person, money = {"id": 42, "first_name": "Ada", "is_bot": False}, {"currency": "XTR", "total_amount": 50}
        query = {"id": "1", "from": person, "invoice_payload": "book", **money}
        ids = {"telegram_payment_charge_id": "T1", "provider_payment_charge_id": "P1"}
        paid = {"successful_payment": {"invoice_payload": "book", **money, **ids}}
        chat = {"id": 42, "type": "private", "first_name": "Ada"}
        message = {"message_id": 900, "date": 1, "chat": chat, "from": person, **paid}
        updates = [
            self.telegram.make_update("pre_checkout_query", query), self.telegram.make_update("message", message)
        ]  # fmt: skip
        for update in updates:
            self.telegram.server.learn(update)
        return updates

    @property
    def messages(self):
        return [line.text for line in self.telegram.transcript if "Your code" in line.text]

    async def finish(self, updates, clock):
        """Let a new process handle both updates again, and tick until nothing is left; return the customer's data."""
        process = Process()
        application = await self.start(process)
        await deliver(application, updates)
        for _ in range(3):
            clock.pass_(100)
            ticked = await application.tick()
            assert ticked.errors == []
        await application.load_data(user_ids=42)
        data = dict(application.user_data[42])
        self.calls = process.calls
        await application.shutdown()
        return data


async def deliver(application, updates):
    for update in updates:
        await application.process_update(Update.de_json(update, application.bot))


async def one_kill(street, steps, clock, *, beside=False):
    """Kill the first process after some steps, then let a second one finish.

    Args:
        street: The world.
        steps: After how many steps.
        clock: The time of day.
        beside: Another process handles the same updates at the same time, and is not killed.

    Returns:
        Whether the process had ended before it was killed, the repeats, and the trace of a repeat.
    """
    process, updates = Process(), street.updates()
    application = await street.start(process)
    other = await street.start(Process()) if beside else None
    second = asyncio.ensure_future(deliver(other, updates)) if other else None
    ended = await run_killed(process, deliver(application, updates), steps)
    if other:
        await second
        await other.shutdown()
    sent, last = len(street.messages), process.requests[-1:]
    repeats = check(street, await street.finish(updates, clock), sent)
    if not beside:  # the other one has its own results
        assert street.calls.count("book") <= 2 - process.shop.returned, (
            "charges: a result that was returned is repeated"
        )
    return ended, repeats, f"killed after step {steps}, last request {last}"


async def one_outage(street, calm, clock):
    """Let the bucket fail from one of the puts on, until the update fails, and deliver it to the same process again.

    Returns:
        Whether there was no such put.
    """
    process, updates = Process(), street.updates()
    application = await street.start(process, commit_timeout=0.05)
    process.puts_until_outage = calm
    for update in updates:
        with contextlib.suppress(UnsavedError):
            await deliver(application, [update])
    was_calm, process.puts_until_outage = process.puts_until_outage > 0, None
    replica = application._sync.live.replica
    replica.documents.retry_policy = RetryPolicy(60, Backoff())  # a busy machine is not an outage
    await deliver(application, updates)
    await application.shutdown()
    check(street, await street.finish(updates, clock), sent=True)
    return was_calm


def check(street, data, sent):
    """Check what has happened, and return how often the message was repeated."""
    assert list(street.books.bookings.items()) == [("T1", 50)], "charges"
    assert [order for order, _ in street.warehouse.handed_out] == ["T1"], "goods"
    assert data == {"payments": 1, "orders": {"T1": {"amount": 50, "booking": 1, "code": "CODE-1"}}}, "data"
    assert set(street.messages) == {"Thank you! Your code is CODE-1."}, "messages"
    repeats = len(street.messages) - 1
    assert repeats == 0 or sent, "a message may repeat only if the killed process had sent it"
    assert repeats < 2, "messages repeat"
    return repeats
