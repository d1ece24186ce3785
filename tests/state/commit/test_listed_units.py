"""What a document lists of units of work, and how much an instance remembers of them."""

from __future__ import annotations

import pytest

from ptb_bucket.errors import CorruptDocumentError
from ptb_bucket.state import HANDLED
from ptb_bucket.state.commit.units import DocumentUnits
from ptb_bucket.state.document.header import Header
from ptb_bucket.state.document.units import STEPS_KEPT, UnitStep, joined
from support.documents.ledger_bench import ADA, encoded
from support.documents.units_bench import MERGER


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


def test_damaged_ids_of_handled_updates_cost_no_other_record(two):
    bucket, one, other = two
    broken = bucket.document.changed(bucket.document.header.advanced("w", "c"), {HANDLED: b'{"$what":1}'})
    bucket.document, bucket.version = broken, bucket.version + 1
    for instance in (one, other):
        instance.handle([1])
        instance.settle()
    assert bucket.log() == [1]
