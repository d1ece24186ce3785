"""Running a timer: it is claimed, loaded, called, and ended in the commit of its data."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Final

from ptb_bucket.application.effects import EffectUnit, Place
from ptb_bucket.application.timers.claims import free_from, longest_claim
from ptb_bucket.application.timers.next_run import after_run
from ptb_bucket.application.timers.pending_timers import nonce
from ptb_bucket.state import MISSING
from ptb_bucket.state.timers import DECIDED, merge_timers, unit_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from ptb_bucket.application.effects import EffectUnits
    from ptb_bucket.application.options import LiveOptions
    from ptb_bucket.application.sync import Sync, Unit
    from ptb_bucket.application.timers.claims import ClaimedRun, Claims
    from ptb_bucket.application.timers.pending_timers import PendingTimers
    from ptb_bucket.application.timers.retry import JobRetry
    from ptb_bucket.application.timers.work import Work, Works
    from ptb_bucket.application.update_locks import UpdateLocks
    from ptb_bucket.state import Record
    from ptb_bucket.state.timers import Timer

__all__ = ["TimerRunner"]

_LOGGER = logging.getLogger("ptb_bucket.application")

SETTLE: Final = 1.0
"""Seconds that a conversation's timeout leaves to updates that are being handled, so that most of these go first."""
POSTPONED: Final = 5.0
"""Seconds after which a timer is looked at again whose run would be lost now."""
LACKING: Final = 60.0
"""Seconds after which a timer is looked at again whose callback is lacking."""
ROLLOUT: Final = 3600.0
"""Seconds in which another instance may run a timer whose callback this one lacks."""


