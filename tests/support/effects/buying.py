"""Handlers that charge for an order with once(), and processes that end before they have saved."""

from __future__ import annotations

import pytest

charged = []


async def charge(order, amount=5):
    charged.append(order)
    return {"id": len(charged), "amount": amount, "tags": ("a", "b")}


class Cut(BaseException):
    """The process ends here."""


def buying(results, *, then=None, function=charge, args=(7,), **options):
    async def buy(context):
        results.append(await context.application.once("charge", function, *args, **options))
        context.user_data["paid"] = context.user_data.get("paid", 0) + 1
        if then:
            then()

    return buy


async def killed(bots, handle, update=None, **options):
    """Let a process handle an update and end before it has saved; return the update."""
    application = bots.build(handle, **options)
    await application.initialize()
    update = update or bots.update()
    with pytest.raises(Cut):
        await bots.deliver(application, update)
    await application.discard()
    return update


def cut():
    raise Cut
