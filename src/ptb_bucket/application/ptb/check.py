"""A check at start that this version of PTB has the undocumented names that this library uses."""

from __future__ import annotations

from collections.abc import MutableMapping
from typing import TYPE_CHECKING, Any, Final

import telegram
from telegram.ext import ConversationHandler, ExtBot, JobQueue

from ptb_bucket.application.ptb.conversations import CONVERSATIONS, PendingState, TimeoutContext, handlers_in
from ptb_bucket.application.ptb.job_queue import PARSE_TIME
from ptb_bucket.application.ptb.noted_application import RUNNING
from ptb_bucket.application.ptb.pending_changes import MARKS, MEMORY
from ptb_bucket.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from telegram.ext import Application, CallbackDataCache

__all__ = ["check_ptb"]

VERSIONS: Final = "22.x"
"""The versions that the tests run with. ``.ci/ptb-next VERSION`` tries another one."""

_APPLICATION: Final = {
    **{name: set for names in MARKS.values() for name in names},
    **dict.fromkeys(MEMORY.values(), dict),
    CONVERSATIONS: dict,
}
_STATES: Final = ("data", "pop_accessed_keys", "mark_as_accessed")
_PENDING: Final = ("done", "resolve", "old_state", "task")
_TIMEOUT: Final = ("conversation_key", "update")


def check_ptb(application: Application[Any, Any, Any, Any, Any, Any]) -> None:
    """Look for each undocumented name of PTB that this library uses.

    Args:
        application: An application whose handlers are looked at, too.

    Raises:
        ConfigurationError: One is missing, or is of another type. The error names it and the versions that have it.
    """
    missing = next(_missing(application), None)
    if missing is not None:
        raise ConfigurationError(
            f"ptb-bucket does not support python-telegram-bot {telegram.__version__} because {missing} is "
            "missing or has changed. Without it, bot data can't be saved and refreshed. Install "
            f"python-telegram-bot {VERSIONS} or a newer version of ptb-bucket. If you only run a single instance, "
            "you can also use telegram.ext.Application."
        )


def _missing(application: Application[Any, Any, Any, Any, Any, Any]) -> Iterator[str]:
    for cls, names in {**RUNNING, JobQueue: (PARSE_TIME,)}.items():
        yield from (f"{cls.__name__}.{name}" for name in names if not hasattr(cls, name))
    for name, of in _APPLICATION.items():
        if not isinstance(getattr(application, name, None), of):
            yield f"Application.{name}"
    for states in getattr(application, CONVERSATIONS).values():
        yield from (f"TrackingDict.{name}" for name in _STATES if not hasattr(states, name))
    cache = application.bot.callback_data_cache if isinstance(application.bot, ExtBot) else None
    if cache is not None:
        yield from _missing_in_cache(cache)
    for cls, names in ((PendingState, _PENDING), (TimeoutContext, _TIMEOUT)):
        yield from (f"{cls.__name__}.{name}" for name in names if not hasattr(cls, name))
    if not callable(getattr(ConversationHandler, "_trigger_timeout", None)):
        yield "ConversationHandler._trigger_timeout"
    for handler in handlers_in(application):
        if not isinstance(getattr(handler, "timeout_jobs", None), dict):
            yield "ConversationHandler.timeout_jobs"


def _missing_in_cache(cache: CallbackDataCache) -> Iterator[str]:
    from ptb_bucket.application.ptb.callback_data import KEYBOARDS  # noqa: PLC0415  few bots have such a cache

    if not isinstance(getattr(cache, KEYBOARDS, None), MutableMapping):
        yield f"CallbackDataCache.{KEYBOARDS}"
