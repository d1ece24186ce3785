"""The work of an application that outlives its process: jobs in the bucket, effects and broadcasts."""

from __future__ import annotations

import time
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

from ptb_bucket.application.effects import EffectUnits
from ptb_bucket.errors import ConfigurationError
from ptb_bucket.location import checked_seconds

if TYPE_CHECKING:
    from collections.abc import AsyncIterable, Awaitable, Callable, Iterable

    from telegram.ext import Application

    from ptb_bucket.application.broadcasts import Broadcasts
    from ptb_bucket.application.effects import Once
    from ptb_bucket.application.options import LiveOptions
    from ptb_bucket.application.running_work import RunningWork
    from ptb_bucket.application.sync import Sync
    from ptb_bucket.application.timers import BucketJob, BucketTimers, JobRetry, Ticked
    from ptb_bucket.application.update_locks import UpdateLocks
    from ptb_bucket.state import Broadcast

__all__ = ["DurableMethods", "DurableWork"]


class DurableWork:
    """The timers, effects and broadcasts of one application. Each part is made when it is first needed.

    Args:
        application: The application whose callbacks run.
        options: The application's options.
        sync: Loads and saves.
        work: Notes what runs.
    """

    def __init__(
        self, application: Application[Any, Any, Any, Any, Any, Any], options: LiveOptions, sync: Sync,
        work: RunningWork,
    ) -> None:  # fmt: skip
        self._application, self._options, self._sync, self._work = application, options, sync, work
        self.effects = EffectUnits()
        self.timers: BucketTimers | None = None

    def open_timers(
        self, callbacks: Iterable[Any], retry: JobRetry | None, interval: float, queue: Any, locks: UpdateLocks
    ) -> BucketTimers | None:
        """Open the timers in the bucket, if the application keeps its jobs there.

        Args:
            callbacks: The option ``callbacks``.
            retry: The option ``job_retry``.
            interval: The option ``tick``.
            queue: The application's job queue.
            locks: Keep jobs and updates of one chat or user apart.

        Raises:
            ConfigurationError: There are callbacks or a retry, and the jobs end with the process.
        """
        if self._options.jobs == "process":
            if callbacks or retry:
                raise ConfigurationError("callbacks and job_retry need jobs='bucket', which keeps jobs in the bucket.")
            return None
        from ptb_bucket.application.timers import BucketTimers, JobRetry  # noqa: PLC0415  needs APScheduler

        timers = self.timers = BucketTimers(
            self._application, self._options, self._sync, locks, self.effects, callbacks, retry or JobRetry(),
            interval, queue,
        )  # fmt: skip
        self._sync.take_timers, timers.ticker.note = timers.pending.take, self._work.note
        timers.works.drive = lambda name: self.broadcasts.drive(name)  # noqa: PLW0108  made when it is needed
        return timers

    def timers_for(self, method: str) -> BucketTimers:
        """Return the timers, which a method needs.

        Raises:
            ConfigurationError: There are none.
        """
        if self.timers is None:
            raise ConfigurationError(
                f"{method} needs jobs='bucket': bucket_application(..., jobs='bucket', callbacks=[...])."
            )
        return self.timers

    @cached_property
    def once(self) -> Once:
        """Carries out effects."""
        from ptb_bucket.application.effects import Once  # noqa: PLC0415  only bots with effects import it

        return Once(self._options, self._sync.session, self.effects)

    @cached_property
    def broadcasts(self) -> Broadcasts:
        """The broadcasts.

        Raises:
            ConfigurationError: There are no timers.
        """
        timers = self.timers_for("broadcast()")
        from ptb_bucket.application.broadcasts import Broadcasts  # noqa: PLC0415  only bots with broadcasts import it

        return Broadcasts(self._application, self._sync, timers)

    def after_commit(
        self, function: Callable[[Any], Awaitable[Any]], data: object, chat_id: int | None, user_id: int | None
    ) -> BucketJob:
        """See :meth:`DurableMethods.after_commit`."""
        timers = self.timers_for("after_commit()")
        if chat_id is None and user_id is None:
            place = self.effects.place
            chat_id, user_id = place.chat_id, place.user_id
        return timers.add_now(function, data, chat_id, user_id)

    async def broadcast(
        self, send: Callable[[Any, int], Awaitable[Any]], user_ids: Iterable[int] | AsyncIterable[int], name: str, *,
        wait: bool | None,
    ) -> Broadcast:  # fmt: skip
        """See :meth:`DurableMethods.broadcast`."""
        broadcasts, is_inside = self.broadcasts, self.effects.current is not None
        found = await broadcasts.begin(send, user_ids, name)
        if is_inside:
            return found  # its job is saved with the changes around it
        if wait if wait is not None else self._application.running:
            return await broadcasts.wait(found)
        await self._sync.commit()
        return found


