"""Turns: instances that share a document of a store with a minimum interval between writes take turns, without clocks.

The document's header lists the last commit of each writer, newest first. It is the same for all that read it, so all
agree on who has not written for the longest. That instance writes first when the interval is over; each of the others
leaves it, and those before it, a moment more.
"""

from __future__ import annotations

import asyncio
import math
from typing import TYPE_CHECKING, Final

from ptb_bucket._dataclass import dataclass

if TYPE_CHECKING:
    from ptb_bucket.state.document import Header

__all__ = ["Turns"]

HEAD_START: Final = 0.3
"""The part of the interval by which each instance is ahead of the next one. It is longer than a read and a write."""
LATENESS: Final = 0.3
"""The estimated part of the time between two reads that had passed when another instance wrote, seen from the second.

Half would be the mean. A write that comes too early is refused and has to be sent again, so the estimate is cautious.
"""
ABSENT: Final = 2
"""A writer counts as gone when it has missed about so many rounds."""


@dataclass
class Turns:
    """Decides when an instance writes a document next.

    A decision that is wrong costs time or a refused write, and never data: each put is conditional, as ever.

    Args:
        interval: The least number of seconds between two writes that the store accepts; 0 for no limit.
        changed: The time on the loop's clock at which the newest known version was written. For another instance's
            version, this is an estimate: between the last time when it was not there and the first when it was.
        looked: The time at which the newest version was known last.
    """

    interval: float
    changed: float = -math.inf
    looked: float = -math.inf

    def written(self) -> None:
        """Note that the store has just accepted our write."""
        self.changed = self.looked = asyncio.get_running_loop().time()

    def read(self, began: float, *, is_new: bool) -> None:
        """Note a read.

        Args:
            began: The time at which it began.
            is_new: It returned a version that was not known.
        """
        if is_new:
            now = asyncio.get_running_loop().time()
            self.changed = now - LATENESS * (now - self.looked)
        self.looked = max(self.looked, began)

    def pause(self, header: Header | None, writer: str) -> float:
        """Return the seconds until it is a writer's turn; 0 or less if it is.

        Args:
            header: The header of the newest known version.
            writer: The ID of the writer.
        """
        due = self.changed + self.interval * (1 + HEAD_START * len(before(header, writer)))
        return due - asyncio.get_running_loop().time()


def active(header: Header | None) -> list[str]:
    """Return the writers that take turns at present, the one that wrote last first."""
    writers: list[str] = []
    for commit in header.commits if header else ():
        if header and header.sequence - commit.sequence > ABSENT * (len(writers) + 1):
            break  # older ones are gone, too
        writers.append(commit.writer)
    return writers


def before(header: Header | None, writer: str) -> list[str]:
    """Return the active writers that have not written for longer than this one. A new one has not written at all."""
    writers = active(header)
    return writers[writers.index(writer) + 1 :] if writer in writers else []
