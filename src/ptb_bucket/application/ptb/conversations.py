"""Conversation states, brought up to date in PTB's own memory.

``Application._conversation_handler_conversations`` maps handler names to dicts of states that remember which keys were
written.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any, Final

from telegram import Update
from telegram.ext import ConversationHandler

from ptb_bucket._dataclass import dataclass
from ptb_bucket.errors import CannotMergeError, UnreadableRecordError
from ptb_bucket.state import MISSING, Kind, Record

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from telegram.ext import Application

    from ptb_bucket.errors import PTBBucketError
    from ptb_bucket.state import ConversationKey, Replica

__all__ = [
    "CONVERSATIONS",
    "Conversation",
    "Conversations",
    "PendingState",
    "TimeoutContext",
    "handlers_in",
    "key_of",
    "timeout_of",
]


def _private(name: str) -> Any:
    """Return a class of a private module of PTB's; without it one that has nothing, which ``check_ptb`` reports."""
    nothing = type(name, (), {})
    try:
        return getattr(importlib.import_module("telegram.ext._handlers.conversationhandler"), name, nothing)
    except ImportError:
        return nothing


PendingState: Final = _private("PendingState")
TimeoutContext: Final = _private("_ConversationTimeoutContext")
CONVERSATIONS: Final = "_conversation_handler_conversations"
"""The attribute of Application that maps the names of handlers to their conversations' states."""


def handlers_in(application: Application[Any, Any, Any, Any, Any, Any]) -> Iterator[ConversationHandler[Any]]:
    """Yield every ConversationHandler of an application once, nested ones included."""
    waiting = [handler for group in application.handlers.values() for handler in group]
    met: set[int] = set()
    while waiting:
        handler = waiting.pop()
        if isinstance(handler, ConversationHandler) and id(handler) not in met:
            met.add(id(handler))
            yield handler
            waiting += [*handler.entry_points, *handler.fallbacks]
            waiting += [inner for inners in handler.states.values() for inner in inners]


def key_of(handler: ConversationHandler[Any], update: Update) -> ConversationKey | None:
    """Return the key under which a handler would look for an update's conversation; None if it would not look."""
    chat, user, query = update.effective_chat, update.effective_user, update.callback_query
    if update.channel_post or update.edited_channel_post or (query and handler.per_chat and not query.message):
        return None
    parts: list[int | str | None] = []
    if handler.per_chat:
        parts.append(chat.id if chat else None)
    if handler.per_user:
        parts.append(user.id if user else None)
    if handler.per_message:
        message = query.message if query else None
        parts.append((query.inline_message_id if query else None) or (message.message_id if message else None))
    return None if None in parts else tuple(part for part in parts if part is not None)


@dataclass(frozen=True)
class Conversation:
    """A conversation of one handler, in PTB's memory."""

    handler: ConversationHandler[Any]
    key: ConversationKey
    states: Any

    @property
    def record(self) -> Record:
        """The record of its state."""
        return Record.of_conversation(str(self.handler.name), self.key)

    def take_stored(self, replica: Replica) -> bool:
        """Take the bucket's state, if it differs and no change here is unsaved.

        Returns:
            True if the conversation has moved on in another instance.
        """
        live = self.states.data.get(self.key, MISSING)
        if isinstance(live, PendingState):
            return False  # a handler of this instance is deciding on it
        state = replica.values.merge(self.record, live)
        if state is live:
            return False
        self._take(state)
        return True

    def _take(self, state: Any) -> None:
        """Set the state without PTB's bookkeeping: a state from the bucket need not be saved."""
        if state is MISSING or state == ConversationHandler.END:
            self.states.data.pop(self.key, None)
        else:
            self.states.data[self.key] = state
        timeout = self.handler.timeout_jobs.pop(self.key, None)
        if timeout is not None and getattr(timeout, "ends_with_state", True):
            timeout.schedule_removal()  # it belongs to the earlier state


