"""A pause of Python's garbage collector while a bot starts."""

from __future__ import annotations

import gc
import os
import weakref
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["START_PAUSE", "StartPause"]

VARIABLE: Final = "PTB_BUCKET_GC"
"""The environment variable: ``keep`` leaves the collector as it is; ``old`` also makes loaded objects old at once."""

BOUND: Final = 250_000
"""The new objects after which the collector runs again, although no bot was loaded. Importing PTB makes 95,000."""


FEW: Final = 1_000
"""More objects than Python itself freezes at its start (3.12 does). A program that freezes its own has far more."""


class StartPause:
    """The pause of the garbage collector between the import of this library and the end of the first load.

    Modules and loaded values are not garbage. The collector would scan them again and again while their number grows,
    which takes a fifth of a bot's start, and half of the time for loading 100,000 users.

    Rule "A pause ends": the collector is only switched off during the first load. Before that, its threshold is raised,
    so a program that imports this library and loads nothing gets its collector back at the first collection, after
    :data:`BOUND` new objects at most.

    Settings are restored as they were found. Settings that the program changes meanwhile stay.
    """

    def __init__(self) -> None:
        self._found: tuple[int, int, int] | None = None
        self._first_run: weakref.ref[set[str]] | None = None

    def begin(self) -> None:
        """Raise the collector's threshold, unless the collector is off or the environment forbids it."""
        found = gc.get_threshold()
        if _may_pause() and 0 < found[0] < BOUND:
            self._found = found
            gc.set_threshold(BOUND, *found[1:])
            gc.callbacks.append(self._end_at_collection)

    @contextmanager
    def load(self, run: set[str]) -> Iterator[None]:
        """Switch the collector off inside, if this is the first load of the process; restore its settings afterwards.

        Args:
            run: What was loaded in this run. The first load is everything that is loaded in the first run.
        """
        if self._first_run is None:
            self._first_run = weakref.ref(run)
        pauses = self._first_run() is run and _may_pause()
        if pauses:
            gc.disable()
        try:
            yield
        finally:
            if pauses:
                if os.environ.get(VARIABLE) == "old" and gc.get_freeze_count() < FEW:
                    gc.freeze()  # hides all objects from the collector,
                    gc.unfreeze()  # and returns them to it as old
                gc.enable()
            self._end()

    def _end_at_collection(self, _phase: str, _info: dict[str, Any]) -> None:
        self._end()

    def _end(self) -> None:
        found, self._found = self._found, None
        if found is None:
            return
        if gc.get_threshold()[0] == BOUND:
            gc.set_threshold(*found)
        gc.callbacks.remove(self._end_at_collection)


def _may_pause() -> bool:
    return gc.isenabled() and os.environ.get(VARIABLE) != "keep"


START_PAUSE: Final = StartPause()
"""The pause of this process, like its collector."""
