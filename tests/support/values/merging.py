"""Merge three versions of a value, as the merge of a record does."""

from __future__ import annotations

from ptb_bucket.state import keep_ours
from ptb_bucket.state.merge.values import ValueMerge


def merged(base, ours, theirs, resolver=keep_ours, **options):
    """Return the result and the decisions."""
    merge = ValueMerge("user_data[1]", resolver, **options)
    return merge.run((), base, ours, theirs), merge.decided
