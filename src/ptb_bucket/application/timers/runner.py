"""Running a timer: it is claimed, loaded, called, and ended in the commit of its data."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from typing import TYPE_CHECKING, Final

from ptb_bucket._dataclass import dataclass
from ptb_bucket.application.effects import EffectUnit, Place
from ptb_bucket.application.timers.next_run import after_run
from ptb_bucket.application.timers.pending_timers import nonce
from ptb_bucket.errors import PTBBucketError
from ptb_bucket.state import MISSING
from ptb_bucket.state.timers import DECIDED, Claim, merge_timers, unit_of

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from ptb_bucket.application.effects import EffectUnits
    from ptb_bucket.application.options import LiveOptions
    from ptb_bucket.application.sync import Sync, Unit
    from ptb_bucket.application.timers.pending_timers import PendingTimers
    from ptb_bucket.application.timers.retry import JobRetry
    from ptb_bucket.application.timers.work import Work, Works
    from ptb_bucket.application.update_locks import UpdateLocks
    from ptb_bucket.state import Record
    from ptb_bucket.state.timers import Timer

__all__ = ["LEASE", "MARGIN", "TimerRunner"]

_LOGGER = logging.getLogger("ptb_bucket.application")

LEASE: Final = 60.0
"""Seconds for which a claim holds, unless it is renewed."""
MARGIN: Final = 10.0
"""Seconds for which others respect a claim after its end: twice the difference between two clocks that is expected."""
SETTLE: Final = 1.0
"""Seconds that a conversation's timeout leaves to updates that are being handled, so that most of these go first."""
POSTPONED: Final = 5.0
"""Seconds after which a timer is looked at again whose run would be lost now."""
ROLLOUT: Final = 3600.0
"""Seconds in which another instance may run a timer whose callback this one lacks."""


@dataclass(eq=False)
class ClaimedRun:
    """An occurrence that this instance has claimed.

    Args:
        record: The record of the timer.
        timer: The timer when it was claimed, or when the claim was renewed.
        until: When the claim ends, on the monotonic clock.
        lost: Another instance has claimed the occurrence, or the timer was replaced or removed.
    """

    record: Record
    timer: Timer
    until: float
    lost: bool = False

    @property
    def by(self) -> str:
        """The ID of the claim."""
        return self.timer.claim.by if self.timer.claim else ""

    @property
    def is_over(self) -> bool:
        """Tell whether the claim has ended, as when the process was frozen."""
        return self.lost or time.monotonic() > self.until


class TimerRunner:
    """Runs timers that are due.

    Args:
        options: The application's options.
        sync: Loads and saves.
        locks: Keep runs and updates of one chat or user apart.
        pending: The timers that handlers see.
        works: What timers do.
        retry: How often a failed run is tried again.
        effects: Know the run that asks for an effect.
    """

    def __init__(  # noqa: PLR0913, PLR0917  its collaborators
        self, options: LiveOptions, sync: Sync, locks: UpdateLocks, pending: PendingTimers, works: Works,
        retry: JobRetry, effects: EffectUnits,
    ) -> None:  # fmt: skip
        self._options, self._sync, self._locks = options, sync, locks
        self._pending, self._works, self._retry, self._effects = pending, works, retry, effects
        self._missing: set[str] = set()

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
        if timer.claim and timer.claim.until + MARGIN > now:
            return timer.claim.until + MARGIN
        work = self._works.of(record, timer)
        if work is None:
            return await self._lacks_callback(record, timer, now)
        if self._would_be_lost(work):
            return now + POSTPONED
        claimed = await self._claim(record, timer)
        if claimed is None:
            return now + LEASE + MARGIN
        await self._run_claimed(claimed)
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
            return now + LEASE
        await self._save(record, timer.rearmed(timer.due, nonce(), parked=f"no callback {timer.callback}"))
        return None

    # ---------------------------------------------------------------- claims

    async def _claim(self, record: Record, timer: Timer) -> ClaimedRun | None:
        """Claim an occurrence; return None if another instance was faster. Only a claim that is there counts."""
        claim, start = Claim(nonce() + nonce(), time.time() + LEASE), time.monotonic()
        there = await self._save_surely(record, timer, timer.but(claim=claim))
        if there is None or there.claim != claim:
            return None
        return ClaimedRun(record, there, start + LEASE)

    async def _save_surely(self, record: Record, before: Timer, after: Timer) -> Timer | None:
        """Save a timer, and return what the bucket has then.

        Raises:
            PTBBucketError: It is not known to be saved, and is not saved later.
        """
        try:
            await self._save(record, after)
        except PTBBucketError:
            if not await self._is_saved(record):
                self._sync.live.replica.stage(record, before.to_value())
                raise
        return self._pending.stored(record)

    async def _is_saved(self, record: Record) -> bool:
        """Read a timer again after a commit that failed, and tell whether the bucket has what was to be saved."""
        with contextlib.suppress(PTBBucketError):
            await self._sync.live.replica.documents.refresh([record], asyncio.get_running_loop().time())
        return record not in self._sync.live.replica.pending

    async def _save(self, record: Record, timer: Timer) -> None:
        self._sync.live.replica.stage(record, timer.to_value())
        await self._sync.session.group.commit()

    @contextlib.asynccontextmanager
    async def _renewed(self, claimed: ClaimedRun) -> AsyncIterator[None]:
        """Inside, the claim is renewed, however long the job takes."""
        renewal = asyncio.get_running_loop().create_task(self._renew(claimed))
        try:
            yield
        finally:
            renewal.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await renewal

    async def _renew(self, claimed: ClaimedRun) -> None:
        while not claimed.is_over:
            await asyncio.sleep(LEASE / 3)
            start = time.monotonic()
            try:
                there = await self._renew_once(claimed)
            except PTBBucketError as error:
                _LOGGER.warning("The claim of %s could not be renewed: %s", claimed.record.label, error)
                continue
            claimed.lost = there is None
            claimed.timer, claimed.until = there or claimed.timer, start + LEASE

    async def _renew_once(self, claimed: ClaimedRun) -> Timer | None:
        """Write a claim that ends later; return the timer with it, or None if the claim is not ours any more.

        Meanwhile, a handler may have replaced or removed the timer. Its change must not be overwritten.
        """
        there = self._still_claimed(claimed)
        if there is None:
            return None
        await self._save(claimed.record, there.but(claim=Claim(claimed.by, time.time() + LEASE)))
        return self._still_claimed(claimed)

    def _still_claimed(self, claimed: ClaimedRun) -> Timer | None:
        there = self._pending.stored(claimed.record)
        return there if there and there.claim and there.claim.by == claimed.by else None

    # ---------------------------------------------------------------- the run

    async def _run_claimed(self, claimed: ClaimedRun) -> None:
        work = self._works.of(claimed.record, claimed.timer)
        keys = work.keys if work and self._options.sequential else []
        async with self._renewed(claimed), self._locks.holding(keys):
            if work is None or claimed.is_over or self._would_be_lost(work):
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
        before = self._still_claimed(claimed)
        if before is None:
            return False
        after = before.but(options={**before.options, DECIDED: claimed.by})
        there = await self._save_surely(claimed.record, before, after)
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
