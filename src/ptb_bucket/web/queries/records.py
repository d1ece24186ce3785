"""Single records: their values, their history, and the timers among them."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timezone
from itertools import zip_longest
from typing import TYPE_CHECKING, Any

from ptb_bucket import tools
from ptb_bucket.errors import CannotLoadError, UnsupportedError
from ptb_bucket.state import Kind, timer_outline
from ptb_bucket.web.tree import Difference, Node, differences, node_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ptb_bucket.state import CommitInfo, Record
    from ptb_bucket.tools import Found, RecordVersion, State

__all__ = ["Moment", "TimerRow", "Value", "history_of", "read_value", "timers_in", "value_at", "value_then"]


@dataclass(frozen=True)
class Value:
    """A record with its value.

    Attributes:
        record: The record.
        text: Its value in the notation of JSON documents; None if it does not exist or cannot be loaded.
        problem: The reason why it cannot be loaded; empty if it can.
        commit: The last commit of its document; None if it is unknown.
        exists: The record exists.
    """

    record: Record
    text: str | None = field(repr=False)
    problem: str = ""
    commit: CommitInfo | None = None
    exists: bool = True

    def node(self, path: str = "", *, start: int = 0, most: int = 50) -> Node | None:
        """Return its tree, or that of the part at a path. Raises KeyError if there is no such part."""
        return None if self.text is None else node_of(self.part(path), path, start=start, most=most)

    def part(self, path: str = "") -> Any:
        """Return its value as ``tools.parsed`` does, or the part at a path. Raises KeyError if there is none."""
        return tools.value_under(tools.parsed(self.text), path)


async def read_value(state: State, record: Record) -> Value:
    """Read a record. Raises DocumentError and StoreError."""
    part = await state.archive.part_of(record)
    encoded = part.records.get(record) if part else None
    if part is None or encoded is None:
        return Value(record, None, exists=False)
    return value_at(state, record, encoded, part.commits[0] if part.commits else None)


def value_at(state: State, record: Record, encoded: bytes, commit: CommitInfo | None = None) -> Value:
    """Return a record whose value was read already."""
    try:
        return Value(record, tools.text_of(state, record, encoded), commit=commit)
    except CannotLoadError as error:
        return Value(record, None, str(error), commit)


@dataclass(frozen=True)
class Moment:
    """A change of a record in its history, with the differences to the version before. The newest is the present."""

    version: RecordVersion
    changes: list[Difference]
    is_first: bool
    is_now: bool


async def history_of(state: State, records: Iterable[Record], *, limit: int = 50) -> tuple[list[Moment], str]:
    """Return the changes of some records, newest first, and the reason if the store keeps no versions.

    Raises:
        StoreError: The store could not be read.
    """
    groups: dict[str, list[Record]] = {}
    for record in records:
        groups.setdefault(state.archive.layout.key(record), []).append(record)
    found: list[Moment] = []
    try:
        for group in groups.values():
            versions = await tools.record_versions(state, group, limit=limit)
            for record in group:
                found += _moments([one for one in versions if one.record == record])
    except UnsupportedError as error:
        return [], str(error)
    return sorted(found, key=lambda one: one.version.time, reverse=True), ""


def _moments(versions: list[RecordVersion]) -> list[Moment]:
    moments = []
    for at, (one, older) in enumerate(zip_longest(versions, versions[1:])):
        changes = [] if older is None else differences(older.text, one.text, most=50)
        moments.append(Moment(one, changes, older is None, at == 0))
    return [one for one in moments if not (one.is_first and one.version.encoded is None and not one.version.problem)]


async def value_then(state: State, record: Record, when: datetime) -> tuple[Value, RecordVersion | None, str]:
    """Return a record as it was at a time, its version, and the reason if that is not known."""
    versions, problem = [], ""
    try:
        versions = await tools.record_versions(state, [record], before=when, limit=1)
    except UnsupportedError as error:
        problem = str(error)
    if not versions:
        return Value(record, None, exists=False), None, problem
    one = versions[0]
    return Value(record, one.text, one.problem, one.commit, exists=one.encoded is not None), one, ""


@dataclass(frozen=True)
class TimerRow:
    """A timer with its state in a word, and the reason for that. ``due`` is None if it has no time."""

    record: Record
    word: str
    why: str = ""
    due: datetime | None = None
    callback: str = "—"
    tries: int = 0
    people: frozenset[int | None] = frozenset()


def timers_in(state: State, found: Iterable[Found]) -> list[TimerRow]:
    """Return the timers among some records, by their due time."""
    rows = [_timer(state, one) for one in found if one.encoded is not None and one.record.kind is Kind.TIMER]
    return sorted(rows, key=lambda row: (row.due.timestamp() if row.due else 0.0, row.record.id))


def _timer(state: State, one: Found) -> TimerRow:
    try:
        timer = timer_outline(one.record, one.encoded or b"", state.archive.codec)
        due = None if timer.due is None else datetime.fromtimestamp(timer.due, timezone.utc)
    except (CannotLoadError, ValueError, OverflowError, OSError) as error:
        return TimerRow(one.record, "damaged", str(error))
    late = due is not None and due < datetime.now(timezone.utc)
    word = "parked" if timer.parked else "paused" if not timer.enabled else "late" if late else "due"
    people = frozenset([timer.user_id, timer.chat_id])
    return TimerRow(one.record, word, timer.parked or "", due, timer.callback, timer.tries, people)
