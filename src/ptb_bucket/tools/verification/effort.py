"""The size of a verification."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

__all__ = ["FULL_EFFORT", "QUICK_EFFORT", "Effort"]


@dataclass(frozen=True)
class Effort:
    """The numbers of repetitions.

    Args:
        listed: The objects of the longest listing. Clouds list 1,000 objects in a page.
        increments: The increments of each of four writers.
        versions: The versions of a large object that is read while it is written.
        processes: The processes that race.
        races: The rounds in which they create an object, and the rounds in which they replace it.
        lost: The creations whose answer is lost, and as many replacements.
        torn: The creations that break off in the middle, and as many replacements.
        puts: The objects that are created and then replaced, to measure the latency of writes.
        gets: The reads that are measured.
        lists: The listings that are measured.
        seconds: The time for everything except cleaning up. After it, the run ends and counts as failed.
    """

    listed: int = 1_050
    increments: int = 3
    versions: int = 10
    processes: int = 4
    races: int = 20
    lost: int = 10
    torn: int = 5
    puts: int = 50
    gets: int = 100
    lists: int = 30
    seconds: float = 540.0


FULL_EFFORT: Final = Effort()
QUICK_EFFORT: Final = Effort(
    listed=200, increments=1, versions=3, processes=3, races=3, lost=2, torn=1, puts=5, gets=10, lists=5
)
