"""The contents of the documents in ``tests/fixtures/bots``: shared objects, handled updates, and one dropped user.

The release that wrote these documents runs this module, too. Use only public names of ptb-bucket here.
"""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from telegram.ext import CommandHandler, ConversationHandler, ExtBot, MessageHandler, filters

from ptb_bucket import BucketApplication, BucketPersistence, Sealing
from ptb_bucket.offline_telegram import OfflineTelegram
from support.documents.old_documents import TYPES, Item, Pair, Step

KEY = "YW5vdGhlciBrZXkgZm9yIHRlc3RzLCBub3RoaW5nIG1vcmU"
SEALINGS: dict[str, dict[str, Any]] = {"plain": {}, "sealed": {"encryption_keys": KEY}}
AXES = ("single", "per-type", "per-record"), ("json", "pickle"), tuple(SEALINGS)
"""The layouts, codecs and sealings."""
DROPPED = 5
"""A user that the bot has forgotten."""
ADA, GROUP = 42, -100123
FIRST_UPDATE = 700_001
UPDATES = [700_001, 700_002, 700_003]
CONVERSATIONS = {
    ("order", (GROUP, 7)): Step.SIZE,
    ("order", (43, 43)): ("paying", 2),
    ("Größe", (42, 'inline "id"')): "street",
}
KEYBOARDS = [
    ("0" * 31 + "1", 1767225600.25, {"a" * 32: ("chose", "tea"), "b" * 32: {"n": [1]}}),
    ("0" * 31 + "2", 1767225700.5, {"c" * 32: Pair(1, "z")}),
]
QUERIES = {"4242": "0" * 31 + "1"}


def _tour(name: str, tea: Item) -> dict[Any, Any]:
    """Build a user's data in which one list, one item and the data itself are stored at several places."""
    stops = ["Bath", "York"]
    data: dict[Any, Any] = {
        "name": name, "stops": stops, "favourites": [stops, tea], "basket": {"first": tea, (1, "a"): stops},
        "since": dt.datetime(2026, 3, 29, 3, 30, tzinfo=ZoneInfo("Europe/Berlin")),
        "seen": dt.datetime(2026, 1, 2, 3, 4, 5, 678, tzinfo=dt.timezone.utc),
    }  # fmt: skip
    data["self"] = data
    return data


def users() -> dict[int, dict[Any, Any]]:
    """Build user data before any update: users 1 and 2 share an item, and each of them refers to its parts twice."""
    tea = Item("tea", Decimal("2.50"), {"hot"})
    return {1: _tour("Ada", tea), 2: _tour("Bob", tea), 3: {"visits": [1, 2, 3], "step": Step.DONE, 7: {"a", 2}}}


def chats() -> dict[int, dict[Any, Any]]:
    """Build chat data before any update."""
    log = ["a", "b"]
    return {7: {"log": log, "latest": log}, GROUP: {"members": {42: "Ada"}}}


def bot_data() -> dict[Any, Any]:
    """Build bot_data before any update."""
    prices = {"tea": Decimal("2.50")}
    return {"people": {1, 2}, "prices": prices, "archive": [prices, prices], "since": dt.date(2026, 1, 1)}


def opened(where: object, layout: str, codec: str, how: str, **options: Any) -> BucketPersistence:
    """Open a persistence on one combination, without a bot."""
    sealing = Sealing(environment={}, **SEALINGS[how])
    return BucketPersistence(
        where, layout=layout, codec=codec, types=TYPES, sealing=sealing, refresh_interval=0, **options
    )


def with_bot(persistence: BucketPersistence) -> BucketPersistence:
    """Give a persistence its bot, as an Application does."""
    bot = OfflineTelegram().builder().arbitrary_callback_data(64).build().bot
    assert isinstance(bot, ExtBot)
    persistence.set_bot(bot)
    return persistence


async def write(where: object, *combination: str) -> None:
    """Store everything, drop one user, then let an application handle three updates."""
    persistence = with_bot(opened(where, *combination))
    await persistence.update_user_data(DROPPED, {"name": "Gone"})
    await persistence.update_bot_data(bot_data())
    for number, value in users().items():
        await persistence.update_user_data(number, value)
    for number, value in chats().items():
        await persistence.update_chat_data(number, value)
    for (name, key), state in CONVERSATIONS.items():
        await persistence.update_conversation(name, key, state)
    await persistence.update_callback_data((KEYBOARDS, QUERIES))
    await persistence.drop_user_data(DROPPED)
    await persistence.flush()
    await _handle_updates(opened(where, *combination))


async def _handle_updates(persistence: BucketPersistence) -> None:
    telegram = OfflineTelegram(first_update_id=FIRST_UPDATE)
    application = build(telegram, persistence)
    ada = telegram.user(ADA, "Ada")
    async with application:
        for text in ("/order", "/count", "/count"):
            await ada.send(application, text)


def build(telegram: OfflineTelegram, persistence: BucketPersistence) -> Any:
    """Build the bot: it remembers the updates that it has handled."""
    builder = telegram.builder().application_class(BucketApplication, {"save": "update", "dedupe": True})
    application = builder.persistence(persistence).arbitrary_callback_data(64).build()
    order = ConversationHandler(
        [CommandHandler("order", _order)], {Step.SIZE: [MessageHandler(filters.Regex("^big$"), _order)]}, [],
        name="order", persistent=True,
    )  # fmt: skip
    application.add_handlers([order, CommandHandler("count", _count)])
    return application


async def _order(_update: Any, _context: Any) -> Step:
    return Step.SIZE


async def _count(_update: Any, context: Any) -> None:
    context.user_data["count"] = context.user_data.get("count", 0) + 1
    context.bot_data["count"] = context.bot_data.get("count", 0) + 1


async def read(persistence: BucketPersistence) -> dict[str, Any]:
    """Load everything that PTB asks for."""
    names = dict.fromkeys(name for name, _ in CONVERSATIONS)
    return {
        "bot": await persistence.get_bot_data(),
        "chats": await persistence.get_chat_data(),
        "users": await persistence.get_user_data(),
        "callback": await persistence.get_callback_data(),
        "conversations": {name: await persistence.get_conversations(name) for name in names},
    }


def expected() -> dict[str, Any]:
    """Build the value that :func:`read` returns after :func:`write`."""
    conversations: dict[str, dict[Any, Any]] = {}
    for (name, key), state in [*CONVERSATIONS.items(), (("order", (ADA, ADA)), Step.SIZE)]:
        conversations.setdefault(name, {})[key] = state
    return {
        "bot": bot_data() | {"count": 2},
        "chats": chats(),
        "users": users() | {ADA: {"count": 2}},
        "callback": (KEYBOARDS, QUERIES),
        "conversations": conversations,
    }