class TimerRunner:
    """Runs timers that are due.

    Args:
        options: The application's options.
        sync: Loads and saves.
        locks: Keep runs and updates of one chat or user apart.
        pending: The timers that handlers see.
        claims: Takes and renews claims.
        works: What timers do.
        retry: How often a failed run is tried again.
        effects: Know the run that asks for an effect.
    """

    def __init__(  # noqa: PLR0913, PLR0917  its collaborators
        self, options: LiveOptions, sync: Sync, locks: UpdateLocks, pending: PendingTimers, claims: Claims,
        works: Works, retry: JobRetry, effects: EffectUnits,
    ) -> None:  # fmt: skip
        self._options, self._sync, self._locks = options, sync, locks
        self._pending, self._claims, self._works, self._retry = pending, claims, works, retry
        self._effects = effects
        self._missing: set[str] = set()
        self.waiting: set[Record] = set()
        """Timers that this process has claimed and that wait until the updates of their chat and user have ended."""

    # ---------------------------------------------------------------- one look at a timer

    async def run(self, record: Record, timer: Timer, *, now: float) -> float | None:
        """Run a timer that is due, if nobody else is running it.

        Args:
            record: The record of the timer.
            timer: The timer as it was just read.
            now: The present, in seconds since the epoch.

        Returns:
            When to look again, in seconds since the epoch, if another instance is at work; None if this one has run it.

        Raises:
            PTBBucketError: The bucket could not be read or written. The timer stays due.
        """
        if free_from(timer) > now:
            return free_from(timer)
        work = self._works.of(record, timer)
        if work is None:
            return await self._lacks_callback(record, timer, now)
        if self._would_be_lost(work):
            return now + POSTPONED
        if work.keys and self._options.sequential:
            self.waiting.add(record)
        try:
            claimed = await self._claims.take(record, timer)
            if claimed is None:
                return longest_claim(now)
            await self._run_claimed(claimed)
        finally:
            self.waiting.discard(record)
        return None

    async def _lacks_callback(self, record: Record, timer: Timer, now: float) -> float | None:
        """Leave a timer to instances of another version; if none has run it after an hour, park it."""
        if timer.callback not in self._missing:
            self._missing.add(timer.callback)
            _LOGGER.error(
                "%s is due but can't be run because this deployment lists no callback named %r. Add it to "
                "callbacks=[...]. If you renamed it, keep the old name: JobCallback(..., was=%r).",
                record.label, timer.callback, timer.callback,
            )  # fmt: skip
        if timer.due is not None and now < timer.due + ROLLOUT:
            return now + LACKING
        await self._claims.save(record, timer.rearmed(timer.due, nonce(), parked=f"no callback {timer.callback}"))
        return None

    # ---------------------------------------------------------------- the run

    async def _run_claimed(self, claimed: ClaimedRun) -> None:
        work = self._works.of(claimed.record, claimed.timer)
        keys = work.keys if work and self._options.sequential else []
        async with self._claims.renewed(claimed), self._locks.holding(keys):
            self.waiting.discard(claimed.record)
            if work is None or claimed.is_over or self._would_be_lost(work):
                return
            if not await self._claims.is_still_due(claimed):
                return
            if work.is_fenced and not await self._decides(claimed):
                return
            with self._sync.lru.pin():
                await self._run_locked(claimed, work)

    def _would_be_lost(self, work: Work) -> bool:
        """Tell whether a run would have to be repeated, because of a run of this process that goes on."""
        return self._sync.live.replica.units.lose_changes_of(work.records)

    async def _decides(self, claimed: ClaimedRun) -> bool:
        """Decide that a conversation times out, unless an update goes first that was being handled at the claim.

        From then on, such an update is done again when it is to be saved. See :class:`TimeoutRace`.
        """
        await asyncio.sleep(SETTLE)
        before = self._claims.held(claimed)
        if before is None:
            return False
        after = before.but(options={**before.options, DECIDED: claimed.by})
        there = await self._claims.save_surely(claimed.record, before, after)
        if there is None or there.decided != claimed.by:
            return False
        claimed.timer = there
        return True

    async def _run_locked(self, claimed: ClaimedRun, work: Work) -> None:
        effects = _effects_of(claimed)
        records = await work.load()
        unit = unit_of(claimed.record.timer[1], claimed.timer)
        after: list[Timer | None] = []
        async with self._sync.units.run(unit, records, self._ending(claimed, after)):
            with self._pending.inside(records, claimed.record), self._effects.inside(effects):
                error = await work.call() or effects.failure  # an outcome of it may not be durable
                timer, changed = claimed.timer.but(data=work.data), self._pending.take_change(claimed.record)
                after.append(after_run(timer, changed, error, self._retry))
        if claimed.is_over and not await self._is_current(claimed):
            await self._withdraw(unit, work, claimed.record)
            return
        await self._sync.commit()

    def _ending(self, claimed: ClaimedRun, after: list[Timer | None]) -> Callable[[Unit], None]:
        """Return what ends the occurrence when its unit of work is staged.

        A handler may have replaced, removed or paused the timer while it ran, and its change may be saved by now. It is
        merged as a change of another instance would be.
        """
        record = claimed.record

        def end(unit: Unit) -> None:
            there = self._pending.stored(record)
            timer = after[0] if there == claimed.timer else merge_timers(claimed.timer, after[0], there)
            value = MISSING if timer is None else timer.to_value()
            self._sync.live.replica.stage_occurrence(str(unit.id), record, value, unit.records)
            self._pending.on_change(record, timer)

        return end

    async def _is_current(self, claimed: ClaimedRun) -> bool:
        """Tell whether the bucket still has the occurrence that was run."""
        await self._sync.live.replica.documents.refresh([claimed.record], asyncio.get_running_loop().time())
        there = self._pending.stored(claimed.record)
        return there is not None and unit_of("", there) == unit_of("", claimed.timer)

    async def _withdraw(self, unit: str, work: Work, record: Record) -> None:
        """Take back the changes of a run whose occurrence another instance has ended."""
        _LOGGER.warning("Another instance has already run %s. The changes of this run are discarded.", record.label)
        async with self._sync.session.group.held():
            await self._sync.stage_now()
            self._sync.live.replica.units.withdraw(unit)
        await work.load()


def _effects_of(claimed: ClaimedRun) -> EffectUnit:
    """Return the unit of a run's effects, which stays the same when the occurrence is tried again."""
    record, timer = claimed.record, claimed.timer
    occurrence = f"timer {record.timer[1]}#{timer.occurrence}.{timer.series}"
    return EffectUnit.of_run(occurrence, record, Place(timer.chat_id, timer.user_id))
