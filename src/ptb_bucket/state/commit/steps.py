"""The comparison of a record's values, and the merge of its steps, except withdrawn ones, with the bucket's value."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ptb_bucket._dataclass import dataclass
from ptb_bucket.state.document import NONE, UnitStep, has_any, runs

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ptb_bucket.state.commit.layers import Base, Encoded
    from ptb_bucket.state.document import Steps, Unit
    from ptb_bucket.state.merge import RecordMerger
    from ptb_bucket.state.records import Record

__all__ = ["Comparison", "StepMerger"]


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
