"""Unanswered sends, in every order with later events: each change is in the bucket exactly once."""

from __future__ import annotations

import asyncio
import itertools

import pytest

from ptb_bucket.errors import StoreError
from ptb_bucket.state.commit import prepare
from ptb_bucket.state.spool.format import Origin, pack, unpack
from ptb_bucket.stores import MemoryStore, MeteredStore
from ptb_bucket.testing.faults import Fault, FaultyStore, script
from support.documents.ledger_bench import ADA, BO, crowded, encoded
from support.documents.on_demand_replicas import replica_on
from support.documents.virtual_time import run_virtually

UNCLEAR = [Fault.UNAVAILABLE, Fault.LATE, Fault.ANSWER_LOST, Fault.HANG, Fault.HANG_APPLIED, Fault.ANSWERED_TWICE]
ANSWERS = [None, Fault.DENIED, Fault.LOST_RACE, *UNCLEAR]
FAULTS = [(False, True), (True, True), (True, False)]


def replica_of(store, **options):
    return replica_on(store, layout="single", on_demand=False, **options)


async def log_in(store) -> list[str]:
    reader = replica_of(store)
    await reader.documents.read_all()
    return reader.values.load(ADA)["log"]


async def try_to_commit(replica) -> bool:
    """Save, and return whether that succeeded. A caller may leave before the deadline, as when a platform stops."""
    task = asyncio.ensure_future(replica.commit())
    await asyncio.wait({task}, timeout=4)
    task.cancel()
    try:
        await task
    except (StoreError, asyncio.CancelledError):
        return False
    return True


async def another_adds(store, what) -> None:
    other = replica_of(store)
    await other.documents.read_all()
    log = other.values.load(ADA)["log"]
    other.stage(ADA, {"log": [*log, what]})
    await other.commit()


async def saved_through(faults, *, blind, others, late_before_them) -> list[str]:
    """Save a, then b with faults, then c. Between two tries, late puts arrive, and others write.

    Args:
        faults: The faults that the puts of b meet.
        blind: During the first try, nothing can be read once something was sent.
        others: Another instance writes between two tries.
        late_before_them: Late puts arrive before the writes of others, not after them.
    """
    bottom, left, hidden = MemoryStore(), [None, *faults], False

    def plan(operation, _):
        if operation == "put":
            return left.pop(0) if left else None
        return Fault.UNAVAILABLE if hidden else None

    faulty = FaultyStore(bottom, plan)
    replica = replica_of(faulty)
    replica.stage(ADA, {"log": ["a"]})
    await replica.commit()
    replica.stage(ADA, {"log": ["a", "b"]})
    hidden = blind
    while not await try_to_commit(replica):
        hidden = False
        if late_before_them:
            await faulty.land()
        if others:
            await another_adds(bottom, f"other {len(await log_in(bottom))}")
        await faulty.land()
    assert replica.pending == set()
    left.clear()
    hidden = False
    replica.stage(ADA, {"log": ["a", "b", "c"]})
    await replica.commit()
    return await log_in(bottom)


@pytest.mark.parametrize("second", ANSWERS, ids=lambda fault: fault and fault.name)
@pytest.mark.parametrize("first", [Fault.DENIED, Fault.LOST_RACE, *UNCLEAR], ids=lambda fault: fault.name)
def test_after_any_answers_a_change_is_there_once(first, second, long):
    thirds = [None] if second is None else ANSWERS if long else [None, Fault.DENIED]
    for third, blind, (others, before) in itertools.product(thirds, [False, True], FAULTS):
        happening = {"blind": blind, "others": others, "late_before_them": before}
        log = run_virtually(saved_through((first, second, third), **happening))
        ours = [entry for entry in log if not entry.startswith("other")]
        assert (ours, len(set(log))) == (["a", "b", "c"], len(log)), (third, happening)


def test_a_change_that_was_refused_and_then_undone_is_never_sent():
    async def scenario():
        metered = MeteredStore(MemoryStore())
        replica = replica_of(FaultyStore(metered, script([None, Fault.DENIED])))
        replica.stage(ADA, {"log": ["a"]})
        await replica.commit()
        replica.stage(ADA, {"log": ["a", "mistake"]})
        refused = not await try_to_commit(replica)
        replica.stage(ADA, {"log": ["a"]})
        pending = replica.pending
        await replica.commit()
        return refused, pending, metered.meter.writes

    assert run_virtually(scenario()) == (True, set(), 1)


def test_what_was_staged_during_a_send_that_was_never_answered_is_saved_by_the_next_commit():
    """The next commit has to find out the outcome of that send first, and must not stop there."""

    async def scenario(fault):
        bottom = MemoryStore()
        replica = replica_of(FaultyStore(bottom, script([None, fault])))
        replica.stage(ADA, {"log": ["a"]})
        await replica.commit()
        replica.stage(ADA, {"log": ["a", "b"]})
        assert not await try_to_commit(replica)
        replica.stage(ADA, {"log": ["a", "b", "c"]})
        await replica.commit()
        return replica.pending, await log_in(bottom)

    for fault in (Fault.HANG, Fault.HANG_APPLIED):
        assert run_virtually(scenario(fault)) == (set(), ["a", "b", "c"])


# ---------------------------------------------------------------- whose commit is it


