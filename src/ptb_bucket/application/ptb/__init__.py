"""Every use of names that PTB does not document; :func:`check_ptb` looks for each name at start."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ptb_bucket._lazy import lazy_exports
from ptb_bucket.application.ptb.check import check_ptb
from ptb_bucket.application.ptb.conversations import (
    Conversation,
    Conversations,
    TimeoutRun,
    handlers_in,
    key_of,
    timeout_jobs_of,
    timeout_of,
)
from ptb_bucket.application.ptb.job_queue import ConversationAwareJobQueue, ask_before_timeouts, parse_time
from ptb_bucket.application.ptb.noted_application import BD, BT, CCT, CD, JQ, UD, NotedApplication, job_in
from ptb_bucket.application.ptb.pending_changes import Marked, PendingChanges
from ptb_bucket.application.ptb.requests import SharedTlsBuilder

if TYPE_CHECKING:
    from ptb_bucket.application.ptb.callback_data import Keyboards

__all__ = [
    "BD",
    "BT",
    "CCT",
    "CD",
    "JQ",
    "UD",
    "Conversation",
    "ConversationAwareJobQueue",
    "Conversations",
    "Keyboards",
    "Marked",
    "NotedApplication",
    "PendingChanges",
    "SharedTlsBuilder",
    "TimeoutRun",
    "ask_before_timeouts",
    "check_ptb",
    "handlers_in",
    "job_in",
    "key_of",
    "parse_time",
    "timeout_jobs_of",
    "timeout_of",
]

__getattr__ = lazy_exports(__name__, {"ptb_bucket.application.ptb.callback_data": ("Keyboards",)})
