"""The limit of callback data: PTB's cache has a size, which the keyboards of both sides together may exceed."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

from ptb_bucket.errors import CannotLoadError
from ptb_bucket.state.records import CALLBACK_QUERIES, Kind, Record

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from ptb_bucket.state.document import Document
    from ptb_bucket.state.merge.records import RecordMerger

__all__ = ["trim_callback_data"]

_MOMENT: Final = 0.001
"""Seconds between the times given to two keyboards whose order the clocks do not show."""


def trim_callback_data(
    document: Document, limit: int, merger: RecordMerger, fresh: Collection[Record]
) -> dict[Record, bytes | None]:
    """Return the changes that reduce a document's callback data to ``limit`` keyboards and as many queries.

    Keyboards that cannot be decoded stay. They do not keep others from being removed.

    Args:
        document: The document that a commit is about to write.
        limit: The number of keyboards to keep.
        merger: Decodes and encodes keyboards.
        fresh: The records that this commit writes: keyboards that were just sent or used, regardless of their times.
    """
    return {**_keyboards(document, limit, merger, fresh), **_queries(document, limit, merger)}


def _keyboards(
    document: Document, limit: int, merger: RecordMerger, fresh: Collection[Record]
) -> dict[Record, bytes | None]:
    """Remove the keyboards with the oldest access times. Fresh ones count as the newest, and get times that say so."""
    uuids = [uuid for uuid in document.sections.get(Kind.CALLBACK, {}) if uuid != CALLBACK_QUERIES.id]
    if len(uuids) <= limit:
        return {}
    times = {record: _accessed(record, document, merger) for record in map(Record.keyboard, uuids)}
    order = sorted(times, key=lambda record: (math.isinf(times[record]), record in fresh, times[record]))
    kept = order[len(order) - limit :]
    return {**dict.fromkeys(order[: len(order) - limit]), **_later(kept, times, document, merger, fresh)}


def _later(
    order: Sequence[Record],
    times: Mapping[Record, float],
    document: Document,
    merger: RecordMerger,
    fresh: Collection[Record],
) -> dict[Record, bytes | None]:
    """Return fresh keyboards whose time a slow clock made too early, with a time later than all before them."""
    changes: dict[Record, bytes | None] = {}
    newest = max(
        (times[record] for record in order if record not in fresh and math.isfinite(times[record])), default=0.0
    )
    for record in (one for one in order if one in fresh):
        if times[record] <= newest:
            _, buttons = merger.decode(record, document.get(record))
            changes[record] = merger.encode(record, [newest + _MOMENT, buttons])
        newest = max(times[record], newest + _MOMENT)
    return changes


def _accessed(record: Record, document: Document, merger: RecordMerger) -> float:
    """Return when a keyboard was used last; infinity if only a newer deployment can read it, so that it stays."""
    try:
        return float(merger.decode(record, document.get(record))[0])
    except CannotLoadError:
        return float("inf")


def _queries(document: Document, limit: int, merger: RecordMerger) -> dict[Record, bytes | None]:
    """Remove the first queries: a merge keeps their order. Queries that cannot be decoded cannot be counted."""
    try:
        queries = list(dict.items(merger.decode(CALLBACK_QUERIES, document.get(CALLBACK_QUERIES))))
    except CannotLoadError:
        return {}
    return {CALLBACK_QUERIES: merger.encode(CALLBACK_QUERIES, dict(queries[-limit:]))} if len(queries) > limit else {}
