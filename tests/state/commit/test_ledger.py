"""The rules of the state engine that need a particular order of events, one by one, without input or output."""

from __future__ import annotations

import pytest

from ptb_bucket.state import Record
from ptb_bucket.state.commit import prepare
from ptb_bucket.state.commit.attempt import WriterIdentity
from support.documents.ledger_bench import ADA, BO, TALK, crowded, encoded


def test_the_base_of_a_merge_is_seen_not_what_the_last_commit_wrote(bench):
    bench.start({"log": []})
    bench.theirs({"log": ["b"]})
    bench.stage({"log": ["a"]})
    bench.commit()
    assert bench.stored() == {"log": ["b", "a"]}
    bench.stage({"log": ["a", "c"]})  # PTB's copy knows nothing of "b"
    bench.commit()
    assert bench.stored() == {"log": ["b", "a", "c"]}


def test_a_success_clears_only_the_payload_of_the_attempt(bench):
    bench.start({"n": 0})
    bench.stage({"n": 1})
    prepare(bench.ledger)
    bench.stage({"n": 2})
    bench.ledger.applied(bench.etag())
    assert bench.ledger.pending == {ADA}
    bench.commit()
    assert bench.stored() == {"n": 2}


def test_an_unchanged_etag_proves_nothing(bench):
    bench.start({"n": 0})
    bench.stage({"n": 1})
    attempt = prepare(bench.ledger)
    bench.ledger.loaded(bench.ledger.document, bench.ledger.etag)
    assert bench.ledger.attempt is attempt


def test_our_commit_is_recognised_also_under_anothers(bench):
    bench.start({"log": []})
    bench.stage({"log": ["a"]})
    attempt = prepare(bench.ledger)
    bench.theirs({"log": ["a", "b"]}, on=attempt.document)
    assert bench.ledger.attempt is None
    assert bench.ledger.pending == set()
    assert bench.commit() is None
    assert bench.stored() == {"log": ["a", "b"]}


def test_a_lost_race_is_merged_and_staged_again_below_what_came_since(bench):
    bench.start({"a": 0, "b": 0})
    bench.stage({"a": 1, "b": 0})
    prepare(bench.ledger)
    bench.stage({"a": 2, "b": 0})
    bench.theirs({"a": 0, "b": 5})
    assert bench.top() == {"a": 2, "b": 0}
    bench.commit()
    assert bench.stored() == {"a": 2, "b": 5}


def test_staged_back_to_the_base_is_a_change_while_an_attempt_is_unresolved(bench):
    bench.start({"n": 0})
    bench.stage({"n": 1})
    prepare(bench.ledger)
    bench.stage({"n": 0})
    bench.ledger.applied(bench.etag())
    bench.commit()
    assert bench.stored() == {"n": 0}


def test_a_refresh_rebases_attempt_staged_and_live_in_order(bench):
    bench.start({"log": [1]})
    bench.stage({"log": [1, 2]})
    bench.theirs({"log": [1, 9]})
    assert bench.refresh() == ({"log": [1, 2]}, {"log": [1, 9, 2]})
    bench.stage({"log": [1, 9, 2, 3]})
    bench.commit()
    assert bench.stored() == {"log": [1, 9, 2, 3]}


def test_a_refresh_during_an_unresolved_attempt(bench):
    bench.start({"log": [1]})
    bench.theirs({"log": [1, 9]})  # read by a commit, not yet given to PTB
    bench.stage({"log": [1, 2]})
    attempt = prepare(bench.ledger)
    bench.stage({"log": [1, 2, 3]})
    bench.refresh()
    assert bench.top() == {"log": [1, 9, 2, 3]}
    bench.ledger.loaded(attempt.document, bench.etag())
    bench.commit()
    assert bench.stored() == {"log": [1, 9, 2, 3]}


def test_not_modified_is_not_nothing_to_do(bench):
    bench.start({"a": 1})
    bench.theirs({"a": 1, "b": 2})
    bench.stage({"a": 3})
    bench.commit()
    assert bench.refresh() == ({"a": 3}, {"a": 3, "b": 2})


def test_drop_and_recreate_is_an_edit_of_the_dropped_record(bench):
    bench.start({"old": 1, "list": [1]})
    bench.theirs({"old": 1, "list": [1, 2], "new there": 1})
    bench.stage(None)
    bench.stage({"new here": 1})
    bench.commit()
    assert bench.stored() == {"new here": 1, "new there": 1, "list": [2]}