def changed_by(bench, document, writer, value, record=ADA):
    """Return a document after another commit."""
    bench.version += 1
    return document.changed(document.header.advanced(writer, f"by {writer} {bench.version}"), {record: encoded(value)})


def test_a_write_under_a_name_that_another_shares_is_not_repeated_as_if_it_were_lost(bench):
    """Our commit was applied. Then a copy of this process wrote under the same ID, which hides our commit."""
    bench.start({"log": ["a"], "tags": {}})
    bench.stage({"log": ["a", "ours"], "tags": {"k": 1}})
    ours = prepare(bench.ledger).document
    copy_of_us = changed_by(bench, ours, bench.ledger.writer.id, {"log": ["a", "ours", "copy"], "tags": {"k": 1}})
    bench.ledger.loaded(copy_of_us, bench.etag())
    assert bench.ledger.metrics.undecidable == 1
    bench.commit()
    assert bench.stored() == {"log": ["a", "ours", "copy"], "tags": {"k": 1}}


def test_a_name_that_another_uses_is_given_up_before_the_next_write(bench):
    bench.start({"n": 0})
    bench.stage({"n": 1})
    bench.commit()
    shared = bench.ledger.writer.id
    theirs = changed_by(bench, bench.ledger.document, shared, {"n": 2})
    bench.ledger.loaded(theirs, bench.etag())
    bench.refresh()
    for number in (3, 4):
        bench.stage({"n": number})
        bench.commit()
    names = [commit.writer for commit in bench.ledger.document.header.commits]
    assert names[0] != shared
    assert names.count(shared) == 1  # theirs can still be recognised
    assert bench.stored() == {"n": 4}


def test_transferred_changes_are_distinguished_from_later_ones(bench):
    """A write of unknown outcome goes to the spool, and this process goes on writing: the two must not share an ID."""
    bench.start({"log": ["a"]})
    bench.stage({"log": ["a", "b"]})
    bench.commit()
    bench.stage({"log": ["a", "b", "spooled"]})
    prepare(bench.ledger)  # sent, and never applied
    spooled = unpack(pack(bench.ledger, Origin("1", "single", "json", "state.json")))
    bench.ledger.transfer()
    assert bench.ledger.pending == set()
    for number in (1, 2):
        bench.stage({"n": number}, BO)
        bench.commit()
    document = bench.ledger.document
    later = type(bench)()
    spooled.restore(later.ledger)
    later.ledger.loaded(document, later.etag())
    assert later.ledger.metrics.undecidable == 0
    later.commit()
    assert later.stored() == {"log": ["a", "b", "spooled"]}


# ---------------------------------------------------------------- nobody can tell


def undecidable(bench, theirs, crowd) -> None:
    """Staged changes are sent, and so many others write that nobody can tell whether they were applied."""
    prepare(bench.ledger)
    bench.theirs(theirs, on=crowded(bench.ledger.document, crowd))


def test_three_sends_in_doubt_leave_all_idempotent_changes(bench):
    bench.start({"n": 0})
    for number, crowd in enumerate("abc"):
        bench.stage({"n": 0} | dict.fromkeys("abc"[: number + 1], 1))
        undecidable(bench, {"n": number}, crowd)
    assert bench.ledger.metrics.undecidable == 3
    bench.commit()
    assert bench.stored() == {"n": 2, "a": 1, "b": 1, "c": 1}
    assert bench.ledger.pending == set()


def test_what_was_taken_back_between_two_such_sends_stays_away(bench):
    bench.start({"n": 0})
    bench.stage({"n": 0, "k": 1})
    undecidable(bench, {"n": 0}, "a")
    bench.stage({"n": 0})
    undecidable(bench, {"n": 0, "theirs": 1}, "b")
    bench.commit()
    assert bench.stored() == {"n": 0, "theirs": 1}


@pytest.mark.parametrize("times", [1, 2])
def test_a_drop_in_doubt_of_an_unloaded_record_is_repeated(bench, times):
    bench.ledger.unloaded = True
    bench.theirs({"secret": 1})
    bench.ledger.stage(ADA, None, drop=True)
    for crowd in "ab"[:times]:
        undecidable(bench, {"secret": 1}, crowd)
    bench.commit()
    assert bench.stored() is None
    assert bench.ledger.pending == set()


def test_a_refresh_after_such_a_send_moves_what_has_to_be_repeated_along(bench):
    """We do not bring back values of others that PTB was given since and that they removed later."""
    bench.start({"n": 0})
    bench.stage({"n": 0, "ours": 1})
    undecidable(bench, {"n": 0, "theirs": 1}, "a")
    assert bench.refresh() == ({"n": 0, "ours": 1}, {"n": 0, "theirs": 1, "ours": 1})
    bench.theirs({"n": 0})
    bench.commit()
    assert bench.stored() == {"n": 0, "ours": 1}
    assert bench.ledger.pending == set()


def test_what_was_superseded_when_ptb_was_refreshed_is_never_repeated(bench):
    """PTB has had another value since, so the value in doubt is obsolete."""
    bench.start({"level": 0})
    bench.stage({"level": 1})
    undecidable(bench, {"level": 5}, "a")
    assert bench.refresh() == ({"level": 1}, {"level": 5})
    bench.theirs({"level": 0})
    bench.commit()
    assert bench.stored() == {"level": 0}
