"""The ledger of one document: stored ← attempt ← staged, and the base of every merge.

Nothing here or in the files beside it (layers, units, preparation, rebase) does input or output. You can
test the rules of the state engine without a store.

* *stored*: the document as it was last read or written, with its ETag.
* *base*: for each record, the last value that PTB received from us, or gave us and we committed.
* *attempt*: a put whose outcome is not known yet, with its *payload*: the staged values that it carries.
* *staged*: the values that ``update_*`` gave us and no attempt carries yet.
* *in doubt*: payload of attempts whose outcome can no longer be found out.

PTB's live objects are the layer above *staged*; the replica merges into them.
"""

from __future__ import annotations

from dataclasses import field
from typing import TYPE_CHECKING, Final

from ptb_bucket._dataclass import dataclass
from ptb_bucket.state.commit.layers import Base, Comparison, InDoubt, Layer, StepMerger
from ptb_bucket.state.commit.occurrences import passed_in
from ptb_bucket.state.commit.units import DocumentUnits, Withheld
from ptb_bucket.state.document import NONE, Fate, has_any
from ptb_bucket.state.records import Kind

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

    from ptb_bucket.errors import PTBBucketError
    from ptb_bucket.state.commit.attempt import Attempt, WriterIdentity
    from ptb_bucket.state.commit.layers import Encoded
    from ptb_bucket.state.commit.metrics import Metrics
    from ptb_bucket.state.document import Document, Header, Unit, UnknownSections
    from ptb_bucket.state.merge import RecordMerger
    from ptb_bucket.state.records import Record

__all__ = ["Ledger"]

_DROPPED: Final = frozenset({Kind.CHAT, Kind.USER, Kind.TIMER})


