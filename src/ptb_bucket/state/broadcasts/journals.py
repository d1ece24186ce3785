"""Reads and writes the journals and audiences of broadcasts."""

from __future__ import annotations

import secrets
import time
from dataclasses import field
from typing import TYPE_CHECKING, Final

from ptb_bucket._dataclass import dataclass
from ptb_bucket.errors import LostRaceError, NotFoundError, UnavailableError
from ptb_bucket.state.broadcasts.objects import (
    BROADCASTS,
    PART,
    Broadcast,
    audience_in,
    is_about,
    is_journal,
    journal_key,
    packed,
    part_key,
    without,
)
from ptb_bucket.stores import Create, Update

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from ptb_bucket.state.broadcasts.objects import BroadcastState
    from ptb_bucket.stores import BlobInfo, BlobStore

__all__ = ["Journals"]

TRIES: Final = 10
"""How often an object is written from which a person is removed, while instances write it, too."""


@dataclass
class Journals:
    """Reads and writes the journals of one bot.

    Args:
        store: The store of the bot's documents; its keys are relative to the prefix.
    """

    store: BlobStore
    _etags: dict[str, str] = field(default_factory=dict)

    # ---------------------------------------------------------------- reading

    async def read(self, name: str) -> Broadcast | None:
        """Return a broadcast; None if there is none of this name.

        Raises:
            StoreError: It could not be read.
            CorruptDocumentError: It is damaged.
            ConfigurationError: The name is not possible.
        """
        key = journal_key(name)
        try:
            blob = await self.store.get(key)
        except NotFoundError:
            return None
        self._etags[name] = blob.etag
        return Broadcast.from_json(blob.data, key)

    async def all(self) -> AsyncIterator[Broadcast]:
        """Yield all broadcasts, in the order of their names. Raises as :meth:`read`."""
        async for info in self.store.list(BROADCASTS):
            folder, _, name = info.key.removeprefix(BROADCASTS).partition("/")
            if name == "journal.json" and (found := await self.read(folder)) is not None:
                yield found

    async def listed(self) -> dict[str, list[BlobInfo]]:
        """Return the objects of each broadcast, its journal last. Some may lack a journal.

        Raises:
            StoreError: They could not be listed.
        """
        found: dict[str, list[BlobInfo]] = {}
        async for info in self.store.list(BROADCASTS):
            found.setdefault(info.key.removeprefix(BROADCASTS).partition("/")[0], []).append(info)
        return {
            name: sorted(infos, key=lambda info: (is_journal(info.key), info.key))
            for name, infos in sorted(found.items())
        }

    async def objects(self) -> dict[str, list[str]]:
        """Return the keys of the objects of each broadcast. Order and errors as for :meth:`listed`."""
        return {name: [info.key for info in infos] for name, infos in (await self.listed()).items()}

    async def has(self, key: str, user_id: int, *, version: str | None = None) -> bool:
        """Tell whether an object of a broadcast contains the ID of a person. One that a sweep has removed does not.

        Args:
            key: The key of the object, as :meth:`objects` returns it.
            user_id: The ID.
            version: An old version of the object; None for the current one.

        Raises:
            StoreError: It could not be read.
            CorruptDocumentError: It is damaged.
        """
        try:
            blob = await (self.store.get(key) if version is None else self.store.get(key, version=version))
        except NotFoundError:
            return False
        return is_about(key, blob.data, user_id)

    async def people(self, broadcast: Broadcast, start: int, count: int) -> list[int]:
        """Return some IDs of an audience. Reads the one or two objects that hold them.

        Args:
            broadcast: The broadcast.
            start: The place of the first one.
            count: How many.

        Returns:
            The IDs, and GONE in the places of people who were erased.

        Raises:
            StoreError: They could not be read.
            CorruptDocumentError: They are damaged.
        """
        found: list[int] = []
        for part in range(start // PART, -(-min(start + count, broadcast.people) // PART)):
            key = part_key(broadcast.name, broadcast.attempt, part)
            ids = audience_in(key, (await self.store.get(key)).data)
            found += ids[max(0, start - part * PART) : start + count - part * PART]
        return found

    # ---------------------------------------------------------------- writing

    async def create(self, name: str, callback: str, people: Sequence[int]) -> Broadcast:
        """Begin a broadcast, or return the one of this name that another instance has begun meanwhile.

        Raises:
            StoreError: It could not be written.
        """
        attempt = secrets.token_hex(4)
        for part in range(-(-len(people) // PART)):
            ids = people[part * PART : (part + 1) * PART]
            await self.store.put(part_key(name, attempt, part), packed(ids), Create())
        made = Broadcast(name, callback, len(people), attempt, began=time.time()).but()
        try:
            self._etags[name] = await self.store.put(journal_key(name), made.to_json(), Create())
        except (LostRaceError, UnavailableError):
            there = await self.read(name)
            if there is None:
                raise
            return there
        return made

    async def write(self, broadcast: Broadcast) -> Broadcast | None:
        """Replace a journal as this object has read or written it last.

        Returns:
            None if it was written; else what another writer has written meanwhile.

        Raises:
            StoreError: It is not known to be written.
        """
        key, name = journal_key(broadcast.name), broadcast.name
        try:
            self._etags[name] = await self.store.put(key, broadcast.to_json(), Update(self._etags[name]))
        except (LostRaceError, UnavailableError):
            there = await self.read(name)
            if there is None:
                raise
            return None if there.by == broadcast.by else there
        return None

    async def forget(self, key: str, user_id: int) -> None:
        """Remove the ID of a person from an object of a broadcast. In an audience, GONE takes its place.

        A journal is written even if it does not contain the ID. So an instance that is sending notices that a person
        was erased, and reports this person no more.

        Raises:
            StoreError: It is not known to be written.
            CorruptDocumentError: It is damaged.
        """
        for tries_left in reversed(range(TRIES)):
            try:
                blob = await self.store.get(key)
                if is_journal(key) or is_about(key, blob.data, user_id):
                    await self.store.put(key, without(key, blob.data, user_id), Update(blob.etag))
            except NotFoundError:  # a sweep has removed it
                return
            except (LostRaceError, UnavailableError):
                if not tries_left:
                    raise
            else:
                return

    async def turn(self, name: str, state: BroadcastState) -> Broadcast | None:
        """Pause, cancel or continue a broadcast; return it, or None if there is none. One that is over stays over.

        Raises:
            StoreError: It is not known to be written.
        """
        there = await self.read(name)
        while there is not None and not there.is_over and there.state != state:
            wanted = there.but(state=state)
            there = await self.write(wanted) or wanted
        return there
