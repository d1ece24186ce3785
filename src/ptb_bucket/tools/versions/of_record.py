"""The versions of one record: its values over time, and a restore of only this record."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from itertools import takewhile
from typing import TYPE_CHECKING

from ptb_bucket._aio import outcomes
from ptb_bucket.errors import CannotLoadError, NotFoundError, UnsupportedError
from ptb_bucket.state import Kind
from ptb_bucket.tools.browsing import text_of
from ptb_bucket.tools.edit import Edit, OvertakenError
from ptb_bucket.tools.state import problem_of
from ptb_bucket.tools.versions.past import readable
from ptb_bucket.tools.versions.returning_timers import forget_runs

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from ptb_bucket.state import CommitInfo, Part, Record
    from ptb_bucket.stores import BlobVersion
    from ptb_bucket.tools.state import State

__all__ = ["LastChange", "RecordVersion", "last_changes", "record_versions", "restore_record"]


@dataclass(frozen=True)
class RecordVersion:
    """A record as a version of its document has it.

    Attributes:
        record: The record.
        version: The version of the object.
        time: The time of the version, by the store's clock.
        current: It is the current version.
        encoded: The value; None if the record did not exist then, or the version cannot be read.
        text: The value in the notation of JSON documents; None as above, or if the value cannot be decoded.
        commit: The commit that made the version; None if it is unknown.
        problem: The reason why the version cannot be read; empty if it can.
    """

    record: Record
    version: str
    time: datetime
    current: bool
    encoded: bytes | None = field(default=None, repr=False)
    text: str | None = field(default=None, repr=False)
    commit: CommitInfo | None = None
    problem: str = ""


async def record_versions(
    state: State, records: Iterable[Record], *, limit: int = 50, before: datetime | None = None
) -> list[RecordVersion]:
    """Return the versions in which some records of one document changed, newest first.

    Args:
        state: The bot's state.
        records: Records that share a document. They may have been removed.
        limit: The largest number of versions to read, the newest first. Each costs one request.
        before: Read only versions from this time or before it.

    Returns:
        For each record, its oldest known value and those versions in which it changed.

    Raises:
        UnsupportedError: The store keeps no old versions.
        StoreError: The store could not be read.
    """
    asked = list(records)
    read = await _read(state, asked[0], limit, before)
    found = [version for record in asked for version in _changes(state, record, read[::-1])]
    return sorted(found, key=lambda one: one.time, reverse=True)


async def _read(
    state: State, record: Record, limit: int, before: datetime | None = None
) -> list[tuple[BlobVersion, Part | None, str]]:
    """Return the versions of a record's document, newest first, each with its content or the problem with it."""
    key = state.archive.layout.key(record)
    listed = [one async for one in state.archive.versions(key) if before is None or one.modified <= before]

    async def load(version: BlobVersion) -> tuple[BlobVersion, Part | None, str]:
        return version, *((None, "") if version.deleted else await readable(state.archive, key, version))

    return [one async for one in outcomes(listed[:limit], load)]


def _changes(
    state: State, record: Record, read: list[tuple[BlobVersion, Part | None, str]]
) -> list[RecordVersion]:  # fmt: skip
    found: list[RecordVersion] = []
    for version, part, problem in read:
        encoded = part.records.get(record) if part else None
        if problem or (found[-1].encoded if found else None) != encoded:
            found.append(_version(state, record, version, part, encoded, problem))
    return list(reversed(found))


def _version(  # noqa: PLR0913, PLR0917  the parts of one version
    state: State, record: Record, version: BlobVersion, part: Part | None, encoded: bytes | None, problem: str
) -> RecordVersion:
    text = None
    if encoded is not None:
        try:
            text = text_of(state, record, encoded)
        except CannotLoadError as error:
            problem = problem_of(error)
    commit = part.commits[0] if part and part.commits else None
    return RecordVersion(
        record, version.version, version.modified, version.current, encoded, text, commit, problem
    )  # fmt: skip


@dataclass(frozen=True)
class LastChange:
    """The time of the last change of a record.

    ``at_least`` is true if the record may have changed earlier: no older version is kept, or so many were not read.
    """

    time: datetime
    at_least: bool


async def last_changes(state: State, records: Iterable[Record], *, limit: int = 30) -> dict[Record, LastChange]:
    """Return when some records that share a document got their present value, as far as old versions tell it.

    Args:
        state: The bot's state.
        records: The records. Those that do not exist are left out, and so are all where no versions are kept.
        limit: The largest number of versions to read, the newest first. Each costs one request.

    Raises:
        StoreError: The store could not be read.
    """
    asked = list(records)
    try:
        read = await _read(state, asked[0], limit) if asked else []
    except UnsupportedError:
        return {}
    whole = [(version.modified, part.records) for version, part, problem in read if part and not problem]
    found = {}
    for record in asked if whole else ():
        now = whole[0][1].get(record)
        times = [time for time, _ in takewhile(lambda one: one[1].get(record) == now, whole)]  # noqa: B023  used at once
        if now is not None:
            found[record] = LastChange(times[-1], at_least=len(times) == len(whole))
    return found


async def restore_record(
    state: State, record: Record, version: str, *, dry_run: bool = False, planned: Edit | None = None
) -> Edit:
    """Restore one record from an old version of its document, with one conditional commit. Other records stay.

    A timer that comes back runs again when it is due. For that, the documents of its user, its chat and the bot forget
    its earlier runs, in a commit each. If an earlier run has changed data of others, what it changes there again is
    dropped.

    Args:
        state: The bot's state.
        record: The record. If it did not exist in that version, it is removed.
        version: The version of its document.
        dry_run: Change nothing.
        planned: The result of the same call with ``dry_run``. If the record has another value now, nothing is changed.

    Raises:
        NotFoundError: The version is not kept any more.
        OvertakenError: The record has changed since ``planned``. Nothing was changed.
        UnsupportedError: The store keeps no old versions.
        DocumentError, StoreError: The version could not be read, or the record could not be written.
    """
    from ptb_bucket.state import Draft  # noqa: PLC0415  it imports telegram, which reading does not need

    key = state.archive.layout.key(record)
    past = await state.archive.part(key, version)
    if past is None:
        raise NotFoundError(f"Version {version} of {state.archive.name(key)} was removed in the meantime.")
    draft = await Draft.open(state.archive, key, state.bot_id, state.writer("restore"))
    now, then = (_text(state, record, records.get(record)) for records in (draft.records, past.records))
    if planned and planned.before != now:
        raise OvertakenError(record.label, now)
    if not dry_run:
        encoded = past.records.get(record)
        if record.kind is Kind.TIMER and encoded is not None:
            await forget_runs(state, record, encoded, draft)
        draft.stage({record: encoded})
        await draft.commit()
    return Edit(record.label, now, then, dry_run)


def _text(state: State, record: Record, encoded: bytes | None) -> str | None:
    try:
        return None if encoded is None else text_of(state, record, encoded)
    except CannotLoadError:  # a restore may be the way to mend it
        return json.dumps("a value that cannot be decoded")
