"""Claims: notes of an instance that it is running an occurrence, so that no other one runs it at the same time."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import math
import time
from typing import TYPE_CHECKING, Final

from ptb_bucket._dataclass import dataclass
from ptb_bucket.application.timers.pending_timers import nonce
from ptb_bucket.errors import PTBBucketError
from ptb_bucket.state.timers import Claim

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from ptb_bucket.application.sync import Sync
    from ptb_bucket.application.timers.pending_timers import PendingTimers
    from ptb_bucket.state import Record
    from ptb_bucket.state.timers import Timer

__all__ = ["MARGIN", "ClaimedRun", "Claims", "free_from", "longest_claim"]

_LOGGER = logging.getLogger("ptb_bucket.application")

LEASE: Final = 60.0
"""Seconds for which a claim holds, unless it is renewed."""
MARGIN: Final = 10.0
"""Seconds for which others respect a claim after its end: twice the difference between two clocks that is expected."""
FRESH: Final = 1.0
"""Seconds after which a claimed timer is read again before it runs, because its run has waited for other work."""


@dataclass(eq=False)
class ClaimedRun:
    """An occurrence that this instance has claimed.

    Args:
        record: The record of the timer.
        timer: The timer when it was claimed, or when the claim was renewed.
        until: When the claim ends, on the monotonic clock.
        lost: Another instance has claimed the occurrence, or the timer was changed.
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


def free_from(timer: Timer) -> float:
    """Return when others may claim a timer, in seconds since the epoch; 0 if nobody has claimed it."""
    return timer.claim.until + MARGIN if timer.claim else 0.0


def longest_claim(now: float) -> float:
    """Return when others may claim a timer at the latest that is claimed now and whose claim is not renewed."""
    return now + LEASE + MARGIN


class Claims:
    """Takes and renews claims. They are a courtesy: data stays right without them, but messages would be repeated.

    Args:
        sync: Loads and saves.
        pending: The timers as they are known here.
    """

    def __init__(self, sync: Sync, pending: PendingTimers) -> None:
        self._sync, self._pending = sync, pending

    async def take(self, record: Record, timer: Timer) -> ClaimedRun | None:
        """Claim an occurrence; return None if another instance was faster. Only a claim that is there counts.

        Raises:
            PTBBucketError: The bucket could not be read or written. The timer stays due.
        """
        claim, start = Claim(nonce() + nonce(), time.time() + LEASE), time.monotonic()
        there = await self.save_surely(record, timer, timer.but(claim=claim))
        if there is None or there.claim != claim:
            return None
        return ClaimedRun(record, there, start + LEASE)

    async def save_surely(self, record: Record, before: Timer, after: Timer) -> Timer | None:
        """Save a timer, and return what the bucket has then.

        Raises:
            PTBBucketError: It is not known to be saved, and is not saved later.
        """
        try:
            await self.save(record, after)
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

    async def save(self, record: Record, timer: Timer) -> None:
        """Save a timer.

        Raises:
            PTBBucketError: It is not known to be saved.
        """
        self._sync.live.replica.stage(record, timer.to_value())
        await self._sync.session.group.commit()

    @contextlib.asynccontextmanager
    async def renewed(self, claimed: ClaimedRun) -> AsyncIterator[None]:
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
            except Exception as error:  # noqa: BLE001  whatever a store raises, the next renewal may succeed
                _LOGGER.warning("The claim of %s could not be renewed: %s", claimed.record.label, error)
                continue
            if there is not None:
                claimed.timer, claimed.until = there, start + LEASE
            elif not claimed.is_over and self._same_series(claimed) is None:
                claimed.until = math.inf  # nobody else can run this occurrence any more
            else:
                claimed.lost = True

    async def _renew_once(self, claimed: ClaimedRun) -> Timer | None:
        """Write a claim that ends later; return the timer with it, or None if the claim is not ours any more.

        Meanwhile, a handler may have replaced or removed the timer. Its change must not be overwritten.
        """
        there = self.held(claimed)
        if there is None:
            return None
        await self.save(claimed.record, there.but(claim=Claim(claimed.by, time.time() + LEASE)))
        return self.held(claimed)

    def held(self, claimed: ClaimedRun) -> Timer | None:
        """Return the timer as it is known here; None if the claim is not on it any more."""
        there = self._pending.stored(claimed.record)
        return there if there and there.claim and there.claim.by == claimed.by else None

    async def is_still_due(self, claimed: ClaimedRun) -> bool:
        """Tell whether nobody has removed, replaced, moved or paused the timer since it was claimed.

        Raises:
            PTBBucketError: The timer could not be read.
        """
        if time.monotonic() > claimed.until - LEASE + FRESH:
            await self._sync.live.replica.documents.refresh([claimed.record], asyncio.get_running_loop().time())
        there = self._same_series(claimed)
        return there is not None and there.is_armed and there.due == claimed.timer.due

    def _same_series(self, claimed: ClaimedRun) -> Timer | None:
        there = self._pending.stored(claimed.record)
        return there if there and there.series == claimed.timer.series else None
