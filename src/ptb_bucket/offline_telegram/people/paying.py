"""A payment, step by step, as the client of a person does it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ptb_bucket.offline_telegram.json import JSON, message_key, picked
from ptb_bucket.offline_telegram.transcript import Line

if TYPE_CHECKING:
    from telegram import Message

    from ptb_bucket.offline_telegram.server import AnyApplication, Server

__all__ = ["ADDRESS", "Payment", "find_invoice"]

ADDRESS: JSON = {
    "country_code": "GB",
    "state": "",
    "city": "London",
    "street_line1": "12 St James's Square",
    "street_line2": "",
    "post_code": "SW1Y 4JH",
}
"""The address that a payment uses unless you pass another one."""


class Payment:
    """A person pays an invoice.

    Args:
        server: The server.
        user: Who pays.
        chat_id: The chat of the invoice.
        invoice: The parameters with which the bot made the invoice.
    """

    def __init__(self, server: Server, user: JSON, chat_id: int, invoice: JSON) -> None:
        self._server, self._user, self._chat_id, self._invoice = server, user, chat_id, invoice
        self._total = sum(price["amount"] for price in invoice["prices"])
        self._chosen: JSON = {}
        self.answers: list[Message] = []

    async def pay(self, app: AnyApplication, shipping: str | None, address: JSON, tip: int) -> None:
        """Do all steps. The bot may refuse at each, which ends the payment.

        Raises:
            LookupError: The bot did not answer a query, or it does not offer this shipping option.
        """
        self._total += tip
        if self._invoice.get("is_flexible") and not await self._ship(app, shipping, address):
            return
        details = {"currency": self._invoice["currency"], "total_amount": self._total}
        details |= {"invoice_payload": self._invoice["payload"]} | self._chosen
        if await self._ask(app, "pre_checkout_query", details):
            await self._charge(app, details)

    async def _ship(self, app: AnyApplication, shipping: str | None, address: JSON) -> bool:
        details = {"invoice_payload": self._invoice["payload"], "shipping_address": address}
        answer = await self._ask(app, "shipping_query", details)
        if not answer:
            return False
        options = answer["shipping_options"]
        option = next((one for one in options if shipping in {None, one["id"], one["title"]}), None)
        if option is None:
            raise LookupError(
                f"The bot offers no shipping option {shipping!r}. It offers {[one['id'] for one in options]}."
            )
        self._total += sum(price["amount"] for price in option["prices"])
        self._chosen = {"shipping_option_id": option["id"], "order_info": {"shipping_address": address}}
        return True

    async def _ask(self, app: AnyApplication, kind: str, details: JSON) -> Any:
        """Send a query. Return the bot's answer, or None if it refuses."""
        query_id = self._server.next_query_id(self._chat_id, kind)
        update = self._server.make_update(kind, {"id": query_id, "from": self._user} | details)
        self.answers += await self._server.deliver(app, update)
        answer = self._server.state.queries[query_id].get("answer")
        if answer is None:
            raise LookupError(
                f"The bot did not answer the {kind}. Telegram cancels a payment that is not answered within ten "
                f"seconds. Add a handler that calls update.{kind}.answer(ok=True)."
            )
        return answer if answer.get("ok") else None

    async def _charge(self, app: AnyApplication, details: JSON) -> None:
        number = len(self._server.state.payments) + 1
        charges = {"telegram_payment_charge_id": f"charge-{number}", "provider_payment_charge_id": f"provider-{number}"}
        payment = details | charges
        message = self._server.store_message(self._user, self._chat_id, {"successful_payment": payment})
        self._server.state.payments.append(payment | {"user": self._user, "date": message["date"]})
        said = f"{self._total} {details['currency']}"
        self._server.note(Line(self._user["first_name"], self._chat_id, said, "payment"))
        self.answers += await self._server.deliver(app, self._server.make_update("message", message))


def find_invoice(server: Server, chat_id: int, message: Message | None, link: str | None) -> JSON:
    """Return the parameters of an invoice: of a link, of a message, or the newest one of a chat.

    Raises:
        LookupError: It does not exist.
    """
    if link is not None:
        key: str | None = link
    elif message is not None:
        key = f"{chat_id}:{message.message_id}"
    else:
        key = next((message_key(one) for one in server.messages(chat_id) if "invoice" in one), None)
    found = server.state.invoices.get(key or "")
    if found is None:
        raise LookupError(
            f"Chat {chat_id} has no such invoice. Known invoices: {list(server.state.invoices) or 'none'}."
        )
    return picked(found, "currency", "payload", "prices", "is_flexible")
