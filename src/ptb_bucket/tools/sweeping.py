"""Remove what a layout with one document per record leaves behind: documents whose record was dropped."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Final

from ptb_bucket._aio import for_each
from ptb_bucket.errors import CannotLoadError, LostRaceError, RefusedError, UnsupportedError
from ptb_bucket.state import CALLBACK_QUERIES, MISSING, Journals, Kind, is_journal
from ptb_bucket.tools.state import problem_of

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from ptb_bucket.state import Part, Record, RecordMerger
    from ptb_bucket.tools.state import State

__all__ = ["Swept", "drop_oldest", "sweep"]

_CREATING: Final = timedelta(days=1)
"""Within this time, an instance may still be writing the audience of a broadcast, and then its journal."""


@dataclass
class Swept:
    """The result of a sweep, or with ``dry_run`` the expected one.

    ``removed`` are the keys of the empty documents that were removed, and ``kept`` those that a bot wrote to in the
    meantime. ``young`` is the number of empty documents that are not old enough. ``keyboards`` were dropped.
    ``audiences`` are the keys of the audiences that were removed.
    """

    removed: list[str] = field(default_factory=list)
    kept: list[str] = field(default_factory=list)
    young: int = 0
    keyboards: list[str] = field(default_factory=list)
    audiences: list[str] = field(default_factory=list)


async def sweep(
    state: State, older_than: timedelta, *,
    keyboards: int | None = None, bot_stopped: bool = False, dry_run: bool = False,
) -> Swept:  # fmt: skip
    """Remove empty documents that have not been written for some time. Data written in the meantime is not lost.

    The audiences of broadcasts that have been over for as long are removed on every layout. Their journals stay:
    without its journal, a broadcast that the bot asks for again would be sent again. An audience without a journal is
    left over from an instance that was killed. It is removed when it is as old and at least a day old, if the store
    lists the times of writes. If the store keeps old versions, :func:`past_of` finds those of audiences that a journal
    names, and no others.

    Documents that hold more than one record are never removed, nor are those that every start reads.

    Args:
        state: The bot's state. With ``keyboards``, it must be opened with ``keep_unknown``.
        older_than: The time since the last commit, by the clock of its writer.
        keyboards: The number of keyboards to keep; see :func:`drop_oldest`. None keeps all.
        bot_stopped: No instance is running. If the store has no conditional deletes, delete without a condition.
        dry_run: Change nothing.

    Raises:
        RefusedError: The store has no conditional deletes. Nothing was removed.
        DocumentError: A document cannot be read. Nothing was removed.
        StoreError: A document could not be removed. Others may have been.
    """
    swept = Swept()
    since = datetime.now(timezone.utc) - older_than
    found, audiences = await _found(state, since, swept), await _old_audiences(state, since)

    async def remove(key: str) -> None:
        done = dry_run or await _remove(state, key, found[key], bot_stopped=bot_stopped)
        (swept.removed if done else swept.kept).append(key)

    for key in list(found)[:1]:
        await remove(key)  # the first one alone: if the store refuses it, it refuses all
    await for_each(list(found)[1:], remove)
    if keyboards is not None:  # last: documents that this empties are not old, even if ``older_than`` is 0
        dropped, used = await drop_oldest(state, keyboards, dry_run=dry_run)
        swept.keyboards += [record.id for record in dropped]
        swept.kept += [state.archive.name(state.archive.layout.key(record)) for record in used]
    for key in audiences:
        swept.audiences.append(key)
        if not dry_run:
            await state.store.delete(key)
    swept.removed.sort()
    swept.kept.sort()
    return swept


async def _found(state: State, since: datetime, swept: Swept) -> dict[str, str]:
    """Return the ETag of each empty document that is old enough, by its key."""
    found: dict[str, str] = {}
    archive = state.archive
    if not archive.layout.lazy:
        return found
    stay = {archive.name(key) for key in archive.layout.keys(Kind)}
    async for part in archive.parts():
        if not part.is_tombstone or part.key in stay:
            continue
        if _is_old(part, since):
            found[part.key] = part.etag
        else:
            swept.young += 1
    return found


async def _old_audiences(state: State, since: datetime) -> list[str]:
    """Return the keys of audiences that nobody needs and that were last needed before some time.

    These are the audiences of broadcasts that were over by then, and those of attempts that came too late, or whose
    instance was killed before it wrote the journal.
    """
    journals, today = Journals(state.store), datetime.now(timezone.utc) - _CREATING
    found: list[str] = []
    for name, listed in (await journals.listed()).items():
        if not is_journal(listed[-1].key):
            found += [one.key for one in listed if one.modified and one.modified < min(since, today)]
            continue
        journal = await journals.read(name) if len(listed) > 1 else None
        if journal is not None and datetime.fromtimestamp(journal.updated, timezone.utc) < since:
            found += [one.key for one in listed[:-1] if journal.is_over or one.key not in journal.parts]
    return found


def _is_old(part: Part, since: datetime) -> bool:
    """Tell whether a document is old enough. The age of one without commits is unknown, so it is kept."""
    return bool(part.commits) and max(commit.time for commit in part.commits) < since


async def _remove(state: State, key: str, etag: str, *, bot_stopped: bool) -> bool:
    try:
        await state.store.delete_if(key, etag)
    except LostRaceError:
        return False
    except UnsupportedError as error:
        if not bot_stopped:
            raise RefusedError(
                f"{error} Nothing was removed: a concurrent write by a bot could be lost. Stop all instances "
                "and pass --bot-stopped."
            ) from error
        return await _insist(state, key, etag)
    return True


async def _insist(state: State, key: str, etag: str) -> bool:
    """Delete without a condition. Check the ETag once more first, because a bot may be running after all."""
    part = await state.archive.part(key[: key.rindex(".")])
    if part is not None and part.etag != etag:
        return False
    await state.store.delete(key)
    return True


async def drop_oldest(state: State, keep: int, *, dry_run: bool = False) -> tuple[list[Record], list[Record]]:
    """Drop all keyboards except the most recently used. A bot that uses one now, or has it in memory, keeps it.

    Each drop is a commit like a bot's, so an empty document stays, which identifies late writes.

    Args:
        state: The bot's state, opened with ``keep_unknown``. Layouts that share a document drop nothing.
        keep: The number of keyboards to keep.
        dry_run: Change nothing.

    Returns:
        The keyboards that were dropped (or would be), and those that a bot used in the meantime. Both lists begin with
        the least recently used.

    Raises:
        RefusedError: Finding out when a keyboard was used needs the bot's classes. No keyboard was dropped.
        DocumentError: A keyboard cannot be read. No keyboard was dropped.
        StoreError: A keyboard could not be dropped. Others may have been.
    """
    if not state.archive.layout.lazy:
        return [], []
    used = sorted([one async for one in _used(state)])
    old = {record: accessed for accessed, record in used[: max(0, len(used) - keep)]}
    gone: set[Record] = set()

    async def drop(record: Record) -> None:
        if dry_run or await _drop(state, record, old[record]):
            gone.add(record)

    await for_each(old, drop)
    return [record for record in old if record in gone], [record for record in old if record not in gone]


async def _used(state: State) -> AsyncIterator[tuple[float, Record]]:
    """Yield the time when each keyboard was last used, and its record."""
    merger = state.replica().documents.merger
    async for part in state.archive.parts([Kind.CALLBACK]):
        for record, encoded in part.records.items():
            if record != CALLBACK_QUERIES:
                yield _accessed(merger, record, encoded), record


def _accessed(merger: RecordMerger, record: Record, encoded: bytes) -> float:
    try:
        return float(merger.decode(record, encoded)[0])
    except CannotLoadError as error:  # treating it as the newest or the oldest would drop the wrong ones
        raise RefusedError(
            f"{problem_of(error)} No keyboards were dropped. On the command line, add --types MODULE:NAME."
        ) from error


async def _drop(state: State, record: Record, accessed: float) -> bool:
    replica = await state.loaded([record])
    value = replica.values.load(record)  # the base of the merge: changes that a bot makes from now on are kept
    if value is MISSING or float(value[0]) != accessed:
        return value is MISSING
    replica.stage(record, None)
    await replica.commit()
    return not replica.documents.is_stored(record)
