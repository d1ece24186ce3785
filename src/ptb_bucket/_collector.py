"""Python's garbage collector, paused while many objects are made that stay."""

from __future__ import annotations

import gc
import weakref
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["collector_waits"]

MANY: Final = 20_000
"""Objects from which on it pays off: a collection of them takes about ten milliseconds."""

FEW: Final = 1_000
"""Objects that Python itself may have frozen at its start (3.12 does); a program that freezes its objects has more."""

_first: weakref.ref[object] | None = None


@contextmanager
def collector_waits(owner: object) -> Iterator[None]:
    """Pause the collector inside, and mark the objects that were made meanwhile as old.

    The collector counts new objects and goes through all of them, again and again while they grow: half of the time
    that it takes to load 100,000 users, and none of them can be garbage. At the end it would go through all of them at
    once, a tenth of a second in which the bot stands still.

    Args:
        owner: The object that loads. Objects that are marked as old do not count as new, and so do not trigger the
            collection that would find garbage of the same size. So only the first owner in a process may mark them:
            a process that makes a bot for each event would otherwise keep all of them.
    """
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            if gc.get_count()[0] > MANY and gc.get_freeze_count() < FEW and _is_first(owner):
                gc.freeze()  # all that there is goes out of sight,
                gc.unfreeze()  # and comes back as old
            gc.enable()


def _is_first(owner: object) -> bool:
    global _first  # noqa: PLW0603  of the process, as the collector is
    if _first is None:
        _first = weakref.ref(owner)
    return _first() is owner
