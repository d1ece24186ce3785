"""The three-way merge: records, values, lists, shared objects, and live objects updated in place."""

from __future__ import annotations

from ptb_bucket.state.merge.keyboards import trimmed
from ptb_bucket.state.merge.live import assign
from ptb_bucket.state.merge.records import Decision, Merger, ResolverError, raised_in_merge, waits_for
from ptb_bucket.state.merge.resolvers import MISSING, Conflict, Resolver, add_differences, keep_ours, keep_theirs

__all__ = [
    "MISSING",
    "Conflict",
    "Decision",
    "Merger",
    "Resolver",
    "ResolverError",
    "add_differences",
    "assign",
    "keep_ours",
    "keep_theirs",
    "raised_in_merge",
    "trimmed",
    "waits_for",
]