class DurableMethods:
    """The methods of a :class:`BucketApplication` for work that outlives its process."""

    _durable: DurableWork

    async def tick(self, seconds: float = 50.0) -> Ticked:
        """Run the jobs that are due, where no process runs between updates: call this every minute.

        Args:
            seconds: Begin no further job after so many seconds. The next call, or another instance, runs the rest.

        Returns:
            How many jobs ran, whether some were left, and the errors of jobs that could not be run. These stay due.

        Raises:
            ConfigurationError: ``jobs`` is not ``"bucket"``.
            PTBBucketError: The bucket could not be read.
        """
        return await self._durable.timers_for("tick()").tick(time.monotonic() + checked_seconds("seconds", seconds))

    def after_commit(
        self, function: Callable[[Any], Awaitable[Any]], data: object = None, *, chat_id: int | None = None,
        user_id: int | None = None,
    ) -> BucketJob:  # fmt: skip
        """Call a function when, and only when, the changes around it are durable: the way to send or to charge.

        The call is stored with the handler's or job's changes, in the same commit, as a job that is due at once. If the
        process ends before it runs, another one runs it. If it raises, it is tried again as ``job_retry`` says, and is
        then parked and listed. It may be repeated if the process is killed between the effect and the end of the job:
        wrap an effect that must not be repeated in :meth:`once`.

        Where nothing runs between updates (``runs``), :meth:`process_update` runs it after the commit, and the next
        :meth:`tick` if there is no time left. An error of the function never fails the update.

        Args:
            function: An async function that is listed in ``callbacks``. It takes a context, as a job does.
            data: Available as ``context.job.data``. Any value that can be stored.
            chat_id: The chat that the job is about; without both IDs, those of the present update or job.
            user_id: The user that the job is about.

        Returns:
            The job.

        Raises:
            ConfigurationError: ``jobs`` is not ``"bucket"``, or the function is not listed.
            CannotStoreError: The data cannot be stored.
        """
        return self._durable.after_commit(function, data, chat_id, user_id)

    async def once(
        self, name: str, function: Callable[..., Any], *args: Any, at_most_once: bool = False,
        final: type[Exception] | tuple[type[Exception], ...] = (),
    ) -> Any:  # fmt: skip
        """Carry out an effect once for the present update or occurrence of a job, also if that is handled again.

        The first call awaits ``function(*args)``, and stores the result under the update's or occurrence's ID and the
        name. The result is durable before this method returns, by a commit that carries no other changes of the
        handler. When any instance handles the same update or occurrence again, it returns the stored result.

        If the process is killed between the effect and the end of that commit, the effect is repeated. With
        ``at_most_once=True``, it is not: the intent is stored first, and if only the intent is found,
        ``OutcomeUnknownError`` is raised. Results are kept for two days.

        An exception of the function is passed on and not stored, so the effect is tried again with the update or job,
        unless its type is ``final``: then it is the result, and is raised again.

        Costs one put, with ``at_most_once=True`` two. The layout ``per-type`` needs a get, too.

        Args:
            name: Names the effect within its update or job.
            function: A function or async function that causes the effect.
            args: Its arguments. When the name is used again, they must be equal. Values that are not plain count with
                their type only.
            at_most_once: Rather raise than repeat.
            final: The types of exceptions that are results, such as ``telegram.error.Forbidden``.

        Returns:
            What the function returned. It must be a value that can be stored.

        Raises:
            OutcomeUnknownError: It was begun before, and its outcome is not known.
            RefusedError: The name was used with other arguments.
            CannotStoreError: The effect has happened, and its result cannot be stored.
            UnsavedError: The result could not be saved. The update or job is handled again.
            ConfigurationError: This is not an update or a job, or neither ``dedupe`` nor ``jobs="bucket"`` is set.
        """
        from ptb_bucket.application.effects import Effect  # noqa: PLC0415  only bots with effects import it

        finals = final if isinstance(final, tuple) else (final,)
        return await self._durable.once.carry_out(Effect(name, function, args, finals, at_most_once=at_most_once))

    async def broadcast(
        self, send: Callable[[Any, int], Awaitable[Any]], user_ids: Iterable[int] | AsyncIterable[int], *, name: str,
        wait: bool | None = None,
    ) -> Broadcast:  # fmt: skip
        """Send something to many people: each gets it at least once, and after a kill at most a segment gets it twice.

        The audience and a journal are stored, and a job of the bot drives the broadcast. If its process ends, another
        instance goes on where the journal ends, at the latest 70 seconds later. Calling this again with the same name
        goes on too, or returns the report of a broadcast that is over. One broadcast sends at a time, at most 25
        messages a second, and it waits whenever Telegram asks for it (``RetryAfter``).

        Example:
            ::

                await application.broadcast(send_news, application.persistence.iter_user_ids(), name="news-7")

        Args:
            send: An async function ``send(context, user_id)`` that is listed in ``callbacks``. Its context has no
                chat and no user, because their data is not loaded.
            user_ids: Whom to send to, such as ``persistence.iter_user_ids()``. Not read again when it goes on.
            name: Its name, which must be new for each broadcast: letters, digits, ``.``, ``-`` and ``_``.
            wait: Return when it is over or paused, and show a bar in a terminal. By default, wait outside of handlers
                and jobs if the application is running.

        Returns:
            How far it has come. ``blocked`` has the IDs of those who blocked the bot.

        Raises:
            ConfigurationError: ``jobs`` is not ``"bucket"``, or the function is not listed.
            RefusedError: A broadcast of this name sends with another function, or its job was parked while this waited.
            StoreError: The bucket could not be read or written.
        """
        return await self._durable.broadcast(send, user_ids, name, wait=wait)

    async def turn_broadcast(self, name: str, state: Literal["running", "paused", "cancelled"]) -> Broadcast:
        """Pause, cancel or continue a broadcast, on any instance. It stops after the segment that is being sent.

        Raises:
            ConfigurationError: There is no broadcast of this name.
            StoreError: The bucket could not be read or written.
        """
        return await self._durable.broadcasts.turn(name, state)

    async def find_broadcast(self, name: str) -> Broadcast | None:
        """Return how far a broadcast has come; None if there is none of this name.

        Raises:
            StoreError: The bucket could not be read.
        """
        return await self._durable.broadcasts.journals.read(name)
