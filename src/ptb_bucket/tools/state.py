"""A bot's state, opened for a tool: found as it lies, changed as the bot itself would change it."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Final, NoReturn

from telegram.ext import ExtBot
from telegram.request import BaseRequest

from ptb_bucket._aio import Backoff, RetryPolicy
from ptb_bucket.codecs import TolerantJsonCodec, open_codec
from ptb_bucket.errors import ConfigurationError, NotFoundError, UnsupportedError
from ptb_bucket.location import defaults_of, locate, with_own_types
from ptb_bucket.state import Archive, DocumentSet, Kind, RecordMerger, Replica, WriterIdentity, keep_ours
from ptb_bucket.stores import RetryingStore

if TYPE_CHECKING:
    import os
    from collections.abc import AsyncIterator, Callable, Iterable, Mapping

    from telegram.ext import ContextTypes

    from ptb_bucket.codecs import Codec
    from ptb_bucket.location import Location
    from ptb_bucket.state import Record, Resolver
    from ptb_bucket.stores import BlobStore

__all__ = ["State", "nobody", "open_past", "open_state"]

_TOOL_RETRIES: Final = RetryPolicy(deadline=60, backoff=Backoff(longest=0.2))
"""A bot that saves all the time would win nearly every race against whoever waits for seconds between two tries."""


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
    types: tuple[Any, ...] = ()
    defaults: Mapping[Kind, Callable[[], Any]] = field(default_factory=lambda: defaults_of(None))

    @property
    def store(self) -> BlobStore:
        """Where documents lie; reads are repeated if need be, writes are sent once."""
        return self.archive.store

    def replica(
        self,
        kinds: Iterable[Kind] = Kind,
        *,
        resolver: Resolver = keep_ours,
        defaults: Mapping[Kind, Callable[[], Any]] | None = None,
        on_demand: bool = False,
    ) -> Replica:
        """One more instance of the bot, for changes: conditional writes and merge as in the bot. Nothing is read yet.

        Args:
            kinds: What it loads.
            resolver: Decides where the bot changed the same value meanwhile.
            defaults: What absent bot, chat and user data stand for; None: as the state was opened.
            on_demand: Of a layout with a document for each record, read only those that are asked for.
        """
        if self.codec.bot is None:  # without one, what is stored of the bot would be lost with the next change
            self.codec.bot = nobody(self.bot_id)
        merger = RecordMerger(self.codec, resolver, self.defaults if defaults is None else defaults, any_class=True)
        documents = DocumentSet(
            self.store, self.archive.layout, self.codec, merger, self.bot_id, tuple(kinds),
            writer=WriterIdentity("edit"), retry_policy=_TOOL_RETRIES, on_demand=on_demand,
        )  # fmt: skip
        return Replica(documents)

    async def loaded(self, records: Iterable[Record], *, resolver: Resolver = keep_ours) -> Replica:
        """A replica that knows these records as they are now.

        Raises:
            DocumentError: There is something that cannot be used.
            StoreError: They could not be read.
        """
        now = asyncio.get_running_loop().time()
        replica = self.replica(resolver=resolver, on_demand=True)
        await replica.documents.refresh(records, now)
        return replica


@asynccontextmanager
async def open_state(  # noqa: PLR0913  settings of one thing, by keyword
    where: str | os.PathLike[str] | BlobStore | None = None,
    *,
    types: Iterable[Any] = (),
    bot_id: str | None = None,
    create: bool = False,
    keep_unknown: bool = False,
    context_types: ContextTypes[Any, Any, Any, Any] | None = None,
) -> AsyncIterator[State]:
    """Open a bot's state, in whichever layout and codec it lies there.

    Args:
        where: As for :class:`ptb_bucket.BucketPersistence`. Layout and codec in a URI are only needed to tell two
            states under one prefix apart, and to make a new one.
        types: As for :class:`ptb_bucket.BucketPersistence`; needed only where values are decoded.
        bot_id: Whose it must be. None takes anybody's, and cannot make a new one.
        create: Where there is nothing yet, begin with nothing.
        keep_unknown: With JSON, take instances of classes that are not in ``types`` as they lie, as ``Opaque``.
        context_types: As for :class:`ptb_bucket.BucketPersistence`.

    Raises:
        ConfigurationError: The URI is wrong, or the bot's id is needed and not known.
        NotFoundError: There is no bot's state.
        DocumentError: There is one that cannot be read, or another bot's.
        StoreError: The store could not tell.
    """
    defaults = defaults_of(context_types)
    known = with_own_types(types, defaults)
    async with _opened(where, known, bot_id) as (location, store):
        found = await _found(location, store, bot_id, create=create)
        codec = _codec(found.archive.codec, known, keep_unknown=keep_unknown)
        yield replace(found, codec=codec, types=tuple(known), defaults=defaults)


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


def _codec(name: str, types: list[Any], *, keep_unknown: bool) -> Codec:
    return TolerantJsonCodec(types) if keep_unknown and name == TolerantJsonCodec.name else open_codec(name, types)


async def _found(location: Location, store: BlobStore, bot_id: str | None, *, create: bool) -> State:
    try:
        archive = await Archive.find(store, bot_id=bot_id, **location.said)
    except NotFoundError:
        if not create:
            raise
        if bot_id is None:
            raise ConfigurationError(
                "There is nothing yet, and whose memory it will be is not known: --bot-id, or TELEGRAM_BOT_TOKEN."
            ) from None
        archive = Archive(store, location.layout, location.codec.name, bot_id)
        return State(location, archive, location.codec, bot_id, is_new=True)
    return State(location, archive, location.codec, await _owner(archive), is_new=False)


async def _owner(archive: Archive) -> str:
    async for part in archive.parts():
        return part.bot_id
    raise archive.gone()


class _NoWire(BaseRequest):
    """Sends nothing; and reads no CA certificates first, as PTB's own does, which a command would wait for."""

    __slots__ = ()

    @property
    def read_timeout(self) -> None:
        """Nothing is read."""

    async def initialize(self) -> None:
        """Nothing to open."""

    async def shutdown(self) -> None:
        """Nothing to close."""

    async def do_request(self, *_: Any, **__: Any) -> NoReturn:
        raise AssertionError("tools talk to no Telegram; this is a bug of ptb-bucket")


def nobody(bot_id: str) -> ExtBot[None]:
    """Stand in for a bot in what it stored: objects of Telegram that are loaded belong to one.

    Args:
        bot_id: Whose memory it is.
    """
    wire = _NoWire()
    return ExtBot(f"{bot_id}:nobody", request=wire, get_updates_request=wire)
