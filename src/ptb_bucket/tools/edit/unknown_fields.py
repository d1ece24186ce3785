"""Merge objects of unknown classes field by field, as a bot that knows the class would."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ptb_bucket.codecs import UnknownInstance, same
from ptb_bucket.state import MISSING

if TYPE_CHECKING:
    from ptb_bucket.state import Conflict

__all__ = ["keep_ours_by_field"]


def keep_ours_by_field(conflict: Conflict) -> Any:
    """Decide a conflict as ``keep_ours`` does, but keep the bot's changes of other fields of the same object.

    Without the bot's classes, the merge sees an object of one of them as a value without parts. Both sides' changes
    then conflict as soon as they concern the same object.
    """
    return _merged(conflict.base, conflict.ours, conflict.theirs)


def _merged(base: Any, ours: Any, theirs: Any) -> Any:
    if same(ours, base):
        return theirs
    if same(theirs, base):
        return ours
    sides = (base, ours, theirs)
    if all(isinstance(side, UnknownInstance) for side in sides) and base.name == ours.name == theirs.name:
        return UnknownInstance(ours.name, _merged(base.payload, ours.payload, theirs.payload))
    if all(type(side) is dict for side in sides):
        keys = dict.fromkeys([*theirs, *ours])
        merged = {
            key: _merged(*(side.get(key, MISSING) for side in sides)) for key in keys
        }  # fmt: skip
        return {key: value for key, value in merged.items() if value is not MISSING}
    return theirs if ours is MISSING else ours
