"""Units of work: an update that several instances handle changes each document once, in any order of writes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ptb_bucket.state.document.units import UnitStep, caught_with, runs
from support.documents.ledger_bench import ADA, BO, crowded, encoded
from support.documents.units_bench import MERGER, RECORDS, Bucket, Instance, changes

many = st.lists(
    st.one_of(
        st.tuples(
            st.just("handle"), st.integers(0, 2), st.lists(st.integers(1, 6), min_size=1, max_size=2, unique=True)
        ),
        st.tuples(st.sampled_from(["send", "late", "refresh"]), st.integers(0, 2)),
        st.tuples(st.just("land")),
    ),
    max_size=20,
)


@given(many)
def test_each_update_changes_each_record_once_wherever_it_is_handled_and_whatever_lands_when(events):
    bucket = Bucket()
    instances = [Instance(bucket) for _ in range(3)]
    delivered = set()
    for name, *rest in events:
        if name == "land":
            bucket.land()
        elif name == "handle":
            instances[rest[0]].handle(rest[1])
            delivered.update(rest[1])
        else:
            instance = instances[rest[0]]
            {"send": instance.send, "refresh": instance.refresh, "late": lambda one=instance: one.send(late=True)}[
                name
            ]()
    bucket.land()
    for instance in instances:
        instance.settle()
    again = Instance(bucket)
    for unit in set().union(*(instance.lost for instance in instances)):
        again.handle([unit])
        again.settle()
    for record in RECORDS:
        assert sorted(bucket.log(record)) == sorted(unit for unit in delivered if changes(unit, record))
    for instance in instances:
        instance.refresh()
        instance.handle([])
        assert instance.ledger.pending == set()
        assert [instance.live[record]["log"][1:] for record in RECORDS] == [*map(bucket.log, RECORDS)]


def test_what_was_built_on_a_withdrawn_change_is_put_on_what_the_bucket_has(two):
    bucket, one, other = two
    one.handle([1])
    one.live[ADA]["log"].append("later")
    one.ledger.stage(ADA, encoded(one.live[ADA]), units=[4])
    other.handle([1])
    other.settle()
    one.settle()
    assert bucket.log() == [1, "later"]
    assert one.ledger.metrics.withdrawn == 1


def test_a_change_that_no_unit_made_is_never_withdrawn(two):
    bucket, one, other = two
    one.handle([1])
    one.live[ADA]["log"].append("a job")
    one.ledger.stage(ADA, encoded(one.live[ADA]))
    other.handle([1])
    other.settle()
    one.settle()
    assert bucket.log() == [1, "a job"]


def test_the_payload_of_a_lost_write_is_recognised_by_its_update(two):
    bucket, one, other = two
    one.handle([1])
    one.send(late=True)
    one.handle([4])
    other.handle([1])
    other.settle()
    bucket.land()
    one.settle()
    assert bucket.log() == [1, 4]


@pytest.mark.parametrize("by", ["itself", "the other"])
def test_a_write_in_doubt_is_not_repeated_if_its_update_is_listed(two, by):
    bucket, one, other = two
    one.live[ADA] = {"key": "first", "log": [0, 1]}
    one.ledger.stage(ADA, encoded(one.live[ADA]), units=[1])
    one.send(late=True)
    if by == "itself":
        bucket.land()
    else:
        other.live[ADA] = {"key": "first", "log": [0, 1]}
        other.ledger.stage(ADA, encoded(other.live[ADA]), units=[1])
    other.settle()
    other.refresh()
    other.live[ADA]["key"] = "newer"
    other.ledger.stage(ADA, encoded(other.live[ADA]), units=[4])
    other.settle()
    bucket.document, bucket.version = crowded(bucket.document), bucket.version + 1
    one.settle()
    assert one.ledger.metrics.undecidable == 1
    assert MERGER.decode(ADA, bucket.document.get(ADA)) == {"key": "newer", "log": [0, 1]}


def test_a_repeated_write_in_doubt_counts_once(two):
    bucket, one, other = two
    one.live[ADA]["first list"] = [1]
    one.ledger.stage(ADA, encoded(one.live[ADA]), units=[1])
    one.send(late=True)
    bucket.document, bucket.version = crowded(bucket.document), bucket.version + 1
    one.settle()
    assert one.ledger.metrics.undecidable == 1
    other.refresh()
    other.live[ADA]["first list"].append(1)  # it comes again
    other.ledger.stage(ADA, encoded(other.live[ADA]), units=[1])
    other.settle()
    assert MERGER.decode(ADA, bucket.document.get(ADA)) == {"log": [0], "first list": [1]}


def test_a_refresh_withdraws_too(two):
    bucket, one, other = two
    one.handle([1])
    other.handle([1])
    other.settle()
    one.refresh()
    assert one.live[ADA] == {"log": [0, 1]}
    assert one.ledger.pending == set()
    one.settle()
    assert bucket.log() == [1]


def test_more_changes_of_an_update_are_welcome_from_the_instance_that_has_saved_the_first(two):
    bucket, one, _ = two
    one.handle([1])
    one.settle()
    one.live[ADA]["log"].append("second half")
    one.ledger.stage(ADA, encoded(one.live[ADA]), units=[1])
    one.settle()
    assert bucket.log() == [1, "second half"]


def test_changes_that_cannot_be_told_apart_go_together_in_the_whole_document(two):
    """Units 1 and 4 share a step, and so do 4 and 2. Unit 1 is in the bucket, so 4 and 2 have to come again."""
    bucket, one, other = two
    for record, units in ((ADA, [1, 4]), (BO, [4, 2])):
        one.live[record]["log"] += units
        one.ledger.stage(record, encoded(one.live[record]), units=units)
    other.handle([1])
    other.settle()
    one.settle()
    assert (bucket.log(ADA), bucket.log(BO), bucket.document.header.units) == ([1], [], (1,))
    assert one.lost == {4, 2}


def test_a_tombstone_contains_the_writer_that_dropped_the_record(two):
    bucket, one, other = two
    for instance in (one, other):
        instance.handle([4])
        instance.settle()
        instance.refresh()
    one.handle([1], drops=True)
    one.settle()
    assert bucket.document.get(ADA) is None
    other.handle([7])
    other.settle()
    other.handle([1], drops=True)
    other.settle()
    assert bucket.document.get(ADA) == encoded({"log": [7]})


steps = st.lists(st.tuples(st.frozensets(st.integers(0, 5), max_size=2), st.binary(max_size=1)), max_size=6)


@given(st.lists(steps, max_size=3), st.sets(st.integers(0, 5)))
def test_units_are_caught_as_a_whole(chains, there):
    chains = [tuple(UnitStep(*step) for step in chain) for chain in chains]
    caught = caught_with(chains, there)
    for chain in chains:
        kept = [step for run in runs(b"", chain, caught) for step in run.steps]
        assert kept == [step for step in chain if step.units.isdisjoint(caught)]
        assert all(step.units <= caught for step in chain if step not in kept)
        assert not any(step.units & there for step in kept)
