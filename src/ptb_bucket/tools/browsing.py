"""Browse a state that may be large: list its records without reading them, or read them as they come."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ptb_bucket._aio import outcomes
from ptb_bucket.errors import CannotLoadError, CannotStoreError, DocumentError
from ptb_bucket.state import Kind
from ptb_bucket.tools.inspect import text_in_notation

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable
    from datetime import datetime

    from ptb_bucket.state import CommitInfo, Part, Record
    from ptb_bucket.tools.state import State

__all__ = ["Found", "Unreadable", "list_records", "read_again", "read_records", "text_of"]

_BATCH = 500


@dataclass(frozen=True)
class Found:
    """A record that a listing or a document has shown.

    Attributes:
        record: The record.
        size: Its size in bytes: of its object as it is stored if only the listing was read, and else of its value.
        changed: The time of its last change; None if it is unknown.
        encoded: Its value; None if only the listing was read.
        commits: The last commits of its document, newest first, if that was read.
    """

    record: Record
    size: int
    changed: datetime | None = None
    encoded: bytes | None = field(default=None, repr=False)
    commits: tuple[CommitInfo, ...] = field(default=(), repr=False)


@dataclass(frozen=True)
class Unreadable:
    """A document that cannot be read, and the reason."""

    object: str
    problem: str


async def list_records(state: State, kind: Kind) -> AsyncIterator[Found | Unreadable]:
    """Yield the records of one kind, from as few requests as possible.

    With ``layout=per-record``, one request lists a thousand records. The listing also has the documents of records that
    were removed and not swept yet, and its sizes are those of the stored objects. Of timers, it has only those that
    will run, the earliest first. With another layout, the documents are read.

    Raises:
        StoreError: The store could not be read.
    """
    if kind is Kind.TIMER and state.archive.layout.lazy:
        async for record in state.archive.due_timers():
            yield Found(record, 0)
        return
    if not state.archive.layout.lazy:
        async for one in read_records(state, [kind]):
            yield one
        return
    async for entry in state.archive.entries(kind):
        if entry.record is not None:
            yield Found(entry.record, entry.size, entry.modified)
            continue
        for one in await _read(state, entry.key, frozenset([kind])):  # a long ID
            yield one


async def read_records(state: State, kinds: Iterable[Kind] = Kind) -> AsyncIterator[Found | Unreadable]:
    """Read all documents with these kinds of data, and yield their records as they come. Nothing is decoded.

    A document that cannot be read does not hide the others.

    Raises:
        StoreError: The store could not be read.
    """
    wanted = frozenset(kinds)

    async def read(key: str) -> list[Found | Unreadable]:
        return await _read(state, key, wanted)

    async for batch in _batches(state, wanted):
        async for found in outcomes(batch, read):
            for one in found:
                yield one


async def read_again(state: State, records: Iterable[Record]) -> list[Found | Unreadable]:
    """Read some records that a listing has shown, each with one request. Those that do not exist are left out.

    Raises:
        StoreError: The store could not be read.
    """
    asked = list(records)

    async def read(record: Record) -> list[Found | Unreadable]:
        found = await _read(state, state.archive.layout.key(record), frozenset([record.kind]))
        return [one for one in found if isinstance(one, Unreadable) or one.record == record]

    return [one async for found in outcomes(asked, read) for one in found]


async def _batches(state: State, kinds: frozenset[Kind]) -> AsyncIterator[list[str]]:
    layout = state.archive.layout
    if not layout.lazy:
        yield sorted(layout.keys(kinds))
        return
    homes = dict.fromkeys(home for kind in Kind if kind in kinds for home in layout.homes(kind))
    batch: list[str] = []
    for home in homes:
        async for entry in state.archive.entries(home):
            batch.append(entry.key)
            if len(batch) == _BATCH:
                yield batch
                batch = []
    yield batch


async def _read(state: State, key: str, kinds: frozenset[Kind]) -> list[Found | Unreadable]:
    try:
        part = await state.archive.part(key)
    except DocumentError as error:
        return [Unreadable(state.archive.name(key), str(error))]
    if part is None:
        return []
    changed = _changed(state, part)
    return [
        Found(record, len(value), changed, value, part.commits)
        for record, value in part.records.items()
        if record.kind in kinds
    ]


def _changed(state: State, part: Part) -> datetime | None:
    """Return the time of the last commit, if the document has only one record."""
    alone = state.archive.layout.lazy and len(part.records) == 1
    return part.commits[0].time if alone and part.commits else None


def text_of(state: State, record: Record, encoded: bytes) -> str:
    """Return a value in the notation of JSON documents. Nothing in a pickle is run.

    With classes that the state was opened with, pickled values are loaded with these if possible.

    Raises:
        CannotLoadError: The record is damaged.
    """
    if state.types and state.archive.codec != "json":
        try:
            return text_in_notation(state, encoded, decode=True)
        except (CannotLoadError, CannotStoreError):
            pass  # a class is missing, or JSON cannot express the value: show the structure
    try:
        return text_in_notation(state, encoded, decode=False)
    except CannotLoadError as error:
        raise CannotLoadError(f"{record.label} cannot be loaded: {error}") from error
