"""Records that this process cannot decode: remembered, so that they are not loaded, merged or overwritten.

A record is *unreadable* if newer code wrote it, if a class changed, or if it is damaged. Documents are spliced from
encoded records, so an unreadable one costs nothing and stays as it is. No placeholder takes the place of its value:
handlers would overwrite it.
"""

from __future__ import annotations

import logging
from dataclasses import field
from typing import TYPE_CHECKING, Any, Final, NoReturn

from ptb_bucket._dataclass import dataclass
from ptb_bucket.state.records import Kind

if TYPE_CHECKING:
    from ptb_bucket.errors import UnreadableRecordError
    from ptb_bucket.state.records import Record

__all__ = ["NEEDED_BY_ALL", "Readable", "Unreadable"]

_LOGGER = logging.getLogger("ptb_bucket.state")

NEEDED_BY_ALL: Final = frozenset({Kind.BOT, Kind.UPDATES})
"""Kinds of records that every update needs. If one of them is unreadable, this process cannot handle any update."""


@dataclass(frozen=True, repr=False)
class _Found:
    encoded: bytes | None
    error: UnreadableRecordError
    blind: bool


@dataclass(repr=False)
class Unreadable:
    """The unreadable records that this process has found, each with the version that it could not decode."""

    found: dict[Record, _Found] = field(default_factory=dict)
    _logged: dict[Record, str] = field(default_factory=dict)

    def __contains__(self, record: Record) -> bool:
        return record in self.found

    @property
    def records(self) -> set[Record]:
        """All unreadable records."""
        return set(self.found)

    def of(self, kind: Kind) -> dict[Record, UnreadableRecordError]:
        """Return why records of one kind cannot be decoded."""
        return {record: found.error for record, found in self.found.items() if record.kind is kind}

    def note(self, record: Record, encoded: bytes | None, error: UnreadableRecordError, *, blind: bool) -> None:
        """Remember that a version of a record cannot be decoded, and log each reason once.

        Args:
            record: The record.
            encoded: The version in the bucket; None is not remembered, because there is nothing to protect.
            error: The reason.
            blind: PTB has loaded no version. The value that it has was made without knowing the record.
        """
        if encoded is None:
            return
        before = self.found.get(record)
        self.found[record] = _Found(encoded, error, blind or (before is not None and before.blind))
        if self._logged.get(record) != str(error):
            self._logged[record] = str(error)
            _LOGGER.warning("%s The stored record is left unchanged.", error)

    def error(self, record: Record, encoded: bytes | None) -> UnreadableRecordError | None:
        """Return why this version of a record cannot be decoded; None if it was not tried, or is another version."""
        found = self.found.get(record)
        return found.error if found is not None and found.encoded == encoded else None

    def blind(self, record: Record) -> UnreadableRecordError | None:
        """Return why PTB could never load a record, of which it may have an object all the same; None if it could."""
        found = self.found.get(record)
        return found.error if found is not None and found.blind else None

    def forget(self, record: Record) -> None:
        """Forget a record that PTB has loaded, that was dropped, or that is no longer in memory."""
        if self.found.pop(record, None) is not None:
            self._logged.pop(record, None)


class Readable(dict[int, Any]):
    """Data by chat or user ID, without records that cannot be decoded: a lookup of one of these raises its error.

    Args:
        data: The readable data.
        errors: The errors of the other records.
    """

    def __init__(self, data: dict[int, Any], errors: dict[Record, UnreadableRecordError]) -> None:
        super().__init__(data)
        self._errors = {record.number: error for record, error in errors.items()}

    def __missing__(self, number: int) -> NoReturn:
        if number in self._errors:
            raise self._errors[number].again()
        raise KeyError(number)
