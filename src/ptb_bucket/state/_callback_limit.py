"""Callback data is bounded: PTB's cache has a size, and both sides' keyboards together may exceed it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ptb_bucket.errors import CannotLoadError
from ptb_bucket.state.records import CALLBACK_QUERIES, Kind, Record

if TYPE_CHECKING:
    from ptb_bucket.state._document import Document
    from ptb_bucket.state._merger import Merger

__all__ = ["trimmed"]


def trimmed(document: Document, limit: int | None, merger: Merger) -> dict[Record, bytes | None]:
    """The changes that bring a document's callback data down to ``limit`` keyboards and as many queries.

    What cannot be decoded stays. It keeps nothing else from being removed.
    """
    if limit is None:
        return {}
    return {**_keyboards(document, limit, merger), **_queries(document, limit, merger)}


def _keyboards(document: Document, limit: int, merger: Merger) -> dict[Record, bytes | None]:
    """The oldest go, by access time."""
    uuids = [uuid for uuid in document.sections.get(Kind.CALLBACK, {}) if uuid != CALLBACK_QUERIES.id]
    if len(uuids) <= limit:
        return {}
    records = [Record.keyboard(uuid) for uuid in uuids]
    records.sort(key=lambda record: _accessed(record, document, merger))
    return dict.fromkeys(records[: len(records) - limit])


def _accessed(record: Record, document: Document, merger: Merger) -> float:
    """When it was used last. What only a newer deployment can read is not ours to remove."""
    try:
        return float(merger.decode(record, document.get(record))[0])
    except CannotLoadError:
        return float("inf")


def _queries(document: Document, limit: int, merger: Merger) -> dict[Record, bytes | None]:
    """The first go: a merge keeps the order in which they came. Nobody can count queries that cannot be decoded."""
    try:
        queries = list(dict.items(merger.decode(CALLBACK_QUERIES, document.get(CALLBACK_QUERIES))))
    except CannotLoadError:
        return {}
    return {CALLBACK_QUERIES: merger.encode(CALLBACK_QUERIES, dict(queries[-limit:]))} if len(queries) > limit else {}
