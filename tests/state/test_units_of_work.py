"""Units of work: an update that several instances handle changes each document once, in any order of writes."""

from __future__ import annotations

import copy
from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ptb_bucket.codecs import open_codec
from ptb_bucket.errors import CorruptDocumentError
from ptb_bucket.state import HANDLED, MISSING, Kind, Metrics, Record, RecordMerger
from ptb_bucket.state.commit import Rebase, prepare
from ptb_bucket.state.commit.attempt import WriterIdentity
from ptb_bucket.state.commit.ledger import Ledger
from ptb_bucket.state.commit.units import DocumentUnits
from ptb_bucket.state.document.document import Document
from ptb_bucket.state.document.header import Header
from ptb_bucket.state.document.units import STEPS_KEPT, UnitStep, caught_with, joined, runs
from support.documents.ledger_bench import ADA, BO, crowded, encoded

RECORDS = (ADA, BO)


class Bucket:
    """A bucket with one document, and the puts on their way to it."""

    def __init__(self) -> None:
        first = encoded({"log": [0]})  # or the first two changes would be one: equal first initialisations are
        self.document = Document(Header("1", "json")).changed(Header("1", "json"), dict.fromkeys(RECORDS, first))
        self.version = 1
        self.late: list[Any] = []

    @property
    def etag(self) -> str:
        return f"v{self.version}"

    def put(self, attempt) -> bool:
        if attempt.condition != self.etag:
            return False
        self.document = Document.unpack(attempt.packed(), codec="json", bot_id="1")
        self.version += 1
        return True

    def land(self) -> None:
        late, self.late = self.late, []
        for attempt in late:
            self.put(attempt)

    def log(self, record=ADA) -> list[Any]:
        value = self.document.get(record)
        return [] if value is None else MERGER.decode(record, value).get("log", [])[1:]


MERGER = RecordMerger(open_codec("json", []), defaults={Kind.USER: dict})


@dataclass
class Instance:
    """A bot that changes live data, stages it and sends it, as the replica and the commit loop do."""

    bucket: Bucket
    handled: set[int] = field(default_factory=set)
    lost: set[int] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.ledger = Ledger("state.json", MERGER, WriterIdentity(), Metrics(), Header("1", "json"))
        self.ledger.units.losing = lambda _, units: self.lost.update(units)
        self.live: dict[Record, dict[str, Any]] = {record: {} for record in RECORDS}
        self.refresh()

    def refresh(self) -> None:
        self.read()
        for record in RECORDS:
            rebase = Rebase.plan(self.ledger, record)
            live = MERGER.merge_live(record, rebase.before, self.live[record], rebase.after)
            self.live[record] = {} if live is MISSING else copy.deepcopy(live)
            rebase.adopt()

    def read(self) -> None:
        if self.bucket.etag != self.ledger.etag:
            self.ledger.loaded(self.bucket.document, self.bucket.etag)

    def handle(self, units, *, drops=False) -> None:
        """Add an element for each unit to each record. Units that are staged together cannot be told apart."""
        new = [unit for unit in units if unit not in self.handled]
        self.handled.update(new)
        for record in RECORDS:
            changing = [unit for unit in new if changes(unit, record)]
            for unit in changing:
                self.live[record].setdefault("log", []).append(unit)
            if drops and changing:
                self.live[record] = {}
            self.ledger.stage(record, encoded(self.live[record] or None), units=changing)

    def send(self, *, late=False) -> None:
        attempt = self.ledger.attempt or prepare(self.ledger)
        if attempt is None:
            return
        if late:
            self.bucket.late.append(attempt)
        elif self.bucket.put(attempt):
            self.ledger.applied(self.bucket.etag)

    def settle(self) -> None:
        for _ in range(5):
            self.read()
            self.send()
        assert not self.ledger.pending


def changes(unit: int, record: Record) -> bool:
    return unit % 3 == 0 or RECORDS[unit % 3 - 1] == record


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


@pytest.fixture
def two():
    bucket = Bucket()
    return bucket, Instance(bucket), Instance(bucket)


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


def test_an_update_that_goes_on_is_not_listed_yet(two):
    bucket, one, other = two
    one.ledger.units.running = {1}
    one.handle([1])
    one.settle()
    assert (bucket.log(), bucket.document.header.units) == ([1], ())
    other.refresh()
    other.live[ADA]["log"].append("all of it")
    other.ledger.stage(ADA, encoded(other.live[ADA]), units=[1])
    other.settle()
    assert bucket.log() == [1, "all of it"]


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


def test_a_document_lists_the_newest_units_only(two):
    bucket, one, _ = two
    one.ledger.units.limit = 3
    for unit in (1, 4, 7, 10):
        one.handle([unit])
        one.settle()
    assert bucket.document.header.units == (4, 7, 10)
    assert [*one.ledger.units.own] == [4, 7, 10]


def test_steps_of_one_record_are_bounded(two):
    _, one, _ = two
    for unit in range(1, 3 * STEPS_KEPT * 3, 3):
        one.handle([unit])
    steps = one.ledger.staged.steps[ADA]
    assert len(steps) == STEPS_KEPT
    assert frozenset().union(*(step.units for step in steps)) == set(range(1, 3 * STEPS_KEPT * 3, 3))


def test_a_removal_stays_a_step_of_its_own():
    chain = joined(
        (UnitStep(frozenset({0}), None),), tuple(UnitStep(frozenset({n}), b"x") for n in range(1, 2 * STEPS_KEPT))
    )
    assert (chain[0], len(chain)) == (UnitStep(frozenset({0}), None), STEPS_KEPT)


def test_without_units_nothing_is_different(two):
    bucket, one, _ = two
    one.live[ADA]["log"].append(1)
    one.ledger.stage(ADA, encoded(one.live[ADA]))
    one.settle()
    assert one.ledger.units == DocumentUnits(MERGER, losing=one.ledger.units.losing)
    assert not any(layer.steps for layer in one.ledger.layers())
    assert b'"units"' not in bucket.document.pack()


@pytest.mark.parametrize("units", [[5, "timer 7"], [], [2**60]])
def test_a_header_keeps_its_units(units):
    header = Header("1", "json").noting(units, 10)
    assert Header.from_json(header.to_json()) == header
    assert ("units" in header.to_json()) == bool(units)


@pytest.mark.parametrize("units", [{}, "5", None, [None], [True], [1.5], [[1]]])
def test_damaged_units_are_damage(units):
    with pytest.raises(CorruptDocumentError):
        Header.from_json({**Header("1", "json").to_json(), "units": units})


def test_an_older_release_keeps_them():
    data = Header("1", "json").noting([1, 2], 10).to_json()
    units = data.pop("units")
    older = Header.from_json({**data, "a newer field": units}).advanced("w", "c")
    assert older.to_json()["a newer field"] == units


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


def test_damaged_ids_of_handled_updates_cost_no_other_record(two):
    bucket, one, other = two
    broken = bucket.document.changed(bucket.document.header.advanced("w", "c"), {HANDLED: b'{"$what":1}'})
    bucket.document, bucket.version = broken, bucket.version + 1
    for instance in (one, other):
        instance.handle([1])
        instance.settle()
    assert bucket.log() == [1]
