"""What a persistence works with once it knows its bot: store, replica, group commit."""

from __future__ import annotations

from contextvars import ContextVar
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from telegram.ext import ExtBot

from ptb_bucket._aio import RetryPolicy
from ptb_bucket.errors import (
    ConfigurationError,
    CorruptDocumentError,
    StoreError,
    UnsavedError,
    VanishedDocumentError,
    pluralize,
    said,
)
from ptb_bucket.location import BOT_ID
from ptb_bucket.state import GroupCommit, Kind, Origin, RecordMerger, Replica, Resolver, Spool, SpoolFiles
from ptb_bucket.stats import Stats
from ptb_bucket.stores import MeteredStore, RetryingStore

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from telegram import Bot
    from telegram.ext import ContextTypes, PersistenceInput

    from ptb_bucket.location import Location

    # MERGED
    from ptb_bucket.persistence import BucketPersistence
    from ptb_bucket.refresh_window import Rounds
    from ptb_bucket.state import Record

__all__ = ["STAGING", "Backstage", "Opened", "bot_id_of", "kinds_of", "open_for"]


@dataclass
class Opened:
    """One bot's state, open."""

    bot_id: str
    store: MeteredStore
    owned: bool
    replica: Replica
    group: GroupCommit
    rescue: str

    async def load(self) -> None:
        """Read the state; see :meth:`Replica.load`. What is damaged can perhaps be brought back: say how."""
        try:
            await self.replica.load()
        except (CorruptDocumentError, VanishedDocumentError) as error:
            raise type(error)(
                f"{error} If old versions are kept, this brings back the newest good one: {self.rescue}",
                key=error.key,
                etag=error.etag,
            ) from error

    async def flush(self) -> None:
        """Save everything, let go of the connections, and raise while anything is unsaved."""
        try:
            await self._save()
        finally:
            if self.owned:
                await self.store.close()

    async def _save(self) -> None:
        try:
            await self.group.finish()
        except Exception as error:
            if self.replica.pending:
                unsaved = self._unsaved()
                raise UnsavedError(f"{unsaved}: {said(error)}{await self.keep()}", causes=[error]) from error
            raise
        self._nothing_left()

    async def keep(self) -> str:
        """Lay down what is unsaved, if there is a spool; how messages go on to say what became of it."""
        spool = self.replica.spool
        if spool is None:
            return ""
        try:
            async with self.group.held():
                self.replica.keep()
        except StoreError as error:
            return f" It could not be kept in spool_dir either: {error}"
        return f" It is kept in {spool.files.root}, and saved at the next start with this spool_dir."

    async def discard(self) -> None:
        """Let go of everything without saving; nothing is written later."""
        await self.group.abandon()
        if self.owned:
            await self.store.close()

    def _nothing_left(self) -> None:
        if self.replica.unstorable:
            errors = list(self.replica.unstorable.values())
            raise UnsavedError("; ".join(str(error) for error in errors), causes=errors) from errors[0]
        if self.replica.pending:
            raise UnsavedError(self._unsaved())

    def _unsaved(self) -> str:
        labels = sorted(record.label for record in self.replica.pending)
        number = pluralize(len(labels), "record is", "records are")
        return f"{number} not saved ({', '.join(labels[:10])}{', ...' if labels[10:] else ''})"

    def stats(self) -> Stats:
        """A snapshot."""
        unstorable = self.replica.unstorable
        error = self.group.last_error or next(iter(unstorable.values()), None)
        meter = self.store.meter
        return Stats(
            **self.replica.metrics.figures(),
            reads=meter.reads,
            writes=meter.writes,
            lists=meter.lists,
            bytes_read=meter.bytes_read,
            bytes_written=meter.bytes_written,
            last_error=_described(error),
            pending=tuple(sorted(record.label for record in {*self.replica.pending, *unstorable})),
            unreadable=tuple(sorted(record.label for record in self.replica.unreadable_now())),
        )


def _described(error: Exception | None) -> str | None:
    if error is None:
        return None
    name, words = type(error).__name__, said(error)
    return name if words == name else f"{name}: {words}"


