"""Single records: their values, their history, and a person's records on one page."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ptb_bucket import tools
from ptb_bucket.errors import CannotLoadError, UnsupportedError
from ptb_bucket.state import Kind, Record
from ptb_bucket.web.differences import Absent, Difference, differences
from ptb_bucket.web.tree import Node, node_of, parsed, value_under

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from ptb_bucket.state import CommitInfo
    from ptb_bucket.tools import Found, RecordVersion, State

__all__ = ["found_again", "history_of", "is_of_person", "read_value", "value_at", "value_text", "value_then"]


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
        """Return the parts of its value, or of the value at a path. Raises KeyError if there is no such part."""
        return value_under(parsed(self.text), path)


async def read_value(state: State, record: Record) -> Value:
    """Read a record. Raises DocumentError and StoreError."""
    part = await state.archive.part_of(record)
    encoded = part.records.get(record) if part else None
    commit = part.commits[0] if part and part.commits else None
    if encoded is None:
        return Value(record, None, exists=False)
    return value_at(state, record, encoded, commit)


def value_at(state: State, record: Record, encoded: bytes, commit: CommitInfo | None = None) -> Value:
    """Return a record whose value was read already."""
    try:
        return Value(record, tools.text_of(state, record, encoded), commit=commit)
    except CannotLoadError as error:
        return Value(record, None, str(error), commit)


def value_text(state: State, one: Found) -> Any:
    """Return the parts of a found value; None if it cannot be loaded or was only listed."""
    try:
        return None if one.encoded is None else parsed(tools.text_of(state, one.record, one.encoded))
    except CannotLoadError:
        return None


async def found_again(state: State, records: Iterable[Record]) -> list[Found]:
    """Read some records that a listing has shown. Those that are gone are left out."""
    parts = [(record, await state.archive.part_of(record)) for record in records]
    return [
        tools.Found(
            record, len(part.records[record]), part.commits[0].time if part.commits else None, part.records[record]
        )
        for record, part in parts
        if part and record in part.records
    ]


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
    for at, one in enumerate(versions):
        older = versions[at + 1] if at + 1 < len(versions) else None
        before = parsed(older.text) if older and older.text is not None else Absent
        after = Absent if one.text is None else parsed(one.text)
        moments.append(
            Moment(one, [] if older is None else differences(before, after, most=50), older is None, at == 0)
        )
    return [one for one in moments if not (one.is_first and one.version.encoded is None and not one.version.problem)]


async def value_then(state: State, record: Record, when: datetime) -> tuple[Value, RecordVersion | None, str]:
    """Return a record as it was at a time, its version, and the reason if that is not known."""
    try:
        versions = await tools.record_versions(state, [record], before=when, limit=1)
    except UnsupportedError as error:
        return Value(record, None, exists=False), None, str(error)
    if not versions:
        return Value(record, None, exists=False), None, ""
    one = versions[0]
    return Value(record, one.text, one.problem, one.commit, exists=one.encoded is not None), one, ""


def is_of_person(record: Record, number: int) -> bool:
    """Tell whether a conversation is a person's: its key is (chat, user), (chat,) or (user,)."""
    return record.kind is Kind.CONVERSATION and number in record.conversation[1][:2]
