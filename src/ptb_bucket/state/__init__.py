"""The state engine: records, the three-way merge, documents, layouts, and the replica that commits and refreshes."""

from __future__ import annotations

from ptb_bucket.state.document import UnknownSections
from ptb_bucket.state.document import check_id
from ptb_bucket.state.commit import Journal
from ptb_bucket._aio import for_each, outcomes
from ptb_bucket.state.merge import Merger
from ptb_bucket._aio import Patience
from ptb_bucket.state.replica import Readable
from ptb_bucket.state.commit import Writer
from ptb_bucket.state.offline import Archive, Commit, Part
from ptb_bucket.state.offline import Draft
from ptb_bucket.state.document import LAYOUTS, Layout, open_layout
from ptb_bucket.state.records import BOT_DATA, CALLBACK_QUERIES, HANDLED, HANDLED_LIMIT, ConversationKey, Kind, Record
from ptb_bucket.state.replica import Replica
from ptb_bucket.state.merge import MISSING, Conflict, Resolver, add_differences, keep_ours, keep_theirs
from ptb_bucket.state.replica import GroupCommit
from ptb_bucket.state.spool import Origin
from ptb_bucket.state.spool import Spool
from ptb_bucket.state.spool import SpoolFiles

__all__ = [
    "Archive",
    "BOT_DATA",
    "CALLBACK_QUERIES",
    "Commit",
    "Conflict",
    "ConversationKey",
    "Draft",
    "GroupCommit",
    "HANDLED",
    "HANDLED_LIMIT",
    "Journal",
    "Kind",
    "LAYOUTS",
    "Layout",
    "MISSING",
    "Merger",
    "Origin",
    "Part",
    "Patience",
    "Readable",
    "Record",
    "Replica",
    "Resolver",
    "Spool",
    "SpoolFiles",
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
