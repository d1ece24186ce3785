"""One put: what it carries, what merging came to, and the bytes that it sends, the same each time."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING
import os

if TYPE_CHECKING:
    from ptb_bucket.state.document import Document
    from ptb_bucket.state.document import Commit
    from ptb_bucket.state.merge import Decision
    from ptb_bucket.state.document import Steps, Unit
    from ptb_bucket.state.records import Record
    from collections.abc import Callable

__all__ = ["Attempt", "Encoded", "Merged", "TOOL_MARK", "Writer"]

Encoded = bytes | None
"""A record's value; None where it is absent or the empty default."""


@dataclass(repr=False)
class Merged:
    """What merging the staged records came to."""

    changes: dict[Record, Encoded] = field(default_factory=dict)
    records: set[Record] = field(default_factory=set)  # those that the other side had changed as well
    decided: list[Decision] = field(default_factory=list)
    seen: dict[Record, Encoded] = field(default_factory=dict)  # where it is not what PTB gave us
    unread: set[Record] = field(default_factory=set)  # those that PTB changed without having been given them
    left: dict[Record, Encoded] = field(default_factory=dict)  # what stays staged, because it is too early for it
    caught: frozenset[Unit] = frozenset()  # units whose steps are withdrawn
    withdrawn: set[Record] = field(default_factory=set)  # those that lose a step
    units: dict[Unit, None] = field(default_factory=dict)  # those whose steps are in it, in their order


@dataclass(repr=False)
class Attempt:
    """One put: sent again only with the same id and body, until its fate is known (rule 4)."""

    commit: Commit
    condition: str | None  # the ETag that it updates, None if it creates
    document: Document
    carried: dict[Record, Encoded]
    merged: Merged
    steps: dict[Record, Steps] = field(default_factory=dict)  # of what it carries, where units have changed it
    unclear: bool = False  # it was sent, and no answer told what became of it
    dropped_since: set[Record] = field(default_factory=set)  # unread; its success settles earlier drops, not these
    body: bytes | None = None  # the document's bytes, when they are needed

    def packed(self) -> bytes:
        """The document's bytes, the same each time."""
        if self.body is None:
            self.body = self.document.pack()
        return self.body


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
