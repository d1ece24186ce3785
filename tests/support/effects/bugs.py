"""Deliberate bugs of effects: each function breaks one rule, with the patch of a test."""

from __future__ import annotations

import itertools

from ptb_bucket.application.effects import once as once_module
from ptb_bucket.application.effects import outcomes
from ptb_bucket.application.effects.once import Once
from ptb_bucket.application.timers import runner
from ptb_bucket.application.timers.pending_timers import PendingTimers
from ptb_bucket.application.timers.runner import TimerRunner
from ptb_bucket.state import AFTER, MISSING
from ptb_bucket.state import timers as state_timers
from ptb_bucket.state.commit import ends_of
from ptb_bucket.state.replica import commit_order


def run_before_the_commit(patch):
    put = PendingTimers.put

    def commit_alone(self, record, timer):
        put(self, record, timer)
        if timer is not None and record.timer[1].startswith(AFTER):
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
            once_module._UNSAVED.pop(self._key(record), None)
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
    made, init, save = {}, PendingTimers.__init__, Once._save

    def note(self, sync):
        made[id(sync.session)] = sync
        init(self, sync)

    async def save_all(self, unit, record, timer):
        sync = made[id(self._session)]
        sync._application.mark_data_for_update_persistence(user_ids=[unit.place.user_id])
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


def timers_before_the_data(patch):
    """The mistake that the simulation found: a kill between two documents of a commit left a timer without its data."""
    patch.setattr(commit_order, "_is_late", lambda ledger: bool(ends_of(ledger.staged.steps)))


def what_became_known_is_overwritten(patch):
    """The mistake that the simulation found: an outcome that was read during the effect was taken for the base."""
    patch.setattr(Once, "_has_outcome", lambda self, record: False)


def stored_under_the_try(patch):
    effects_of = runner._effects_of

    def with_tries(claimed):
        unit = effects_of(claimed)
        unit.name += f".{claimed.timer.tries}"
        return unit

    patch.setattr(runner, "_effects_of", with_tries)
