"""Commits: what one document is known to hold, what is staged for it, and the loop that writes it."""

from __future__ import annotations

from ptb_bucket.state.commit.attempt import TOOL_MARK, Attempt, Merged, WriterIdentity
from ptb_bucket.state.commit.ledger import Ledger, Rebase, Withheld
from ptb_bucket.state.commit.loop import commit_document, lost_changes, tell_failures, write_document
from ptb_bucket.state.commit.metrics import Metrics
from ptb_bucket.state.commit.tracked_document import TrackedDocument, open_document

__all__ = [
    "TOOL_MARK",
    "Attempt",
    "Ledger",
    "Merged",
    "Metrics",
    "Rebase",
    "TrackedDocument",
    "Withheld",
    "WriterIdentity",
    "commit_document",
    "lost_changes",
    "open_document",
    "tell_failures",
    "write_document",
]
