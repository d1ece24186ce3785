"""The rules of timers, each broken on purpose: the simulation of timers notices each within 200 seeds."""

from __future__ import annotations

import asyncio
import logging
import time
from dataclasses import replace

import pytest

from ptb_bucket.application.timers import alarms, claims, runner, ticker
from ptb_bucket.application.timers.claims import ClaimedRun, Claims
from ptb_bucket.application.timers.pending_timers import PendingTimers, nonce
from ptb_bucket.application.timers.runner import TimerRunner
from ptb_bucket.application.timers.ticker import Ticker
from ptb_bucket.errors import NotFoundError, PTBBucketError
from ptb_bucket.state.commit import ends_of, loop
from ptb_bucket.state.commit.due_keys import DueKeys
from ptb_bucket.state.commit.ledger import Ledger
from ptb_bucket.state.document.header import Fate, Header
from ptb_bucket.state.replica.commit_order import CommitOrder
from ptb_bucket.state.replica.units import ReplicaUnits
from ptb_bucket.state.timers import Claim, due_key, merge_timers
from ptb_bucket.stores import Create, Update
from support.simulation.deliberate_bugs import assert_noticed
from support.simulation.timers import CALM, FAULTS, BrokenTimerError, Faults, TimerWorld, run_processes


@pytest.fixture(autouse=True)
def _without_warnings():
    before = logging.root.manager.disable
    logging.disable(logging.CRITICAL)
    yield
    logging.disable(before)


# ---------------------------------------------------------------- due keys


def write_keys_after_the_commit(patch):
    """Rule: write a key before the timer that needs it, also when moving a timer."""
    send, create = loop._send, DueKeys.create

    async def remember(self, names, _created):
        vars(self).setdefault("later", []).extend(names)

    async def send_first(tracked, condition, body):
        etag = await send(tracked, condition, body)
        names = vars(tracked.due_keys).pop("later", ())
        await create(tracked.due_keys, names, set())
        return etag

    patch.setattr(DueKeys, "create", remember)
    patch.setattr(loop, "_send", send_first)


def remove_keys_before_the_commit(patch):
    """Rule: remove a key only after the commit that no longer needs it."""
    send = loop._send

    async def remove_first(tracked, condition, body):
        keys = tracked.due_keys.named(tracked.ledger.document, tracked.ledger.attempt.document)
        await tracked.due_keys.delete(keys.obsolete)
        return await send(tracked, condition, body)

    patch.setattr(loop, "_send", remove_first)


def remove_keys_without_a_timer_at_once(patch):
    """Rule: leave a key without a timer for an hour."""
    patch.setattr(ticker, "ABANDONED", 0.0)


def remove_keys_that_are_ahead(patch):
    """Rule: leave a key that is ahead of its timer."""
    is_obsolete = Ticker.is_obsolete

    async def careless(self, listed, timer):
        if timer is not None and timer.generation < listed.key.generation:
            await self._sync.live.replica.timers.remove_key(listed.key)
            return True
        return await is_obsolete(self, listed, timer)

    patch.setattr(Ticker, "is_obsolete", careless)


def let_losers_remove_the_key(patch):
    """Rule: a run that cannot show that the occurrence has ended removes nothing."""
    run = Ticker.run

    async def run_and_remove(self, record, timer):
        again = await run(self, record, timer)
        key = timer and due_key(record, timer)
        if again is not None and key and timer.due <= time.time():
            await self._sync.live.replica.timers.remove_key(key)
        return again

    patch.setattr(Ticker, "run", run_and_remove)


def use_a_name_twice(patch):
    """Rule: never use a name twice."""

    def same_name(record, timer):
        key = due_key(record, timer)
        return key and key._replace(generation=1, nonce="00")

    patch.setattr("ptb_bucket.state.timers.due_key", same_name)
    patch.setattr(ticker, "due_key", same_name)
    patch.setattr(alarms, "due_key", same_name)


def cancel_by_removing_the_key(patch):
    """Rule: the truth is in the owner."""
    put = PendingTimers.put

    def remove_key_only(self, record, timer):
        before = self.get(record)
        if timer is not None or before is None:
            put(self, record, timer)
        elif key := due_key(record, before):
            asyncio.get_running_loop().create_task(self._sync.live.replica.timers.remove_key(key))

    patch.setattr(PendingTimers, "put", remove_key_only)


# ---------------------------------------------------------------- occurrences


def do_not_check_the_occurrence(patch):
    """Rule: check the occurrence before each commit."""

    def ours_counts(base, ours, theirs):
        is_claim = ours and theirs and (ours.occurrence, ours.tries) == (theirs.occurrence, theirs.tries)
        return merge_timers(base, ours, theirs) if is_claim else ours

    patch.setattr("ptb_bucket.state.timers.merge_timers", ours_counts)
    patch.setattr(runner, "merge_timers", ours_counts)
    patch.setattr(Ledger, "withdrawn_units", lambda _: frozenset())


def repeat_unclear_commits(patch):
    """Rule: check the occurrence also after an unclear answer."""
    patch.setattr(Header, "fate", lambda *_: Fate.NOT_APPLIED)
    patch.setattr(Ledger, "withdrawn_units", lambda _: frozenset())


