"""Dropping the keyboards that were used longest ago, as a bot does itself where all of them are one document."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ptb_bucket.errors import CannotLoadError, RefusedError
from ptb_bucket.state import CALLBACK_QUERIES, MISSING, Kind, for_each

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from ptb_bucket.state import Merger, Record
    from ptb_bucket.tools._state import State

__all__ = ["drop_oldest"]


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
    merger = state.replica().merger
    async for part in state.archive.parts([Kind.CALLBACK]):
        for record, encoded in part.records.items():
            if record != CALLBACK_QUERIES:
                yield _accessed(merger, record, encoded), record


def _accessed(merger: Merger, record: Record, encoded: bytes) -> float:
    try:
        return float(merger.decode(record, encoded)[0])
    except CannotLoadError as error:  # to take it for the newest, or the oldest, would drop what nobody meant
        raise RefusedError(f"{error} No keyboard was dropped. (For a tool: --types MODULE:NAME.)") from error


async def _drop(state: State, record: Record, accessed: float) -> bool:
    replica = await state.loaded([record])
    value = replica.give(record)  # the base of a merge: what a bot changes from now on, it keeps
    if value is MISSING or float(value[0]) != accessed:
        return value is MISSING
    replica.stage(record, None)
    await replica.commit()
    return not replica.is_stored(record)
