"""Python's garbage collector, while much is made that stays."""

from __future__ import annotations

import gc
import weakref
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["collector_waits"]

MANY: Final = 20_000
"""Objects that are worth it: to go through them takes some ten milliseconds."""

FEW: Final = 1_000
"""Objects that Python itself may have frozen at its start (3.12 does); whoever freezes a program freezes far more."""

_first: weakref.ref[object] | None = None


@contextmanager
def collector_waits(owner: object) -> Iterator[None]:
    """Let the collector wait, and hand it what was made as old.

    It counts what is made and not yet gone, and goes through all of it, again and again while it grows: half of the
    time that it takes to load 100,000 users, and nothing of it can be garbage. At the end it would go through all of it
    at once, a tenth of a second in which the bot stands still.

    Args:
        owner: Who loads. What is handed over as old does not count as new, and so does not bring about the collection
            in which garbage of the same size is found: only the first in a process may do it. Somebody who makes a
            bot for each event would otherwise keep all of them.
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
