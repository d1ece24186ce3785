"""BucketApplication: telegram.ext.Application made right for many instances."""

from __future__ import annotations

import contextlib
import logging
import warnings
from typing import TYPE_CHECKING, Any, Literal, TypeVar

from telegram import Update

from ptb_bucket.location import checked_count
from ptb_bucket.session import Backstage
from ptb_bucket.errors import said
from ptb_bucket.application.deadline import name_of
from ptb_bucket.application.shutdown import EndsInTime
from ptb_bucket.application.save import Memory
from ptb_bucket.application.startup_checks import mistakes
from ptb_bucket.application.others import OthersData
from ptb_bucket.application.update_locks import Turns
from ptb_bucket.application.ptb import BD, BT, CCT, CD, JQ, UD, TellingProcessor, careful, check_ptb, timeout_of
from ptb_bucket.errors import ConfigurationError, PTBBucketError, UnsavedError
from ptb_bucket.persistence import BucketPersistence

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Collection
    from contextlib import AbstractAsyncContextManager

    from telegram.ext import BaseUpdateProcessor
    from typing_extensions import Self

    from ptb_bucket.state import Record

__all__ = ["BucketApplication"]

_LOGGER = logging.getLogger("ptb_bucket.application")

Result = TypeVar("Result")
Save = Literal["interval", "update"]


