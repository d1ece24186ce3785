"""What works with one instance that never stops, and not with several, or with one that is frozen after its answer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from telegram.ext import ConversationHandler, ExtBot

from ptb_bucket.application.ptb import handlers_in

if TYPE_CHECKING:
    from collections.abc import Iterator

    from telegram.ext import Application, BaseHandler, JobQueue

__all__ = ["mistakes"]


def mistakes(
    application: Application[Any, Any, Any, Any, Any, Any], jobs: JobQueue[Any] | None, *, saves: bool, runs: bool
) -> Iterator[str]:
    """Tell what is probably not meant.

    Args:
        application: Its handlers are looked at.
        jobs: Its job queue. PTB warns whoever asks the application for one that it has not got.
        saves: Each update is saved before ``process_update`` returns.
        runs: The application is started and goes on between updates; False where only ``process_update`` is called.
    """
    for handler in handlers_in(application):
        name = f"ConversationHandler {handler.name or '(without a name)'}"
        if not (handler.persistent and handler.name):
            yield (
                f"{name} is not persistent: its conversations are lost at a restart, and other instances do not know "
                "them. Pass persistent=True and a name."
            )
        if handler.conversation_timeout and not runs:
            yield f"{name} has a conversation_timeout, but no JobQueue runs here between updates: it never times out."
    for one in _not_blocking(application):
        what = f"The handler {getattr(one.callback, '__name__', type(one).__name__)} has block=False"
        if not runs:
            yield f"{what}: nothing runs here after the answer, so its work is frozen or lost. Let it block."
        elif saves:
            yield f"{what}: what it does after process_update has returned is saved later. Let it block."
    if not runs and jobs and jobs.jobs():
        yield "The JobQueue has jobs, but nothing runs here between updates: use a timer of your platform instead."


def _not_blocking(application: Application[Any, Any, Any, Any, Any, Any]) -> Iterator[BaseHandler[Any, Any, Any]]:
    defaults = application.bot.defaults if isinstance(application.bot, ExtBot) else None
    by_default = defaults is not None and not defaults.block
    flat = [handler for group in application.handlers.values() for handler in group]
    for conversation in handlers_in(application):
        flat += [*conversation.entry_points, *conversation.fallbacks]
        flat += [inner for inners in conversation.states.values() for inner in inners]
    for handler in flat:
        if not isinstance(handler, ConversationHandler) and (not handler.block or by_default):
            yield handler
