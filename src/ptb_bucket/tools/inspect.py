"""Looking at what is stored: the ids of one kind of data, and one record as it lies."""

from __future__ import annotations

import heapq
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ptb_bucket.codecs import JsonCodec, PreservingJsonCodec, render_pickle
from ptb_bucket.errors import CannotLoadError, NotFoundError
from ptb_bucket.state import Kind, Record

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from datetime import datetime

    from ptb_bucket.state import Part, Record
    from ptb_bucket.tools.state import State

__all__ = ["Page", "Section", "Shown", "Survey", "look", "page", "survey"]


@dataclass(frozen=True)
class Page:
    """Some records of one kind with their sizes in bytes, in the order of their ids; ``more`` if others follow."""

    records: list[tuple[Record, int]]
    more: bool
    total: int


@dataclass(frozen=True)
class Shown:
    """One record: its size in bytes as it lies, and its text: JSON, or a pickle's instructions if it is no tree."""

    record: Record
    size: int
    text: str


async def page(
    state: State, kind: Kind, *, handler: str | None = None, after: Record | None = None, limit: int
) -> Page:
    """A page of the records of one kind; the values are not looked at.

    Args:
        state: The bot's.
        kind: Which.
        handler: Only the conversations of this handler.
        after: Begin with the record that follows this one, which need not be there.
        limit: How many at most.

    Raises:
        DocumentError: A document cannot be read.
        StoreError: The store could not tell.
    """
    total, found = 0, []
    async for record, size in _records(state, kind, handler):
        total += 1
        if after is None or _order(record) > _order(after):
            found.append((record, size))
            if len(found) > 2 * limit + 1000:  # the memory is bounded, and sorting is not done for each
                found = _first(found, limit + 1)
    found = _first(found, limit + 1)
    return Page(found[:limit], len(found) > limit, total)


def _first(found: list[tuple[Record, int]], limit: int) -> list[tuple[Record, int]]:
    return heapq.nsmallest(limit, found, key=lambda pair: _order(pair[0]))


async def _records(state: State, kind: Kind, handler: str | None) -> AsyncIterator[tuple[Record, int]]:
    async for part in state.archive.parts([kind]):
        for record, value in part.records.items():
            if record.kind is kind and (handler is None or record.is_of(handler)):
                yield record, len(value)


def _order(record: Record) -> Any:
    """Numbers by their size, conversations by handler and key, all else by its text."""
    if record.kind in (Kind.CHAT, Kind.USER):
        return record.number, record.id
    if record.kind is Kind.CONVERSATION:
        name, key = record.conversation
        return name, [(isinstance(part, str), part) for part in key]
    return record.id


async def look(state: State, record: Record, *, decode: bool = False) -> Shown:
    """One record as it lies.

    Args:
        state: The bot's.
        record: Which.
        decode: Make a pickle's values, of the classes that the state was opened with, and show these; else nothing of
            it runs.

    Raises:
        NotFoundError: There is none.
        CannotLoadError: It is damaged, or needs a class that was not named.
        DocumentError, StoreError: It could not be read.
    """
    part = await state.archive.part_of(record)
    data = part.records.get(record) if part else None
    if data is None:
        raise NotFoundError(f"{record.label} is not there.")
    try:
        return Shown(record, len(data), _text(state, data, decode=decode))
    except CannotLoadError as error:
        raise CannotLoadError(f"{record.label}: {error}") from error


def _text(state: State, data: bytes, *, decode: bool) -> str:
    if state.archive.codec == JsonCodec.name:
        PreservingJsonCodec().decode(data)  # a damaged one is not shown as if it were whole
        return data.decode()
    if not decode:
        return render_pickle(data)
    notation = JsonCodec(state.types)
    notation.bot = state.codec.bot
    return notation.encode(state.codec.decode(data)).decode()


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
