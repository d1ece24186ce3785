"""BucketApplication: telegram.ext.Application made right for many instances."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from ptb_bucket.application.durable_work import DurableMethods, DurableWork
from ptb_bucket.application.ptb import (
    BD,
    BT,
    CCT,
    CD,
    JQ,
    UD,
    NotedApplication,
    ask_before_timeouts,
    check_ptb,
)
from ptb_bucket.application.running_work import RunningWork
from ptb_bucket.application.shutdown import Shutdown
from ptb_bucket.application.startup_checks import StartupChecks, checked_job_queue, checked_persistence
from ptb_bucket.application.sync import Sync, migration_ids, records_of_ids
from ptb_bucket.application.update_handling import NoTimers, UpdateHandling
from ptb_bucket.application.update_locks import UpdateLocks
from ptb_bucket.location import checked_count, checked_seconds

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable
    from types import CoroutineType

    from telegram import Message, Update
    from telegram.ext import JobQueue
    from typing_extensions import Self

    from ptb_bucket.application.options import Jobs, Save
    from ptb_bucket.application.timers import JobRetry

__all__ = ["BucketApplication"]

Result = TypeVar("Result")


class BucketApplication(DurableMethods, NotedApplication[BT, CCT, UD, CD, BD, JQ]):
    """An Application of which several instances may run at once, or one that is frozen after each answer.

    Use it through PTB's builder, or :func:`ptb_bucket.bucket_application`, which does this::

        Application.builder().application_class(BucketApplication, {"save": "update"})

    Before any handler or filter sees an update, its bot, chat and user data, its conversations' states and its callback
    data are brought up to date from the bucket; unsaved changes survive. Updates of one chat, and of one user, are
    handled one at a time. A value that cannot be stored is reported once to the error handlers; everything else is
    saved. After a stop signal, changes are saved before ``shutdown_deadline``.

    Args:
        save: ``"interval"``: PTB's loop saves every ``update_interval`` seconds. ``"update"``:
            :meth:`process_update` returns when that update's changes are durable.
        sequential: Whether updates of one chat, and of one user, wait for each other.
        dedupe: Remember the IDs of the newest 1,000 updates in the bucket, and handle none of them again. Each update
            then makes a commit.
        shutdown_deadline: Seconds from a stop signal to the end of the last save. At most half of it is for handlers,
            jobs and tasks that still run. Without a signal, :meth:`stop` waits for these so many seconds.
        jobs: ``"process"``: PTB's own job queue, whose jobs end with the process. ``"bucket"``: jobs are stored in the
            bucket, and run on any instance.
        callbacks: With ``jobs="bucket"``: the functions that jobs may call, as a list or by name. See
            :class:`JobCallback` for old names.
        job_retry: With ``jobs="bucket"``: how often a job whose callback raised is tried again.
        tick: With ``jobs="bucket"``: seconds between two looks for jobs that other instances have added. A process
            runs its own jobs in time.
        cache_size: With the layout ``per-record``: about how many chats, users, conversations and keyboards are kept in
            memory. The least recently used are removed, unless they are unsaved or running work may use them.
        ptb: The arguments of PTB's builder.

    Raises:
        ConfigurationError: There is no BucketPersistence, it was given other ``context_types`` than the application, or
            an argument is wrong.
    """

    runs: bool
    """Whether the application goes on between updates. It does not where other code calls :meth:`process_update` only;
    options that need it are warned of at start."""
    answer_by: float | None = None
    """Until when the present update has to be answered, on the monotonic clock; None if nobody says. Where nothing runs
    between updates, calls of :meth:`after_commit` begin in the first half of the time that is left."""

    def __init__(  # noqa: PLR0913  its options
        self,
        *,
        save: Save = "interval",
        sequential: bool = True,
        dedupe: bool = False,
        shutdown_deadline: float = 8,
        cache_size: int = 10_000,
        jobs: Jobs = "process",
        callbacks: Iterable[Any] = (),
        job_retry: JobRetry | None = None,
        tick: float = 30.0,
        **ptb: Any,
    ) -> None:
        persistence = checked_persistence(save, ptb.get("persistence"))
        session = persistence.share_session(ptb["context_types"])
        ptb["job_queue"] = checked_job_queue(jobs, ask_before_timeouts(ptb["job_queue"]))
        super().__init__(**ptb)
        self.save, self.sequential, self.dedupe, self.jobs = save, sequential, dedupe, jobs
        self.shutdown_deadline = checked_seconds("shutdown_deadline", shutdown_deadline, above_zero=True)
        self.runs = True
        job_queue: JobQueue[Any] | None = ptb["job_queue"]  # the public property warns where there is none
        self._work = RunningWork(self)
        check_ptb(self)
        self._sync = Sync(self, self, persistence, session, checked_count("cache_size", cache_size))
        self._shutdown = Shutdown(self, self._work, job_queue, self._sync)
        self._checks = StartupChecks(self, self, job_queue)
        tick, locks = checked_seconds("tick", tick, above_zero=True), UpdateLocks()
        self._durable = DurableWork(self, self, self._sync, self._work)
        self.timers = self._durable.open_timers(callbacks, job_retry, tick, job_queue, locks)
        self._timers = self.timers or NoTimers()
        self._updates = UpdateHandling(self, self._sync, self._work, self._durable.effects, locks, self._timers)

    @property
    def unsaved_for(self) -> float:
        """Seconds for which a change that was to be saved has not been durable; 0.0 if there is none."""
        return self._sync.session.group.unsaved_for

    # ---------------------------------------------------------------- an update

    async def process_update(self, update: object) -> None:
        """Load an update's data, handle it, and with ``save="update"`` save. See ``Application.process_update``.

        Raises:
            UnsavedError: The handlers ran, and their changes are not durable. They stay in memory and are tried again.
            PTBBucketError: Any other error: the state could not be loaded, and no handler ran.
            RuntimeError: The application is not initialized.
        """
        await self._updates.process(update, super().process_update)

    async def run_and_save(self, work: Callable[[Self], Awaitable[Result]]) -> Result:
        """Load everything afresh, do some work, and save: for a timer, where no application runs in between.

        With the layout ``per-record``, everything is the bot's data and the data in memory. There, ``work`` loads the
        data that it needs with :meth:`load_data`, for example that of all ``persistence.iter_user_ids()``.

        Args:
            work: An async function of this application. It may change the data of any chat or user.

        Returns:
            What ``work`` returned.

        Raises:
            UnsavedError: ``work`` ran, and its changes are not durable.
            PTBBucketError: The state could not be loaded; ``work`` did not run.
            Exception: ``work`` raised it. Its changes until then are in memory and not saved yet.
        """

        async def work_and_mark() -> Result:
            result = await work(self)
            self.mark_data_for_update_persistence(chat_ids=list(self.chat_data), user_ids=list(self.user_data))
            return result

        return await self._updates.run(work_and_mark)

    async def time_out(self, callback: Callable[[Any], Awaitable[None]], context: Any) -> None:
        """End a conversation whose time is up, unless it has moved on elsewhere. Called by the job queue.

        Raises:
            PTBBucketError: The bucket could not be read, or the changes are not durable.
        """
        await self._updates.time_out(callback, context)

    # ---------------------------------------------------------------- saving

    async def update_persistence(self) -> None:
        """Save changes. Errors go to the error handlers. See ``Application.update_persistence``."""
        await self._sync.save_at_interval()

    def check_saved(self, update: Update) -> None:
        """Make sure that no commit left out a change of an update, after ``unsaved_for`` became 0.

        Raises:
            UnsavedError: A record that its handlers can see cannot be merged with the bucket's.
        """
        self._sync.check_saved(update)

    # ---------------------------------------------------------------- data of other chats and users

    async def load_data(self, chat_ids: int | Iterable[int] = (), user_ids: int | Iterable[int] = ()) -> None:
        """Bring ``chat_data`` and ``user_data`` of others up to date, before a handler or job looks at them.

        An update's own chat and user are always up to date. With the layout ``per-record``, all others are in memory
        only after this call. Changes of their data are saved after ``mark_data_for_update_persistence``.

        Args:
            chat_ids: The chats whose ``chat_data`` you need.
            user_ids: The users whose ``user_data`` you need.

        Raises:
            StoreError, DocumentError: The bucket could not be read. Nothing is changed.
        """
        await self._sync.load(records_of_ids(chat_ids, user_ids))

    def migrate_chat_data(
        self, message: Message | None = None, old_chat_id: int | None = None, new_chat_id: int | None = None
    ) -> None:
        """Move a chat's data to its new ID. See ``Application.migrate_chat_data``.

        Telegram reports a migration in both chats, and may deliver each report again. If the new chat has data, and the
        old chat has none or was moved before by this process, nothing is moved, and that is logged: later handlers
        added the data. Data that cannot be decoded is moved as it is.

        Raises:
            ValueError: PTB refuses the arguments. Nothing is moved.
            RuntimeError: The data of one of the two is not loaded: an update about the migration loads both; for
                others, call :meth:`load_data` first.
            UnreadableRecordError: One of the two cannot be decoded, and both have data. Nothing is moved.
        """
        ids = migration_ids(message, old_chat_id, new_chat_id)
        if ids is None:
            super().migrate_chat_data(message, old_chat_id, new_chat_id)  # PTB says what is wrong
        elif ids[0] != ids[1]:
            old, new = records_of_ids(ids, ())
            self._sync.migration.migrate(old, new, move=super().migrate_chat_data, drop=super().drop_chat_data)
            self._timers.migrate(old, new)
            self._data_changes(ids)

    def _data_changes(self, chat_ids: int | Iterable[int] | None, user_ids: int | Iterable[int] | None = None) -> None:
        self._sync.units.claim(records_of_ids(chat_ids, user_ids))

    # ---------------------------------------------------------------- start and end

    async def initialize(self) -> None:
        """Load the state. Data that the bucket no longer has is emptied in place. See ``Application.initialize``.

        Raises:
            PTBBucketError: The state could not be loaded.
            ConfigurationError: This version of PTB lacks something that this library needs.
        """
        self._sync.prepare()
        await super().initialize()
        if self._sync.is_loaded:
            return
        check_ptb(self)
        await self._sync.ptb_has_loaded()
        self._timers.begin()
        self._checks.warn(anew=True)

    async def start(self) -> None:
        """See ``Application.start``. Warns of handlers that ``post_init`` added and that probably do not work."""
        self._checks.warn()
        if not self.running:
            self._shutdown.application_starts()
        await super().start()

    def _stop_signalled(self) -> None:
        self._shutdown.deadline.begin()

    def _task_begins(self, coroutine: CoroutineType[Any, Any, Any], update: object) -> None:
        self._work.note(coroutine, update)
        self._durable.effects.task_begins(coroutine)
        self._sync.lru.pin_for_coroutine(coroutine)

    async def stop(self) -> None:
        """See ``Application.stop``. Waits for running handlers, jobs and tasks, and for those that they start in turn.

        After a signal they have half of the ``shutdown_deadline``, without one all of it. Then they are cancelled and
        named in the log. Those that go on even so for another eighth of it are named once more and left behind.

        Raises:
            RuntimeError: The application is not running.
        """
        if not self.running:
            await super().stop()  # PTB says so
        await self._shutdown.stop(super().stop())

    async def finish(self, seconds: float, grace: float) -> None:
        """Wait for running handlers, jobs and tasks, where nobody calls :meth:`stop` because nobody called `start`.

        Args:
            seconds: Seconds to wait. What still runs then is cancelled and named in the log.
            grace: Seconds in which cancelled work has to end. Work that does not is left behind and named.
        """
        await self._work.finish(seconds, grace)

    async def shutdown(self) -> None:
        """Save and close. See ``Application.shutdown``.

        Raises:
            UnsavedError: Something could not be saved, or not before the deadline; the error names it.
        """
        await self._timers.end()
        await self._shutdown.shut_down(super().shutdown())
        self._sync.is_loaded = False

    async def discard(self) -> None:
        """Close connections without saving: unsaved changes are lost. The application cannot be used after that."""
        await self._timers.end()
        await self._sync.session.state.discard()
        await self.bot.shutdown()
        if self.updater:
            await self.updater.shutdown()
