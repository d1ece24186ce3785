"""How much there is, whose it is and who wrote last, without decoding a record."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

    from ptb_bucket.state import Kind, Part, Record
    from ptb_bucket.tools._state import State

__all__ = ["Section", "Survey", "survey"]

_LARGEST = 5


@dataclass
class Section:
    """One kind of data: how many records, and how many bytes they have, encoded."""

    records: int = 0
    size: int = 0


@dataclass
class Survey:
    """All of a bot's state in figures; sizes in bytes, ``largest`` records first."""

    bot_id: str
    layout: str
    codec: str
    documents: int = 0
    size: int = 0
    last_commit: datetime | None = None
    writers: set[str] = field(default_factory=set)
    sections: dict[Kind, Section] = field(default_factory=dict)
    largest: list[tuple[int, Record]] = field(default_factory=list)

    def add(self, part: Part) -> None:
        """Count one document."""
        self.documents += 1
        self.size += part.size
        self.writers |= {commit.writer for commit in part.commits}
        times = [commit.time for commit in part.commits]
        self.last_commit = max([*times, *([self.last_commit] if self.last_commit else [])], default=None)
        for record, value in part.records.items():
            section = self.sections.setdefault(record.kind, Section())
            section.records += 1
            section.size += len(value)
        sizes = [(len(value), record) for record, value in part.records.items()]
        self.largest = sorted([*self.largest, *sizes], reverse=True)[:_LARGEST]


async def survey(state: State) -> Survey:
    """Count everything.

    Raises:
        DocumentError: A document cannot be read.
        StoreError: The store could not tell.
    """
    found = Survey(state.bot_id, state.archive.layout.name, state.archive.codec)
    async for part in state.archive.parts():
        found.add(part)
    return found
