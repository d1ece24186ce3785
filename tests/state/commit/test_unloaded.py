"""Writes of unloaded records over a bad connection: they replace nothing in the bucket."""

from __future__ import annotations

import pytest

from ptb_bucket.state.commit import prepare
from ptb_bucket.state.spool.format import Origin, pack, unpack
from support.documents.ledger_bench import ADA, Bench, crowded


@pytest.fixture
def unread(bench):
    """Return a bench that has not read the document, while the bucket has data."""
    bench.ledger.unloaded = True
    bench.theirs({"name": "Ada"})
    return bench


def test_what_was_merged_unseen_is_still_unseen_and_the_next_change_of_it_replaces_nothing_either(unread):
    for name in ("?", "??"):
        unread.stage({"name": name, "n": 1})
        unread.commit()
    assert unread.stored() == {"name": "Ada", "n": 1}


def test_where_there_was_nothing_the_next_change_is_like_any_other(bench):
    bench.ledger.unloaded = True
    bench.stage({"name": "Ada"})
    bench.commit()
    bench.theirs({"name": "theirs"})
    bench.stage({"name": "ours"})
    bench.commit()
    assert bench.stored() == {"name": "ours"}


def test_an_undecidable_write_replaces_nothing(unread):
    unread.stage({"name": "?", "n": 1})
    document = unread.ledger.document
    prepare(unread.ledger)
    unread.theirs({"name": "Ada"}, on=crowded(document))
    assert unread.ledger.metrics.undecidable == 1
    unread.commit()
    assert unread.stored() == {"name": "Ada", "n": 1}


def test_what_is_dropped_while_a_write_is_under_way_is_dropped_with_all_that_is_there(unread):
    unread.stage({"n": 1})
    prepare(unread.ledger)
    unread.ledger.stage(ADA, None, drop=True)
    unread.ledger.applied(unread.etag())
    unread.commit()
    assert unread.stored() is None


def test_what_is_made_anew_while_the_drop_is_under_way_drops_nothing_more(unread):
    unread.ledger.stage(ADA, None, drop=True)
    prepare(unread.ledger)
    unread.stage({"n": 1})
    unread.ledger.applied(unread.etag())
    unread.theirs({"theirs": 1})
    unread.commit()
    assert unread.stored() == {"theirs": 1, "n": 1}


def test_a_spool_knows_that_too(unread):
    unread.stage({"n": 1})
    prepare(unread.ledger)
    unread.ledger.stage(ADA, None, drop=True)
    next_process = Bench()
    unpack(pack(unread.ledger, Origin("1", "per-record", "json", "state.json"))).restore(next_process.ledger)
    next_process.ledger.document = unread.ledger.document
    next_process.ledger.applied(next_process.etag())
    next_process.commit()
    assert next_process.stored() is None
