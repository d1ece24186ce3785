"""A timer after a run: its next occurrence, or another try of the same one."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, Final

from ptb_bucket.application.timers.pending_timers import nonce
from ptb_bucket.application.timers.schedule import next_due
from ptb_bucket.state import MISSING
from ptb_bucket.state.timers import DECIDED, FORGIVEN

if TYPE_CHECKING:
    from ptb_bucket.application.timers.retry import JobRetry
    from ptb_bucket.state.timers import Timer

__all__ = ["after_run", "nominal", "occurrence_at"]

_OF_ONE_OCCURRENCE: Final = frozenset({"nominal", DECIDED, FORGIVEN})
"""The options of a timer that its next occurrence does not have."""


def nominal(timer: Timer) -> float:
    """Return when an occurrence was due by its schedule, before it was tried again."""
    found: float = timer.options.get("nominal", timer.due)
    return found


def after_run(timer: Timer, changed: Any, error: Exception | None, retry: JobRetry) -> Timer | None:
    """Return a timer after a run. Changes that the callback made to its timer win.

    Args:
        timer: The timer that has run.
        changed: The callback's own change of it: the timer, None if it was removed, or MISSING if there is none.
        error: The error of the run; None if it succeeded.
        retry: How often a failed run is tried again.
    """
    if changed is None or (changed is not MISSING and changed.revision != timer.revision):
        removed_or_replaced: Timer | None = changed
        return removed_or_replaced
    enabled = timer.enabled if changed is MISSING else changed.enabled
    after = _next_occurrence(timer) if error is None else _next_try(timer, error, retry)
    return after and after.but(enabled=enabled)


def _next_occurrence(timer: Timer) -> Timer | None:
    """Return a timer whose occurrence has ended, with its next due time; None if it has no other."""
    due = next_due(timer.schedule, nominal(timer), time.time(), coalesce=timer.options.get("coalesce", True))
    return None if due is None else occurrence_at(timer, due)


def occurrence_at(timer: Timer, due: float, **changes: Any) -> Timer:
    """Return a timer whose occurrence has ended, with another one at a time, in seconds since the epoch."""
    options = {name: value for name, value in timer.options.items() if name not in _OF_ONE_OCCURRENCE}
    return timer.rearmed(due, nonce(), occurrence=timer.occurrence + 1, tries=0, options=options, **changes)


def _next_try(timer: Timer, error: Exception, retry: JobRetry) -> Timer:
    """Return a timer whose occurrence has failed: due again after a pause, or parked if it was tried often enough."""
    tries = timer.tries + 1
    pause = retry.pause_after(timer.failures + 1)
    options = {name: value for name, value in timer.options.items() if name != DECIDED}
    if pause is None:
        parked = f"raised {type(error).__name__}"
        return timer.rearmed(timer.due, nonce(), tries=tries, options=options, parked=parked)
    options["nominal"] = nominal(timer)
    return timer.rearmed(time.time() + pause, nonce(), tries=tries, options=options)
