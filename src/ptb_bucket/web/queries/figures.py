"""Figures of the whole state: the overview, and conversations as a funnel."""

from __future__ import annotations

import asyncio
import heapq
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING

from ptb_bucket import tools
from ptb_bucket.errors import PTBBucketError
from ptb_bucket.state import BOT_DATA, CALLBACK_QUERIES, Kind
from ptb_bucket.web.queries.records import value_at
from ptb_bucket.web.tree import node_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ptb_bucket.state import CommitInfo, Record
    from ptb_bucket.tools import Found, LastChange, State, Unreadable
    from ptb_bucket.web.queries.catalog import Catalog, Job

__all__ = ["Overview", "Person", "StateRow", "funnels", "overview_of", "people_in"]

_LARGEST = 8


@dataclass
class Overview:
    """A state in figures, as far as they are known.

    Attributes:
        commits: The last commits of bot data's document, or with few documents those of all, newest first.
        numbers: The number of records of each kind.
        sizes: Their sizes in bytes.
        largest: The largest records.
        writers: The last commit of each writer of the last day, newest first.
        unreadable: Documents that cannot be read.
        done: Everything was counted.
        last: The newest write that is known.
        kept: A sentence about old versions; empty as long as they are counted.
        problems: Reasons why something could not be counted.
    """

    commits: list[CommitInfo] = field(default_factory=list)
    numbers: dict[Kind, int] = field(default_factory=dict)
    sizes: dict[Kind, int] = field(default_factory=dict)
    largest: list[Found] = field(default_factory=list)
    writers: list[CommitInfo] = field(default_factory=list)
    unreadable: list[Unreadable] = field(default_factory=list)
    done: bool = True
    last: datetime | None = None
    kept: str = ""
    problems: set[str] = field(default_factory=set)


async def overview_of(state: State, catalog: Catalog) -> Overview:
    """Return the figures so far. The rest is counted in the background."""
    found, commits = Overview(), set()
    try:
        part = await state.archive.part_of(BOT_DATA)  # before the listings, with which a server may be busy for long
        commits = set(part.commits if part else ())
    except PTBBucketError as error:
        found.problems.add(str(error))
    jobs = {id(job): job for job in map(catalog.listed, Kind)}.values()
    waiting = asyncio.gather(*(job.wait() for job in jobs))
    found.kept = await catalog.kept()
    found.done = bool(found.kept)
    await waiting
    for job in jobs:
        _add(found, job)
        if not catalog.lazy:
            commits |= {commit for one in job.found for commit in one.commits}
    since = datetime.now(timezone.utc) - timedelta(days=1)
    found.commits = sorted(commits, key=lambda one: one.time, reverse=True)
    newest = {one.writer: one for one in reversed(found.commits) if one.time > since}
    found.writers = list(reversed(newest.values()))
    found.last = max([one.time for one in found.commits] + ([found.last] if found.last else []), default=None)
    return found


def _add(found: Overview, job: Job) -> None:
    found.done = found.done and job.done
    found.unreadable += job.unreadable
    found.problems |= {job.error} - {""}
    for one in job.found:
        kind = one.record.kind
        found.numbers[kind] = found.numbers.get(kind, 0) + (one.record != CALLBACK_QUERIES)
        found.sizes[kind] = found.sizes.get(kind, 0) + one.size
    changed = [one.changed for one in job.found if one.changed]
    found.last = max([*changed, *([found.last] if found.last else [])], default=None)
    found.largest = heapq.nsmallest(
        _LARGEST, [*found.largest, *job.found], key=lambda one: (-one.size, one.record.id)
    )  # fmt: skip


@dataclass(frozen=True)
class Person:
    """A conversation in a state.

    Attributes:
        record: The conversation.
        state: Its state as text; None if it was only listed so far.
        since: When it got into its state; None if that is not known.
    """

    record: Record
    state: str | None
    since: LastChange | None = None

    def stuck_for(self, limit: timedelta) -> bool:
        """Tell whether it has been in its state for at least so long."""
        return self.since is not None and datetime.now(timezone.utc) - self.since.time >= limit


@dataclass
class StateRow:
    """A state of a handler, with the people in it. Its name is None for those whose state was not read yet."""

    name: str | None
    people: list[Person] = field(default_factory=list)
    share: int = 0
    """In percent of the largest state."""

    def stuck(self, limit: timedelta) -> int:
        """Return the number of people who have been here for at least so long."""
        return sum(one.stuck_for(limit) for one in self.people)

    @property
    def longest(self) -> LastChange | None:
        """The time of the person who has been here longest, as far as that is known."""
        return min((one.since for one in self.people if one.since), key=lambda one: one.time, default=None)


async def people_in(state: State, catalog: Catalog, job: Job, found: Iterable[Found]) -> list[Person]:
    """Return the conversations among some records of a job."""
    changes = await catalog.changes(job, Kind.CONVERSATION)
    return [
        Person(one.record, None if one.encoded is None else _state_name(state, one), catalog.change(one, changes))
        for one in found if one.record.kind is Kind.CONVERSATION
    ]  # fmt: skip


def _state_name(state: State, one: Found) -> str:
    value = value_at(state, one.record, one.encoded or b"").part()
    if value is None:
        return "(cannot be loaded)"
    return tools.python_text(tools.compact(value)) if tools.parts_of(value) else node_of(value).text


def funnels(people: Iterable[Person]) -> list[tuple[str, int, list[StateRow]]]:
    """Return for each handler the number of its conversations and their states, the most frequent first."""
    rows: dict[str, dict[str | None, StateRow]] = {}
    for one in people:
        states = rows.setdefault(one.record.conversation[0], {})
        states.setdefault(one.state, StateRow(one.state)).people.append(one)
    found = []
    for handler, states in sorted(rows.items()):
        ordered = sorted(states.values(), key=lambda row: (row.name is None, -len(row.people), row.name or ""))
        most = max(len(row.people) for row in ordered)
        for row in ordered:
            row.share = round(100 * len(row.people) / most)
        found.append((handler, sum(len(row.people) for row in ordered), ordered))
    return found
