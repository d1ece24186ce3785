"""The methods about money: links to invoices, stars and refunds."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ptb_bucket.offline_telegram.api.content import invoice
from ptb_bucket.offline_telegram.errors import ApiError
from ptb_bucket.offline_telegram.json import JSON, copied, picked

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ptb_bucket.offline_telegram.api.common import Method
    from ptb_bucket.offline_telegram.server import Server

__all__ = ["PAYMENT_METHODS"]


def _create_link(server: Server, parameters: JSON) -> str:
    invoice(parameters)
    link = f"https://t.me/$offline{len(server.state.invoices) + 1}"
    server.state.invoices[link] = copied(parameters)
    return link


def _stars(server: Server) -> list[JSON]:
    return [one for one in server.state.payments if one["currency"] == "XTR"]


def _balance(server: Server, _parameters: JSON) -> JSON:
    return {"amount": sum(0 if one.get("refunded") else one["total_amount"] for one in _stars(server))}


def _transactions(server: Server, parameters: JSON) -> JSON:
    found = []
    for one in _stars(server):
        partner = {"type": "user", "transaction_type": "invoice_payment", "user": one["user"]}
        partner |= picked(one, "invoice_payload")
        common = {"id": one["telegram_payment_charge_id"], "amount": one["total_amount"], "date": one["date"]}
        found.append(common | {"source": partner})
        if one.get("refunded"):
            found.append(common | {"date": one["refunded"], "receiver": partner})
    start = parameters.get("offset", 0)
    return {"transactions": found[start : start + parameters.get("limit", 100)]}


def _refund(server: Server, parameters: JSON) -> bool:
    for one in _stars(server):
        same = one["telegram_payment_charge_id"] == parameters["telegram_payment_charge_id"]
        if same and one["user"]["id"] == parameters["user_id"]:
            if one.get("refunded"):
                raise ApiError("Bad Request: CHARGE_ALREADY_REFUNDED")
            one["refunded"] = server.now()
            fields = ("currency", "total_amount", "invoice_payload", "telegram_payment_charge_id")
            refund = {"refunded_payment": picked(one, *fields)}
            server.store_message(server.state.bot, one["user"]["id"], refund)
            return True
    raise ApiError("Bad Request: CHARGE_ID_INVALID")


PAYMENT_METHODS: Mapping[str, Method] = {
    "createInvoiceLink": _create_link,
    "getMyStarBalance": _balance,
    "getStarTransactions": _transactions,
    "refundStarPayment": _refund,
}
