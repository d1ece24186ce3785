"""Conversation timeouts as timers in the bucket: they fire with no process alive, and on any instance.

PTB schedules a timeout after each update of a conversation, and removes it at the next one. Here the timer has an ID
that follows from the conversation. So a new timeout replaces the one before, also one of another instance, in the
commit that carries the conversation's state. A timeout holds the name of the handler, the key of the conversation and
the update as JSON.
"""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING, Any

from telegram import Update

from ptb_bucket.application.ptb import TimeoutRun, handlers_in, key_of, timeout_jobs_of
from ptb_bucket.application.timers.job import BucketJob
from ptb_bucket.application.timers.pending_timers import nonce
from ptb_bucket.errors import CannotStoreError, UnreadableRecordError
from ptb_bucket.state import BOT_DATA, Record
from ptb_bucket.state.timers import TIMEOUT, Timer

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator

    from telegram.ext import Application, ConversationHandler

    from ptb_bucket.application.timers.pending_timers import PendingTimers
    from ptb_bucket.state import ConversationKey

__all__ = ["Timeouts", "is_durable"]


class Timeouts:
    """The conversation timeouts of one application.

    Args:
        application: The application whose conversations time out.
        pending: The timers that handlers see.
    """

    def __init__(self, application: Application[Any, Any, Any, Any, Any, Any], pending: PendingTimers) -> None:
        self._application, self._pending = application, pending

    # ---------------------------------------------------------------- while an update is handled

    def add(
        self, callback: Callable[..., Any], due: float, handler: ConversationHandler[Any], key: ConversationKey,
        update: Update,
    ) -> BucketJob:  # fmt: skip
        """Let a conversation time out, instead of when it was to time out before.

        Args:
            callback: PTB's method that ends a conversation.
            due: When, in seconds since the epoch.
            handler: The handler of the conversation.
            key: The key of the conversation.
            update: The update that its TIMEOUT handlers get.
        """
        record = _record(handler, key)
        options = {TIMEOUT: {"handler": str(handler.name), "key": list(key)}}
        timer = Timer(TIMEOUT, nonce(), update.to_dict(), str(handler.name), due=due, options=options)
        timer = self._pending.replacing(record, timer)
        self._put(record, timer)
        return BucketJob(self._pending, record, timer, callback)

    def _put(self, record: Record, timer: Timer) -> None:
        try:
            self._pending.put(record, timer)
        except CannotStoreError:  # a button's data, which is any object
            update = {**timer.data, "callback_query": {**timer.data.get("callback_query", {}), "data": None}}
            self._pending.put(record, timer.but(data=update))

    def attach(self, update: object) -> None:
        """Show PTB the timeouts of an update's conversations, so that it removes them as it does its own."""
        for handler, key in self._of(update):
            record = _record(handler, key)
            jobs, timer = timeout_jobs_of(handler), self._pending.get(record)
            known = jobs.get(key)
            if timer is None and isinstance(known, BucketJob):
                del jobs[key]
            elif timer is not None and known is None:
                jobs[key] = BucketJob(self._pending, record, timer, TimeoutRun.callback_of(handler))

    def of(self, update: object) -> dict[Record, Timer]:
        """Return the timeouts of an update's conversations, as far as it has some."""
        records = (_record(handler, key) for handler, key in self._of(update))
        return {record: timer for record in records if (timer := self._pending.get(record)) is not None}

    def firing_until(self, update: object, waiting: Collection[Record]) -> float:
        """Return until when one of an update's conversations is being ended elsewhere; 0.0 if none is.

        Args:
            update: The update.
            waiting: Timeouts that are not counted, because they wait until this update has ended.

        Returns:
            Seconds since the epoch.
        """
        claims = (timer.claim for record, timer in self.of(update).items() if record not in waiting)
        return max((claim.until for claim in claims if claim), default=0.0)

    def _of(self, update: object) -> Iterator[tuple[ConversationHandler[Any], ConversationKey]]:
        if not isinstance(update, Update):
            return
        for handler in handlers_in(self._application):
            if is_durable(handler) and (key := key_of(handler, update)) is not None:
                yield handler, key

    # ---------------------------------------------------------------- when it is due

    def run_of(self, record: Record, timer: Timer) -> TimeoutRun | None:
        """Return what ends the conversation of a timeout; None if this deployment has no such handler.

        Raises:
            UnreadableRecordError: The timeout is damaged.
        """
        try:
            what = timer.options[TIMEOUT]
            name, key = what["handler"], tuple(what["key"])
            update = Update.de_json(timer.data, self._application.bot)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise UnreadableRecordError("it is not a conversation timeout", record=record.label) from error
        handler = next((one for one in handlers_in(self._application) if str(one.name) == name), None)
        if handler is None:
            return None
        job = BucketJob(self._pending, record, timer, TimeoutRun.callback_of(handler))
        return TimeoutRun(self._application, handler, key, update, job)


def is_durable(handler: ConversationHandler[Any]) -> bool:
    """Tell whether the timeouts of a handler are kept in the bucket: its conversations are, too."""
    return bool(handler.persistent and handler.name and handler.conversation_timeout)


def _record(handler: ConversationHandler[Any], key: ConversationKey) -> Record:
    """Return the record of a conversation's timeout, whose owner is the user, the chat that users share, or the bot.

    The conversation of a message alone belongs to the bot: its key holds the ID of a message, or of an inline message,
    which is text.
    """
    conversation = Record.of_conversation(str(handler.name), key)
    if handler.per_user:
        owner = Record.user(int(key[1] if handler.per_chat else key[0]))
    else:
        owner = Record.chat(int(key[0])) if handler.per_chat else BOT_DATA
    return Record.of_timer(owner, f"timeout-{sha256(conversation.id.encode()).hexdigest()[:16]}")
