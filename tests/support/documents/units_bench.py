"""Instances that handle updates and write one document, by hand and in any order."""

from __future__ import annotations

import copy
from dataclasses import dataclass, field
from typing import Any

from ptb_bucket.codecs import open_codec
from ptb_bucket.state import MISSING, Kind, Metrics, Record, RecordMerger
from ptb_bucket.state.commit import Rebase, prepare
from ptb_bucket.state.commit.attempt import WriterIdentity
from ptb_bucket.state.commit.ledger import Ledger
from ptb_bucket.state.document.document import Document
from ptb_bucket.state.document.header import Header
from support.documents.ledger_bench import ADA, BO, encoded

RECORDS = (ADA, BO)


class Bucket:
    """A bucket with one document, and the puts on their way to it."""

    def __init__(self) -> None:
        first = encoded({"log": [0]})  # or the first two changes would be one: equal first initialisations are
        self.document = Document(Header("1", "json")).changed(Header("1", "json"), dict.fromkeys(RECORDS, first))
        self.version = 1
        self.late: list[Any] = []

    @property
    def etag(self) -> str:
        return f"v{self.version}"

    def put(self, attempt) -> bool:
        if attempt.condition != self.etag:
            return False
        self.document = Document.unpack(attempt.packed(), codec="json", bot_id="1")
        self.version += 1
        return True

    def land(self) -> None:
        late, self.late = self.late, []
        for attempt in late:
            self.put(attempt)

    def log(self, record=ADA) -> list[Any]:
        value = self.document.get(record)
        return [] if value is None else MERGER.decode(record, value).get("log", [])[1:]


MERGER = RecordMerger(open_codec("json", []), defaults={Kind.USER: dict})


@dataclass
class Instance:
    """A bot that changes live data, stages it and sends it, as the replica and the commit loop do."""

    bucket: Bucket
    handled: set[int] = field(default_factory=set)
    lost: set[int] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.ledger = Ledger("state.json", MERGER, WriterIdentity(), Metrics(), Header("1", "json"))
        self.ledger.units.losing = lambda _, units: self.lost.update(units)
        self.live: dict[Record, dict[str, Any]] = {record: {} for record in RECORDS}
        self.refresh()

    def refresh(self) -> None:
        self.read()
        for record in RECORDS:
            rebase = Rebase.plan(self.ledger, record)
            live = MERGER.merge_live(record, rebase.before, self.live[record], rebase.after)
            self.live[record] = {} if live is MISSING else copy.deepcopy(live)
            rebase.adopt()

    def read(self) -> None:
        if self.bucket.etag != self.ledger.etag:
            self.ledger.loaded(self.bucket.document, self.bucket.etag)

    def handle(self, units, *, drops=False) -> None:
        """Add an element for each unit to each record. Units that are staged together cannot be told apart."""
        new = [unit for unit in units if unit not in self.handled]
        self.handled.update(new)
        for record in RECORDS:
            changing = [unit for unit in new if changes(unit, record)]
            for unit in changing:
                self.live[record].setdefault("log", []).append(unit)
            if drops and changing:
                self.live[record] = {}
            self.ledger.stage(record, encoded(self.live[record] or None), units=changing)

    def send(self, *, late=False) -> None:
        attempt = self.ledger.attempt or prepare(self.ledger)
        if attempt is None:
            return
        if late:
            self.bucket.late.append(attempt)
        elif self.bucket.put(attempt):
            self.ledger.applied(self.bucket.etag)

    def settle(self) -> None:
        for _ in range(5):
            self.read()
            self.send()
        assert not self.ledger.pending


def changes(unit: int, record: Record) -> bool:
    return unit % 3 == 0 or RECORDS[unit % 3 - 1] == record
