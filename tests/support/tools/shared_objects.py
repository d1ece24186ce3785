"""A record with one object at several places, and a bot that stores and loads it."""

from __future__ import annotations

import pytest
from telegram.ext import ExtBot

from ptb_bucket import BucketPersistence
from ptb_bucket.state import Record
from ptb_bucket.tools import import_memory, open_state, read_memory

BOT = ExtBot("123456:offline")
USER = Record.user(42)


class Cart:
    """A class that defines neither equality nor hash."""

    def __init__(self, items):
        self.items = items
        self.owner = None


def shared(*, own):
    """Make a record with one object at several places, and cycles, with or without a bot author's class."""
    hero = {"name": "Bo", "bag": ["rope"]}
    data = {"characters": [hero, {"name": "Al"}], "current": hero, "bags": [hero["bag"]]}
    hero["party"] = data["party"] = data["characters"]
    if own:
        data["cart"] = data["same"] = cart = Cart([hero])
        cart.owner = cart
    return data


def check(data, *, own):
    hero = data["current"]
    assert hero is data["characters"][0]
    assert hero["bag"] is data["bags"][0]
    assert hero["party"] is data["characters"] is data["party"]
    if own:
        cart = data["cart"]
        assert cart is data["same"] is cart.owner
        assert type(cart) is Cart
        assert cart.items[0] is hero


PLACES = [(layout, codec) for layout in ("single", "per-record") for codec in ("json", "pickle")]
IN_SHORT = {("single", "json"), ("per-record", "pickle")}
PARAMS = [
    pytest.param(place, marks=() if place in IN_SHORT else pytest.mark.long, id="-".join(place)) for place in PLACES
]


async def running(where):
    persistence = BucketPersistence(where, types=[Cart])
    persistence.set_bot(BOT)
    await persistence.get_user_data()
    return persistence


async def stored(where, data):
    persistence = await running(where)
    await persistence.update_user_data(42, data)
    await persistence.update_user_data(7, {"beside": 1})
    await persistence.flush()


async def loaded(where):
    persistence = BucketPersistence(where, types=[Cart])
    persistence.set_bot(BOT)
    return (await persistence.get_user_data())[42]


async def changed(where, change, *arguments, types=(), **more):
    async with open_state(where, types=types, keep_unknown=True) as state:
        return await change(state, USER, *arguments, **more)


async def imported(path, where):
    async with open_state(where, types=[Cart], bot_id="123456", create=True) as state:
        return await import_memory(state, read_memory(path, types=[Cart]))
