"""A bot's state, opened for a tool: found as it lies, changed as the bot itself would change it."""

from __future__ import annotations

from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from ptb_bucket._settings import locate
from ptb_bucket.codecs import open_codec
from ptb_bucket.errors import ConfigurationError, NotFoundError, UnsupportedError
from ptb_bucket.state import Archive, Kind, Merger, Replica, keep_ours
from ptb_bucket.stores import RetryingStore

if TYPE_CHECKING:
    import os
    from collections.abc import AsyncIterator, Callable, Iterable, Mapping

    from ptb_bucket._settings import Location
    from ptb_bucket.codecs import Codec
    from ptb_bucket.state import Resolver
    from ptb_bucket.stores import BlobStore

__all__ = ["State", "open_past", "open_state"]

_DEFAULTS: Final[Mapping[Kind, Callable[[], Any]]] = {Kind.BOT: dict, Kind.CHAT: dict, Kind.USER: dict}


@dataclass(frozen=True)
class State:
    """One bot's state.

    ``archive`` is what lies there, ``bot_id`` whose it is, ``is_new`` whether nothing lies there yet.
    """

    location: Location
    archive: Archive
    codec: Codec
    bot_id: str
    is_new: bool

    @property
    def store(self) -> BlobStore:
        """Where documents lie; reads are repeated if need be, writes are sent once."""
        return self.archive.store

    def replica(
        self,
        kinds: Iterable[Kind] = Kind,
        *,
        resolver: Resolver = keep_ours,
        defaults: Mapping[Kind, Callable[[], Any]] = _DEFAULTS,
    ) -> Replica:
        """One more instance of the bot, for changes: conditional writes and merge as in the bot. Nothing is read yet.

        Args:
            kinds: What it loads.
            resolver: Decides where the bot changed the same value meanwhile.
            defaults: What absent bot, chat and user data stand for.
        """
        merger = Merger(self.codec, resolver, defaults)
        return Replica(self.store, self.archive.layout, self.codec, merger, self.bot_id, tuple(kinds))


@asynccontextmanager
async def open_state(
    where: str | os.PathLike[str] | BlobStore | None = None,
    *,
    types: Iterable[Any] = (),
    bot_id: str | None = None,
    create: bool = False,
) -> AsyncIterator[State]:
    """Open a bot's state, in whichever layout and codec it lies there.

    Args:
        where: As for :class:`ptb_bucket.BucketPersistence`. Layout and codec in a URI are only needed to tell two
            states under one prefix apart, and to make a new one.
        types: As for :class:`ptb_bucket.BucketPersistence`; needed only where values are decoded.
        bot_id: Whose it must be. None takes anybody's, and cannot make a new one.
        create: Where there is nothing yet, begin with nothing.

    Raises:
        ConfigurationError: The URI is wrong, or the bot's id is needed and not known.
        NotFoundError: There is no bot's state.
        DocumentError: There is one that cannot be read, or another bot's.
        StoreError: The store could not tell.
    """
    async with _opened(where, types, bot_id) as (location, store):
        yield await _state(location, store, list(types), bot_id, create=create)


@asynccontextmanager
async def open_past(
    where: str | os.PathLike[str] | BlobStore | None = None, *, bot_id: str | None = None
) -> AsyncIterator[Archive]:
    """Open a bot's state for its old versions, also one that cannot be read or was deleted.

    Args:
        where: As for :func:`open_state`.
        bot_id: Whose it must be; None takes anybody's.

    Raises:
        ConfigurationError: The URI is wrong, or the bot's id is needed and not known.
        NotFoundError: There is no bot's state, nor an old version of one.
        StoreError: The store could not tell.
    """
    async with _opened(where, (), bot_id) as (location, store):
        try:
            archive = await Archive.find(store, bot_id=bot_id, **location.said)
        except NotFoundError:
            archive = Archive(store, location.layout, location.codec.name, bot_id)
            if not await _has_past(archive):
                raise
        yield archive


async def _has_past(archive: Archive) -> bool:
    try:
        async for key in archive.documents():
            async for _ in archive.versions(key):
                return True
    except UnsupportedError:
        return False  # nothing was ever deleted that could be brought back
    return False


@asynccontextmanager
async def _opened(
    where: str | os.PathLike[str] | BlobStore | None, types: Iterable[Any], bot_id: str | None
) -> AsyncIterator[tuple[Location, BlobStore]]:
    location = locate(where, None, None, types)
    store = RetryingStore(location.open(location.checked_bot_id(bot_id)))
    try:
        yield location, store
    finally:
        if location.store is None:
            await store.close()


async def _state(location: Location, store: BlobStore, types: list[Any], bot_id: str | None, *, create: bool) -> State:
    try:
        archive = await Archive.find(store, bot_id=bot_id, **location.said)
    except NotFoundError:
        if not create:
            raise
        if bot_id is None:
            raise ConfigurationError(
                "There is nothing yet, and whose memory it will be is not known: --bot-id, or TELEGRAM_BOT_TOKEN."
            ) from None
        return State(
            location, Archive(store, location.layout, location.codec.name, bot_id), location.codec, bot_id, is_new=True
        )
    owner = await _owner(archive)
    return State(location, archive, open_codec(archive.codec, types), owner, is_new=False)


async def _owner(archive: Archive) -> str:
    async for part in archive.parts():
        return part.bot_id
    raise NotFoundError(f"The state at {archive.store.describe('state')} was removed while it was opened.")
