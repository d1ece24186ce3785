"""Inspect a state: a summary, the IDs of one kind of data, or one record as it is stored."""

from __future__ import annotations

import heapq
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NoReturn

from ptb_bucket.errors import CannotLoadError, CannotStoreError, NotFoundError
from ptb_bucket.state import Kind

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from datetime import datetime

    from ptb_bucket.state import Part, Record
    from ptb_bucket.tools.state import State

__all__ = ["Page", "SectionSummary", "Shown", "Summary", "inspect_record", "page", "summarize", "text_in_notation"]


@dataclass(frozen=True)
class Page:
    """Some records of one kind with their sizes in bytes, in the order of their IDs.

    ``more`` is true if further records follow, and ``total`` is the number of all. ``unknown`` has the paths in a
    condition that no record has; see ``page_where``.
    """

    records: list[tuple[Record, int]]
    more: bool
    total: int
    unknown: tuple[str, ...] = ()


@dataclass(frozen=True)
class Shown:
    """A record or a part of one, with its size in bytes and its text.

    The text is JSON, or the instructions of a pickle that is not a tree. ``place`` is the name of a part.
    """

    record: Record
    size: int
    text: str
    place: str = ""

    @property
    def label(self) -> str:
        """Return the name of the record or the part."""
        return self.place or self.record.label


async def page(  # noqa: PLR0913  settings, by keyword
    state: State,
    kind: Kind,
    *,
    handler: str | None = None,
    after: Record | None = None,
    limit: int,
    wanted: Callable[[Record, bytes], bool] = lambda *_: True,
) -> Page:
    """Return a page of the records of one kind, without decoding their values.

    Args:
        state: The bot's state.
        kind: The kind of data.
        handler: Return only the conversations of this handler.
        after: Begin with the record that follows this one, which need not exist.
        limit: The largest number of records to return.
        wanted: Return, and count, only the records with encoded values for which this is true.

    Raises:
        DocumentError: A document cannot be read.
        StoreError: The store could not be read.
    """
    total, found = 0, []
    async for record, size in _records(state, kind, handler, wanted):
        total += 1
        if after is None or _order(record) > _order(after):
            found.append((record, size))
            if len(found) > 2 * limit + 1000:  # bounds the memory without sorting for each record
                found = _first(found, limit + 1)
    found = _first(found, limit + 1)
    return Page(found[:limit], len(found) > limit, total)


def _first(found: list[tuple[Record, int]], limit: int) -> list[tuple[Record, int]]:
    return heapq.nsmallest(limit, found, key=lambda pair: _order(pair[0]))


async def _records(
    state: State, kind: Kind, handler: str | None, wanted: Callable[[Record, bytes], bool]
) -> AsyncIterator[tuple[Record, int]]:
    async for part in state.archive.parts([kind]):
        for record, value in part.records.items():
            if record.kind is kind and (handler is None or record.is_of(handler)) and wanted(record, value):
                yield record, len(value)


def _order(record: Record) -> Any:
    """Sort numbers by their size, conversations by handler and key, and everything else by its text."""
    if record.kind in (Kind.CHAT, Kind.USER):
        return record.number, record.id
    if record.kind is Kind.CONVERSATION:
        name, key = record.conversation
        return name, [(isinstance(part, str), part) for part in key]
    return record.id


async def inspect_record(state: State, record: Record, *, decode: bool = False) -> Shown:
    """Return one record as it is stored.

    Args:
        state: The bot's state.
        record: The record.
        decode: Load a pickled record with the classes that the state was opened with, and show its values. Otherwise,
            nothing in a pickle is run. If JSON cannot express a value, the record's structure is shown in both cases.

    Raises:
        NotFoundError: The record does not exist.
        CannotLoadError: The record is damaged, or needs a class that the state was not opened with.
        DocumentError, StoreError: The record could not be read.
    """
    part = await state.archive.part_of(record)
    data = part.records.get(record) if part else None
    if data is None:
        raise NotFoundError(f"{record.label} was not found. Run 'ptb-bucket show' to list the stored records.")
    try:
        return Shown(record, len(data), _text(state, data, decode=decode))
    except CannotLoadError as error:
        raise CannotLoadError(f"{record.label} cannot be loaded: {error}") from error


def _text(state: State, data: bytes, *, decode: bool) -> str:
    try:
        return text_in_notation(state, data, decode=decode)
    except CannotStoreError:
        return text_in_notation(state, data, decode=False)


def text_in_notation(state: State, data: bytes, *, decode: bool) -> str:
    """Return an encoded value as text. Raises CannotStoreError if ``decode`` is true and JSON cannot express it."""
    if state.archive.codec == "json" and _is_plain(data):
        return data.decode()
    from ptb_bucket.codecs import JsonCodec, PreservingJsonCodec, render_pickle  # noqa: PLC0415  most records are plain

    if state.archive.codec == JsonCodec.name:
        PreservingJsonCodec().decode(data)  # raises for a damaged record, which must not be shown as if it were whole
        return data.decode()
    if not decode:
        return render_pickle(data)
    notation = JsonCodec(state.types)
    notation.bot = state.codec.bot
    return notation.encode(state.codec.decode(data)).decode()


def _is_plain(data: bytes) -> bool:
    """Tell whether a record is intact JSON without tags, which the codec would decode as it is."""
    try:
        text = data.decode()
        if "$" not in text:
            json.loads(text, parse_constant=_refuse)
            return True
    except (ValueError, RecursionError):
        pass  # the codec says what is wrong with it
    return False


def _refuse(constant: str) -> NoReturn:
    raise ValueError(constant)


_LARGEST = 5


@dataclass
class SectionSummary:
    """The number of records of one kind of data, and their encoded size in bytes."""

    records: int = 0
    size: int = 0


@dataclass
class Summary:
    """A bot's state in figures. Sizes are in bytes; ``largest`` lists the largest records, the largest first."""

    bot_id: str
    layout: str
    codec: str
    documents: int = 0
    size: int = 0
    last_commit: datetime | None = None
    writers: set[str] = field(default_factory=set)
    sections: dict[Kind, SectionSummary] = field(default_factory=dict)
    largest: list[tuple[int, Record]] = field(default_factory=list)

    def add(self, part: Part) -> None:
        """Add one document to the figures."""
        self.documents += 1
        self.size += part.size
        self.writers |= {commit.writer for commit in part.commits}
        times = [commit.time for commit in part.commits]
        self.last_commit = max([*times, *([self.last_commit] if self.last_commit else [])], default=None)
        for record, value in part.records.items():
            section = self.sections.setdefault(record.kind, SectionSummary())
            section.records += 1
            section.size += len(value)
        sizes = [(len(value), record) for record, value in part.records.items()]
        self.largest = sorted([*self.largest, *sizes], reverse=True)[:_LARGEST]


async def summarize(state: State) -> Summary:
    """Read all documents, and return their figures.

    Raises:
        DocumentError: A document cannot be read.
        StoreError: The store could not be read.
    """
    found = Summary(state.bot_id, state.archive.layout.name, state.archive.codec)
    async for part in state.archive.parts():
        found.add(part)
    return found
