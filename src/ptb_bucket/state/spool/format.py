"""The format of a spool: the unsaved layers of one document's ledger, as bytes for the next process.

Replaying a spool is not a separate kind of merge. Its layers are put into a new ledger before the document is read. The
ledger then finds out what the old one would have found out, such as that a write of unknown outcome was applied. The
stored field names are older than the names in the code: ``seen`` is the base, ``carried`` the payload, ``unsure`` the
changes in doubt, and ``hollow`` is true if the document was a tombstone.
"""

from __future__ import annotations

import base64
import hashlib
import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, Final

from ptb_bucket._dataclass import dataclass
from ptb_bucket.errors import CorruptDocumentError, NewerDocumentError
from ptb_bucket.state.commit import Attempt, Layer, Merged
from ptb_bucket.state.document import TIMERS, Commit, Document, UnitStep, check_features, check_id
from ptb_bucket.state.records import Kind, Record

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ptb_bucket.state.commit import Ledger
    from ptb_bucket.state.document import Unit

__all__ = ["Origin", "Spooled", "pack", "unpack"]

MAGIC: Final = b"ptb-bucket spool 1 "
MAGIC_WITH_NEEDS: Final = b"ptb-bucket spool 2 "
"""Begins a spool that needs features. Libraries that know no features refuse it, and ask for an upgrade."""


@dataclass(frozen=True)
class Origin:
    """The bot and the document to which changes belong. A spool of another origin is refused."""

    bot_id: str
    layout: str
    codec: str
    document: str


@dataclass(frozen=True, repr=False)
class Spooled:
    """An opened spool."""

    origin: Origin
    data: dict[str, Any]

    @property
    def records(self) -> set[Record]:
        """The records with unsaved changes."""
        return {Record(Kind(kind), record_id) for kind, record_id, _ in self.data["records"]}

    def restore(self, ledger: Ledger) -> None:
        """Put the layers into a ledger that has not read anything yet."""
        ledger.last_commit = self.data["last_commit"]
        ledger.unloaded = self.data["unread"]
        ledger.dropped.update(_records(self.data["dropped"]))
        payload = Layer()
        for kind, record_id, layers in self.data["records"]:
            record = Record(Kind(kind), record_id)
            opened = {name: _bytes(text) for name, text in layers.items()}
            if opened["seen"] is not None:
                ledger.base.put(record, opened["seen"])
            if "staged" in opened:
                ledger.staged.values[record] = opened["staged"]
            if "carried" in opened:
                payload.values[record] = opened["carried"]
            if "unsure" in opened:
                ledger.in_doubt.bases[record] = opened["unsure from"]
                ledger.in_doubt.layer.values[record] = opened["unsure"]
        ledger.attempt = self._attempt(ledger, payload)
        self._restore_steps(ledger)

    def _restore_steps(self, ledger: Ledger) -> None:
        """Restore the units that made the changes. Older spools do not name them."""
        ledger.units.applied(self.data.get("applied", ()))
        chains = {"staged": ledger.staged.steps, "unsure": ledger.in_doubt.layer.steps}
        if ledger.attempt:
            chains["carried"] = ledger.attempt.payload.steps
            ledger.attempt.merged.units = dict.fromkeys(self.data.get("sent", ()))
        for layer, kind, record_id, steps in self.data.get("steps", ()):
            record = Record(Kind(kind), record_id)
            chains[layer][record] = tuple(UnitStep(frozenset(units), _bytes(text)) for units, text in steps)

    def _attempt(self, ledger: Ledger, payload: Layer) -> Attempt | None:
        attempt = self.data["attempt"]
        if attempt is None:
            return None
        body = base64.b64decode(attempt["body"])
        document = Document.unpack(body, codec=ledger.empty.codec, bot_id=ledger.empty.bot_id)
        return Attempt(
            Commit(*attempt["commit"]), attempt["condition"], document, payload, Merged(),
            unclear=attempt["unclear"], dropped_since=_records(attempt["dropped since"]), body=body,
        )  # fmt: skip


