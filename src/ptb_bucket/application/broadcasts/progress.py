"""The progress of a broadcast, as a bar in a terminal."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Final, TextIO

if TYPE_CHECKING:
    from ptb_bucket.state import Broadcast

__all__ = ["ProgressBar"]

WIDTH: Final = 30
"""Characters of the bar."""


class ProgressBar:
    """A line that is drawn again and again, if the stream is a terminal.

    Args:
        stream: Where it is drawn; by default the error output.
    """

    def __init__(self, stream: TextIO | None = None) -> None:
        self._stream = stream or sys.stderr
        self._is_drawn = False

    def show(self, broadcast: Broadcast) -> None:
        """Draw the bar."""
        if self._stream.isatty():
            self._stream.write(f"\r{line(broadcast)}\x1b[K")
            self._stream.flush()
            self._is_drawn = True

    def end(self) -> None:
        """Go on in the next line."""
        if self._is_drawn:
            self._stream.write("\n")


def line(broadcast: Broadcast) -> str:
    """Return one line about a broadcast."""
    share = broadcast.done / broadcast.people if broadcast.people else 1.0
    bar = "#" * int(WIDTH * share)
    lost = len(broadcast.blocked) + len(broadcast.failed)
    return (
        f"{broadcast.name} [{bar:<{WIDTH}}] {broadcast.done:,} of {broadcast.people:,}, {lost:,} not reached, "
        f"{broadcast.state}"
    )
