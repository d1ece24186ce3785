"""Who writes: an id per process, drawn at its first commit and anew after a fork (rule 13)."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["TOOL_MARK", "Writer"]

TOOL_MARK = ":"
"""What a tool's writer has in its id, and a bot's has not."""


class Writer:
    """The id under which this process commits.

    Args:
        tool: The name of the tool that writes, shown before the id; nothing for a bot.
        process: Tells one process from another.
    """

    def __init__(self, tool: str = "", process: Callable[[], int] = os.getpid) -> None:
        self._tool = tool and tool + TOOL_MARK
        self.process = process
        self._id: str | None = None
        self._process: int | None = None

    @property
    def id(self) -> str:
        """Drawn from the system's randomness, so that copies of a process never share it."""
        if self._id is None or self._process != self.process():
            self._id, self._process = self._tool + os.urandom(6).hex(), self.process()
        return self._id

    def renew(self) -> None:
        """Somebody else uses this id: draw another one."""
        self._id = None
