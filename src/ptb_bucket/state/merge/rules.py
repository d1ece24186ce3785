"""The rule by which the values of a record merge, for each kind of record."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ptb_bucket.state.merge.resolvers import MISSING
from ptb_bucket.state.records import CALLBACK_QUERIES, HANDLED, HANDLED_LIMIT, Kind

if TYPE_CHECKING:
    from collections.abc import Callable

    from ptb_bucket.state.merge.values import ValueMerge
    from ptb_bucket.state.records import Record

__all__ = ["rule_of"]


def rule_of(record: Record) -> Callable[[ValueMerge, Any, Any, Any], Any]:
    """Return the rule of a record: a function of the merge, the base, our value and the bucket's value."""
    if record.kind is Kind.CONVERSATION:
        return _conversation
    if record.kind is Kind.CALLBACK and record != CALLBACK_QUERIES:
        return _keyboard
    if record.kind is Kind.TIMER:
        return _timer
    return _handled if record == HANDLED else _data


def _data(merge: ValueMerge, base: Any, ours: Any, theirs: Any) -> Any:
    return merge.run((), base, ours, theirs)


def _conversation(merge: ValueMerge, base: Any, ours: Any, theirs: Any) -> Any:
    """Return one of the states.

    Rule "Conversation states are not merged": if the bucket's state changed since the base, it stays. Our state is
    superseded, and this is counted.
    """
    if merge.same(base, theirs):
        return ours
    if not merge.same(ours, theirs):
        merge.note_decision(())
    return theirs


def _handled(merge: ValueMerge, base: Any, ours: Any, theirs: Any) -> Any:  # noqa: ARG001  one signature for all rules
    """Return the updates that either side handled, newest last. Updates that theirs has forgotten stay forgotten."""
    known = {*(() if base is MISSING else base), *(() if theirs is MISSING else theirs)}
    mine = [] if ours is MISSING else [number for number in ours if number not in known]
    return [*(() if theirs is MISSING else theirs), *mine][-HANDLED_LIMIT:]


def _timer(merge: ValueMerge, base: Any, ours: Any, theirs: Any) -> Any:  # noqa: ARG001  one signature for all rules
    """Return the timer by its own rules; see :func:`~ptb_bucket.state.timers.merge_timers`.

    Rule "The first end of an occurrence counts": no later commit of that occurrence changes the timer.
    """
    from ptb_bucket.state.timers import Timer, merge_timers  # noqa: PLC0415  only bots with timers import it

    sides = [None if value is MISSING else Timer.from_value(value) for value in (base, ours, theirs)]
    merged = merge_timers(*sides)
    return MISSING if merged is None else merged.to_value()


def _keyboard(merge: ValueMerge, base: Any, ours: Any, theirs: Any) -> Any:  # noqa: ARG001  one signature for all rules
    """Return the keyboard, as [access time, buttons], with the newer access time, if either side has one."""
    if ours is MISSING or theirs is MISSING:
        return theirs if ours is MISSING else ours
    return max(ours, theirs, key=lambda keyboard: float(keyboard[0]))
