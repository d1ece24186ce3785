"""Deliberate bugs in the engine: the model test of ``test_simulation.py`` would notice each of them."""

from __future__ import annotations

import dataclasses
import os

import pytest

from ptb_bucket.errors import AccessError, PTBBucketError
from ptb_bucket.state import BOT_DATA, Kind, keep_ours
from ptb_bucket.state.commit.attempt import WriterIdentity
from ptb_bucket.state.commit.ledger import Ledger
from ptb_bucket.state.commit.preparation import Preparation
from ptb_bucket.state.commit.tracked_document import TrackedDocument
from ptb_bucket.state.document.header import Fate, Header
from ptb_bucket.state.merge import rules
from ptb_bucket.state.merge.matching.elements import ListMatches
from ptb_bucket.state.merge.values import ValueMerge
from ptb_bucket.state.replica.commit_order import CommitOrder
from ptb_bucket.state.replica.units import ReplicaUnits
from ptb_bucket.state.replica.values import Values
from ptb_bucket.state.spool.format import Spooled
from ptb_bucket.stores import Create, MemoryStore, Update
from ptb_bucket.testing.faults import Fault
from support.documents.virtual_time import run_virtually
from support.simulation import BrokenPromiseError, simulate


def put_without_a_condition(patch):
    put = MemoryStore.put

    async def over_all(self, key, data, mode):
        try:
            mode = Update((await self.get(key)).etag)
        except PTBBucketError:
            mode = Create()
        return await put(self, key, data, mode)

    patch.setattr(MemoryStore, "put", over_all)


def ignore_commit_ids(patch):
    patch.setattr(Header, "fate", lambda *_: Fate.NOT_APPLIED)


def refresh_over_unsaved_changes(patch):
    def merge_into(self, record, live, replace=None):
        stored = self._documents.ledger(record).stored(record)
        live.clear()
        live.update(self._merger.decode(record, stored))

    patch.setattr(Values, "merge_into", merge_into)


def take_denied_for_empty(patch):
    read = TrackedDocument.read

    async def careless(self):
        try:
            await read(self)
        except AccessError:
            self.ledger.document, self.ledger.etag = None, None

    patch.setattr(TrackedDocument, "read", careless)


def drop_pending_on_error(patch):
    def forget(self):
        self.attempt = None

    patch.setattr(Ledger, "failed", forget)


def deny_means_not_applied_ever(patch):
    """The mistake that this test found in the first version: an earlier send of the same write may have arrived."""
    patch.setattr("ptb_bucket.state.commit.attempt.Attempt.unclear", property(lambda _: False, lambda *_: None))


def move_the_base_by_the_commit(patch):
    applied = Ledger.applied

    def also_move_seen(self, etag=None):
        payload, document = self.attempt.payload, self.attempt.document
        applied(self, etag)
        self.move_base({record: document.get(record) for record in payload.values})

    patch.setattr(Ledger, "applied", also_move_seen)


def forget_commit_ids_too_early(patch):
    advanced = Header.advanced

    def forget(self, writer, commit_id):
        header = advanced(self, writer, commit_id)
        return dataclasses.replace(header, commits=header.commits[:1], floor=0)

    patch.setattr(Header, "advanced", forget)


def share_the_writer_id_after_a_fork(patch):
    def never_anew(self):
        self._id = self._id or os.urandom(6).hex()
        return self._id

    patch.setattr(WriterIdentity, "id", property(never_anew))
    patch.setattr(WriterIdentity, "rotate_id", lambda _: None)


def take_a_deletion_for_the_last_word(patch):
    patch.setattr(ValueMerge, "_merge_deletion", lambda _self, _path, _base, ours, _theirs: ours)


def merge_conversations(patch):
    rule = rules.rule_of
    patch.setattr(rules, "rule_of", lambda record: rule(BOT_DATA if record.kind is Kind.CONVERSATION else record))


def forget_the_attempt_in_the_spool(patch):
    restore = Spooled.restore

    def without_the_attempt(self, ledger):
        restore(self, ledger)
        ledger.attempt = None

    patch.setattr(Spooled, "restore", without_the_attempt)


def forget_whatever_is_under_way(patch):
    patch.setattr(TrackedDocument, "is_idle", property(lambda _: True))


def let_ours_win_unseen(patch):
    patch.setattr("ptb_bucket.state.merge.records.keep_theirs", keep_ours)


def take_a_commit_for_a_look(patch):
    """The mistake that this test found: values that were merged without having been loaded were not given to PTB."""
    move_base = Ledger.move_base

    def and_know_all(self, values, *still_dropped):
        move_base(self, values, *still_dropped)
        self.unloaded = self.unloaded and not values

    patch.setattr(Ledger, "move_base", and_know_all)


def drop_only_what_was_seen(patch):
    patch.setattr(Ledger, "merge_base", lambda self, record: self.base.get(record))


def sweep_without_a_condition(patch):
    patch.setattr(MemoryStore, "delete_if", lambda self, key, _etag: self.delete(key))


def merge_objects_at_each_place(patch):
    for module in ("merge.values", "merge.live"):
        patch.setattr(f"ptb_bucket.state.{module}.has_sharing", lambda *_: False)


def take_a_changed_element_for_a_new_one(patch):
    patch.setattr(
        "ptb_bucket.state.merge.matching.elements._UnmatchedElements.matched",
        lambda self, *_: ListMatches(self.origins, []),
    )


