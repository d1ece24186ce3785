"""A test bench for a ledger: the state engine's bookkeeping and another instance, without any input or output."""

from __future__ import annotations

import json

from ptb_bucket.codecs import open_codec
from ptb_bucket.state import Kind, Metrics, Record, RecordMerger
from ptb_bucket.state.commit import Rebase, prepare
from ptb_bucket.state.commit.attempt import WriterIdentity
from ptb_bucket.state.commit.ledger import Ledger
from ptb_bucket.state.document.document import Document
from ptb_bucket.state.document.header import Header

ADA = Record.user(1)
BO = Record.user(2)
TALK = Record.of_conversation("talk", (1, 1))


def encoded(value) -> bytes | None:
    return None if value is None else json.dumps(value, separators=(",", ":")).encode()


class Bench:
    """A ledger, and another instance that writes the same document."""

    def __init__(self) -> None:
        merger = RecordMerger(open_codec("json", []), defaults={Kind.USER: dict})
        self.ledger = Ledger("state.json", merger, WriterIdentity(), Metrics(), Header("1", "json"))
        self.version = 0

    def etag(self) -> str:
        self.version += 1
        return f"v{self.version}"

    def start(self, value, record=ADA) -> None:
        """Begin with a stored value that PTB has received."""
        self.theirs(value, record)
        self.refresh(record)

    def refresh(self, record=ADA):
        """Give PTB the stored value; return the top layer before and after."""
        rebase = Rebase.plan(self.ledger, record)
        rebase.adopt()
        return tuple(None if layer is None else json.loads(layer) for layer in (rebase.before, rebase.after))

    def theirs(self, value, record=ADA, *, on=None) -> None:
        """Let another instance write, and read its document."""
        before = on or self.ledger.document or Document(Header("1", "json"))
        header = before.header.advanced("them", f"their commit {self.version}")
        self.ledger.loaded(before.changed(header, {record: encoded(value)}), self.etag())

    def stage(self, value, record=ADA) -> None:
        self.ledger.stage(record, encoded(value))

    def commit(self):
        """Send an attempt that succeeds."""
        attempt = prepare(self.ledger)
        if attempt:
            self.ledger.applied(self.etag())
        return attempt

    def stored(self, record=ADA):
        value = self.ledger.stored(record)
        return None if value is None else json.loads(value)

    def top(self, record=ADA):
        value = self.ledger.top(record)
        return None if value is None else json.loads(value)


def crowded(document: Document, crowd: str = "") -> Document:
    """Let so many others write that the document forgets an earlier writer."""
    for number in range(200):
        document = document.changed(document.header.advanced(f"w{crowd}{number}", f"c{crowd}{number}"), {})
    return document
