"""Compare two versions of a record: which places in it were added, changed or removed."""

from __future__ import annotations

from collections import Counter, deque
from enum import Enum
from typing import TYPE_CHECKING, Any, Final

from ptb_bucket.codecs import UnknownInstance, fingerprint, same
from ptb_bucket.state import MISSING
from ptb_bucket.tools.edit import fields_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    Steps = tuple[Any, ...]

__all__ = ["Change", "changes_between", "overlap", "survives"]

_LISTS: Final = (list, deque)


class Change(Enum):
    """The kinds of changes of a place."""

    ADDED = "added"
    CHANGED = "changed"
    REMOVED = "removed"


def changes_between(before: Any, after: Any) -> dict[Steps, Change]:
    """Return the places at which two values differ, as deep as both have dicts, lists of one length or objects there.

    Args:
        before: The older value; MISSING if there was none.
        after: The newer value; MISSING if it was removed.
    """
    return dict(_differences((), before, after))


def overlap(one: Steps, other: Steps) -> bool:
    """Tell whether a place contains the other one, or is the same."""
    length = min(len(one), len(other))
    return one[:length] == other[:length]


def survives(before: Any, after: Any, now: Any) -> bool:
    """Tell whether a change of a value is still there, although the value was changed again.

    A list or set may have grown on both sides: what one added is still there, and what it removed is still gone.

    Args:
        before: The value before the change.
        after: The value after it.
        now: The value now.
    """
    if same(after, now):
        return True
    if not all(isinstance(value, (*_LISTS, set, frozenset)) for value in (after, now)):
        return False
    base = before if isinstance(before, (*_LISTS, set, frozenset)) else ()
    old, new, current = (Counter(map(fingerprint, value)) for value in (base, after, now))
    added, removed = new - old, old - new
    return all(current[item] >= new[item] for item in added) and all(current[item] <= new[item] for item in removed)


def _differences(at: Steps, before: Any, after: Any) -> Iterator[tuple[Steps, Change]]:
    if before is MISSING or after is MISSING:
        if before is not after:
            yield at, Change.ADDED if before is MISSING else Change.REMOVED
        return
    if same(before, after):
        return
    parts = _parts(before), _parts(after)
    if parts[0] is None or parts[1] is None or type(before) is not type(after) or _names(before) != _names(after):
        yield at, Change.CHANGED
        return
    for key in dict.fromkeys([*parts[0], *parts[1]]):
        yield from _differences((*at, key), parts[0].get(key, MISSING), parts[1].get(key, MISSING))


def _parts(value: Any) -> Mapping[Any, Any] | None:
    """Return the parts of a value that a path can lead to; None if it has none."""
    if isinstance(value, dict):
        return value
    return dict(enumerate(value)) if isinstance(value, _LISTS) else fields_of(value)


def _names(value: Any) -> Any:
    """Return what two values must share to be compared part by part: a list's length, an unknown object's class."""
    if isinstance(value, _LISTS):
        return len(value)
    return value.name if isinstance(value, UnknownInstance) else None
