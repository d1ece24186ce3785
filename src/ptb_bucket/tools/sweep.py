"""Removing what a layout with a document for each record leaves behind: documents whose record was dropped."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING

from ptb_bucket._aio import for_each
from ptb_bucket.errors import CannotLoadError, LostRaceError, RefusedError, UnsupportedError
from ptb_bucket.state import CALLBACK_QUERIES, MISSING, Kind

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from ptb_bucket.state import Part, Record, RecordMerger
    from ptb_bucket.tools.state import State

__all__ = ["Swept", "drop_oldest", "sweep"]


@dataclass
class Swept:
    """Empty documents, by key: ``removed`` ones (or that would be); ``kept``, because a bot wrote to them meanwhile.

    ``young`` is how many are not old enough, ``keyboards`` those that were dropped (or would be).
    """

    removed: list[str] = field(default_factory=list)
    kept: list[str] = field(default_factory=list)
    young: int = 0
    keyboards: list[str] = field(default_factory=list)


async def sweep(
    state: State, older_than: timedelta, *,
    keyboards: int | None = None, bot_stopped: bool = False, dry_run: bool = False,
) -> Swept:  # fmt: skip
    """Remove empty documents that nobody has written to for some time. What is written meanwhile is not lost.

    Of a layout whose documents hold more than one record, none is ever removed; nor what each start reads.

    Args:
        state: The bot's; with ``keyboards``, opened with ``keep_unknown``.
        older_than: Since the last commit, by the clock of whoever made it.
        keyboards: How many keyboards are kept; see :func:`drop_oldest`. None for all.
        bot_stopped: Nobody writes: where the store cannot delete on a condition, delete without one.
        dry_run: Change nothing.

    Raises:
        RefusedError: The store cannot delete on a condition. Nothing was removed.
        DocumentError: A document cannot be read. Nothing was removed.
        StoreError: One could not be removed; others may have been.
    """
    swept = Swept()
    found = await _found(state, datetime.now(timezone.utc) - older_than, swept)

    async def remove(key: str) -> None:
        done = dry_run or await _remove(state, key, found[key], bot_stopped=bot_stopped)
        (swept.removed if done else swept.kept).append(key)

    for key in list(found)[:1]:
        await remove(key)  # alone: where this is refused, it is for all
    await for_each(list(found)[1:], remove)
    if keyboards is not None:  # last: what this leaves empty is not old, whatever ``older_than`` says
        dropped, used = await drop_oldest(state, keyboards, dry_run=dry_run)
        swept.keyboards += [record.id for record in dropped]
        swept.kept += [state.archive.name(state.archive.layout.key(record)) for record in used]
    swept.removed.sort()
    swept.kept.sort()
    return swept


async def _found(state: State, since: datetime, swept: Swept) -> dict[str, str]:
    """Key → ETag of what is empty and old enough."""
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


def _is_old(part: Part, since: datetime) -> bool:
    """Of a document that nobody has committed, nobody knows."""
    return bool(part.commits) and max(commit.time for commit in part.commits) < since


async def _remove(state: State, key: str, etag: str, *, bot_stopped: bool) -> bool:
    try:
        await state.store.delete_if(key, etag)
    except LostRaceError:
        return False
    except UnsupportedError as error:
        if not bot_stopped:
            raise RefusedError(
                f"{error} Nothing was removed: what a bot writes at that moment would be lost. Stop every instance, "
                "and insist: --bot-stopped."
            ) from error
        return await _insist(state, key, etag)
    return True


async def _insist(state: State, key: str, etag: str) -> bool:
    """Nobody writes, it was said; look once more, because that is easily wrong."""
    part = await state.archive.part(key[: key.rindex(".")])
    if part is not None and part.etag != etag:
        return False
    await state.store.delete(key)
    return True


async def drop_oldest(state: State, keep: int, *, dry_run: bool = False) -> tuple[list[Record], list[Record]]:
    """Drop all keyboards but those that were used last. A bot that uses one meanwhile, or has it in memory, keeps it.

    It is a commit as a bot makes it, so an empty document stays, by which late writes are recognised.

    Args:
        state: The bot's, opened with ``keep_unknown``. Of a layout with one document for all, nothing is dropped.
        keep: How many are kept.
        dry_run: Change nothing.

    Returns:
        Those that were dropped, or would be, and those that a bot used meanwhile; both the least recently used first.

    Raises:
        RefusedError: The bot's classes are needed to tell when one was used. None was dropped.
        DocumentError: One cannot be read. None was dropped.
        StoreError: One could not be dropped; others may have been.
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
    """Each keyboard, and when it was used last."""
    merger = state.replica().documents.merger
    async for part in state.archive.parts([Kind.CALLBACK]):
        for record, encoded in part.records.items():
            if record != CALLBACK_QUERIES:
                yield _accessed(merger, record, encoded), record


def _accessed(merger: RecordMerger, record: Record, encoded: bytes) -> float:
    try:
        return float(merger.decode(record, encoded)[0])
    except CannotLoadError as error:  # to take it for the newest, or the oldest, would drop what nobody meant
        raise RefusedError(f"{error} No keyboard was dropped. (For a tool: --types MODULE:NAME.)") from error


async def _drop(state: State, record: Record, accessed: float) -> bool:
    replica = await state.loaded([record])
    value = replica.values.load(record)  # the base of a merge: what a bot changes from now on, it keeps
    if value is MISSING or float(value[0]) != accessed:
        return value is MISSING
    replica.stage(record, None)
    await replica.commit()
    return not replica.documents.is_stored(record)
