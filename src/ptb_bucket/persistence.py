"""BucketPersistence: PTB's BasePersistence on top of the replica."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Generic, TypeVar, cast

from telegram.ext import BasePersistence, ContextTypes, PersistenceInput

from ptb_bucket.loading import Loading
from ptb_bucket.location import (
    checked_interval,
    checked_resolver,
    checked_seconds,
    checked_spool_dir,
    defaults_of,
    locate,
    with_own_types,
)
from ptb_bucket.refresh_window import RefreshWindow
from ptb_bucket.session import Session
from ptb_bucket.state import BOT_DATA, Kind, Record, keep_ours

if TYPE_CHECKING:
    import os
    from collections.abc import AsyncIterator, Iterable

    from telegram import Bot

    from ptb_bucket.loading import CallbackData
    from ptb_bucket.location import CodecName, LayoutName
    from ptb_bucket.sealing import Sealing
    from ptb_bucket.state import ConversationKey, Resolver
    from ptb_bucket.stats import Stats
    from ptb_bucket.stores import BlobStore

__all__ = ["BucketPersistence"]

if TYPE_CHECKING:
    from typing_extensions import TypeVar as TypeVarWithDefault

    UD = TypeVarWithDefault("UD", default=dict[Any, Any])
    CD = TypeVarWithDefault("CD", default=dict[Any, Any])
    BD = TypeVarWithDefault("BD", default=dict[Any, Any])
else:  # defaults are for type checkers: without context_types, all three kinds of data are dicts
    UD, CD, BD = TypeVar("UD"), TypeVar("CD"), TypeVar("BD")


class BucketPersistence(BasePersistence[UD, CD, BD], Generic[UD, CD, BD]):
    """A persistence that keeps a bot's data in a bucket, even if several instances of the bot write at once.

    Use it in place of ``PicklePersistence``::

        Application.builder().token(TOKEN).persistence(BucketPersistence("s3://my-bucket/my-bot")).build()

    Data that ``update_persistence()`` passed on is durable when :meth:`flush` has returned. A commit is one conditional
    put for each document that changed. If another instance was faster, both sides' changes are merged.

    Args:
        uri_or_store: Where the state is stored, such as ``s3://bucket/prefix``, ``gs://bucket/prefix``,
            ``file:./bot-data`` or ``memory:``; ``{bot_id}`` in it becomes the bot's ID. Or a directory as a path. Or an
            open store, which you close yourself. Without it, the environment variable ``PTB_BUCKET_URI`` is read.
        layout: ``"single"`` (default: one document), ``"per-type"`` (one for each kind of data) or ``"per-record"``
            (one for each chat, user, conversation and keyboard, for many users with BucketApplication). Also a URI
            option.
        codec: ``"json"`` (default: typed and readable) or ``"pickle"``. Also a URI option.
        types: Classes of your own that occur in the data: enums, dataclasses, pydantic and attrs models, named tuples,
            plain classes. Those of ``context_types`` are known.
        store_data: Which kinds of data are saved; the documents' other sections stay untouched. Default: all.
        update_interval: Seconds between two saves by the application; greater than 0.
        on_flush: Save only when :meth:`flush` is called, which PTB does at shutdown.
        context_types: The types of bot, chat and user data. A :class:`BucketApplication` passes its own on; with PTB's
            Application, pass here what you pass to its builder.
        refresh_interval: Seconds that a document may be trusted without asking the store whether another instance
            changed it. None (default): never ask. 0: ask once for each update that a handler matched. If the store
            cannot be asked, the error goes to the error handlers, and no handler runs for that update.
        resolver: Decides where two instances changed the same value; see :class:`ptb_bucket.Conflict`.
        commit_timeout: Seconds that one commit tries before it raises; unsaved changes are tried again later.
        sealing: Compression, signatures, encryption; see :class:`ptb_bucket.Sealing`. Without, keys are read from
            ``PTB_BUCKET_ENCRYPTION_KEYS`` or ``PTB_BUCKET_SIGNING_KEYS``, and nothing is sealed if there are none.
        spool_dir: A local directory for this bot only (``{bot_id}`` in it becomes the bot's ID) that outlives the
            process. If the bucket is out when :meth:`flush` is called at shutdown, unsaved changes are kept there, for
            this user only, and merged into the bucket at the next start, before PTB loads anything. Default: None, and
            changes that are unsaved then are lost, and named.

    Raises:
        ConfigurationError: An argument or the URI is wrong. No request is sent before the application starts.
    """

    def __init__(  # noqa: PLR0913  settings of one thing, by keyword
        self,
        uri_or_store: str | os.PathLike[str] | BlobStore | None = None,
        *,
        layout: LayoutName | None = None,
        codec: CodecName | None = None,
        types: Iterable[Any] = (),
        store_data: PersistenceInput | None = None,
        update_interval: float = 60,
        on_flush: bool = False,
        context_types: ContextTypes[Any, UD, CD, BD] | None = None,
        refresh_interval: float | None = None,
        resolver: Resolver = keep_ours,
        commit_timeout: float = 30,
        sealing: Sealing | None = None,
        spool_dir: str | os.PathLike[str] | None = None,
    ) -> None:
        super().__init__(store_data=store_data, update_interval=checked_interval(update_interval))
        self.on_flush = on_flush
        self.context_types = cast("ContextTypes[Any, UD, CD, BD]", context_types or ContextTypes())
        defaults, own_types = defaults_of(self.context_types), list(types)
        location = locate(uri_or_store, layout, codec, with_own_types(own_types, defaults), sealing)
        resolver = checked_resolver(resolver)
        commit_timeout = checked_seconds("commit_timeout", commit_timeout, above_zero=True)
        spool = checked_spool_dir(spool_dir)
        if refresh_interval is not None:
            refresh_interval = checked_seconds("refresh_interval", refresh_interval)
        self._session = Session(
            location, own_types, defaults, resolver, commit_timeout, spool, RefreshWindow(refresh_interval),
            adopts=context_types is None,
        )  # fmt: skip
        self._loading = Loading(self._session)

    @property
    def refresh_interval(self) -> float | None:
        """Seconds that a document may be trusted; None: for ever, and with a BucketApplication as 0."""
        return self._session.window.interval

    def set_bot(self, bot: Bot) -> None:
        """Open the state of this bot. PTB calls it when the application is built.

        Raises:
            ConfigurationError: The state of another bot is open.
            TypeError: Callback data is to be stored, and the bot is not an ``ExtBot``.
        """
        super().set_bot(bot)
        self._loading.bot_is_set()
        self._session.open(bot, store_data=self.store_data, interval=self.update_interval)

    def place(self, bot_id: str) -> str:
        """Return how messages name the place of a bot's state, which tells whether two places are the same.

        Args:
            bot_id: The bot's ID, which replaces ``{bot_id}`` in the URI.
        """
        return self._session.location.place(bot_id)

    def share_session(self, context_types: ContextTypes[Any, UD, CD, BD]) -> Session:
        """Share the open state with the BucketApplication that is being built. Only BucketApplication calls this.

        Args:
            context_types: Those of the application. The persistence takes them over if it was given none.

        Raises:
            ConfigurationError: The persistence was given others, or serves an application with others.
        """
        if self._session.adopt(defaults_of(context_types)):
            self.context_types = context_types
        return self._session

    @property
    def stats(self) -> Stats:
        """Figures: commits, requests, bytes, conflicts, what is pending, when the last save was."""
        return self._session.state.stats()

    # ---------------------------------------------------------------- PTB loads

    async def get_bot_data(self) -> BD:
        """The stored bot_data, or an empty one of the context types'. See ``BasePersistence.get_bot_data``.

        Raises:
            DocumentError: The bucket has a state that this bot cannot use. It was left as it is.
            StoreError: The state could not be read. It is not taken for an empty one.
            UnreadableRecordError: bot_data cannot be decoded, for example because it needs a class that is not
                registered. Of all other data, records that cannot be decoded are left out: see ``stats.unreadable``.
        """
        values = await self._loading.values(Kind.BOT)
        return cast("BD", values[0][1] if values else self.context_types.bot_data())

    async def get_chat_data(self) -> dict[int, CD]:
        """All chats' data by chat ID. See ``BasePersistence.get_chat_data``; raises as :meth:`get_bot_data`.

        Data that cannot be decoded is left out. If you ask for it by ``[chat_id]``, UnreadableRecordError says why.
        """
        return await self._loading.by_number(Kind.CHAT)

    async def get_user_data(self) -> dict[int, UD]:
        """All users' data by user ID, like :meth:`get_chat_data`."""
        return await self._loading.by_number(Kind.USER)

    async def get_callback_data(self) -> CallbackData | None:
        """Keyboards, least recently used first, and queries; None if there are none. Raises as :meth:`get_bot_data`."""
        return await self._loading.callback_data()

    async def get_conversations(self, name: str) -> dict[ConversationKey, object]:
        """The states of one handler's conversations by key. Raises as :meth:`get_bot_data`."""
        return {record.conversation[1]: state for record, state in await self._loading.values(Kind.CONVERSATION, name)}

    # ---------------------------------------------------------------- PTB saves

    async def _save(self, changes: Iterable[tuple[Record, Any]]) -> None:
        self._loading.running = True
        await self._session.save(changes, commits=not self.on_flush)

    async def update_bot_data(self, data: BD) -> None:
        """Save bot_data. See ``BasePersistence.update_bot_data``.

        Raises:
            CannotStoreError: A part of it cannot be stored. The error names the path; everything else is saved.
            UnreadableRecordError: The bucket has a version that cannot be decoded, so that PTB has never loaded it.
                That version stays; nothing is saved.
            PTBBucketError: The commit failed. Raised by one of the calls that share it; it is tried again at the next
                interval, and :meth:`flush` raises while it is not saved.
        """
        await self._save([(BOT_DATA, data)])

    async def update_chat_data(self, chat_id: int, data: CD) -> None:
        """Save one chat's data. Raises as :meth:`update_bot_data`."""
        await self._save([(Record.chat(chat_id), data)])

    async def update_user_data(self, user_id: int, data: UD) -> None:
        """Save one user's data. Raises as :meth:`update_bot_data`."""
        await self._save([(Record.user(user_id), data)])

    async def update_callback_data(self, data: CallbackData) -> None:
        """Save the cache's keyboards and queries, remove those it dropped. Raises as :meth:`update_bot_data`."""
        await self._save(self._session.callback_changes(*data))

    async def update_conversation(self, name: str, key: ConversationKey, new_state: object | None) -> None:
        """Save one conversation's state; None ends it. Raises as :meth:`update_bot_data`."""
        await self._save([(Record.of_conversation(name, key), new_state)])

    async def drop_chat_data(self, chat_id: int) -> None:
        """Remove one chat's data from the bucket. Raises as :meth:`update_bot_data`.

        Raises:
            UnreadableRecordError: It cannot be decoded, and PTB's own Application drops it. That may be half of a
                chat's migration, which would move an empty chat and lose this one. ``ptb-bucket rm`` removes it.
        """
        record = Record.chat(chat_id)
        if not self._session.is_only_staging:
            self._session.replica.values.check_readable(record)
        await self._save([(record, None)])

    async def drop_user_data(self, user_id: int) -> None:
        """Remove one user's data from the bucket, even if it cannot be decoded. Raises as :meth:`update_bot_data`."""
        await self._save([(Record.user(user_id), None)])

    async def flush(self) -> None:
        """Save everything and close the connections; the next use reopens them. PTB calls it at shutdown.

        Raises:
            UnsavedError: A record is not durable. The error names it, and says why and whether ``spool_dir`` has it.
        """
        if self._session.is_open and not self._session.is_only_staging:  # a commit that comes would wait for this call
            await self._session.state.flush()
            self._loading.running = False

    # ---------------------------------------------------------------- for broadcasts

    async def iter_user_ids(self) -> AsyncIterator[int]:
        """All users that have data in the bucket, or unsaved data here, each once, in no order.

        A bot with a million users iterates too: with the layout ``per-record`` they are read a few at a time.

        Yields:
            A user's ID.

        Raises:
            StoreError, DocumentError: The bucket could not be read; there may be more.
        """
        async for record in self._session.replica.documents.iterate(Kind.USER):
            yield record.number

    async def iter_chat_ids(self) -> AsyncIterator[int]:
        """All chats that have data, like :meth:`iter_user_ids`."""
        async for record in self._session.replica.documents.iterate(Kind.CHAT):
            yield record.number

    # ---------------------------------------------------------------- PTB refreshes

    async def refresh_bot_data(self, bot_data: BD) -> None:
        """Bring bot_data up to date in place, after a read if ``refresh_interval`` is over; unsaved changes survive.

        Raises:
            StoreError, DocumentError: The store could not be read; ``bot_data`` is unchanged.
            UnreadableRecordError: The bucket's version cannot be decoded. PTB passes the error to the error handlers
                and goes on with the next group of handlers, without refreshing again.
            CannotMergeError: A resolver or a class of your own raised an error.
        """
        await self._session.refresh(BOT_DATA, bot_data)

    async def refresh_chat_data(self, chat_id: int, chat_data: CD) -> None:
        """Bring one chat's data up to date in place, like :meth:`refresh_bot_data`."""
        await self._session.refresh(Record.chat(chat_id), chat_data)

    async def refresh_user_data(self, user_id: int, user_data: UD) -> None:
        """Bring one user's data up to date in place, like :meth:`refresh_bot_data`."""
        await self._session.refresh(Record.user(user_id), user_data)