def test_nothing_to_write_when_both_sides_did_the_same(bench):
    bench.start({"n": 0})
    bench.theirs({"n": 5})
    bench.stage({"n": 5})
    assert bench.commit() is None
    assert bench.ledger.pending == set()


def test_a_conversation_that_the_bucket_changed_stays_and_is_counted_once(bench):
    bench.start("asked", TALK)
    bench.theirs("answered", TALK)
    bench.stage("cancelled", TALK)
    assert bench.commit() is None
    assert bench.stored(TALK) == "answered"
    assert bench.ledger.metrics.conversations_kept == 1


def test_a_conversation_that_ended_elsewhere_stays_ended(bench):
    bench.start("asked", TALK)
    bench.theirs(None, TALK)
    bench.stage("answered", TALK)
    bench.commit()
    assert bench.stored(TALK) is None


@pytest.mark.parametrize("refreshed", [False, True])
def test_an_undecidable_write_repeats_only_what_does_no_harm_twice(bench, refreshed):
    bench.start({"log": ["x"], "tags": ["t"], "name": "a"})
    bench.stage({"log": ["x", "ours"], "tags": ["t"], "name": "a", "key": "ours"})
    prepare(bench.ledger)
    writer = bench.ledger.writer.id
    bench.theirs({"log": ["x", "theirs"], "tags": ["t"], "name": "b"}, on=crowded(bench.ledger.document))
    assert bench.ledger.metrics.undecidable == 1
    assert bench.ledger.pending == {ADA}
    if refreshed:
        before, after = bench.refresh()
        assert before == {"log": ["x", "ours"], "tags": ["t"], "name": "a", "key": "ours"}
        assert after == {"log": ["x", "theirs"], "tags": ["t"], "name": "b", "key": "ours"}
        bench.stage(after)
        bench.commit()
        assert (bench.stored(), bench.ledger.pending) == (after, set())
        return
    bench.stage({"log": ["x", "ours"], "tags": ["t"], "name": "a", "key": "ours", "later": 1})
    bench.commit()
    assert bench.stored() == {"log": ["x", "theirs"], "tags": ["t"], "name": "b", "key": "ours", "later": 1}
    assert bench.ledger.pending == set()
    assert bench.ledger.writer.id != writer


def test_a_record_that_cannot_be_merged_stays_staged_and_holds_up_no_other(bench):
    bench.start({"n": 0})
    bench.start({"n": 0}, BO)
    bench.theirs({"n": 1})
    bench.stage({"n": 2})
    bench.stage({"n": 3}, BO)

    def broken(_):
        raise RuntimeError("a bug in somebody's resolver")

    bench.ledger.merger.resolver = broken
    bench.commit()
    assert bench.stored(BO) == {"n": 3}
    assert bench.ledger.pending == {ADA}
    assert bench.ledger.failures.keys() == {ADA}
    assert bench.top() == {"n": 2}
    assert bench.commit() is None
    bench.ledger.merger.resolver = lambda conflict: conflict.ours
    bench.commit()
    assert (bench.stored(), bench.ledger.pending) == ({"n": 2}, set())


def test_a_writer_draws_a_new_id_in_another_process():
    process = [1]
    writer = WriterIdentity(process=lambda: process[0])
    first = writer.id
    assert writer.id == first
    process[0] = 2
    assert writer.id != first


def test_a_chat_is_not_dropped_while_another_chat_cannot_be_saved(bench):
    """It may be the same chat under its new ID, and moved data must never disappear."""
    old, new = Record.chat(-1), Record.chat(-1001)
    bench.start({"n": 1}, old)
    bench.stage({"n": 1}, new)
    bench.theirs({"$Mood": "GOOD"}, new)  # newer code was there first
    bench.stage(None, old)
    bench.stage({"x": 1}, BO)
    bench.commit()
    ledger = bench.ledger
    assert ledger.stored(old) == encoded({"n": 1})
    assert ledger.stored(BO) == encoded({"x": 1})
    assert ledger.pending == {old, new} == ledger.failures.keys()
    assert ledger.failures[old].__cause__ is ledger.failures[new]
    assert "Fix the error that keeps chat_data[-1001] from being saved" in str(ledger.failures[old])
    bench.theirs({"n": 2}, new)
    bench.commit()
    assert ledger.stored(old) is None
    assert ledger.pending == set()
