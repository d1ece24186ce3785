"""Attempts: an attempt is one put, with its payload and the outcome of its merge. It has the ID of its writer."""

from __future__ import annotations

import os
from dataclasses import field
from typing import TYPE_CHECKING

from ptb_bucket._dataclass import dataclass

if TYPE_CHECKING:
    from collections.abc import Callable

    from ptb_bucket.state.commit.layers import Encoded, Layer
    from ptb_bucket.state.document import Commit, Document, Steps, Unit
    from ptb_bucket.state.merge import Decision
    from ptb_bucket.state.records import Record

__all__ = ["TOOL_MARK", "Attempt", "Merged", "WriterIdentity"]


@dataclass(repr=False)
class Merged:
    """The outcome of merging the staged records with what the bucket has.

    Args:
        changes: The records to write, with their new values.
        records: The records that the other side had changed as well.
        decided: The decisions of the resolver, and the conversation states that were superseded.
        base: The values that become the base, for records whose value differs from the one that PTB gave us.
        unloaded: The records that PTB changed without having loaded them.
        left: Steps that stay staged, because it is too early to write them.
        kept: The steps that are written of a timer, where others are left.
        timers: The merged values of timers.
        withdrawn_units: The units whose steps are withdrawn.
        withdrawn: The records that lose a step.
        units: The units whose steps are written, in their order.
    """

    changes: dict[Record, Encoded] = field(default_factory=dict)
    records: set[Record] = field(default_factory=set)
    decided: list[Decision] = field(default_factory=list)
    base: dict[Record, Encoded] = field(default_factory=dict)
    unloaded: set[Record] = field(default_factory=set)
    left: dict[Record, Steps] = field(default_factory=dict)
    kept: dict[Record, Steps] = field(default_factory=dict)
    timers: dict[Record, Encoded] = field(default_factory=dict)
    withdrawn_units: frozenset[Unit] = frozenset()
    withdrawn: set[Record] = field(default_factory=set)
    units: dict[Unit, None] = field(default_factory=dict)


@dataclass(repr=False)
class Attempt:
    """A put, from before it is sent until its outcome is known.

    Rule "An attempt ends with proof": a lost race or a missing answer proves nothing, so the attempt is sent again only
    with the same commit ID and the same bytes.

    Args:
        commit: The commit that it makes.
        condition: The ETag of the version that it replaces; None if it creates the document.
        document: The next version of the document.
        payload: The staged values that it carries, with their steps.
        merged: The outcome of the merge that it writes.
        unclear: It was sent, but no answer has shown its outcome.
        dropped_since: Unloaded records that were dropped after it was prepared. Its success settles earlier drops only.
        body: The bytes of the document, once they are needed.
        created: The due keys that were created for it. There may be more than one commit has time for.
    """

    commit: Commit
    condition: str | None
    document: Document
    payload: Layer
    merged: Merged
    unclear: bool = False
    dropped_since: set[Record] = field(default_factory=set)
    body: bytes | None = None
    created: set[str] = field(default_factory=set)

    def packed(self) -> bytes:
        """Return the bytes of the document, the same each time."""
        if self.body is None:
            self.body = self.document.pack()
        return self.body


TOOL_MARK = ":"
"""Marks the writer ID of a tool; a bot's ID does not contain it."""


class WriterIdentity:
    """The ID under which this process commits.

    Rule "Writers never share an ID": a process draws its ID at its first commit, and a new one after a fork. An
    instance that sees a foreign commit under its ID draws a new one before it writes.

    Args:
        tool: The name of the tool that writes, shown before the ID; empty for a bot.
        process: Returns the ID of the running process.
    """

    def __init__(self, tool: str = "", process: Callable[[], int] = os.getpid) -> None:
        self._tool = tool and tool + TOOL_MARK
        self.process = process
        self._id: str | None = None
        self._process: int | None = None

    @property
    def id(self) -> str:
        """The ID, drawn from the system's randomness so that copies of a process never share it."""
        if self._id is None or self._process != self.process():
            self._id, self._process = self._tool + os.urandom(6).hex(), self.process()
        return self._id

    def rotate_id(self) -> None:
        """Draw another ID at the next commit."""
        self._id = None
