"""Metrics: counts for :class:`~ptb_bucket.stats.Stats`, and log lines with IDs and never with data."""

from __future__ import annotations

import logging
import time
from dataclasses import field, fields
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any, Final

from ptb_bucket._dataclass import dataclass
from ptb_bucket._wording import pluralize
from ptb_bucket.state.records import Kind

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from ptb_bucket.state.commit.attempt import Attempt
    from ptb_bucket.state.merge import Decision
    from ptb_bucket.state.records import Record

__all__ = ["Metrics"]

_LOGGER = logging.getLogger("ptb_bucket.state")
SHOWN: Final = 80
"""Characters of a name in a message: the name may come from elsewhere."""
MANY: Final = 10_000
"""The number of documents from which on the log says that all of them are read."""


@dataclass
class Metrics:
    """Counts since the start of the process. Each method counts an event and logs it."""

    commits: int = 0
    retries: int = 0
    conflicts_merged: int = 0
    conflicts_decided: int = 0
    conversations_kept: int = 0
    unread_merged: int = 0
    undecidable: int = 0
    withdrawn: int = 0
    last_save: datetime | None = None
    _stuck: set[type] = field(default_factory=set, repr=False)
    _unknown: set[tuple[str, str]] = field(default_factory=set, repr=False)
    _unmerged: dict[Record, str] = field(default_factory=dict, repr=False)

    def figures(self) -> dict[str, Any]:
        """Return the counts by name."""
        return {item.name: getattr(self, item.name) for item in fields(self) if not item.name.startswith("_")}

    def committed(self, attempt: Attempt) -> None:
        """Count a durable commit."""
        self.commits += 1
        self.conflicts_merged += len(attempt.merged.records)
        self.last_save = datetime.fromtimestamp(time.time(), timezone.utc)
        self.decided(attempt.merged.decided)
        self.unloaded(attempt.merged.unloaded)
        self.withdrawn_from(attempt.merged.withdrawn)

    def decided(self, decisions: Sequence[Decision]) -> None:
        """Count decisions of the resolver, and our conversation states that were superseded."""
        for decision in decisions:
            record, choice = decision.record, decision.choice
            if record.kind is Kind.CONVERSATION:
                self.conversations_kept += 1
                _LOGGER.warning(
                    "%s was also changed in the bucket. Keeping the version in the bucket and discarding the local one",
                    record.label,
                )
            else:
                self.conflicts_decided += 1
                _LOGGER.info("%s: %s", " and ".join(choice.places(record.label)), choice.what)

    def unloaded(self, records: Iterable[Record]) -> None:
        """Count records that were written without having been loaded, and that the bucket had."""
        for record in records:
            self.unread_merged += 1
            _LOGGER.warning(
                "%s was changed without being loaded. Values in the bucket are kept and new ones are added",
                record.label,
            )

    def unknown(self, document: str, sections: Mapping[str, Any]) -> None:
        """Log unknown sections of a document, each once."""
        for section in sections:
            if (document, section) not in self._unknown:
                self._unknown.add((document, section))
                _LOGGER.warning(
                    "%s contains an unsupported section: %r. It is left unchanged. If it was written by a "
                        "newer version of ptb-bucket, upgrade. If you added it by hand, check the name",
                    document, section[:SHOWN],
                )  # fmt: skip

    def loads(self, documents: int) -> None:
        """Warn that all documents are read at the start, if there are many."""
        if documents >= MANY:
            _LOGGER.warning(
                "Loading all %d records at startup because telegram.ext.Application does not load records on demand. "
                "BucketApplication only loads what an update needs",
                documents,
            )

    def retried(self, key: str, error: Exception, delay: float) -> None:
        """Count a write that is tried again."""
        self.retries += 1
        _LOGGER.info("%s could not be written (%s). Retrying in %.2f s", key, type(error).__name__, delay)

    def not_assigned(self, record: Record, live: object) -> None:
        """Log a live object that cannot be refreshed, once for each class."""
        kind = type(live)
        if kind not in self._stuck:
            self._stuck.add(kind)
            _LOGGER.warning(
                "%s is a %s, which can't be updated in place. It will not be refreshed until a restart",
                record.kind.value, kind.__qualname__,
            )  # fmt: skip

    def not_merged(self, record: Record, error: Exception) -> None:
        """Log a live object that cannot be refreshed because a class of the bot raises, once for each record."""
        if self._unmerged.get(record) != str(error):
            self._unmerged[record] = str(error)
            _LOGGER.error("%s Data in memory is not refreshed until then.", error)

    def left_in_doubt(self, key: str, attempt: Attempt) -> None:
        """Count a write whose outcome can no longer be found out."""
        self.undecidable += 1
        _LOGGER.warning(
            "The outcome of commit %s (%s) to %s can no longer be determined. Dict keys and set members will be "
            "applied again, list elements and counters will not",
            attempt.commit.id, pluralize(len(attempt.payload.values), "record", "records"), key,
        )  # fmt: skip

    def withdrawn_from(self, records: Iterable[Record]) -> None:
        """Count changes of an update that another instance has handled and saved, too."""
        for record in records:
            self.withdrawn += 1
            _LOGGER.info("Discarded changes to %s that are already in the bucket", record.label)
