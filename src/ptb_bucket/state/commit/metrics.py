"""What happened: figures for :class:`~ptb_bucket.state.Stats`, log lines with ids and never with data."""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass, field, fields
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any, Final

from ptb_bucket.errors import pluralize
from ptb_bucket.state.records import Kind

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from ptb_bucket.state.commit.attempt import Attempt
    from ptb_bucket.state.merge import Decision
    from ptb_bucket.state.records import Record

__all__ = ["Metrics"]

_LOGGER = logging.getLogger("ptb_bucket.state")
SHOWN: Final = 80
"""Characters of a name that somebody else has written."""
MANY: Final = 10_000
"""Documents, from which on somebody should hear that all of them are read."""


@dataclass
class Metrics:
    """Counts since the start of the process."""

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
        """The counts by name."""
        return {item.name: getattr(self, item.name) for item in fields(self) if not item.name.startswith("_")}

    def committed(self, attempt: Attempt) -> None:
        """A commit is durable."""
        self.commits += 1
        self.conflicts_merged += len(attempt.merged.records)
        self.last_save = datetime.fromtimestamp(time.time(), timezone.utc)
        self.decided(attempt.merged.decided)
        self.unloaded(attempt.merged.unloaded)
        self.withdrawn_from(attempt.merged.withdrawn)

    def decided(self, decisions: Sequence[Decision]) -> None:
        """Where structure could not merge: the resolver's decisions, and conversation states of ours that gave way."""
        for record, choice in decisions:
            if record.kind is Kind.CONVERSATION:
                self.conversations_kept += 1
                _LOGGER.warning("%s changed in the bucket too: its state there stays, ours is dropped", record.label)
            else:
                self.conflicts_decided += 1
                _LOGGER.info("%s: %s", " and ".join(choice.places(record.label)), choice.what)

    def unloaded(self, records: Iterable[Record]) -> None:
        """Records that were written without having been loaded, and that the bucket had."""
        for record in records:
            self.unread_merged += 1
            _LOGGER.warning(
                "%s was changed without having been loaded: what the bucket has stays, what it has not is added",
                record.label,
            )

    def unknown(self, document: str, sections: Mapping[str, Any]) -> None:
        """A document has sections that this library does not know: said once for each."""
        for section in sections:
            if (document, section) not in self._unknown:
                self._unknown.add((document, section))
                _LOGGER.warning(
                    "%s has the section %r, which this ptb-bucket does not know. It is kept as it is. If a newer "
                    "ptb-bucket wrote it, upgrade this one too; if you did, correct its name",
                    document, section[:SHOWN],
                )  # fmt: skip

    def loads(self, documents: int) -> None:
        """All documents of a layout with many are read at start."""
        if documents >= MANY:
            _LOGGER.warning(
                "All %d records are read at start, because PTB's own Application never asks for one later; "
                "BucketApplication reads what an update needs",
                documents,
            )

    def retried(self, key: str, error: Exception, delay: float) -> None:
        """A write did not come through and is tried again."""
        self.retries += 1
        _LOGGER.info("%s: %s; again in %.2f s", key, type(error).__name__, delay)

    def not_assigned(self, record: Record, live: object) -> None:
        """A live object cannot be refreshed: said once for each class."""
        kind = type(live)
        if kind not in self._stuck:
            self._stuck.add(kind)
            _LOGGER.warning(
                "%s is of %s, which cannot be changed in place: refreshing leaves it as it is until a restart",
                record.kind.value, kind.__qualname__,
            )  # fmt: skip

    def not_merged(self, record: Record, error: Exception) -> None:
        """A live object cannot be refreshed, because a class of the bot's own raises: said once for each record."""
        if self._unmerged.get(record) != str(error):
            self._unmerged[record] = str(error)
            _LOGGER.error("%s It is not refreshed until then.", error)

    def left_in_doubt(self, key: str, attempt: Attempt) -> None:
        """A write whose answer was lost can no longer be told from others."""
        self.undecidable += 1
        _LOGGER.warning(
            "%s: nobody can tell any more whether commit %s of %s was applied; dict keys and set members are "
            "applied again, list elements and counts are not",
            key, attempt.commit.id, pluralize(len(attempt.payload.values), "record", "records"),
        )  # fmt: skip

    def withdrawn_from(self, records: Iterable[Record]) -> None:
        """Changes by an update that another instance has handled and saved too."""
        for record in records:
            self.withdrawn += 1
            _LOGGER.info(
                "%s: what an update changed is withdrawn, because the bucket has its changes already", record.label
            )
