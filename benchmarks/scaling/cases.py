"""The measured cases (layout, codec, place and number of users), and their bot."""

from __future__ import annotations

from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from far import Far
from people import people
from telegram.ext import ConversationHandler, MessageHandler, filters

from ptb_bucket.stores import LocalStore, MemoryStore, MeteredStore, open_store

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from ptb_bucket.stores import BlobStore

__all__ = ["LATENCY", "NAME", "Case", "Place", "conversation", "named", "on_demand", "opened", "states", "users_of"]

LATENCY: Final = {"get": 0.020, "put": 0.040}
"""The seconds that a request takes on the way, in addition to the store's own time."""
NAME: Final = "order"
FIRST: Final = 100_000
EVERY: Final = 10
"""One in this many users is in the middle of a conversation."""


@dataclass(frozen=True)
class Case:
    """A bot's state; ``where`` is a directory or a URI, empty for memory."""

    layout: str
    codec: str
    place: str
    users: int
    where: str = ""
    runs: int = 5


def users_of(case: Case) -> dict[int, dict[str, Any]]:
    """Return the data of all users."""
    return people(case.users)


def named(case: Case) -> int:
    """Return the ID of the user who sends updates, in the middle."""
    return FIRST + case.users // 2


def states(case: Case) -> dict[tuple[int, int], str]:
    """Return the open conversations."""
    within = [*range(FIRST, FIRST + case.users, EVERY), named(case)]
    return {(user, user): f"step {user % 7}" for user in within}


def conversation(states_used: int = 7) -> ConversationHandler[Any]:
    """A bot that answers only from stored data: the user's name and the conversation's state."""

    def step(state: str) -> MessageHandler[Any, Any]:
        async def answer(update: Any, context: Any) -> None:
            context.user_data["visits"] = context.user_data.get("visits", 0) + 1
            await update.message.reply_text(f"{context.user_data.get('name')}, {state}")

        return MessageHandler(filters.TEXT, answer)

    by_state: dict[object, list[Any]] = {f"step {n}": [step(f"step {n}")] for n in range(states_used)}
    return ConversationHandler([step("no conversation")], by_state, [], name=NAME, persistent=True)


def on_demand(persistence: Any) -> Any:
    """A persistence that reads a record when it is refreshed, as under BucketApplication."""
    persistence.share_session(persistence.context_types).replica.documents.on_demand = True
    return persistence


@dataclass
class Place:
    """A store with its counters and its latency."""

    base: BlobStore
    meter: MeteredStore
    far: Far


@asynccontextmanager
async def opened(case: Case, base: BlobStore | None = None) -> AsyncIterator[Place]:
    """Return the store of a case, with the latency of a bucket; ``base`` is used for memory."""
    store = base or _base(case)
    meter = MeteredStore(store)
    yield Place(store, meter, Far(meter, LATENCY))
    await store.close()


def _base(case: Case) -> BlobStore:
    if case.place == "memory":
        return MemoryStore()
    return LocalStore(case.where) if case.place == "file" else open_store(case.where)
