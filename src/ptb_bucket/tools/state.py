"""Open a bot's state for a tool, which finds its layout and codec and commits as the bot itself would."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

from ptb_bucket._aio import Backoff, RetryPolicy
from ptb_bucket.bot_state import is_bot_id
from ptb_bucket.codecs import open_codec
from ptb_bucket.errors import (
    ConfigurationError,
    NotFoundError,
    PTBBucketError,
    UnreadableRecordError,
    UnsupportedError,
)
from ptb_bucket.location import defaults_of, locate, with_own_types
from ptb_bucket.state import Archive, Kind, WriterIdentity, keep_ours
from ptb_bucket.stores import RetryingStore

if TYPE_CHECKING:
    import os
    from collections.abc import AsyncIterator, Callable, Iterable, Mapping

    from telegram import Bot
    from telegram.ext import ContextTypes

    from ptb_bucket.codecs import Codec, LateBot
    from ptb_bucket.location import Location
    from ptb_bucket.state import Record, Replica, Resolver
    from ptb_bucket.stores import BlobStore

__all__ = ["State", "bot_id_text", "detached_bot", "late_bot", "open_past", "open_state", "problem_of"]

_TOOL_RETRIES: Final = RetryPolicy(deadline=60, backoff=Backoff(longest=0.2))
"""With seconds between two tries, a tool would lose nearly every race against a bot that saves all the time."""


@dataclass(frozen=True)
class State:
    """A bot's state that a tool has opened.

    ``archive`` reads what is stored, ``bot_id`` is the bot's ID, and ``is_new`` is true if nothing is stored yet.
    ``author`` is the name before the ID of each commit, such as ``web:alice``; by default, it is the tool's.
    """

    location: Location
    archive: Archive
    bot_id: str
    is_new: bool
    types: tuple[Any, ...] = ()
    keep_unknown: bool = False
    author: str = ""
    defaults: Mapping[Kind, Callable[[], Any]] = field(default_factory=lambda: defaults_of(None))

    @cached_property
    def codec(self) -> Codec:
        """The codec. It is made at its first use, because reading documents does not need it."""
        if self.keep_unknown and self.archive.codec == "json":
            from ptb_bucket.codecs import PreservingJsonCodec  # noqa: PLC0415  as above

            return PreservingJsonCodec(self.types)
        return open_codec(self.archive.codec, self.types)

    @property
    def store(self) -> BlobStore:
        """The store of the documents. Reads are repeated after a failure; writes are sent once."""
        return self.archive.store

    def writer(self, tool: str) -> WriterIdentity:
        """Return a new ID for commits, which begins with the author's name, or else with that of the tool."""
        return WriterIdentity(self.author or tool)

    def replica(
        self,
        kinds: Iterable[Kind] = Kind,
        *,
        resolver: Resolver = keep_ours,
        defaults: Mapping[Kind, Callable[[], Any]] | None = None,
        on_demand: bool = False,
    ) -> Replica:
        """Return one more instance of the bot, which writes and merges as the bot does. It reads nothing yet.

        Args:
            kinds: The kinds of data that it loads.
            resolver: Decides if the bot changed the same value in the meantime.
            defaults: The values of absent bot, chat and user data. None: those that the state was opened with.
            on_demand: In a layout with one document per record, read only the records that you ask for.
        """
        from ptb_bucket.state import DocumentSet, RecordMerger, Replica  # noqa: PLC0415  only verbs that change records need them

        if self.codec.bot is None:  # without a bot, the next change would lose stored references to it
            self.codec.bot = late_bot(self.bot_id)
        merger = RecordMerger(self.codec, resolver, self.defaults if defaults is None else defaults, any_class=True)
        documents = DocumentSet(
            self.store, self.archive.layout, self.codec, merger, self.bot_id, tuple(kinds),
            writer=self.writer("edit"), retry_policy=_TOOL_RETRIES, on_demand=on_demand, is_bot=False,
        )  # fmt: skip
        return Replica(documents)

    async def loaded(self, records: Iterable[Record], *, resolver: Resolver = keep_ours) -> Replica:
        """Return a replica that has loaded the current version of these records.

        Raises:
            DocumentError: A document cannot be used.
            StoreError: The records could not be read.
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
    bot_id: int | str | None = None,
    create: bool = False,
    keep_unknown: bool = False,
    context_types: ContextTypes[Any, Any, Any, Any] | None = None,
    author: str = "",
) -> AsyncIterator[State]:
    """Open a bot's state. Its layout and codec are detected.

    Args:
        where: As for :class:`ptb_bucket.BucketPersistence`. Layout and codec in a URI are needed only to choose
            between two states under one prefix, and to create a new state.
        types: As for :class:`ptb_bucket.BucketPersistence`. Needed only to decode values.
        bot_id: The ID of the bot that must own the state. None accepts any bot, but cannot create a new state.
        create: If nothing is stored yet, begin with an empty state.
        keep_unknown: With JSON, load instances of classes that are not in ``types`` as ``UnknownInstance``, which keeps
            them as they are stored.
        context_types: As for :class:`ptb_bucket.BucketPersistence`.
        author: The name with which commits begin instead of the tool's, such as ``web:alice``.

    Raises:
        ConfigurationError: The URI is wrong, or the bot's ID is needed and not known.
        NotFoundError: No state is stored at ``where``.
        DocumentError: The state cannot be read, or belongs to another bot.
        StoreError: The store could not be read.
    """
    bot_id = bot_id_text(bot_id)
    defaults = defaults_of(context_types)
    known = with_own_types(types, defaults)
    async with _opened(where, known, bot_id) as (location, store):
        found = await _found(location, store, bot_id, create=create)
        state = replace(found, types=tuple(known), keep_unknown=keep_unknown, defaults=defaults, author=author)
        if known:
            _ = state.codec  # it refuses wrong types now
        yield state


@asynccontextmanager
async def open_past(
    where: str | os.PathLike[str] | BlobStore | None = None, *, bot_id: int | str | None = None
) -> AsyncIterator[Archive]:
    """Open a bot's state to read its old versions, even if it cannot be read or was deleted.

    Args:
        where: As for :func:`open_state`.
        bot_id: The ID of the bot that must own the state; None accepts any bot.

    Raises:
        ConfigurationError: The URI is wrong, or the bot's ID is needed and not known.
        NotFoundError: There is neither a state nor an old version of one.
        StoreError: The store could not be read.
    """
    bot_id = bot_id_text(bot_id)
    async with _opened(where, (), bot_id) as (location, store):
        try:
            archive = await Archive.find(store, bot_id=bot_id, **location.said)
        except NotFoundError:
            archive = Archive(store, location.layout, location.codec_name, bot_id)
            if not await _has_past(archive):
                raise
        yield archive


async def _has_past(archive: Archive) -> bool:
    try:
        async for key in archive.documents():
            async for _ in archive.versions(key):
                return True
    except UnsupportedError:
        return False  # the store keeps no old versions, so nothing can be restored
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


async def _found(location: Location, store: BlobStore, bot_id: str | None, *, create: bool) -> State:
    try:
        archive = await Archive.find(store, bot_id=bot_id, **location.said)
    except NotFoundError:
        if not create:
            raise
        if bot_id is None:
            raise ConfigurationError(
                "Nothing is stored yet, so the bot ID is unknown. Pass --bot-id, or set TELEGRAM_BOT_TOKEN."
            ) from None
        archive = Archive(store, location.layout, location.codec_name, bot_id)
        return State(location, archive, bot_id, is_new=True)
    return State(location, archive, await archive.owner(), is_new=False)


def bot_id_text(bot_id: int | str | None) -> str | None:
    """Return a bot's ID as documents have it.

    Raises:
        ConfigurationError: It is not a number, such as a whole token, which the message does not repeat.
    """
    if bot_id is None:
        return None
    if isinstance(bot_id, bool) or not is_bot_id(str(bot_id)):
        raise ConfigurationError("The bot ID must be a number: the part of the bot token before the colon.")
    return str(bot_id)


def problem_of(error: PTBBucketError) -> str:
    """Return the problem with a record as a sentence, without the effect on updates: a tool handles none."""
    text = (
        f"{error.record} cannot be loaded: {error.reason}" if isinstance(error, UnreadableRecordError) else str(error)
    )
    return f"{text.rstrip('.')}."


def detached_bot(bot_id: str) -> Bot:
    """Return a bot without a connection, because Telegram objects that are loaded need a bot to belong to.

    Args:
        bot_id: The ID of the bot that stored them.
    """
    from ptb_bucket.tools.detached import DetachedBot  # noqa: PLC0415  it imports telegram

    return DetachedBot(bot_id)


def late_bot(bot_id: str) -> LateBot:
    """Return a :func:`detached_bot` for a codec, which makes it when a value needs it.

    Args:
        bot_id: The ID of the bot that stored the values.
    """
    from ptb_bucket.codecs import LateBot  # noqa: PLC0415  only verbs that decode values need it

    return LateBot(lambda: detached_bot(bot_id))
