"""Explain a record: which commits touched it, by whom and when, what they merged, and what they decided against whom.

The answer comes from the versions of its document, and from the header in each of them. Nothing else is recorded.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

from ptb_bucket._aio import outcomes
from ptb_bucket.errors import CannotLoadError, NotFoundError, UnsupportedError
from ptb_bucket.state import MISSING
from ptb_bucket.tools.edit import value_at
from ptb_bucket.tools.versions.changes import Change, changes_between, overlap, survives
from ptb_bucket.tools.versions.past import readable

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from ptb_bucket.state import CommitInfo, Part, Record
    from ptb_bucket.stores import BlobVersion
    from ptb_bucket.tools.state import State

    Steps = tuple[Any, ...]

__all__ = ["Explanation", "OtherCommit", "Touch", "explain"]


@dataclass(frozen=True)
class OtherCommit:
    """A commit of another writer, and places in the record that it had changed."""

    sequence: int
    writer: str
    places: tuple[Steps, ...]


@dataclass(frozen=True)
class Touch:
    """A commit that changed the record, or several of which no version is kept.

    Attributes:
        first: The number of the commit, or of the first one.
        last: The number of the commit, or of the last one.
        commit: Its writer and its time by that writer's clock; None if they are unknown.
        version: The version after it.
        is_by_hand: The object was replaced without a commit.
        changes: What happened to which place; None if a version cannot be decoded, or none is kept from before.
        merged: Commits of others since the writer's own previous commit, with the places that kept their change. None
            if it is unknown.
        decided: The same commits, with the places that now have the writer's value instead of theirs. None if it is
            unknown.
    """

    first: int
    last: int
    commit: CommitInfo | None
    version: BlobVersion
    is_by_hand: bool = False
    changes: Mapping[Steps, Change] | None = None
    merged: tuple[OtherCommit, ...] | None = None
    decided: tuple[OtherCommit, ...] | None = None


@dataclass(frozen=True)
class Explanation:
    """The known past of a record.

    Attributes:
        record: The record.
        object: The key of its document.
        exists: The record exists now.
        commits: The number of commits of the document.
        alone: The document has no other records.
        versions: The number of versions that were read.
        more: Older versions exist.
        problem: The reason why there are no versions; empty if there are.
        unreadable: Versions that cannot be read, each with the reason.
        touches: The commits that changed the record, newest first.
        writers: The last commits of the document's writers, newest first, as its current header has them.
    """

    record: Record
    object: str
    exists: bool
    commits: int
    alone: bool
    versions: int = 0
    more: bool = False
    problem: str = ""
    unreadable: Mapping[str, str] = field(default_factory=dict)
    touches: tuple[Touch, ...] = ()
    writers: tuple[tuple[int, CommitInfo], ...] = ()


class _Known(NamedTuple):
    """A version that could be read."""

    version: BlobVersion
    part: Part


async def explain(state: State, record: Record, *, limit: int = 100) -> Explanation:
    """Explain a record.

    Args:
        state: The bot's state. With JSON, open it with ``keep_unknown``; with pickle, with the bot's classes.
        record: The record. It may have been removed.
        limit: The largest number of versions to read, the newest first. Each costs one request.

    Returns:
        What is known. None stands for everything of which nothing is kept.

    Raises:
        NotFoundError: Neither the record's document nor an old version of it exists, or the record occurs in none.
        DocumentError: The current document cannot be read.
        AccessError, UnavailableError: The store could not be read.
    """
    archive = state.archive
    key = archive.layout.key(record)
    now = await archive.part(key)
    found, problem = await _listed(state, key)
    if now is None and not found:
        raise _nothing(record)
    parts, unreadable = await _read(state, key, found[:limit])
    explained = Explanation(
        record, archive.name(key), now is not None and record in now.records, now.sequence if now else 0,
        now is not None and set(now.records) <= {record}, len(parts), len(found) > limit, problem, unreadable,
        tuple(reversed(_touches(state, record, parts))), _writers(now),
    )  # fmt: skip
    if not explained.exists and not explained.touches:
        raise _nothing(record)
    return explained


def _nothing(record: Record) -> NotFoundError:
    return NotFoundError(f"{record.label} was not found, and no old versions of it are kept. Check the ID.")


async def _listed(state: State, key: str) -> tuple[list[BlobVersion], str]:
    try:
        return [one async for one in state.archive.versions(key)], ""
    except UnsupportedError as error:
        return [], str(error)


async def _read(
    state: State, key: str, versions: Sequence[BlobVersion]
) -> tuple[list[_Known | BlobVersion], dict[str, str]]:
    """Return the versions, oldest first, with their documents, and the problems of those that cannot be read."""

    async def read(version: BlobVersion) -> tuple[BlobVersion, Part | None, str]:
        part, problem = (None, "") if version.deleted else await readable(state.archive, key, version)
        return version, part, problem

    parts: list[_Known | BlobVersion] = []
    unreadable = {}
    async for version, part, problem in outcomes(list(reversed(versions)), read):
        if problem:
            unreadable[version.version] = problem
        else:
            parts.append(version if part is None else _Known(version, part))
    return parts, unreadable


def _writers(now: Part | None) -> tuple[tuple[int, CommitInfo], ...]:
    if now is None:
        return ()
    return tuple(zip((one.sequence for one in now.header.commits), now.commits, strict=True))


def _touches(state: State, record: Record, versions: Iterable[_Known | BlobVersion]) -> list[Touch]:
    """Return the commits that changed the record, oldest first."""
    history = _History(state, record)
    for version in versions:
        if isinstance(version, _Known):
            history.add(version)
        else:
            history.delete(version)
    return history.touches


class _History:
    """The past of one record, version by version.

    Args:
        state: The bot's state, which decodes the record.
        record: The record.
    """

    def __init__(self, state: State, record: Record) -> None:
        self._state, self._record = state, record
        self._before: Part | None = None
        self._started = False
        self._values: dict[int, _Values] = {}
        self.touches: list[Touch] = []

    def delete(self, version: BlobVersion) -> None:
        """Take note that the object was deleted, which no commit does."""
        if self._before is not None and self._record in self._before.records:
            last = self._before.sequence
            self.touches.append(Touch(last, last, None, version, is_by_hand=True, changes={(): Change.REMOVED}))
        self._before, self._started = None, True

    def add(self, known: _Known) -> None:
        """Take note of a version."""
        before, self._before = self._before, known.part
        started, self._started = self._started, True
        one, other = (part.records.get(self._record) if part else None for part in (before, known.part))
        if one == other:
            return
        last = known.part.sequence
        first = before.sequence + 1 if before else 1
        is_known = (first == last) if started or last == 1 else False
        if before and last < first:
            self.touches.append(self._by_hand(known, one, other))
        elif not is_known:
            changes = self._changes(last, one, other) if started else None
            self.touches.append(Touch(first, last, None, known.version, changes=changes))
        else:
            self.touches.append(self._committed(known, before, self._changes(last, one, other)))

    def _by_hand(self, known: _Known, one: bytes | None, other: bytes | None) -> Touch:
        last = known.part.sequence
        return Touch(last, last, None, known.version, is_by_hand=True, changes=self._changes(last, one, other))

    def _committed(self, known: _Known, before: Part | None, changes: Mapping[Steps, Change] | None) -> Touch:
        commit = known.part.commits[0] if known.part.commits else None
        last = known.part.sequence
        after = self._values[last].after if last in self._values else None
        merged, decided = self._others(known.part, before, changes, after)
        return Touch(last, last, commit, known.version, changes=changes, merged=merged, decided=decided)

    def _others(
        self, now: Part, before: Part | None, changes: Mapping[Steps, Change] | None, after: Any
    ) -> tuple[tuple[OtherCommit, ...] | None, tuple[OtherCommit, ...] | None]:
        """Return what a commit kept of the others' changes since its writer's previous commit, and what it did not."""
        if before is None:
            return (), ()  # the document's first commit
        own = next((one.sequence for one in before.header.commits if one.writer == now.header.commits[0].writer), None)
        if own is None or changes is None:
            return None, None
        others = [touch for touch in self.touches if touch.last > own]
        if any(touch.commit is None or touch.changes is None for touch in others):
            return None, None
        kept: list[OtherCommit] = []
        replaced: list[OtherCommit] = []
        for touch in others:
            places = _compared(touch, self._values[touch.last], changes, after)
            for found, where in zip((kept, replaced), places, strict=True):
                if where and touch.commit:
                    found.append(OtherCommit(touch.last, touch.commit.writer, where))
        return tuple(kept), tuple(replaced)

    def _changes(self, last: int, one: bytes | None, other: bytes | None) -> Mapping[Steps, Change] | None:
        try:
            values = _Values(self._decoded(one), self._decoded(other))
        except CannotLoadError:
            return None
        self._values[last] = values
        return changes_between(*values)

    def _decoded(self, encoded: bytes | None) -> Any:
        return MISSING if encoded is None else self._state.codec.decode(encoded)


class _Values(NamedTuple):
    """The values of the record before and after a commit."""

    before: Any
    after: Any


def _compared(
    touch: Touch, values: _Values, changes: Mapping[Steps, Change], now: Any
) -> tuple[tuple[Steps, ...], tuple[Steps, ...]]:
    """Return the places in which an earlier change is still there after a later commit, and those in which it is not.

    Args:
        touch: The earlier commit.
        values: The record before and after it.
        changes: The changes of the later commit.
        now: The record after the later commit.
    """
    kept, replaced = dict[Any, None](), dict[Any, None]()
    for place in touch.changes or ():
        again = [max(place, other, key=len) for other in changes if overlap(place, other)]
        for deeper in again or [place]:
            theirs, ours = value_at(values.after, deeper), value_at(now, deeper)
            is_kept = not again or survives(value_at(values.before, deeper), theirs, ours)
            (kept if is_kept else replaced)[deeper] = None
    return tuple(kept), tuple(replaced)
