"""Commits: the ledger of each document, the attempts to write it, and the loop that makes them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ptb_bucket._lazy import lazy_exports

if TYPE_CHECKING:
    from ptb_bucket.state.commit.attempt import TOOL_MARK, Attempt, Merged, WriterIdentity
    from ptb_bucket.state.commit.due_keys import NoDueKeys, due_key_of, due_keys_for, timer_of, timer_outline
    from ptb_bucket.state.commit.layers import Layer
    from ptb_bucket.state.commit.ledger import Ledger
    from ptb_bucket.state.commit.loop import commit_document, lost_changes, tell_failures, write_document
    from ptb_bucket.state.commit.metrics import Metrics
    from ptb_bucket.state.commit.occurrences import ends_of
    from ptb_bucket.state.commit.preparation import prepare, withhold
    from ptb_bucket.state.commit.rebase import Rebase
    from ptb_bucket.state.commit.tracked_document import TrackedDocument, open_document
    from ptb_bucket.state.commit.units import Withheld

__all__ = [
    "TOOL_MARK",
    "Attempt",
    "Layer",
    "Ledger",
    "Merged",
    "Metrics",
    "NoDueKeys",
    "Rebase",
    "TrackedDocument",
    "Withheld",
    "WriterIdentity",
    "changed_by",
    "commit_document",
    "due_key_of",
    "due_keys_for",
    "ends_of",
    "followed_by",
    "lost_changes",
    "open_document",
    "prepare",
    "tell_failures",
    "timer_of",
    "timer_outline",
    "withhold",
    "write_document",
]

__getattr__ = lazy_exports(
    __name__,
    {
        "ptb_bucket.state.commit.attempt": ("TOOL_MARK", "Attempt", "Merged", "WriterIdentity"),
        "ptb_bucket.state.commit.due_keys": ("NoDueKeys", "due_key_of", "due_keys_for", "timer_of", "timer_outline"),
        "ptb_bucket.state.commit.layers": ("Layer",),
        "ptb_bucket.state.commit.ledger": ("Ledger",),
        "ptb_bucket.state.commit.loop": ("commit_document", "lost_changes", "tell_failures", "write_document"),
        "ptb_bucket.state.commit.metrics": ("Metrics",),
        "ptb_bucket.state.commit.occurrences": ("changed_by", "ends_of", "followed_by"),
        "ptb_bucket.state.commit.preparation": ("prepare", "withhold"),
        "ptb_bucket.state.commit.rebase": ("Rebase",),
        "ptb_bucket.state.commit.tracked_document": ("TrackedDocument", "open_document"),
        "ptb_bucket.state.commit.units": ("Withheld",),
    },
)