def commit_the_owner_first(patch):
    """Rule: commit the owner last."""
    run = CommitOrder.run

    async def owner_first(self, documents):
        await self._write([one for one in documents if ends_of(one.ledger.staged.steps)])
        await run(self, documents)

    patch.setattr(ReplicaUnits, "_waits", lambda *_: False)
    patch.setattr(CommitOrder, "run", owner_first)


def record_the_occurrence_in_the_owner_only(patch):
    """Rule: record the occurrence in each document that a job changes."""
    noting = Header.noting

    def updates_only(self, units, limit):
        return noting(self, [unit for unit in units if type(unit) is not str], limit)

    patch.setattr(Header, "noting", updates_only)


# ---------------------------------------------------------------- claims


def run_without_a_claim(patch):
    """Rule: claim before running."""

    async def no_claim(_self, record, timer):
        return ClaimedRun(record, timer.but(claim=Claim(nonce(), 0.0)), time.monotonic() + claims.LEASE)

    patch.setattr(Claims, "take", no_claim)


def ignore_claims_of_others(patch):
    """Rule: respect others' claims."""
    run = TimerRunner.run

    async def run_anyway(self, record, timer, *, now):
        return await run(self, record, timer.but(claim=None), now=now)

    patch.setattr(TimerRunner, "run", run_anyway)


def count_unclear_claims(patch):
    """Rule: an unclear claim does not count."""

    async def claim_or_hope(self, record, timer):
        mine, start = Claim(nonce(), time.time() + claims.LEASE), time.monotonic()
        try:
            await self.save(record, timer.but(claim=mine))
        except PTBBucketError:
            return ClaimedRun(record, timer.but(claim=mine), start + claims.LEASE)
        there = self._pending.stored(record)
        return ClaimedRun(record, there, start + claims.LEASE) if there and there.claim == mine else None

    patch.setattr(Claims, "take", claim_or_hope)


def leave_no_margin(patch):
    """Rule: clocks only decide when to try: the margin is twice their difference."""
    patch.setattr(claims, "MARGIN", 0.0)


def keep_claims_beside_the_keys(patch):
    """Rule: store the claim with the timer."""

    async def claim_in_an_object(self, record, timer, *, now):
        store, mode = self._sync.live.replica.documents.store, Create()
        name = f"claims/{timer.generation}.{timer.nonce}"
        try:
            blob = await store.get(name)
            if float(blob.data) + claims.MARGIN > now:
                return float(blob.data) + claims.MARGIN
            mode = Update(blob.etag)
        except NotFoundError:
            pass
        claim = Claim(nonce(), now + claims.LEASE)
        try:
            await store.put(name, str(claim.until).encode(), mode)
        except PTBBucketError:
            return now + claims.LEASE + claims.MARGIN
        await self._run_claimed(ClaimedRun(record, timer.but(claim=claim), time.monotonic() + claims.LEASE))
        await store.delete(name)
        return None

    async def still_there(_self, claimed):
        return claimed.timer

    patch.setattr(TimerRunner, "run", claim_in_an_object)
    patch.setattr(Claims, "_renew_once", still_there)


RULES = {
    write_keys_after_the_commit: 8,
    remove_keys_before_the_commit: 3,
    remove_keys_without_a_timer_at_once: 2,
    remove_keys_that_are_ahead: 7,
    let_losers_remove_the_key: 0,
    use_a_name_twice: 44,
    cancel_by_removing_the_key: 0,
    do_not_check_the_occurrence: 0,
    repeat_unclear_commits: 0,
    commit_the_owner_first: 10,
    record_the_occurrence_in_the_owner_only: 16,
    run_without_a_claim: 0,
    ignore_claims_of_others: 0,
    count_unclear_claims: 4,
    leave_no_margin: 0,
    keep_claims_beside_the_keys: 0,
}
"""Each broken rule, with a seed that is known to notice it: it is tried first, then those behind it."""
SHORT = {"storm": 120, "calm": 240}
OFTEN = {"storm": 200, "calm": 300, "moves": 0.8}
"""Many timers are moved, and cancelled and added again for the same time."""
WORLDS = {
    remove_keys_without_a_timer_at_once: {"faults": replace(FAULTS, kill=0.0, request=0.15, only=("put", "late"))},
    remove_keys_that_are_ahead: {**OFTEN, "faults": Faults(kill=0.003, request=0.4, only=("put", "late"))},
    use_a_name_twice: {**OFTEN, "faults": Faults(kill=0.005, request=0.5, only=("delete", "late"))},
    count_unclear_claims: {"faults": Faults(request=0.9, only=("put", "refused"))},
    repeat_unclear_commits: {"faults": replace(FAULTS, kill=0.0, request=0.1, only=("put", "lost"))},
    ignore_claims_of_others: {"faults": CALM},
    run_without_a_claim: {"faults": CALM},
}
"""What rarely happens in ordinary runs gets worlds of its own."""


def world_of(rule, seed: int) -> TimerWorld:
    return TimerWorld(seed, **{**SHORT, **WORLDS.get(rule, {})})


def is_noticed(rule, seed: int) -> bool:
    """Tell whether a run with the broken rule breaks a promise."""
    try:
        run_processes(world_of(rule, seed))
    except BrokenTimerError:
        return True
    return False


@pytest.mark.long
@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_the_simulation_notices(rule, monkeypatch):
    assert_noticed(rule, is_noticed, RULES[rule], monkeypatch)