class Conversations:
    """The persistent conversations of one application."""

    def __init__(self, application: Application[Any, Any, Any, Any, Any, Any]) -> None:
        self._application = application

    def of(self, update: object) -> list[Conversation]:
        """Return the conversations that an update may belong to, in any handler, nested ones included."""
        if not isinstance(update, Update):
            return []
        found = ((handler, key_of(handler, update)) for handler in handlers_in(self._application))
        return [one for handler, key in found if key is not None and (one := self.one(handler, key))]

    def one(self, handler: ConversationHandler[Any], key: ConversationKey) -> Conversation | None:
        """Return a conversation; None if its handler is not persistent."""
        states = self._all.get(str(handler.name)) if handler.persistent else None
        return None if states is None else Conversation(handler, key, states)

    def state(self, handler: ConversationHandler[Any], key: ConversationKey) -> Any:
        """Return the state in PTB's memory, pending ones included; None if there is none."""
        conversation = self.one(handler, key)
        return conversation and conversation.states.data.get(key)

    def waits_for(self, job: object, handler: ConversationHandler[Any], key: ConversationKey) -> bool:
        """Tell whether a job is the one that ends a conversation when its time is up."""
        return handler.timeout_jobs.get(key) is job

    def forget(self, record: Record, replica: Replica) -> bool:
        """Forget a conversation, also in PTB's memory, unless it is unsaved, in use, or has a timeout.

        Returns:
            True if it is forgotten.
        """
        name, key = record.conversation
        states = self._all.get(name)
        if states is None:
            return replica.forget(record)
        live = states.data.get(key, MISSING)
        kept = isinstance(live, PendingState) or key in _marked(states) or self._has_timeout(name, key)
        if kept or not replica.values.is_known(record, live) or not replica.forget(record):
            return False
        states.data.pop(key, None)
        return True

    def take(self, busy: Collection[Record] = ()) -> list[tuple[Record, Any]]:
        """Take the states that handlers have changed since the last call, as ``Application.update_persistence`` does.

        Busy records are left for the next time. Where a handler with ``block=False`` still decides on a state, the old
        one counts, and it is taken again.

        Returns:
            Records and states; MISSING for a conversation that has ended.
        """
        taken: list[tuple[Record, Any]] = []
        for name, states in self._all.items():
            for key in states.pop_accessed_keys():
                record = Record.of_conversation(name, key)
                if record in busy:
                    states.mark_as_accessed(key)
                else:
                    taken.append((record, self._settled(states, key)))
        return taken

    @staticmethod
    def _settled(states: Any, key: ConversationKey) -> Any:
        state = states.data.get(key, MISSING)
        if not isinstance(state, PendingState):
            return state
        if not state.done():
            states.mark_as_accessed(key)
        return state.resolve() if state.done() and not state.task.cancelled() else state.old_state

    def _has_timeout(self, name: str, key: ConversationKey) -> bool:
        return any(key in handler.timeout_jobs for handler in handlers_in(self._application) if handler.name == name)

    def take_all_stored(self, replica: Replica) -> dict[Record, PTBBucketError]:
        """Bring up to date every conversation that is in memory or in the bucket, as the replica knows it.

        Returns:
            The errors of conversations that cannot be decoded or compared. These stay as they are here, and updates
            that need them fail.
        """
        failed: dict[Record, PTBBucketError] = {}
        handlers = list(handlers_in(self._application))
        found = (self.one(handler, key) for handler in handlers for key in self._keys(handler, replica))
        for conversation in filter(None, found):
            try:
                conversation.take_stored(replica)
            except (UnreadableRecordError, CannotMergeError) as error:
                failed[conversation.record] = error
        return failed

    def _keys(self, handler: ConversationHandler[Any], replica: Replica) -> set[ConversationKey]:
        kept = {record.conversation for record in replica.documents.records(Kind.CONVERSATION)}
        return {*self._all.get(str(handler.name), {}), *(key for name, key in kept if name == handler.name)}

    def forget_what_is_gone(self, replica: Replica) -> None:
        """Remove conversations that the bucket no longer has. PTB kept them, and marked them as if they were new."""
        found = [r.conversation for r in replica.documents.records(Kind.CONVERSATION) if _is_there(r, replica)]
        for name, states in self._all.items():
            kept = {key for of, key in found if of == name}
            ended = {key for key in states.pop_accessed_keys() if key not in states.data}
            for key in [key for key in states.data if key not in kept]:
                del states.data[key]
            for key in ended & kept:
                states.mark_as_accessed(key)

    @property
    def _all(self) -> dict[str, Any]:
        found: dict[str, Any] = getattr(self._application, CONVERSATIONS)
        return found


def _is_there(record: Record, replica: Replica) -> bool:
    """Tell whether the bucket has a conversation, even one that cannot be decoded."""
    try:
        return replica.values.load(record) is not MISSING
    except (UnreadableRecordError, CannotMergeError):
        return True


def _marked(states: Any) -> set[ConversationKey]:
    """Return the keys of states that PTB has marked and that are not taken yet."""
    marked: set[ConversationKey] = states.pop_accessed_keys()
    for key in marked:
        states.mark_as_accessed(key)
    return marked


def timeout_jobs_of(handler: ConversationHandler[Any]) -> dict[ConversationKey, Any]:
    """Return the jobs that PTB removes when a conversation of a handler goes on, by the conversation's key."""
    return handler.timeout_jobs


@dataclass(frozen=True)
class TimeoutRun:
    """The end of a conversation whose time is up, by a job of another process.

    Args:
        application: The application.
        handler: The handler of the conversation.
        key: The key of the conversation.
        update: The update that the TIMEOUT handlers get.
        job: The job that stands for the timeout here.
    """

    application: Application[Any, Any, Any, Any, Any, Any]
    handler: ConversationHandler[Any]
    key: ConversationKey
    update: Update
    job: Any

    @staticmethod
    def callback_of(handler: ConversationHandler[Any]) -> Any:
        """Return PTB's method that ends a conversation."""
        return handler._trigger_timeout  # noqa: SLF001  checked at start

    def forget(self) -> None:
        """Forget the job, so that PTB does not take it for one that waits."""
        self.handler.timeout_jobs.pop(self.key, None)

    async def __call__(self) -> None:
        """Call the TIMEOUT handlers, and end the conversation. Raises what they raise."""
        make = self.application.context_types.context
        context = make.from_update(self.update, self.application)
        await context.refresh_data()
        self.job.data = TimeoutContext(self.key, self.update, self.application, context)
        self.handler.timeout_jobs[self.key] = self.job
        await self.job.callback(make.from_job(self.job, self.application))


def timeout_of(callback: object, data: Any) -> tuple[ConversationHandler[Any], ConversationKey, Update] | None:
    """Return handler, key and update of the conversation that a job times out; None for other jobs."""
    handler = getattr(callback, "__self__", None)
    if not isinstance(handler, ConversationHandler):
        return None
    return handler, data.conversation_key, data.update
