"""The overview: sizes, the last save and by whom, versions kept, and data that cannot be read."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

from ptb_bucket.errors import PTBBucketError, UnsupportedError
from ptb_bucket.state import BOT_DATA, CALLBACK_QUERIES, Kind

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ptb_bucket.state import CommitInfo, Record
    from ptb_bucket.tools import Found, State, Unreadable
    from ptb_bucket.web.queries.catalog import Catalog, Job

__all__ = ["Overview", "kept_versions", "overview_of"]

_LARGEST = 8
_VERSIONS = 100
"""Versions that are counted."""


@dataclass
class Overview:
    """A state in figures, as far as they are known.

    Attributes:
        numbers: The number of records of each kind.
        sizes: Their sizes in bytes.
        largest: The largest records.
        writers: The last commit of each writer of the last day, newest first.
        unreadable: Documents that cannot be read.
        done: Everything was counted.
        lazy: Counted from listings.
        last: The newest write that is known.
        problems: Reasons why something could not be counted.
    """

    numbers: dict[Kind, int] = field(default_factory=dict)
    sizes: dict[Kind, int] = field(default_factory=dict)
    largest: list[Found] = field(default_factory=list)
    writers: list[CommitInfo] = field(default_factory=list)
    unreadable: list[Unreadable] = field(default_factory=list)
    done: bool = True
    lazy: bool = False
    last: datetime | None = None
    problems: set[str] = field(default_factory=set)


async def overview_of(state: State, catalog: Catalog) -> tuple[tuple[CommitInfo, ...], Overview]:
    """Return the last commits of bot_data's document, and the figures so far. The rest is counted in the background."""
    jobs: dict[int, tuple[Job, Kind]] = {}
    for kind in Kind:
        job = catalog.listed(kind)
        jobs.setdefault(id(job), (job, kind))
    found = Overview(lazy=catalog.lazy)
    ours, _ = await asyncio.gather(_commits(state, found), _waited([job for job, _ in jobs.values()]))
    found.done, commits = all(job.done for job, _ in jobs.values()), set(ours)
    for job, _ in jobs.values():
        _add(found, job.found)
        found.unreadable += job.unreadable
        found.problems |= {job.error} - {""}
        if not catalog.lazy:
            commits |= {commit for one in job.found for commit in one.commits}
    since = datetime.now(timezone.utc) - timedelta(days=1)
    ordered = sorted(commits, key=lambda one: one.time, reverse=True)
    found.writers = [one for one in ordered if one.time > since]
    found.last = max([one.time for one in ordered] + ([found.last] if found.last else []), default=None)
    return tuple(ordered), found


async def _waited(jobs: list[Job]) -> None:
    await asyncio.gather(*(job.wait() for job in jobs))


async def _commits(state: State, found: Overview) -> tuple[CommitInfo, ...]:
    if not found.lazy:
        return ()  # those of all documents are read anyway
    try:
        part = await state.archive.part_of(BOT_DATA)
    except PTBBucketError as error:
        found.problems.add(str(error))
        return ()
    return part.commits if part else ()


def _add(found: Overview, records: Iterable[Found]) -> None:
    for one in records:
        kind = one.record.kind
        found.numbers[kind] = found.numbers.get(kind, 0) + (one.record != CALLBACK_QUERIES)
        found.sizes[kind] = found.sizes.get(kind, 0) + one.size
        if one.changed is not None and (found.last is None or one.changed > found.last):
            found.last = one.changed
    together: Any = [*found.largest, *records]
    found.largest = sorted(together, key=lambda one: (-one.size, one.record.id))[:_LARGEST]


async def kept_versions(state: State, record: Record = BOT_DATA) -> str:
    """Return a sentence about the old versions that the store keeps, from one document."""
    try:
        number, oldest = 0, None
        async for one in state.archive.versions(state.archive.layout.key(record)):
            number, oldest = number + 1, one.modified
            if number == _VERSIONS:
                break
    except UnsupportedError:
        return "Old versions are not kept, so the pages have no history."
    except PTBBucketError as error:
        return f"Old versions could not be listed. {error}"
    if oldest is None:
        return "Old versions are kept; bot_data has none yet."
    more = "+" if number == _VERSIONS else ""
    return f"Old versions are kept: {number}{more} of bot_data, since {oldest:%d %b %Y, %H:%M} UTC."