@dataclass(repr=False)
class Ledger:
    """The layers of one document.

    Args:
        key, merger: The key of the document, and the rules of merging.
        writer: The ID under which commits are made.
        metrics: Counts what happens, and logs it.
        empty: The header of a new document.
        callback_limit: How many keyboards are kept; None for all.
        document, etag: The document as it was last read or written; None if it does not exist.
        failures: The records that could not be merged in the last commit, and why.
        superseded: Our conversation states, while PTB still has them and the bucket's states have replaced them.
        last_commit: The ID of our last commit.
        unloaded: PTB's values were created before the document was read. If both have a value, the bucket's stays.
        withheld: Returns the updates that are not noted as handled.
        unended: Returns those occurrences among some units that are not ended, although their end is staged here.
        dropped: Records that were dropped unloaded or unreadable. All that the bucket has of them is removed.
        returning: Unknown sections that are written if the document lacks them.
        relisted: The units of records that a tool replaces as a whole, and those that have changed the new ones.
    """

    key: str
    merger: RecordMerger
    writer: WriterIdentity
    metrics: Metrics
    empty: Header
    callback_limit: int | None = None
    document: Document | None = None
    etag: str | None = None
    base: Base = field(default_factory=Base)
    attempt: Attempt | None = None
    staged: Layer = field(default_factory=Layer)
    in_doubt: InDoubt = field(default_factory=InDoubt)
    failures: dict[Record, PTBBucketError] = field(default_factory=dict)
    superseded: dict[Record, Encoded] = field(default_factory=dict)
    last_commit: str | None = None
    unloaded: bool = False
    withheld: Callable[[], Withheld] = Withheld
    unended: Callable[[Collection[Unit]], Withheld] = Withheld.nothing
    dropped: set[Record] = field(default_factory=set)
    returning: UnknownSections = field(default_factory=dict)
    relisted: tuple[tuple[Unit, ...], tuple[Unit, ...]] = ((), ())
    units: DocumentUnits = field(init=False)
    steps: StepMerger = field(init=False)
    comparison: Comparison = field(init=False)

    def __post_init__(self) -> None:
        self.units = DocumentUnits(self.merger)
        self.steps = StepMerger(self.merger, self.base, self.dropped)
        self.comparison = Comparison(self.merger)

    # ---------------------------------------------------------------- reading the layers

    @property
    def pending(self) -> set[Record]:
        """The records that are not known to be durable."""
        payload = self.attempt.payload.values if self.attempt else {}
        return {*self.staged.values, *payload, *self.in_doubt.bases}

    @property
    def unsaved_units(self) -> set[Unit]:
        """The units with changes that are not known to be durable."""
        layers = [self.attempt.payload, self.staged] if self.attempt else [self.staged]
        return {unit for layer in layers for steps in layer.steps.values() for step in steps for unit in step.units}

    @property
    def only_drops(self) -> bool:
        """Tell whether the only pending changes are removals of chat and user data, and of their timers."""
        return all(self.top(record) is None and record.kind in _DROPPED for record in self.pending)

    def stored(self, record: Record) -> Encoded:
        """Return the value in the bucket, as far as we know."""
        return None if self.document is None else self.document.get(record)

    def below(self, record: Record) -> Encoded:
        """Return the value that a staged one changed: the attempt's payload if it has the record, else the base.

        Rule "A revert is a change": while an attempt is open, a value that was set back to the base is still a change.
        """
        if self.attempt and record in self.attempt.payload.values:
            return self.attempt.payload.values[record]
        return self.base.get(record)

    def top(self, record: Record) -> Encoded:
        """Return the newest value that PTB received or gave us."""
        return self.staged.values[record] if record in self.staged.values else self.below(record)

    def known_value(self, record: Record) -> Encoded:
        """Return the value that PTB has if nothing in it has changed since. PTB keeps a state that was superseded."""
        return self.superseded[record] if record in self.superseded else self.top(record)

    def is_current(self, record: Record) -> bool:
        """Tell whether PTB has the bucket's version of a record, and nothing of it is in doubt, dropped or withdrawn.

        Rule "Not modified is not up to date": the base is compared with *stored*, even if nothing new was read.
        """
        if self.unloaded or record in self.in_doubt.bases or record in self.dropped or self.withdrawn_in(record):
            return False
        return self.base.get(record) == self.stored(record)

    def merge_base(self, record: Record) -> Encoded:
        """Return the value that a change applies to. Dropping an unloaded record drops all of it in the bucket."""
        return self.repaired(record) if record in self.dropped else self.base.get(record)

    def repaired(self, record: Record, withdrawn: frozenset[Unit] | None = None) -> Encoded:
        """Return *stored* with the changes in doubt that are harmless if applied twice.

        Rule "Repeat only what is safe twice": dict keys and set members are, list elements and counts are not.
        """
        stored = self.stored(record)
        if record not in self.in_doubt.bases:
            return stored
        base, steps = self.in_doubt.bases[record], self.in_doubt.layer.chain(record)
        withdrawn = self.units.withdrawn_in(record, self.withdrawn_units() if withdrawn is None else withdrawn)
        return self.steps.merged(record, base, steps, stored, withdrawn, idempotent=True, unloaded=self.unloaded)

    # ---------------------------------------------------------------- PTB gives a value

    def stage(
        self, record: Record, encoded: Encoded, *, units: Collection[Unit] = (), drop: bool = False,
        unreadable: bool = False,
    ) -> None:  # fmt: skip
        """Take PTB's newest value. A value that changes nothing is not staged.

        Rule "Re-creating is editing": the base does not move when a drop is staged.

        Args:
            record: The record.
            encoded: Its value; None if it is absent or the empty default.
            units: The units that have changed it since the last time.
            drop: Remove the record. For a record that was not loaded, this does more than storing an empty value.
            unreadable: The bucket's version cannot be decoded, so a drop removes it as it is.
        """
        self.superseded.pop(record, None)
        if drop and (self.unloaded or unreadable):
            self.dropped.add(record)
            if self.attempt:
                self.attempt.dropped_since.add(record)
        if units or record in self.staged.steps:
            there = record in self.staged.values and record not in self.dropped
            if there and self.merger.equal(record, encoded, self.staged.values[record]):
                return
            self.units.stage(self.staged, record, units, encoded)
        self.staged.values[record] = encoded
        self.settle(record)

    def settle(self, record: Record) -> None:
        """Unstage a value that changes nothing. Several steps stay even then, because one of them may be withdrawn."""
        staged = self.staged.values
        if record not in staged or record in self.dropped or len(self.staged.steps.get(record, ())) > 1:
            return
        if self.comparison.equal(record, staged[record], self.below(record)):
            self.staged.put(record, ())

    def _settle_all(self) -> None:
        for record in list(self.staged.values):
            self.settle(record)

    # ---------------------------------------------------------------- the outcome of an attempt

    def loaded(self, document: Document, etag: str) -> None:
        """Accept the document that was read. If it shows the fate of the attempt, the attempt ends.

        Rule "An attempt ends with proof": an unchanged ETag proves nothing, because the put may still arrive.
        """
        known = self.attempt is not None and etag != self.attempt.condition
        self.document, self.etag = document, etag
        own = (self.last_commit, self.attempt.commit.id if self.attempt else None)
        if document.header.shared(self.writer.id, own):
            self.writer.rotate_id()
        if known and self.attempt:
            fate = document.header.fate(self.attempt.commit, self.last_commit)
            {Fate.APPLIED: self.applied, Fate.NOT_APPLIED: self.failed, Fate.IN_DOUBT: self._leave_in_doubt}[fate]()

    def swept(self) -> None:
        """Forget an empty document that was removed. From then on, no put that updates it can be applied."""
        self.document = self.etag = None
        if self.attempt:
            self.failed()

    def applied(self, etag: str | None = None) -> None:
        """End an attempt that is in the bucket. With its ETag, it also becomes *stored*.

        Rules "Success clears only the payload" and "Base is what PTB holds": values that were staged meanwhile stay
        staged, and the base moves to the payload, not to what the merge made of it.
        """
        attempt = self._take_attempt()
        self.last_commit = attempt.commit.id
        if etag is not None:
            self.document, self.etag = attempt.document, etag
        self.move_base(attempt.payload.values, attempt.dropped_since)
        self.adopt_timers(attempt.merged.timers)
        self.units.applied(attempt.merged.units)
        self.in_doubt.keep_only(self.failures)
        self._settle_all()
        self.metrics.committed(attempt)

    def failed(self) -> None:
        """End an attempt that will never be in the bucket. Its payload is staged again, below newer values."""
        self.staged.add_below(self._take_attempt().payload)
        self._settle_all()

    def _leave_in_doubt(self) -> None:
        """End an attempt whose outcome cannot be found out. The base moves on, and the next commit makes repairs."""
        attempt = self._take_attempt()
        for record in attempt.payload.values:
            self.in_doubt.add(record, self.merge_base(record), attempt.payload.chain(record))
        self.move_base(attempt.payload.values, attempt.dropped_since)
        self.writer.rotate_id()
        self.metrics.left_in_doubt(self.key, attempt)

    def transfer(self) -> None:
        """Hand all unsaved changes over to another owner. Here they count as saved."""
        self.move_base(self._take_attempt().payload.values if self.attempt else {})
        self.move_base(self.staged.values)
        self.staged, self.in_doubt = Layer(), InDoubt()
        self.writer.rotate_id()  # the attempt may still arrive, under an ID that we no longer use

    def _take_attempt(self) -> Attempt:
        attempt, self.attempt = self.attempt, None
        if attempt is None:
            raise AssertionError(f"No commit of {self.key} is in progress")  # our bug, not one of the caller's data
        return attempt

    def move_base(self, values: Mapping[Record, Encoded], still_dropped: Collection[Record] = ()) -> None:
        """Make these values the base. A value that was merged into an unloaded one leaves the document unloaded."""
        self.dropped -= values.keys() - still_dropped
        for record, encoded in values.items():
            self.base.put(record, encoded)
        if self.unloaded and (data := [record for record in values if record.kind is not Kind.TIMER]):
            self.unloaded = not all(self.merger.equal(one, values[one], self.stored(one)) for one in data)

    def adopt_timers(self, values: Mapping[Record, Encoded]) -> None:
        """Make merged timers the base, where nothing is staged on top. Nobody has a live object of a timer."""
        for record, encoded in values.items():
            if record not in self.staged.values:
                self.base.put(record, encoded)

    # ---------------------------------------------------------------- PTB is given a value

    def withdrawn_units(self) -> frozenset[Unit]:
        """Return the units whose changes in this document are withdrawn."""
        layers = self.layers()
        self.units.passed = passed_in(layers, self.base, self.stored, self.merger.codec.name)
        return self.units.withdrawn(layers, self.document)

    def withdrawn_in(self, record: Record) -> frozenset[Unit]:
        """Return the units whose changes are withdrawn, if one of them has changed this record."""
        chains = [layer.steps[record] for layer in self.layers() if record in layer.steps]
        withdrawn = self.units.withdrawn_in(record, self.withdrawn_units()) if chains else NONE
        return withdrawn if any(has_any(steps, withdrawn) for steps in chains) else NONE

    def layers(self) -> list[Layer]:
        """Return the layers of unsaved values."""
        return [*((self.attempt.payload,) if self.attempt else ()), self.staged, self.in_doubt.layer]
