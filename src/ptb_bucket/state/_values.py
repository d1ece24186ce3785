"""Encoded values by record, found also by kind: most questions are about one kind, and of another there may be many."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ptb_bucket.state.records import Kind

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ptb_bucket.state.records import Record

__all__ = ["Values"]


class Values:
    """Like a dict of records."""

    def __init__(self) -> None:
        self._kinds: dict[Kind, dict[Record, bytes]] = {kind: {} for kind in Kind}

    def get(self, record: Record) -> bytes | None:
        """The value; None if there is none."""
        return self._kinds[record.kind].get(record)

    def put(self, record: Record, value: bytes | None) -> None:
        """Set the value; None for none."""
        if value is None:
            self._kinds[record.kind].pop(record, None)
        else:
            self._kinds[record.kind][record] = value

    def has_any(self, records: Sequence[Record]) -> bool:
        """Whether one of these records, which are of one kind, has a value."""
        return not self._kinds[records[0].kind].keys().isdisjoint(records)

    def of(self, kind: Kind) -> list[Record]:
        """The records of one kind that have a value, as they are now."""
        return list(self._kinds[kind])