def pack(ledger: Ledger, origin: Origin) -> bytes:
    """Return the bytes of all changes in a ledger that are not known to be durable, with their base."""
    attempt = ledger.attempt
    data: dict[str, Any] = {
        "origin": asdict(origin),
        "etag": ledger.etag,
        "hollow": ledger.document is not None and ledger.document.is_tombstone,
        "last_commit": ledger.last_commit,
        "unread": ledger.unloaded,
        "dropped": _names(ledger.dropped),
        "records": [[record.kind.value, record.id, _layers(ledger, record)] for record in sorted(ledger.pending)],
        "attempt": attempt
        and {
            "commit": list(attempt.commit),
            "condition": attempt.condition,
            "body": _text(attempt.packed()),
            "unclear": attempt.unclear,
            "dropped since": _names(attempt.dropped_since),
        },
    }
    data.update(_steps(ledger))
    if needs := _needs(ledger):
        data["needs"] = sorted(needs)
    body = json.dumps(data).encode()
    return (MAGIC_WITH_NEEDS if needs else MAGIC) + hashlib.sha256(body).hexdigest().encode() + b"\n" + body


def _steps(ledger: Ledger) -> dict[str, Any]:
    """Return the units that made the changes, if any were named."""
    chains = {"staged": ledger.staged.steps, "unsure": ledger.in_doubt.layer.steps}
    sent: Iterable[Unit] = ()
    if ledger.attempt:
        chains["carried"], sent = ledger.attempt.payload.steps, ledger.attempt.merged.units
    steps = [
        [layer, record.kind.value, record.id, [[list(units), _text(value)] for units, value in chain]]
        for layer, found in chains.items()
        for record, chain in sorted(found.items())
    ]
    return {"steps": steps, "sent": list(sent), "applied": list(ledger.units.own)} if steps else {}


def _needs(ledger: Ledger) -> frozenset[str]:
    """Return the features that the records need. An attempt's document lists its own features."""
    features = ledger.merger.codec.features
    layers = (_raw_layers(ledger, record) for record in ledger.pending)
    values = [value for found in layers for value in found.values() if value is not None]
    carried = ledger.attempt.document.header.needs if ledger.attempt else frozenset()
    timers = any(record.kind is Kind.TIMER for record in ledger.pending)
    return carried.union(*map(features, values), {TIMERS} if timers else ())


def _layers(ledger: Ledger, record: Record) -> dict[str, str | None]:
    return {name: _text(value) for name, value in _raw_layers(ledger, record).items()}


def _raw_layers(ledger: Ledger, record: Record) -> dict[str, bytes | None]:
    layers = {"seen": ledger.base.get(record)}
    if record in ledger.staged.values:
        layers["staged"] = ledger.staged.values[record]
    if ledger.attempt and record in ledger.attempt.payload.values:
        layers["carried"] = ledger.attempt.payload.values[record]
    if record in ledger.in_doubt.bases:
        layers["unsure from"] = ledger.in_doubt.bases[record]
        layers["unsure"] = ledger.in_doubt.layer.values[record]
    return layers


def unpack(data: bytes) -> Spooled:
    """Open the bytes that :func:`pack` returned.

    Raises:
        CorruptDocumentError: It is not a spool, or it is damaged.
        NewerDocumentError: A newer ptb-bucket wrote it.
    """
    first, _, body = data.partition(b"\n")
    magic = first[: len(MAGIC)]
    if magic.startswith(MAGIC[:-2]) and magic not in (MAGIC, MAGIC_WITH_NEEDS):
        raise NewerDocumentError("the file format is too new for this version of ptb-bucket")
    if first != magic + hashlib.sha256(body).hexdigest().encode() or magic not in (MAGIC, MAGIC_WITH_NEEDS):
        raise CorruptDocumentError("the file is damaged or is not a ptb-bucket spool file")
    opened = json.loads(body)
    try:
        check_features(opened.get("needs", []))
        spooled = Spooled(Origin(**opened["origin"]), opened)
        for record in spooled.records | _records(opened["dropped"]):
            check_id(record)
    except (KeyError, TypeError, ValueError) as error:
        raise CorruptDocumentError("the file is not a valid ptb-bucket spool file") from error
    return spooled


def _names(records: Iterable[Record]) -> list[list[str]]:
    return [[record.kind.value, record.id] for record in sorted(records)]


def _records(names: Iterable[list[str]]) -> set[Record]:
    return {Record(Kind(kind), record_id) for kind, record_id in names}


def _text(value: bytes | None) -> str | None:
    return None if value is None else base64.b64encode(value).decode()


def _bytes(text: str | None) -> bytes | None:
    return None if text is None else base64.b64decode(text)
