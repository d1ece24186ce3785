"""The preparation of attempts: staged values are merged with stored ones into the next version of the document."""

from __future__ import annotations

import os
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from ptb_bucket.errors import PTBBucketError
from ptb_bucket.state.commit.attempt import Attempt, Merged
from ptb_bucket.state.commit.layers import Layer
from ptb_bucket.state.commit.occurrences import OwnSteps, own_units
from ptb_bucket.state.commit.units import Withheld
from ptb_bucket.state.document import NONE, Document, UnitStep, has_any, keep
from ptb_bucket.state.merge import drop_blocked, merge_failed
from ptb_bucket.state.records import HANDLED, Kind

if TYPE_CHECKING:
    from ptb_bucket.state.commit.layers import Encoded
    from ptb_bucket.state.commit.ledger import Ledger
    from ptb_bucket.state.document import Steps, Unit, UnknownSections
    from ptb_bucket.state.merge import Decision
    from ptb_bucket.state.records import Record

__all__ = ["prepare", "withhold"]

_LATE: Final = {Kind.TIMER: 1, Kind.UPDATES: 2}
"""Kinds that are merged after the others, in this order: what is noted in them depends on what cannot be merged."""


def prepare(ledger: Ledger) -> Attempt | None:
    """Merge staged values with stored ones, and move them into an attempt.

    A record that cannot be merged stays staged and is named in ``ledger.failures``. The others do not wait for it.

    Returns:
        The attempt, which the ledger now has; None if nothing needs to be written.
    """
    return Preparation(ledger).run()


def withhold(ledger: Ledger) -> None:
    """Note only those updates as handled, and end only those occurrences, whose effects are in this document."""
    staged = ledger.staged.values
    if HANDLED in staged:
        staged[HANDLED] = ledger.merger.without_updates(staged[HANDLED], _withheld_here(ledger).any)
        ledger.settle(HANDLED)
    for record, steps in list(ledger.staged.steps.items()):
        if own := own_units(record, steps):
            ledger.staged.put(record, OwnSteps.sort(steps, NONE, ledger.unended(own).any).now)


def _turn(record: Record) -> int:
    return _LATE.get(record.kind, 0)


def _withheld_here(ledger: Ledger) -> Withheld:
    """Return our new updates to withhold. Updates that the bucket lists were noted by another instance."""
    found = ledger.withheld()
    noted = ledger.merger.updates(ledger.base.get(HANDLED)) if found.any else ()
    return Withheld(found.never.difference(noted), found.later.difference(noted))


