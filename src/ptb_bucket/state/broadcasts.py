"""Journals of broadcasts: how far a message to many people has come, in objects beside the bot's documents.

A broadcast has a small journal, ``broadcasts/NAME/journal.json``, which is replaced after each segment of people, and
its audience in immutable objects of 10,000 IDs, ``broadcasts/NAME/people-ATTEMPT-000000.json``. The audience is written
first, so a journal that exists is complete.
"""

from __future__ import annotations

import json
import re
import secrets
import time
from contextlib import suppress
from dataclasses import asdict, field, fields, replace
from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias

from ptb_bucket._dataclass import dataclass
from ptb_bucket.errors import ConfigurationError, CorruptDocumentError, LostRaceError, NotFoundError, UnavailableError
from ptb_bucket.stores import Create, Update

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from typing_extensions import Self

    from ptb_bucket.stores import BlobStore

__all__ = ["BROADCASTS", "GONE", "Broadcast", "BroadcastState", "Journals"]

BROADCASTS: Final = "broadcasts/"
"""The folder of all broadcasts, below the bot's prefix."""
BroadcastState: TypeAlias = Literal["running", "paused", "cancelled", "finished"]
GONE: Final = 0
"""In an audience, this is in the place of a person who was erased, so that all others keep their places."""
PART: Final = 10_000
"""IDs in one object of an audience."""
TRIES: Final = 10
"""How often an object is written from which a person is removed, while instances write it, too."""
_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,59}")


@dataclass(frozen=True)
class Broadcast:
    """The progress of a broadcast, as its journal stores it.

    Args:
        name: Its name.
        callback: The name of the function that sends to one person, as listed in ``callbacks``.
        people: How many people there are.
        attempt: Random text in the names of the objects that hold the audience.
        state: Whether it is running, paused, cancelled or finished.
        done: How many people were tried: all those before this place in the audience.
        sent: To how many of them the message was sent.
        blocked: The IDs of those who have blocked the bot, or whose account is gone.
        failed: The IDs of those to whom it could not be sent for another reason.
        began, updated: When it began, and when the journal was written, in seconds since the epoch.
        by: Random text of the last write, by which a writer recognises its own.
    """

    name: str
    callback: str
    people: int
    attempt: str
    state: BroadcastState = "running"
    done: int = 0
    sent: int = 0
    blocked: Sequence[int] = ()
    failed: Sequence[int] = ()
    began: float = 0.0
    updated: float = 0.0
    by: str = ""

    @property
    def is_over(self) -> bool:
        """Tell whether it will send nothing more."""
        return self.state in {"cancelled", "finished"}

    @property
    def parts(self) -> list[str]:
        """The keys of the objects that hold its audience."""
        return [_part(self.name, self.attempt, part) for part in range(-(-self.people // PART))]

    def but(self, **changes: Any) -> Self:
        """Return this state with some fields changed, as a new version of the journal."""
        return replace(self, **{"updated": time.time(), "by": secrets.token_hex(8), **changes})

    def to_json(self) -> bytes:
        """Return the journal as it is stored."""
        return _packed({"format": 1, **asdict(self)})

    @classmethod
    def from_json(cls, data: bytes, key: str) -> Self:
        """Return a stored journal. Fields that a newer ptb-bucket may have added are ignored.

        Raises:
            CorruptDocumentError: It is damaged.
        """
        try:
            found = json.loads(data)
            return cls(**{each.name: found[each.name] for each in fields(cls) if each.name in found})
        except (ValueError, TypeError, RecursionError) as error:
            raise CorruptDocumentError(f"{key} is not a valid broadcast journal. Delete or restore it.") from error


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
        key = _key(name)
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

    async def objects(self) -> dict[str, list[str]]:
        """Return the keys of the objects of each broadcast, its journal last. Some may lack a journal.

        Raises:
            StoreError: They could not be listed.
        """
        found: dict[str, list[str]] = {}
        async for info in self.store.list(BROADCASTS):
            found.setdefault(info.key.removeprefix(BROADCASTS).partition("/")[0], []).append(info.key)
        return {name: sorted(keys, key=lambda key: (_is_journal(key), key)) for name, keys in sorted(found.items())}

    async def has(self, key: str, user_id: int, *, version: str | None = None) -> bool:
        """Tell whether an object of a broadcast contains the ID of a person.

        Args:
            key: The key of the object, as :meth:`objects` returns it.
            user_id: The ID.
            version: An old version of the object; None for the current one.

        Raises:
            StoreError: It could not be read.
            CorruptDocumentError: It is damaged.
        """
        blob = await (self.store.get(key) if version is None else self.store.get(key, version=version))
        return _is_about(key, blob.data, user_id)

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
            key = _part(broadcast.name, broadcast.attempt, part)
            ids = _audience(key, (await self.store.get(key)).data)
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
            await self.store.put(_part(name, attempt, part), _packed(ids), Create())
        made = Broadcast(name, callback, len(people), attempt, began=time.time()).but()
        try:
            self._etags[name] = await self.store.put(_key(name), made.to_json(), Create())
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
        key, name = _key(broadcast.name), broadcast.name
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
            blob = await self.store.get(key)
            if not (_is_journal(key) or _is_about(key, blob.data, user_id)):
                return
            try:
                await self.store.put(key, _without(key, blob.data, user_id), Update(blob.etag))
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


def _packed(value: Any) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()


def _audience(key: str, data: bytes) -> list[int]:
    """Return the IDs in an object of an audience. Raises as :func:`_is_about`."""
    with suppress(ValueError, RecursionError):
        ids = json.loads(data)
        if isinstance(ids, list):
            return ids
    raise CorruptDocumentError(f"{key} is not the audience of a broadcast. Delete or restore it.")


def _is_about(key: str, data: bytes, user_id: int) -> bool:
    """Tell whether an object of a broadcast contains the ID of a person.

    Raises:
        CorruptDocumentError: It is damaged.
    """
    if not _is_journal(key):
        return user_id in _audience(key, data)
    journal = Broadcast.from_json(data, key)
    return user_id in journal.blocked or user_id in journal.failed


def _without(key: str, data: bytes, user_id: int) -> bytes:
    """Return an object of a broadcast without the ID of a person. Raises as :func:`_is_about`.

    A journal is a new version even if it does not contain the ID. So an instance that is sending notices the change.
    """
    if not _is_journal(key):
        return _packed([GONE if one == user_id else one for one in _audience(key, data)])
    journal = Broadcast.from_json(data, key)
    lists = {"blocked": journal.blocked, "failed": journal.failed}
    kept = {name: [one for one in ids if one != user_id] for name, ids in lists.items()}
    return journal.but(updated=journal.updated, **kept).to_json()


def _is_journal(key: str) -> bool:
    return key.endswith("/journal.json")


def _key(name: str) -> str:
    if not _NAME.fullmatch(name):
        raise ConfigurationError(
            f"The broadcast name {name!r} is invalid. Use 1 to 60 letters, digits, dots, hyphens and underscores, and "
            "begin with a letter or digit."
        )
    return f"{BROADCASTS}{name}/journal.json"


def _part(name: str, attempt: str, part: int) -> str:
    return f"{BROADCASTS}{name}/people-{attempt}-{part:06}.json"