class BucketApplication(OthersData[BT, CCT, UD, CD, BD, JQ], EndsInTime[BT, CCT, UD, CD, BD, JQ]):
    """An Application of which several instances may run at once, or one that is frozen after each answer.

    Use it through PTB's builder, or :func:`ptb_bucket.bucket_application`, which does this::

        Application.builder().application_class(BucketApplication, {"save": "update"})

    Before any handler or filter sees an update, its bot, chat and user data, its conversations' states and its
    callback data are brought up to date from the bucket; what is unsaved here survives. Updates of one chat, and of
    one user, are handled one at a time. A value that cannot be stored is reported once to the error handlers, and
    costs only itself. After a signal, what can be saved is saved before ``shutdown_deadline``.

    Args:
        save: ``"interval"``: PTB's loop saves every ``update_interval`` seconds. ``"update"``:
            :meth:`process_update` returns when that update's changes are durable.
        sequential: Whether updates of one chat, and of one user, wait for each other.
        dedupe: Remember the ids of the newest 1,000 updates in the bucket, and handle none of them again. Every
            update makes a commit then.
        shutdown_deadline: Seconds from a stop signal to the end of the last save. At most half of it is for handlers,
            jobs and tasks that still run. Without a signal, :meth:`stop` waits for these so many seconds.
        cache_size: With the layout ``per-record``: about how many chats, users, conversations and keyboards are kept
            in memory.
            Those that were used least recently go, unless they are unsaved or something under way may use them.
        ptb: What PTB's builder passes.

    Raises:
        ConfigurationError: There is no BucketPersistence, it was given other ``context_types`` than the application, or
            an argument is wrong.
    """

    runs: bool
    """Whether it goes on between updates. Where somebody else calls :meth:`process_update` it does not, and what needs
    that is warned of at start."""

    def __init__(
        self,
        *,
        save: Save = "interval",
        sequential: bool = True,
        dedupe: bool = False,
        shutdown_deadline: float = 8,
        cache_size: int = 10_000,
        **ptb: Any,
    ) -> None:
        persistence = _checked(save, ptb.get("persistence"))
        Backstage(persistence).adopt(ptb["context_types"])
        ptb["job_queue"] = careful(ptb["job_queue"])
        ptb["update_processor"] = TellingProcessor(ptb["update_processor"], self.process_error)
        super().__init__(shutdown_deadline, **ptb)
        self.save, self.sequential, self.dedupe = save, sequential, dedupe
        check_ptb(self)
        self._memory = Memory(self, persistence, checked_count("cache_size", cache_size))
        self._turns = Turns()
        self._reported: dict[Record, str] = {}
        self._loaded = self._ran_before = False
        self.runs = True
        self._warned: set[str] = set()

    @property
    def update_processor(self) -> BaseUpdateProcessor:
        """The one that the builder was given. See ``Application.update_processor``."""
        processor = super().update_processor
        return processor.inner if isinstance(processor, TellingProcessor) else processor

    @property
    def unsaved_for(self) -> float:
        """Seconds since when something that was to be saved is not durable; 0.0 if nothing is."""
        return self._memory.group.unsaved_for

    # ---------------------------------------------------------------- an update

    async def process_update(self, update: object) -> None:
        """Bring up to date, handle, and with ``save="update"`` save. See ``Application.process_update``.

        Raises:
            UnsavedError: The handlers ran, and what they changed is not durable. It is kept in memory and tried again.
            PTBBucketError: Any other: the state could not be loaded, and no handler ran.
            RuntimeError: The application is not initialized.
        """
        if self._work.over:
            _LOGGER.error("%s came after the shutdown deadline and was not handled", name_of(update))
            return
        with self._work.of(update):
            async with self._turns.of(update) if self.sequential else contextlib.nullcontext():
                with self._memory.recent.at_work():
                    await self._process(update)

    async def _process(self, update: object) -> None:
        if not self._loaded:
            await super().process_update(update)  # PTB says what is missing
            return
        await self._memory.refresh(update)
        countable = update if self.dedupe and isinstance(update, Update) else None
        if countable and self._memory.knows(countable):
            _LOGGER.info("%s was handled before", name_of(update))
        elif countable:
            async with self._unit(update, countable.update_id):
                await self._handle(update)
        else:
            await self._handle(update)
        if self.save == "update":
            await self._commit(needed_by=update)
        elif countable:
            await self._stage()

    def _unit(self, update: object, update_id: int | None = None) -> AbstractAsyncContextManager[None]:
        """Inside, this update's effects are left out of what others save; afterwards, they are saved with its id."""
        if not self.dedupe:
            return contextlib.nullcontext()
        return self._memory.units.run(update_id, self._memory.records_of(update))

    def _settled(self) -> AbstractAsyncContextManager[None]:
        return self._memory.units.settled() if self.dedupe else contextlib.nullcontext()

    async def _handle(self, update: object) -> None:
        with self._memory.backstage.rounds.covered():
            await super().process_update(update)

    async def run_and_save(self, work: Callable[[Self], Awaitable[Result]]) -> Result:
        """Load everything afresh, do something, and save, for a timer where no application runs in between.

        With the layout ``per-record``, everything is the bot's data and what is in memory: ``work`` loads whose data it
        needs by :meth:`load_data`, such as of all in ``persistence.iter_user_ids()``.

        Args:
            work: An async function of this application. It may change anybody's data; all of it is looked through.

        Returns:
            What ``work`` returned.

        Raises:
            UnsavedError: It ran, and what it changed is not durable.
            PTBBucketError: The state could not be loaded; it did not run.
            Exception: What ``work`` raised. What it had changed is in memory, and nothing has saved it yet.
        """
        with self._memory.recent.at_work():
            await self._memory.refresh_all()
            async with self._unit(None):
                result = await work(self)
                self.mark_data_for_update_persistence(chat_ids=list(self.chat_data), user_ids=list(self.user_data))
            await self._commit()
        return result

    async def time_out(self, callback: Callable[[Any], Awaitable[None]], context: Any) -> None:
        """End a conversation whose time is up, unless it has moved on elsewhere. Called by the job queue.

        Raises:
            PTBBucketError: The bucket could not tell whether it has, or what was changed is not durable.
        """
        found = timeout_of(callback, context.job.data)
        if found is None:
            await callback(context)
            return
        handler, key, update = found
        async with self._turns.of(update) if self.sequential else contextlib.nullcontext():
            if await self._memory.is_still_due(handler, key, update, context.job):
                async with self._unit(update):
                    await callback(context)
                if self.save == "update":
                    await self._commit(needed_by=update)

    # ---------------------------------------------------------------- saving

    async def update_persistence(self) -> None:
        """Save what changed. Errors go to the error handlers. See ``Application.update_persistence``."""
        try:
            if self._memory.commits_at(self.save):
                await self._commit()
            else:
                await self._stage()
        except Exception as error:  # noqa: BLE001  any of them would end PTB's save loop
            await self.process_error(None, error)

    async def _stage(self) -> None:
        async with self._memory.group.held(), self._settled():
            errors = await self._memory.stage()
        for error in errors:
            await self.process_error(None, error)
        await self._report()

    async def _commit(self, *, needed_by: object = None) -> None:
        """Stage and commit.

        Args:
            needed_by: The update that is answered with this commit. Another user's record that cannot be merged does
                not fail it; that record was told already, or is now. None: any record fails it.

        Raises:
            UnsavedError: Something of that is not durable.
        """
        await self._stage()
        if not self._memory.replica.pending:
            return
        try:
            await self._memory.group.commit()
        except UnsavedError as error:
            if needed_by is None or not error.records or self._needs(needed_by, error.records):
                raise
            await self._report()
        except PTBBucketError as error:
            raise UnsavedError(f"What was changed is not saved: {error}", causes=[error]) from error

    def check_saved(self, update: Update) -> None:
        """Make sure that no change of an update was left out by a commit, after ``unsaved_for`` became 0.

        Raises:
            UnsavedError: A record that its handlers can see cannot be merged with the bucket's.
        """
        failures = self._memory.replica.failures
        for record in self._memory.records_of(update):
            if record in failures:
                error = failures[record]
                raise UnsavedError(
                    f"What was changed is not saved: {said(error)}", causes=[error], records=[record.label]
                ) from error

    def _needs(self, update: object, labels: Collection[str]) -> bool:
        return any(record.label in labels for record in self._memory.records_of(update))

    async def _report(self) -> None:
        """Tell what cannot be stored or merged, once, until it can be."""
        before, replica = self._reported, self._memory.replica
        now: dict[Record, Exception] = {**replica.unmerged, **replica.failures, **replica.unstorable}
        self._reported = {record: str(error) for record, error in now.items()}
        for record, error in now.items():
            if before.get(record) != str(error):
                await self.process_error(None, error)

    # ---------------------------------------------------------------- start

    async def initialize(self) -> None:
        """Load. What the bucket no longer has is emptied in place. See ``Application.initialize``.

        Raises:
            PTBBucketError: The state could not be loaded.
            ConfigurationError: This version of PTB keeps conversation states in a way that we do not know.
        """
        self._memory.remember_updates(self.dedupe)
        await super().initialize()
        if self._loaded:
            return
        check_ptb(self)
        self._memory.note_keyboards()
        await self._memory.check_handled()
        if self._ran_before:
            await self._memory.forget_what_is_gone()
        self._loaded = self._ran_before = True
        self._warned.clear()
        self._warn()

    async def start(self) -> None:
        """See ``Application.start``. Warns of mistakes in handlers that ``post_init`` added."""
        self._warn()
        await super().start()

    def _warn(self) -> None:
        """Warn of each mistake once, until the application is initialized anew."""
        for mistake in mistakes(self, self._jobs, saves=self.save == "update", runs=self.runs):
            if mistake not in self._warned:
                self._warned.add(mistake)
                warnings.warn(mistake, stacklevel=3)


def _checked(save: str, persistence: object) -> BucketPersistence[Any, Any, Any]:
    if save not in {"interval", "update"}:
        raise ConfigurationError(f"save={save!r}: expected 'interval' or 'update'.")
    if not isinstance(persistence, BucketPersistence):
        raise ConfigurationError(
            "BucketApplication needs a BucketPersistence: Application.builder().application_class(BucketApplication)"
            ".persistence(BucketPersistence('s3://my-bucket/my-bot'))"
        )
    return persistence
