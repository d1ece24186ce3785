"""The three-way merge: records, values, lists, shared objects, and live objects updated in place."""

from __future__ import annotations

from ptb_bucket.state.merge.resolvers import Conflict
from ptb_bucket.state.merge.records import Decision
from ptb_bucket.state.merge.resolvers import MISSING
from ptb_bucket.state.merge.records import Merger
from ptb_bucket.state.merge.resolvers import Resolver
from ptb_bucket.state.merge.records import ResolverError
from ptb_bucket.state.merge.resolvers import add_differences
from ptb_bucket.state.merge.live import assign
from ptb_bucket.state.merge.resolvers import keep_ours
from ptb_bucket.state.merge.resolvers import keep_theirs
from ptb_bucket.state.merge.records import raised_in_merge
from ptb_bucket.state.merge.keyboards import trimmed
from ptb_bucket.state.merge.records import waits_for

__all__ = [
    "Conflict",
    "Decision",
    "MISSING",
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