def take_what_is_at_a_place_for_what_was_there(patch):
    """The mistake that this test found: of two characters that replaced what was left of one, only one stayed."""
    for rule in ("replaced", "named_twice"):
        patch.setattr(f"ptb_bucket.state.merge.matching.object_index.{rule}", lambda *_: set())


def take_two_who_began_alike_for_one(patch):
    """The mistake that this test found: two who had been handed the same addition were taken for one."""
    patch.setattr("ptb_bucket.state.merge.matching.object_index.named_twice", lambda *_: set())


def list_no_updates(patch):
    patch.setattr(Header, "noting", lambda self, *_: self)


def withdraw_nothing(patch):
    patch.setattr(Ledger, "withdrawn_units", lambda _: frozenset())


def keep_what_cannot_be_told_apart(patch):
    def only_whole_steps(chains, there):
        groups = [step.units for steps in chains for step in steps if step.units]
        return frozenset(unit for units in groups for unit in units if units <= there)

    patch.setattr("ptb_bucket.state.commit.units.caught_with", only_whole_steps)


def leave_seen_where_something_is_withdrawn(patch):
    """PTB's next save would bring it back."""
    nothing_to_write = Preparation._nothing_to_write

    def but_not_withdrawn(self, payload):
        left = {record: value for record, value in payload.items() if record not in self.merged.withdrawn}
        nothing_to_write(self, left)

    patch.setattr(Preparation, "_nothing_to_write", but_not_withdrawn)


def note_updates_before_their_effects(patch):
    run = CommitOrder.run

    async def note_first(self, tracked_documents):
        await self._write([one for one in tracked_documents if one is self.dedupe])
        await run(self, tracked_documents)

    patch.setattr(CommitOrder, "run", note_first)
    patch.setattr(ReplicaUnits, "_unfinished", lambda _: frozenset())


def take_what_was_given_for_current(patch):
    """The mistake that this test found: a refresh that has nothing new to give still has to withdraw."""
    patch.setattr(Ledger, "withdrawn_in", lambda *_: frozenset())


BUGS = {
    put_without_a_condition: 0,
    move_the_base_by_the_commit: 0,
    forget_commit_ids_too_early: 7,
    share_the_writer_id_after_a_fork: 29,
    take_a_deletion_for_the_last_word: 0,
    merge_conversations: 3,
    forget_the_attempt_in_the_spool: 1,
    ignore_commit_ids: 5,
    refresh_over_unsaved_changes: 0,
    take_denied_for_empty: 3,
    drop_pending_on_error: 0,
    deny_means_not_applied_ever: 53,
    forget_whatever_is_under_way: 0,
    let_ours_win_unseen: 0,
    take_a_commit_for_a_look: 0,
    drop_only_what_was_seen: 1,
    sweep_without_a_condition: 34,
    merge_objects_at_each_place: 0,
    take_a_changed_element_for_a_new_one: 16,
    take_what_is_at_a_place_for_what_was_there: 10,
    take_two_who_began_alike_for_one: 274,
    list_no_updates: 0,
    withdraw_nothing: 0,
    keep_what_cannot_be_told_apart: 20,
    leave_seen_where_something_is_withdrawn: 0,
    note_updates_before_their_effects: 1,
    take_what_was_given_for_current: 7,
}
"""Each with a seed that is known to notice it: it is tried first, then those behind it."""

ON_DEMAND = {"layout": "per-record", "on_demand": 2}
UPDATES = {"layout": "per-type", "updates": True}
RUNS = {
    deny_means_not_applied_ever: {"storms": (Fault.LATE, Fault.DENIED)},
    forget_whatever_is_under_way: ON_DEMAND,
    let_ours_win_unseen: ON_DEMAND,
    take_a_commit_for_a_look: ON_DEMAND,
    drop_only_what_was_seen: ON_DEMAND,
    sweep_without_a_condition: {**ON_DEMAND, "storms": (Fault.LOST_RACE,)},
    list_no_updates: UPDATES,
    withdraw_nothing: UPDATES,
    keep_what_cannot_be_told_apart: UPDATES,
    leave_seen_where_something_is_withdrawn: UPDATES,
    note_updates_before_their_effects: UPDATES,
    take_what_was_given_for_current: UPDATES,
}
"""What rarely happens in ordinary runs gets its own parameters."""


@pytest.mark.parametrize("bug", BUGS, ids=lambda bug: bug.__name__)
def test_the_model_test_notices(bug, monkeypatch):
    with monkeypatch.context() as patch:
        bug(patch)
        seed = _noticed(bug)
    assert seed is not None, "a deliberate bug went unnoticed in forty runs"
    run_virtually(simulate(seed, **RUNS.get(bug, {})))  # without the bug, the same run is whole


def _noticed(bug) -> int | None:
    return next((seed for seed in range(BUGS[bug], BUGS[bug] + 40) if _is_noticed(bug, seed)), None)


def _is_noticed(bug, seed: int) -> bool:
    try:
        run_virtually(simulate(seed, **RUNS.get(bug, {})))
    except BrokenPromiseError:
        return True
    return False


@pytest.mark.long
@pytest.mark.parametrize("bug", BUGS, ids=lambda bug: bug.__name__)
def test_bugs_are_noticed_in_runs_with_arbitrary_seeds(bug, monkeypatch):
    bug(monkeypatch)
    assert any(_is_noticed(bug, seed) for seed in range(100, 400)), "a deliberate bug went unnoticed in 300 runs"
