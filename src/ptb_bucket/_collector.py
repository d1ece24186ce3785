"""A pause of Python's garbage collector while many lasting objects are created."""

from __future__ import annotations

import gc
import weakref
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["collector_waits"]

MANY: Final = 20_000
"""The number of new objects from which freezing them pays off: collecting them would take about ten milliseconds."""

FEW: Final = 1_000
"""More objects than Python itself freezes at its start (3.12 does). A program that freezes its own has far more."""

_first: weakref.ref[object] | None = None


@contextmanager
def collector_waits(owner: object) -> Iterator[None]:
    """Pause the garbage collector, and move the objects created meanwhile to its oldest generation.

    The collector would scan the new objects again and again while their number grows. Loading 100,000 users would take
    twice as long, although none of these objects can be garbage. Without the move, it would scan all of them at the
    end: the bot would stand still for a tenth of a second.

    Args:
        owner: The object that loads. Only the first one in a process moves its objects. Moved objects do not count
            as new, so they do not trigger the collection that would find garbage of the same size: a program that
            creates a bot for each event would keep all of its bots.
    """
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            if gc.get_count()[0] > MANY and gc.get_freeze_count() < FEW and _is_first(owner):
                gc.freeze()  # hides all objects from the collector,
                gc.unfreeze()  # and returns them to it as old
            gc.enable()


def _is_first(owner: object) -> bool:
    global _first  # noqa: PLW0603  one for the process, like the collector
    if _first is None:
        _first = weakref.ref(owner)
    return _first() is owner
