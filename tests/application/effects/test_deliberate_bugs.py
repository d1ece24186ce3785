"""Deliberate bugs of effects, each noticed by a scenario of the shop."""

from __future__ import annotations

import itertools
import time

import pytest

from ptb_bucket.application.effects import once as once_module
from ptb_bucket.application.effects import outcomes
from ptb_bucket.application.effects.once import Once
from ptb_bucket.application.timers.pending_timers import PendingTimers
from ptb_bucket.application.timers.runner import TimerRunner
from ptb_bucket.state import MISSING
from ptb_bucket.state import timers as state_timers
from support.effects.scenarios import fail_everywhere, kill_everywhere, meet


@pytest.fixture
def clock(monkeypatch):
    ahead, real = [0.0], time.time
    monkeypatch.setattr(time, "time", lambda: real() + ahead[0])
    monkeypatch.setattr(Once, "_key", lambda self, record: (str(id(self)), record))  # each instance is a process
    return ahead


def run_before_the_commit(patch):
    put = PendingTimers.put

    def commit_alone(self, record, timer):
        put(self, record, timer)
        if timer is not None and timer.callback == "deliver":
            self._sync.live.replica.stage(record, timer.to_value())
            self._sync.session.group._request()

    patch.setattr(PendingTimers, "put", commit_alone)


def result_not_stored(patch):
    async def forget(self, unit, record, timer):
        pass

    patch.setattr(Once, "_save", forget)


def stored_under_another_unit(patch):
    numbers = itertools.count()
    record_of = once_module.record_of
    patch.setattr(once_module, "record_of", lambda unit, name: record_of(unit, f"{name} {next(numbers)}"))


def forgotten_after_a_lost_answer(patch):
    save = Once._save

    async def forget(self, unit, record, timer):
        try:
            await save(self, unit, record, timer)
        except Exception:
            once_module._UNSAVED.clear()
            self._session.replica.stage(record, MISSING)
            raise

    patch.setattr(Once, "_save", forget)


def repeated_after_a_merge(patch):
    merge = state_timers.merge_timers

    def ours_first(base, ours, theirs):
        is_effect = ours is not None and ours.callback == "effect:"
        return ours if is_effect else merge(base, ours, theirs)

    patch.setattr(state_timers, "merge_timers", ours_first)


def half_of_the_handlers_data_with_the_result(patch):
    made, init, save = [], PendingTimers.__init__, Once._save

    def note(self, sync):
        made[:] = [sync]
        init(self, sync)

    async def save_all(self, unit, record, timer):
        [sync] = made
        sync._application.mark_data_for_update_persistence(user_ids=[42])
        for running in sync.units._running:
            running.records.clear()
        await sync.stage()
        await save(self, unit, record, timer)

    patch.setattr(PendingTimers, "__init__", note)
    patch.setattr(Once, "_save", save_all)


def intent_not_written(patch):
    async def begin(self, unit, record, intent):
        return None

    patch.setattr(Once, "_begin", begin)


def ended_before_the_run(patch):
    run = TimerRunner._run_claimed

    async def end_first(self, claimed):
        self._sync.live.replica.stage(claimed.record, MISSING)
        await self._sync.session.group.commit()
        await run(self, claimed)

    patch.setattr(TimerRunner, "_run_claimed", end_first)


def expired_at_once(patch):
    patch.setattr(outcomes, "KEPT", -1e9)
    patch.setattr(once_module, "TIDIED", 0.0)


def counted_as_handled_although_the_result_is_unsaved(patch):
    save = Once._save

    async def swallow(self, unit, record, timer):
        try:
            await save(self, unit, record, timer)
        finally:
            unit.failure = None

    patch.setattr(Once, "_save", swallow)


BUGS = [
    (run_before_the_commit, kill_everywhere),
    (result_not_stored, kill_everywhere),
    (stored_under_another_unit, kill_everywhere),
    (forgotten_after_a_lost_answer, fail_everywhere),
    (repeated_after_a_merge, meet),
    (half_of_the_handlers_data_with_the_result, kill_everywhere),
    (intent_not_written, kill_everywhere),
    (ended_before_the_run, kill_everywhere),
    (expired_at_once, kill_everywhere),
    (counted_as_handled_although_the_result_is_unsaved, fail_everywhere),
]


@pytest.mark.parametrize(("bug", "scenario"), BUGS, ids=[bug.__name__ for bug, _ in BUGS])
async def test_a_deliberate_bug_is_noticed(bug, scenario, clock, monkeypatch):
    bug(monkeypatch)
    with pytest.raises(AssertionError, match=r"charges|goods|data|messages"):
        await scenario("single", clock)
