"""Rebases: when PTB loads a value, its base moves to the stored value, and the layers above move with it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ptb_bucket._dataclass import dataclass
from ptb_bucket.state.commit.layers import Layer
from ptb_bucket.state.document import NONE
from ptb_bucket.state.records import Kind

if TYPE_CHECKING:
    from ptb_bucket.state.commit.layers import Encoded
    from ptb_bucket.state.commit.ledger import Ledger
    from ptb_bucket.state.document import Steps, Unit
    from ptb_bucket.state.records import Record

__all__ = ["Rebase"]


@dataclass(frozen=True, repr=False)
class Rebase:
    """A move of the base of one record to *stored*.

    Args:
        ledger: The ledger of its document.
        record: The record.
        before: The top layer before the move.
        after: The top layer after it.
        base: The new base.
        withdrawn: The units whose steps are withdrawn.
        payload: The new steps of the attempt's payload; none if it does not change.
        staged: The new staged steps; none if they do not change.
    """

    ledger: Ledger
    record: Record
    before: Encoded
    after: Encoded
    base: Encoded
    withdrawn: frozenset[Unit] = NONE
    payload: Steps = ()
    staged: Steps = ()

    @classmethod
    def plan(cls, ledger: Ledger, record: Record) -> Rebase:
        """Return a plan of the move, without changing anything.

        Rules "Rebase in order" and "Not modified is not up to date": each layer is rebased on the one below it, the
        payload before the staged value; and the base is compared with *stored* even if nothing was read.
        """
        withdrawn = ledger.withdrawn_in(record)
        old, top, stored = ledger.merge_base(record), ledger.top(record), ledger.repaired(record)
        if old == stored and not withdrawn:
            return cls(ledger, record, top, top, stored)
        new, moved = stored, []
        for layer in (ledger.attempt.payload if ledger.attempt else Layer(), ledger.staged):
            steps = layer.chain(record)
            if steps:
                steps = ledger.steps.rebased(record, old, steps, new, withdrawn, unloaded=ledger.unloaded)
                old, new = layer.values[record], steps[-1].value
            moved.append(steps)
        return cls(ledger, record, top, new, stored, withdrawn, *moved)

    def adopt(self) -> None:
        """Move the layers, after PTB's live object has become what ``after`` holds."""
        ledger, record = self.ledger, self.record
        if record.kind is not Kind.TIMER:  # it shares a document with data that PTB may not have loaded
            ledger.unloaded = False
        # A drop of an unloaded record drops all that is there then.
        ledger.move_base({record: self.base}, ledger.dropped)
        if record in ledger.in_doubt.bases:
            ledger.in_doubt.rebase(record, ledger.stored(record), self.base, self.withdrawn)
        ledger.superseded.pop(record, None)
        if self.withdrawn:
            self._withdraw()
        if self.payload and ledger.attempt:
            ledger.attempt.payload.put(record, self.payload)
        if self.staged:
            ledger.staged.put(record, self.staged)
            ledger.settle(record)

    def _withdraw(self) -> None:
        """Note the steps that are withdrawn."""
        ledger, record = self.ledger, self.record
        for layer in ledger.layers():
            ledger.units.lose(record, layer.steps.get(record, ()), self.withdrawn, ledger.document)
        ledger.metrics.withdrawn_from([record])
        if not (ledger.steps.drops(record, self.payload) or ledger.steps.drops(record, self.staged)):
            ledger.dropped.discard(record)
