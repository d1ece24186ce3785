"""The state engine: records, the three-way merge, documents, layouts, and the replica that commits and refreshes."""

from __future__ import annotations

from ptb_bucket.state._foreign import UnknownSections
from ptb_bucket.state._ids import check_id
from ptb_bucket.state._journal import Journal
from ptb_bucket.state._loops import for_each, outcomes
from ptb_bucket.state._merger import Merger
from ptb_bucket.state._patience import Patience
from ptb_bucket.state._unreadable import Readable
from ptb_bucket.state._writer import Writer
from ptb_bucket.state.archive import Archive, Commit, Part
from ptb_bucket.state.draft import Draft
from ptb_bucket.state.layouts import LAYOUTS, Layout, open_layout
from ptb_bucket.state.records import BOT_DATA, CALLBACK_QUERIES, HANDLED, HANDLED_LIMIT, ConversationKey, Kind, Record
from ptb_bucket.state.replica import Replica
from ptb_bucket.state.resolvers import MISSING, Conflict, Resolver, add_differences, keep_ours, keep_theirs

__all__ = [
    "BOT_DATA",
    "CALLBACK_QUERIES",
    "HANDLED",
    "HANDLED_LIMIT",
    "LAYOUTS",
    "MISSING",
    "Archive",
    "Commit",
    "Conflict",
    "ConversationKey",
    "Draft",
    "Journal",
    "Kind",
    "Layout",
    "Merger",
    "Part",
    "Patience",
    "Readable",
    "Record",
    "Replica",
    "Resolver",
    "UnknownSections",
    "Writer",
    "add_differences",
    "check_id",
    "for_each",
    "keep_ours",
    "keep_theirs",
    "open_layout",
    "outcomes",
]
