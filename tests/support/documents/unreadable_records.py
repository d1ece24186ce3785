"""Records of newer code that a process cannot decode, and what the bucket has of them."""

from __future__ import annotations

import enum
from typing import TYPE_CHECKING

from ptb_bucket.state import Archive
from ptb_bucket.stores import open_store

if TYPE_CHECKING:
    from ptb_bucket import BucketPersistence


class Mood(enum.Enum):
    """A class of the newer code, which older code has not registered."""

    GOOD = 1


NEWER = {"mood": Mood.GOOD, "level": 99}
KEYBOARD, OTHER_KEYBOARD = "a" * 32, "b" * 32


UNREADABLE = ["callback_data[" + KEYBOARD + "]", "chat_data[42]", "conversations['talk'][(42,)]", "user_data[42]"]


async def loaded(place, **options) -> BucketPersistence:
    """Load everything, as PTB does at its start."""
    persistence = place.open(**options)
    await persistence.get_bot_data()
    await persistence.get_chat_data()
    await persistence.get_user_data()
    await persistence.get_callback_data()
    await persistence.get_conversations("talk")
    return persistence


async def raw(place) -> dict[str, bytes]:
    """Return the bytes of the unreadable records in the bucket."""
    store = open_store(place.uri)
    found = {}
    try:
        async for part in (await Archive.find(store, layout=place.layout, codec=place.codec)).parts():
            found |= {record.label: data for record, data in part.records.items() if record.label in UNREADABLE}
    finally:
        await store.close()
    return found
