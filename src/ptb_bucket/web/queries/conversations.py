"""Conversations as a funnel: for each handler its states, how many people are in each, and for how long."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any, Final

from ptb_bucket import tools
from ptb_bucket.errors import PTBBucketError
from ptb_bucket.state import Kind, Record
from ptb_bucket.web.queries.records import value_text
from ptb_bucket.web.tree import node_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from ptb_bucket.tools import Found, State
    from ptb_bucket.web.queries.catalog import Job

__all__ = ["Funnel", "Person", "StateRow", "funnels", "people_in", "since_when"]

_VERSIONS: Final = 30
"""Versions of a shared document that are read to learn how long conversations have been in their states."""


@dataclass(frozen=True)
class Person:
    """A conversation in a state.

    ``since`` is None if it is not known. ``at_least`` means that the state may be older: no older version is kept.
    """

    record: Record
    state: str
    since: datetime | None = None
    at_least: bool = False

    @property
    def key(self) -> tuple[int | str, ...]:
        """The key of the conversation."""
        return self.record.conversation[1]

    def stuck_for(self, limit: timedelta) -> bool:
        """Tell whether it has been in its state for at least so long."""
        return self.since is not None and datetime.now(timezone.utc) - self.since >= limit


@dataclass
class StateRow:
    """A state of a handler, with the people in it."""

    name: str
    people: list[Person] = field(default_factory=list)
    share: int = 0
    """In percent of the largest state."""

    def stuck(self, limit: timedelta) -> list[Person]:
        """Return the people who have been here for at least so long."""
        return [one for one in self.people if one.stuck_for(limit)]

    @property
    def longest(self) -> Person | None:
        """The person who has been here longest, as far as that is known."""
        known = [one for one in self.people if one.since]
        return min(known, key=lambda one: one.since or one.record) if known else None


@dataclass
class Funnel:
    """A handler and its states, the most frequent first."""

    handler: str
    states: list[StateRow]
    number: int


def people_in(state: State, found: Iterable[Found], since: Mapping[Record, Person]) -> list[Person]:
    """Return the conversations among some records, with their states as text."""
    people = []
    for one in found:
        if one.record.kind is not Kind.CONVERSATION:
            continue
        name = _state_name(value_text(state, one))
        known = since.get(one.record)
        if one.changed is not None:
            people.append(Person(one.record, name, one.changed))
        else:
            people.append(Person(one.record, name, known.since, known.at_least) if known else Person(one.record, name))
    return people


def _state_name(value: Any) -> str:
    return node_of(value, None, depth=5).text if value is not None else "(cannot be loaded)"


def funnels(people: Iterable[Person]) -> list[Funnel]:
    """Group conversations by handler and state."""
    rows: dict[str, dict[str, StateRow]] = {}
    for one in people:
        states = rows.setdefault(one.record.conversation[0], {})
        states.setdefault(one.state, StateRow(one.state)).people.append(one)
    found = []
    for handler, states in sorted(rows.items()):
        ordered = sorted(states.values(), key=lambda row: (-len(row.people), row.name))
        for row in ordered:
            row.share = round(100 * len(row.people) / len(ordered[0].people))
        found.append(Funnel(handler, ordered, sum(len(row.people) for row in ordered)))
    return found


async def since_when(state: State, job: Job) -> dict[Record, Person]:
    """Return since when conversations are in their states, from the versions of the document that they share.

    With one document for each record, its last commit says so, and versions are not read.
    """
    if state.archive.layout.lazy:
        return {}
    records = [one.record for one in job.found if one.record.kind is Kind.CONVERSATION]
    if not records:
        return {}
    try:
        versions = await tools.record_versions(state, records, limit=_VERSIONS)
    except PTBBucketError:
        return {}  # no versions are kept, or they may not be read
    found: dict[Record, Person] = {}
    oldest = min(one.time for one in versions) if versions else None
    for one in versions:  # newest first
        if one.record not in found and one.encoded is not None and not one.problem:
            found[one.record] = Person(one.record, "", one.time, at_least=one.time == oldest)
    return found
