"""Journals of broadcasts: how far a message to many people has come, in objects beside the bot's documents.

A broadcast has a small journal, ``broadcasts/NAME/journal.json``, which is replaced after each segment of people, and
its audience in immutable objects of 10,000 IDs, ``broadcasts/NAME/people-ATTEMPT-000000.json``. The audience is written
first, so a journal that exists is complete.
"""

from __future__ import annotations

from ptb_bucket.state.broadcasts.journals import Journals
from ptb_bucket.state.broadcasts.objects import BROADCASTS, GONE, Broadcast, BroadcastState, is_journal

__all__ = ["BROADCASTS", "GONE", "Broadcast", "BroadcastState", "Journals", "is_journal"]
