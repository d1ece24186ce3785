"""Two instances that have both given the same user's data to PTB, as dicts that handlers change."""

from __future__ import annotations

import asyncio
import copy
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ptb_bucket.stores import MemoryStore
from support.applications.restarting_bot import opened

if TYPE_CHECKING:
    from ptb_bucket import BucketPersistence

USER = 42


async def save(persistence: BucketPersistence, live: Any, user: int = USER) -> None:
    """Save a copy, as PTB does."""
    await persistence.update_user_data(user, copy.deepcopy(live))


@dataclass
class Pair:
    """Our instance, theirs, the objects that handlers of both hold, and the bucket."""

    store: MemoryStore
    options: dict[str, Any]
    one: BucketPersistence
    ours: dict[Any, Any]
    two: BucketPersistence
    theirs: dict[Any, Any]

    @classmethod
    async def of(cls, data: dict[Any, Any], **options) -> Pair:
        """Start both instances with the same data."""
        store = MemoryStore()
        first = opened(store, **options)
        await first.get_user_data()
        await first.update_user_data(USER, data)
        one, two = (opened(store, refresh_interval=0, **options) for _ in range(2))
        ours, theirs = [(await each.get_user_data())[USER] for each in (one, two)]
        return cls(store, options, one, ours, two, theirs)

    async def save_ours(self) -> None:
        """Save our data as PTB does."""
        await save(self.one, self.ours)

    async def save_theirs(self) -> None:
        """Save their data as PTB does."""
        await save(self.two, self.theirs)

    async def refresh_ours(self) -> None:
        """Refresh our data as an update does."""
        await asyncio.create_task(self.one.refresh_user_data(USER, self.ours))

    async def refresh_theirs(self) -> None:
        """Refresh their data as an update does."""
        await asyncio.create_task(self.two.refresh_user_data(USER, self.theirs))

    async def meet(self, *, refreshed: bool = False) -> dict[Any, Any]:
        """Save theirs first, then ours, and return the final content of the bucket."""
        await self.save_theirs()
        if refreshed:
            await self.refresh_ours()
        await self.save_ours()
        return await self.stored()

    async def stored(self) -> dict[Any, Any]:
        """Return the data that a new process loads."""
        return (await opened(self.store, **self.options).get_user_data())[USER]