class Preparation:
    """The preparation of one attempt.

    Args:
        ledger: The document's ledger. It has no attempt.
    """

    def __init__(self, ledger: Ledger) -> None:
        self.ledger = ledger
        self.merged = Merged(withdrawn_units=ledger.withdrawn_units())

    def run(self) -> Attempt | None:
        """Prepare the attempt; see :func:`prepare`."""
        ledger, merged = self.ledger, self.merged
        ledger.failures = {}
        for record in sorted({**ledger.staged.values, **ledger.in_doubt.bases}, key=_turn):
            self._merge_or_note(record)
        ledger.comparison.forget()
        self._keep_chats()
        waiting = {record for record in merged.left if record not in merged.base}
        good = (record for record in ledger.staged.values if record not in ledger.failures and record not in waiting)
        payload = {record: merged.base.get(record, ledger.staged.values[record]) for record in good}
        if merged.changes or self._missing() or self._relists():
            ledger.attempt = self._attempt(payload)
        else:
            self._nothing_to_write(payload)
        ledger.staged.keep_only(ledger.failures)
        for record, steps in merged.left.items():
            if record in ledger.failures:
                continue
            ledger.staged.values[record] = steps[-1].value
            keep(ledger.staged.steps, record, steps)
        if not ledger.attempt:
            ledger.adopt_timers({record: value for record, value in merged.timers.items() if record in payload})
        return ledger.attempt

    def _merge_or_note(self, record: Record) -> None:
        try:
            self._merge(record)
        except PTBBucketError as error:
            self.ledger.failures[record] = error
        except Exception as error:  # noqa: BLE001  the bot's own code may raise anything; the caller of the commit gets it
            self.ledger.failures[record] = merge_failed(error, record)

    def _merge(self, record: Record) -> None:
        ledger, merged = self.ledger, self.merged
        base, ours, stored = ledger.merge_base(record), ledger.top(record), ledger.stored(record)
        theirs = ledger.repaired(record, merged.withdrawn_units) if record in ledger.in_doubt.bases else stored
        if record == HANDLED:
            ours = self._without_withheld(ours)
        decided: list[Decision] = []
        steps = ledger.staged.steps.get(record) or (UnitStep(NONE, ours),)
        withdrawn = ledger.units.withdrawn_in(record, merged.withdrawn_units)
        if record.kind is Kind.TIMER:
            steps, never = self._own_steps(record, steps)
            withdrawn |= never
        result = (
            ledger.steps.merged(record, base, steps, theirs, withdrawn, decided=decided, unloaded=ledger.unloaded)
            if steps
            else theirs
        )
        merged.decided += decided
        if record in ledger.staged.steps or record in ledger.in_doubt.layer.steps:
            self._note_units(record, steps, withdrawn)
        if ledger.unloaded and base is None and theirs is not None and record.kind is not Kind.TIMER:
            merged.unloaded.add(record)
        if base not in (ours, theirs):
            merged.records.add(record)
        if record.kind is Kind.CONVERSATION:
            self._settle_conversation(record, ours, result)
        if record.kind is Kind.TIMER:
            merged.timers[record] = result
        if not ledger.comparison.equal(record, result, stored):
            merged.changes[record] = result

    def _settle_conversation(self, record: Record, ours: Encoded, result: Encoded) -> None:
        """Make the result the base, no matter whether it is our state or the bucket's.

        Rule "Conversation states are not merged": only one change is superseded, and not all later ones too.
        """
        self.merged.base[record] = result
        if not self.ledger.merger.equal(record, result, ours):
            self.ledger.superseded[record] = ours

    def _own_steps(self, record: Record, steps: Steps) -> tuple[Steps, frozenset[Unit]]:
        """Return the steps of a timer to merge now, and the occurrences whose end is left out of them.

        Rule "An occurrence ends after its effects": the end of an occurrence whose effects are not durable stays
        staged. If they cannot be saved, it is left out, so that the occurrence is run again.
        """
        own = own_units(record, steps)
        if not own:
            return steps, NONE
        unended = self.ledger.unended(own)
        sorted_steps = OwnSteps.sort(steps, unended.never, unended.later)
        if sorted_steps.later:
            self.merged.left[record] = sorted_steps.later
            if sorted_steps.now:
                self.merged.kept[record] = sorted_steps.now
                self.merged.base[record] = sorted_steps.now[-1].value
        return sorted_steps.now, sorted_steps.never

    def _note_units(self, record: Record, steps: Steps, withdrawn: frozenset[Unit]) -> None:
        """Note the units whose steps are written, and those of repeated changes: no change may be applied twice."""
        ledger, merged = self.ledger, self.merged
        chain = (*ledger.in_doubt.layer.steps.get(record, ()), *steps)
        if has_any(chain, ledger.units.withdrawn_in(record, merged.withdrawn_units)):
            merged.withdrawn.add(record)
            ledger.units.lose(record, chain, merged.withdrawn_units, ledger.document)
        for step in chain:
            if step.units.isdisjoint(withdrawn):
                units = (unit for unit in step.units if unit not in ledger.units.running)
                merged.units.update(dict.fromkeys(sorted(units, key=str)))  # not in the order of their hashes

    def _without_withheld(self, ours: Encoded) -> Encoded:
        """Return the handled updates without the withheld ones. Updates that cannot be noted yet stay staged."""
        found = _withheld_here(self.ledger)
        kept = self.ledger.merger.without_updates(ours, found.never) if found.never else ours
        now = self.ledger.merger.without_updates(kept, found.later) if found.later else kept
        if now != ours:
            self.merged.base[HANDLED] = now
        if now != kept:
            self.merged.left[HANDLED] = (UnitStep(NONE, kept),)
        return now

    def _keep_chats(self) -> None:
        """Keep dropped chats while another chat's record cannot be saved: it may be the same chat under its new ID."""
        failures, changes = self.ledger.failures, self.merged.changes
        failed = next((record for record in failures if record.kind is Kind.CHAT), None)
        if failed is None:
            return
        for record in [one for one, value in changes.items() if value is None and one.kind is Kind.CHAT]:
            del changes[record]
            failures[record] = drop_blocked(record, failed, failures[failed])

    def _nothing_to_write(self, payload: dict[Record, Encoded]) -> None:
        """Finish without an attempt: the bucket already has all changes, or has superseded them."""
        ledger = self.ledger
        ledger.metrics.decided(self.merged.decided)
        ledger.metrics.unloaded(self.merged.unloaded)
        ledger.metrics.withdrawn_from(self.merged.withdrawn)
        ledger.move_base(payload)
        ledger.in_doubt.keep_only(ledger.failures)

    # ---------------------------------------------------------------- the next version of the document

    def _attempt(self, payload: dict[Record, Encoded]) -> Attempt:
        ledger, changes = self.ledger, self.merged.changes
        before = ledger.document or Document(ledger.empty)
        header = before.header.advanced(ledger.writer.id, os.urandom(8).hex()).relisting(*ledger.relisted)
        features = ledger.merger.codec.features
        document = before.changed(header, changes, features)
        over = self._keyboards_over_the_limit(document)
        document = document.changed(header, over, features) if over else document
        document = self._listing_units(document.holding(self._missing()))
        return Attempt(header.commits[0], ledger.etag, document, self._layer(payload), self.merged)

    def _keyboards_over_the_limit(self, document: Document) -> dict[Record, Encoded]:
        limit = self.ledger.callback_limit
        if limit is None:
            return {}
        from ptb_bucket.state.merge import trim_callback_data  # noqa: PLC0415  few bots have callback data

        return trim_callback_data(document, limit, self.ledger.merger, self.merged.changes)

    def _layer(self, payload: dict[Record, Encoded]) -> Layer:
        """Return the payload with its steps; a value that is superseded has none."""
        staged, kept = self.ledger.staged.steps, self.merged.kept
        steps = {record: kept.get(record) or staged.get(record, ()) for record in payload}
        return Layer(payload, {one: chain for one, chain in steps.items() if chain and chain[-1].value == payload[one]})

    def _relists(self) -> bool:
        """Tell whether a tool has asked to list units no more, and the document still lists them."""
        gone, listed = self.ledger.relisted
        units = self.ledger.document.header.units if self.ledger.document else ()
        return not {*gone}.difference(listed).isdisjoint(units)

    def _listing_units(self, document: Document) -> Document:
        """Return the document with its units in the header, except units with a change that could not be merged."""
        ledger, units = self.ledger, self.merged.units
        if not units:
            return document
        layers = ledger.staged, ledger.in_doubt.layer
        chains = (layer.steps.get(record, ()) for layer in layers for record in ledger.failures)
        for unit in {unit for steps in chains for step in steps for unit in step.units}:
            units.pop(unit, None)
        handled = ledger.units.handled_in(document)
        new = [unit for unit in units if unit not in handled]
        return replace(document, header=document.header.noting(new, ledger.units.limit))

    def _missing(self) -> UnknownSections:
        """Return the unknown sections that are to return and that the document lacks."""
        known = self.ledger.document.unknown if self.ledger.document else {}
        return {name: section for name, section in self.ledger.returning.items() if name not in known}
