"""The session of one persistence: its settings and its bot's open state. It refreshes and saves PTB's values."""

from __future__ import annotations

import itertools
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import field, replace
from typing import TYPE_CHECKING, Any

from telegram.ext import ExtBot

from ptb_bucket._aio import RetryPolicy
from ptb_bucket._dataclass import dataclass
from ptb_bucket.bot_state import BotState, bot_id_of, kinds_of, open_spool
from ptb_bucket.errors import ConfigurationError, PTBBucketError
from ptb_bucket.location import differing, with_own_types
from ptb_bucket.state import CALLBACK_QUERIES, DocumentSet, GroupCommit, Kind, Record, RecordMerger, Replica
from ptb_bucket.stores import MeteredStore, RetryingStore

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

    from telegram import Bot
    from telegram.ext import PersistenceInput

    from ptb_bucket.location import Location
    from ptb_bucket.refresh_window import RefreshWindow
    from ptb_bucket.state import Resolver

__all__ = ["Session"]

_STAGES_ONLY: ContextVar[bool] = ContextVar("_STAGES_ONLY", default=False)


@dataclass
class Session:
    """A bot's state as BucketPersistence and BucketApplication work with it.

    A BucketPersistence makes it from its arguments, opens it when it learns its bot, and shares it with the
    BucketApplication that it belongs to.

    Args:
        location: Where the state is stored, and how.
        types: The bot author's classes.
        defaults: The empty bot, chat and user data.
        resolver: Decides where two instances changed the same value.
        commit_timeout: Seconds that one commit tries.
        spool_dir: The local directory for unsaved changes at shutdown; None for none.
        window: Decides when a refresh asks the store.
        adopts: Takes the context types of a BucketApplication, because it was given none.
        on_demand: Reads no record before it is refreshed, if the layout allows that. Counts for the next bot that is
            set, once.
        on_refresh: Called with each record that PTB refreshes; None if no caller needs it.
    """

    location: Location
    types: list[Any]
    defaults: dict[Kind, Callable[[], Any]]
    resolver: Resolver
    commit_timeout: float
    spool_dir: Path | None
    window: RefreshWindow
    adopts: bool
    on_demand: bool = False
    on_refresh: Callable[[Record], None] | None = None
    _state: BotState | None = field(default=None, init=False, repr=False)

    def adopt(self, defaults: dict[Kind, Callable[[], Any]]) -> bool:
        """Take the empty data of an application's context types; return whether they are new.

        Raises:
            ConfigurationError: The persistence was given others, or serves an application with others.
        """
        if defaults == self.defaults:
            return False
        if not self.adopts or self._state is not None:
            raise ConfigurationError(differing(self.defaults, defaults))
        types = tuple(with_own_types(self.types, defaults))
        self.location, self.defaults = replace(self.location, types=types), defaults
        return True

    # ---------------------------------------------------------------- the bot's open state

    def open(self, bot: Bot, *, store_data: PersistenceInput, interval: float) -> None:
        """Open the state of a bot, or go on with it. Nothing is read yet.

        Args:
            bot: The bot.
            store_data: Which kinds of data are saved.
            interval: Seconds between two tries of a commit that failed.

        Raises:
            ConfigurationError: Another bot's state is open.
        """
        self.location.codec.bot = bot
        bot_id = bot_id_of(bot)
        if self._state is None:
            self._state = self._opened(bot, bot_id, store_data, interval)
        elif self._state.bot_id != bot_id:
            raise ConfigurationError(
                f"This persistence is already attached to bot {self._state.bot_id}, so it can't be used for bot "
                f"{bot_id}. Create a BucketPersistence for each bot."
            )
        self._state.replica.documents.on_demand, self.on_demand = self.on_demand, False

    def _opened(self, bot: Bot, bot_id: str, store_data: PersistenceInput, interval: float) -> BotState:
        location = self.location
        store = MeteredStore(location.below(bot_id))  # counts bytes as they are stored in the bucket
        cache = bot.callback_data_cache if isinstance(bot, ExtBot) and store_data.callback_data else None
        retry_policy = RetryPolicy(self.commit_timeout)
        documents = DocumentSet(
            RetryingStore(location.sealed(store, bot_id)), location.layout, location.codec,
            RecordMerger(location.codec, self.resolver, self.defaults), bot_id,
            kinds_of(store_data), None if cache is None else cache.maxsize, retry_policy,
            open_spool(self.spool_dir, bot_id, location, retry_policy),
        )  # fmt: skip
        replica = Replica(documents)
        return BotState(bot_id, location, store, replica, GroupCommit(replica, interval))

    @property
    def is_open(self) -> bool:
        """Tell whether a bot is set."""
        return self._state is not None

    @property
    def state(self) -> BotState:
        """The open state.

        Raises:
            ConfigurationError: No bot is set.
        """
        if self._state is None:
            raise ConfigurationError(
                "The persistence is not attached to a bot yet. Pass it to Application.builder().persistence(...)."
            )
        return self._state

    @property
    def replica(self) -> Replica:
        """The bot's state, as this instance knows it."""
        return self.state.replica

    @property
    def group(self) -> GroupCommit:
        """The commits of the replica."""
        return self.state.group

    # ---------------------------------------------------------------- between PTB and the replica

    async def refresh(self, record: Record, live: Any) -> None:
        """Bring a live object up to date in place, after a read if the refresh window is over; unsaved changes survive.

        Raises:
            StoreError, DocumentError: The store could not be read; ``live`` is unchanged.
            UnreadableRecordError, CannotMergeError: This record cannot be decoded or merged.
        """
        if self.on_refresh:
            self.on_refresh(record)
        replica, since = self.replica, self.window.since(record.kind)
        await replica.documents.refresh([record], since)
        if since is not None:
            self.window.answered()
        replica.values.merge_into(record, live)

    async def save(self, changes: Iterable[tuple[Record, Any]], *, commits: bool) -> None:
        """Stage changes, and share one commit with everything that is staged in the same turn of the loop.

        Args:
            changes: Records and their new values; None drops a record.
            commits: Commit now, unless BucketApplication does it: see :meth:`stages_only`.

        Raises:
            PTBBucketError: The commit failed, or one of the values cannot be stored; all others are saved.
        """
        errors = [error for record, value in changes if (error := self._stage(record, value))]
        if self.is_only_staging:
            return  # BucketApplication reports values that cannot be stored
        if commits:
            await self.group.join()
        if errors:
            raise errors[0]

    def callback_changes(
        self, keyboards: Iterable[tuple[str, float, Any]], queries: dict[str, str]
    ) -> Iterable[tuple[Record, Any]]:
        """Return the changes that save PTB's keyboards and queries, and drop the keyboards that PTB no longer has."""
        current = {Record.keyboard(uuid): [time, buttons] for uuid, time, buttons in keyboards}
        dropped = self.replica.documents.in_ptb(Kind.CALLBACK) - current.keys() - {CALLBACK_QUERIES}
        gone = ((record, None) for record in dropped)
        return itertools.chain(current.items(), gone, [(CALLBACK_QUERIES, queries)])

    def _stage(self, record: Record, value: Any) -> PTBBucketError | None:
        try:
            self.replica.stage(record, value)
        except PTBBucketError as error:
            return error
        return None

    @staticmethod
    @contextmanager
    def stages_only() -> Iterator[None]:
        """Inside, methods of a persistence stage and do not commit: BucketApplication commits after all of them."""
        token = _STAGES_ONLY.set(True)
        try:
            yield
        finally:
            _STAGES_ONLY.reset(token)

    @property
    def is_only_staging(self) -> bool:
        """Tell whether the caller is inside of :meth:`stages_only`."""
        return _STAGES_ONLY.get()
