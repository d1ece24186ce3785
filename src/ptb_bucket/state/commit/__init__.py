"""Commits: what one document is known to hold, what is staged for it, and the loop that writes it."""

from __future__ import annotations

from ptb_bucket.state.commit.attempt import Attempt
from ptb_bucket.state.commit.metrics import Journal
from ptb_bucket.state.commit.ledger import Ledger
from ptb_bucket.state.commit.attempt import Merged
from ptb_bucket.state.commit.tracked_document import Place
from ptb_bucket.state.commit.ledger import Rebase
from ptb_bucket.state.commit.attempt import TOOL_MARK
from ptb_bucket.state.commit.ledger import Withheld
from ptb_bucket.state.commit.attempt import Writer
from ptb_bucket.state.commit.loop import commit_document
from ptb_bucket.state.commit.loop import lost_changes
from ptb_bucket.state.commit.tracked_document import open_document
from ptb_bucket.state.commit.loop import tell_failures
from ptb_bucket.state.commit.loop import write_document

__all__ = [
    "Attempt",
    "Journal",
    "Ledger",
    "Merged",
    "Place",
    "Rebase",
    "TOOL_MARK",
    "Withheld",
    "Writer",
    "commit_document",
    "lost_changes",
    "open_document",
    "tell_failures",
    "write_document",
]
