"""The layers of unsaved values, and the merge of their steps, except withdrawn ones, with the bucket's values.

The layers are staged values, the payload of an attempt, and changes in doubt.
"""

from __future__ import annotations

from dataclasses import field
from typing import TYPE_CHECKING, Any, Final

from ptb_bucket._dataclass import dataclass
from ptb_bucket.state.document import NONE, UnitStep, has_any, joined, keep, runs

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from ptb_bucket.state.document import Steps, Unit
    from ptb_bucket.state.merge import RecordMerger
    from ptb_bucket.state.records import Kind, Record

__all__ = ["Base", "Comparison", "Encoded", "InDoubt", "Layer", "StepMerger"]

Encoded = bytes | None
"""A record's value; None if the record is absent or the empty default."""

_NOTHING: Final[dict[Record, bytes]] = {}


class Base:
    """The base of each record, found also by kind: most questions are about one kind, and another may have many."""

    def __init__(self) -> None:
        self._kinds: dict[Kind, dict[Record, bytes]] = {}

    def get(self, record: Record) -> Encoded:
        """Return the base of a record; None if it has none."""
        return self._kinds.get(record.kind, _NOTHING).get(record)

    def put(self, record: Record, value: Encoded) -> None:
        """Set the base of a record; None removes it."""
        if value is not None:
            self._kinds.setdefault(record.kind, {})[record] = value
        elif record.kind in self._kinds:
            self._kinds[record.kind].pop(record, None)

    def has_any(self, records: Collection[Record]) -> bool:
        """Tell whether one of these records has a base."""
        return any(self.get(record) is not None for record in records)

    def of(self, kind: Kind) -> Iterable[Record]:
        """Return the records of one kind that have a base."""
        return self._kinds.get(kind, _NOTHING)


@dataclass(repr=False)
class Layer:
    """Unsaved values, and the units that made them.

    Args:
        values: The value of each record in this layer.
        steps: The steps of those records that units have changed. The last step of a record is its value.
    """

    values: dict[Record, Encoded] = field(default_factory=dict)
    steps: dict[Record, Steps] = field(default_factory=dict)

    def chain(self, record: Record) -> Steps:
        """Return the steps of a record: one without units if no unit is known, none if the layer lacks the record."""
        return self.steps.get(record) or ((UnitStep(NONE, self.values[record]),) if record in self.values else ())

    def put(self, record: Record, steps: Steps) -> None:
        """Set the steps of a record, and its value with them. No steps remove the record."""
        keep(self.steps, record, steps)
        if steps:
            self.values[record] = steps[-1].value
        else:
            self.values.pop(record, None)

    def add_below(self, lower: Layer) -> None:
        """Add the values of an older layer, below the values that are here."""
        for record in lower.steps.keys() | (self.steps.keys() & lower.values.keys()):
            keep(self.steps, record, joined(lower.chain(record), self.chain(record)))
        self.values = {**lower.values, **self.values}

    def keep_only(self, records: Collection[Record]) -> None:
        """Remove all other records."""
        self.values = {record: value for record, value in self.values.items() if record in records}
        self.steps = {record: steps for record, steps in self.steps.items() if record in records}


@dataclass(repr=False)
class InDoubt:
    """Changes of attempts that the bucket may or may not have applied, each with the value that it changed."""

    bases: dict[Record, Encoded] = field(default_factory=dict)
    layer: Layer = field(default_factory=Layer)

    def add(self, record: Record, base: Encoded, steps: Steps) -> None:
        """Add a change. If the record is in doubt already, the change goes on top, and the older base stays."""
        if record in self.bases:
            steps = joined(self.layer.chain(record), steps)
        else:
            self.bases[record] = base
        self.layer.put(record, steps)

    def rebase(self, record: Record, base: Encoded, value: Encoded, withdrawn: frozenset[Unit]) -> None:
        """Move a change to a new base, as one step. This keeps it from repeating changes of others that PTB now has."""
        units = {unit for step in self.layer.steps.get(record, ()) for unit in step.units}
        self.bases[record] = base
        self.layer.put(record, (UnitStep(frozenset(units - withdrawn), value),))

    def keep_only(self, records: Collection[Record]) -> None:
        """Forget all other records. Their changes have been repaired, or another process repairs them."""
        if self.bases:
            self.bases = {record: base for record, base in self.bases.items() if record in records}
            self.layer.keep_only(records)


class Comparison:
    """Comparisons of one document's values. Each pair of values is decoded and compared once per commit.

    Args:
        merger: Knows which encodings stand for equal values.
    """

    def __init__(self, merger: RecordMerger) -> None:
        self._merger = merger
        self._unequal: dict[Record, tuple[Encoded, Encoded]] = {}

    def equal(self, record: Record, one: Encoded, other: Encoded) -> bool:
        """Tell whether two encodings stand for the same value."""
        if self._unequal.get(record) == (one, other):
            return False
        equal = self._merger.equal(record, one, other)
        if not equal:
            self._unequal[record] = one, other
        return equal

    def forget(self) -> None:
        """Forget all pairs. Until then, they are in memory as the ledger's staged and stored values, too."""
        self._unequal = {}


@dataclass(repr=False)
class StepMerger:
    """The merge of one document's records, step by step.

    Args:
        merger: The rules of merging.
        base: For each record, the last value that PTB received from us, or gave us and we committed.
        dropped: Records that were dropped without having been loaded. The bucket's version is removed as it is.
    """

    merger: RecordMerger
    base: Base
    dropped: set[Record]

    def merged(
        self, record: Record, base: Encoded, steps: Steps, theirs: Encoded, withdrawn: frozenset[Unit], **how: Any
    ) -> Encoded:
        """Return the value of a record after merging its steps with the value in the bucket.

        Args:
            record: The record.
            base: The value that the first step changed.
            steps: The steps, without removing those that are withdrawn.
            theirs: The value in the bucket.
            withdrawn: The units whose steps are withdrawn.
            how: Further arguments of :meth:`~ptb_bucket.state.merge.RecordMerger.merge`.
        """
        if not has_any(steps, withdrawn):
            return self.merger.merge(record, base, steps[-1].value, theirs, **how)
        for run in runs(self.base.get(record) if record in self.dropped else base, steps, withdrawn):
            low = theirs if self.drops(record, run.steps) else run.base
            theirs = self.merger.merge(record, low, run.steps[-1].value, theirs, **how)
        return theirs

    def rebased(
        self, record: Record, old: Encoded, steps: Steps, new: Encoded, withdrawn: frozenset[Unit], **how: Any
    ) -> Steps:
        """Return the steps that stay, each applied on top of the value in the bucket.

        Args:
            record: The record.
            old: The value that the first step changed.
            steps: The steps, without removing those that are withdrawn.
            new: The value that it is to change instead.
            withdrawn: The units whose steps are withdrawn.
            how: Further arguments of :meth:`~ptb_bucket.state.merge.RecordMerger.merge`.
        """
        moved: list[UnitStep] = []
        for run in runs(self.base.get(record) if withdrawn and record in self.dropped else old, steps, withdrawn):
            theirs = moved[-1].value if moved else new
            low = theirs if withdrawn and self.drops(record, run.steps) else run.base
            for units, value in run.steps:
                moved.append(UnitStep(units, self.merger.merge(record, low, value, theirs, **how)))
        return tuple(moved) or (UnitStep(NONE, new),)

    def drops(self, record: Record, steps: Iterable[UnitStep]) -> bool:
        """Tell whether one of these steps drops a record that was not loaded, and so all of it in the bucket."""
        return record in self.dropped and any(step.value is None for step in steps)
