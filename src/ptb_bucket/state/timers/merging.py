"""Merging two versions of one timer, as two instances have left them."""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ptb_bucket.state.timers.timer import Timer

__all__ = ["merge_timers"]


def merge_timers(base: Timer | None, ours: Timer | None, theirs: Timer | None) -> Timer | None:
    """Return what becomes of a timer that two instances have changed, both; None if it is gone.

    The rules, in this order:

    0. A conversation's timeout that has been decided, or has ended, survives an update that did not know.
    1. A new timer with the same ID survives everything that concerns the timer before it.
    2. An author's replacement survives the end or the cancellation of the timer that it replaces. If that one is gone,
       the replacement begins a series of its own, because nobody knows how far the other one had come.
    3. Otherwise, a timer that one side has ended or cancelled is gone.
    4. The newer revision is taken; of two new timers, also the one that committed first. It has come as far as the
       older one, because documents that contain the run of an occurrence would not take another run of its number.
    5. The side that has come further is taken: by occurrence, then by failed tries. If both have come equally far, the
       one that committed first is taken, so of two claims the first one counts.
    6. A pause or its end is taken from the side that has changed it.

    Args:
        base: The version that both have started from; None if neither knew one.
        ours: Our version; None if we have ended or cancelled the timer.
        theirs: The version that is already in the bucket; None if it is gone from there.
    """
    if _is_too_late(base, theirs):
        return theirs
    if ours is None or theirs is None:
        return _left(base, ours, theirs)
    if base is not None and ours.series != theirs.series and base.series in (ours.series, theirs.series):
        return _newer_name(theirs if base.series == ours.series else ours, ours, theirs)
    if ours.revision != theirs.revision:
        newer, older = sorted((ours, theirs), key=lambda timer: timer.revision, reverse=True)
        return _newer_name(_no_earlier(newer, older), ours, theirs)
    taken = ours if ours.series == theirs.series and _progress(ours) > _progress(theirs) else theirs
    other = theirs if taken is ours else ours
    paused_by_other = base is not None and other.enabled != base.enabled and ours.series == theirs.series
    return _newer_name(taken.but(enabled=other.enabled) if paused_by_other else taken, ours, theirs)


def _left(base: Timer | None, ours: Timer | None, theirs: Timer | None) -> Timer | None:
    """Return what stays of a timer that one side has ended or cancelled."""
    left = ours or theirs
    if left is None or base is None:
        return None
    if left.series != base.series or (left.revision > base.revision and left is theirs):
        return left
    return left.but(born=None) if left.revision > base.revision else None


def _is_too_late(base: Timer | None, theirs: Timer | None) -> bool:
    """Tell whether a conversation has ended, or its timeout was decided, since an update has read it.

    The update is done again, so that it sees what has become of the conversation.
    """
    if base is None or not base.is_timeout or base.decided is not None:
        return False
    return theirs is None or (theirs.series == base.series and theirs.decided is not None)


def _progress(timer: Timer) -> tuple[int, int]:
    return timer.occurrence, timer.tries


def _no_earlier(taken: Timer, other: Timer) -> Timer:
    """Return a timer that has come as far as another version of it."""
    if taken.series != other.series or _progress(taken) >= _progress(other):
        return taken
    return taken.but(occurrence=other.occurrence, tries=other.tries)


def _newer_name(taken: Timer, ours: Timer, theirs: Timer) -> Timer:
    """Return a timer whose due key is newer than those of both sides, unless it is the bucket's own.

    Both instances compute the same name from the same versions, so that a merge that is repeated gives the same.
    """
    if (taken.generation, taken.nonce) == (theirs.generation, theirs.nonce) and taken.due == theirs.due:
        return taken
    if taken.generation > theirs.generation:
        return taken
    nonce = sha256(f"{ours.nonce} {theirs.nonce}".encode()).hexdigest()[: len(ours.nonce)]
    return taken.renamed(max(ours.generation, theirs.generation) + 1, nonce)