def open_for(  # noqa: PLR0913  the settings of one persistence
    bot: Bot, location: Location, *, store_data: PersistenceInput, defaults: Mapping[Kind, Callable[[], Any]],
    resolver: Resolver, interval: float, commit_timeout: float, spool_dir: Path | None,
) -> Opened:  # fmt: skip
    """Open a location for one bot. Nothing is read yet."""
    bot_id = bot_id_of(bot)
    store = MeteredStore(location.below(bot_id))  # counts bytes as they lie in the bucket
    cache = bot.callback_data_cache if isinstance(bot, ExtBot) and store_data.callback_data else None
    retry_policy = RetryPolicy(commit_timeout)
    replica = Replica(
        RetryingStore(location.sealed(store, bot_id)), location.layout, location.codec,
        RecordMerger(location.codec, resolver, defaults), bot_id,
        kinds_of(store_data), None if cache is None else cache.maxsize, retry_policy,
        _spool(spool_dir, bot_id, location, retry_policy),
    )  # fmt: skip
    group = GroupCommit(replica, interval)
    return Opened(bot_id, store, location.store is None, replica, group, location.command("restore", bot_id))


def _spool(directory: Path | None, bot_id: str, location: Location, retry_policy: RetryPolicy) -> Spool | None:
    if directory is None:
        return None
    files = SpoolFiles(Path(str(directory).replace(BOT_ID, bot_id)), retry_policy.deadline)
    origin = Origin(bot_id, location.layout.name, location.codec.name, "")
    sealer = location.sealing.sealer(bot_id, times=8)
    return Spool(files, origin, retry_policy, sealer.seal, sealer.open)


def bot_id_of(bot: Bot) -> str:
    """The part of the token before the colon.

    Raises:
        ConfigurationError: The token has none. (It is not shown: all of it may be secret.)
    """
    bot_id, colon, _ = bot.token.partition(":")
    if not (colon and bot_id.isdigit()):
        raise ConfigurationError("The bot's token does not begin with the bot's id and a colon, like 123456:ABC...")
    return bot_id


def kinds_of(store_data: PersistenceInput) -> tuple[Kind, ...]:
    """The kinds of data that are switched on; conversations cannot be switched off."""
    on = {
        Kind.BOT: store_data.bot_data,
        Kind.CHAT: store_data.chat_data,
        Kind.USER: store_data.user_data,
        Kind.CALLBACK: store_data.callback_data,
        Kind.UPDATES: False,  # BucketApplication adds it for dedupe=True
    }
    return tuple(kind for kind in Kind if on.get(kind, True))


STAGING: ContextVar[bool] = ContextVar("STAGING", default=False)
"""Set while BucketApplication awaits methods that a subclass overrides: one commit comes after all of them."""


class Backstage:
    """The inner parts of one persistence.

    Args:
        persistence: Whose.
    """

    def __init__(self, persistence: BucketPersistence[Any, Any, Any]) -> None:
        self._persistence = persistence

    @property
    def opened(self) -> Opened:
        """Store, replica and group commit of the bot that was set."""
        return self._persistence._open  # noqa: SLF001  this class is the one that may

    @property
    def rounds(self) -> Rounds:
        """When a refresh asks."""
        return self._persistence._rounds  # noqa: SLF001

    def adopt(self, context_types: ContextTypes[Any, Any, Any, Any]) -> None:
        """Take over the application's context types.

        Raises:
            ConfigurationError: The persistence was given others, or serves an application with others.
        """
        self._persistence._adopt(context_types)  # noqa: SLF001

    def load_on_demand(self, noticed: Callable[[Record], None]) -> None:
        """Read records when they are refreshed, if the layout can; somebody refreshes each before PTB sees it.

        Args:
            noticed: Told of each record that PTB refreshes.
        """
        self._persistence._on_demand = True  # noqa: SLF001  taken over when the bot is set, once
        self._persistence._noticed = noticed  # noqa: SLF001

    @property
    def layout(self) -> str:
        """The name of the layout."""
        return self._persistence._location.layout.name  # noqa: SLF001

    @property
    def is_lazy(self) -> bool:
        """Whether records can be read one by one, and let go of."""
        return self._persistence._location.layout.lazy  # noqa: SLF001
