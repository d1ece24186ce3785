"""What this instance knows of one document: stored ← attempt ← staged, and seen, the base of every merge.

No input and output happens here, so that every rule of the state engine can be read, and tested, in one place.

* *stored*: the document as last read or written, with its ETag.
* *seen*: for each record, what PTB was last given, or last gave us and we committed.
* *attempt*: one put that was sent and whose fate is not known yet, with the staged values that it carries
  (``_attempt.py``).
* *staged*: what ``update_*`` gave and no attempt carries yet.

PTB's live objects are the layer above staged; the replica merges into them.
"""

from __future__ import annotations

import os
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, NamedTuple

from ptb_bucket.errors import PTBBucketError
from ptb_bucket.state.commit.attempt import Attempt, Encoded, Merged
from ptb_bucket.state.document import (
    AGAIN,
    NONE,
    Document,
    Fate,
    Header,
    Step,
    Values,
    Work,
    caught_with,
    has_any,
    joined,
    keep,
    runs,
)
from ptb_bucket.state.merge import drop_blocked, merge_failed, trim_callback_data
from ptb_bucket.state.records import HANDLED, Kind

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence

    from ptb_bucket.state.commit.attempt import Writer
    from ptb_bucket.state.commit.metrics import Journal
    from ptb_bucket.state.document import Steps, Unit, UnknownSections
    from ptb_bucket.state.merge import Decision, RecordMerger
    from ptb_bucket.state.records import Record

__all__ = ["Ledger", "Withheld"]


class Withheld(NamedTuple):
    """Updates that are not noted as handled: never, because they have to come again, or not yet."""

    never: frozenset[Unit] = NONE
    later: frozenset[Unit] = NONE


@dataclass(frozen=True, repr=False)
class Rebase:
    """A move of seen to stored: the top layer before and after it, the new seen, and the layers that change."""

    before: Encoded
    after: Encoded
    seen: Encoded
    layers: dict[str, Steps]
    caught: frozenset[Unit] = NONE  # units whose steps are withdrawn


@dataclass(repr=False)
class Ledger:
    """The layers of one document."""

    key: str
    merger: RecordMerger
    writer: Writer
    journal: Journal
    empty: Header
    callback_limit: int | None = None
    document: Document | None = None
    etag: str | None = None
    seen: Values = field(default_factory=Values)
    staged: dict[Record, Encoded] = field(default_factory=dict)
    attempt: Attempt | None = None
    unsure: dict[Record, tuple[Encoded, Encoded]] = field(default_factory=dict)
    failures: dict[Record, PTBBucketError] = field(default_factory=dict)
    gave_way: dict[Record, Encoded] = field(default_factory=dict)
    last_commit: str | None = None
    unread: bool = False  # what PTB has was made before anybody looked: where both have something, the bucket's stays
    withheld: Callable[[], Withheld] = Withheld  # updates that are not noted as handled, or not yet
    work: Work = field(default_factory=Work)  # which units have made the changes
    noted: tuple[Encoded, frozenset[Unit]] = (None, NONE)  # handled updates, as they were decoded last
    dropped: set[Record] = field(default_factory=set)  # unread or unreadable, and removed whatever the bucket has
    returning: UnknownSections = field(default_factory=dict)  # unknown sections, where the bucket has none such

    # ---------------------------------------------------------------- reading the layers

    @property
    def pending(self) -> set[Record]:
        """Records that are not known to be durable."""
        carried = self.attempt.carried if self.attempt else {}
        return {*self.staged, *carried, *self.unsure}

    @property
    def units(self) -> set[Unit]:
        """Units of which something is not known to be durable."""
        chains = [*self.work.staged.values(), *(self.attempt.steps.values() if self.attempt else ())]
        return {unit for steps in chains for step in steps for unit in step.units}

    def stored(self, record: Record) -> Encoded:
        """What the bucket holds, as far as we know."""
        return None if self.document is None else self.document.get(record)

    def below(self, record: Record) -> Encoded:
        """What a staged value is a change of: what the attempt carries, else seen (rule 5)."""
        if self.attempt and record in self.attempt.carried:
            return self.attempt.carried[record]
        return self.seen.get(record)

    def top(self, record: Record) -> Encoded:
        """The newest value that PTB was given or gave us."""
        return self.staged[record] if record in self.staged else self.below(record)

    def held(self, record: Record) -> Encoded:
        """What PTB has, if it has changed nothing since: a conversation that gave way is one that PTB still goes on."""
        return self.gave_way[record] if record in self.gave_way else self.top(record)

    # ---------------------------------------------------------------- PTB gives a value

    @property
    def is_hollow(self) -> bool:
        """Whether there is a document with nothing in it: all of it was dropped."""
        return self.document is not None and self.document.is_hollow

    @property
    def only_drops(self) -> bool:
        """Whether all that is pending is somebody's data that is to be removed."""
        return all(self.top(record) is None and record.kind in (Kind.CHAT, Kind.USER) for record in self.pending)

    def stage(
        self, record: Record, encoded: Encoded, *, units: Collection[Unit] = (), drop: bool = False,
        unreadable: bool = False,
    ) -> None:  # fmt: skip
        """Take PTB's newest value; one that changes nothing is not staged.

        Args:
            record: Which one.
            encoded: Its value, None where it is absent or the empty default.
            units: What has changed it since the last time.
            drop: It is to be removed, which is more than to be empty where nobody has looked what there is.
            unreadable: The bucket's version cannot be decoded, so a drop removes it as it is.
        """
        self.gave_way.pop(record, None)
        if drop and (self.unread or unreadable):
            self.dropped.add(record)
            if self.attempt:
                self.attempt.dropped_since.add(record)
        if units or record in self.work.staged:
            if self._is_staged_already(record, encoded):
                return
            self.work.stage(record, _steps(record, self.staged, {}), Step(frozenset(units), encoded))
        self.staged[record] = encoded
        self._settle(record)

    def _is_staged_already(self, record: Record, encoded: Encoded) -> bool:
        if record not in self.staged or record in self.dropped:
            return False
        return self.merger.equal(record, encoded, self.staged[record])

    def _settle(self, record: Record) -> None:
        """Unstage what changes nothing. Several steps may do so together, and not without one that is withdrawn."""
        if record in self.dropped or len(self.work.staged.get(record, ())) > 1:
            return
        if record in self.staged and self.merger.equal(record, self.staged[record], self.below(record)):
            self._put_staged(record, ())

    def _put_staged(self, record: Record, steps: Steps) -> None:
        keep(self.work.staged, record, steps)
        if steps:
            self.staged[record] = steps[-1].value
        else:
            self.staged.pop(record, None)

    # ---------------------------------------------------------------- units that others have applied

    def _caught(self) -> frozenset[Unit]:
        """The units whose changes here are withdrawn: what others have applied, and what cannot be told from it."""
        chains = [*self.work.staged.values(), *self.work.unsure.values()]
        chains += self.attempt.steps.values() if self.attempt else ()
        return caught_with(chains, {AGAIN, *self._theirs(), *self.work.lost}) if chains else NONE

    def _theirs(self) -> set[Unit]:
        """The units that the bucket has, and that we have not applied."""
        return {unit for unit in self._listed(self.document) if unit not in self.work.own}

    def _listed(self, document: Document | None) -> set[Unit]:
        """The units that a document lists. Handled updates that it holds are among them."""
        return {*document.header.units, *self._noted_in(document)} if document else set()

    def _noted_in(self, document: Document) -> frozenset[Unit]:
        encoded = document.get(HANDLED)
        if encoded != self.noted[0]:
            self.noted = encoded, NONE
            with suppress(PTBBucketError):  # whoever merges or needs that record is told
                self.noted = encoded, frozenset(self.merger.updates(encoded))
        return self.noted[1]

    def _lose(self, record: Record, steps: Iterable[Step], caught: frozenset[Unit]) -> None:
        lost = caught - self._theirs()
        if lost:
            self.work.lose(record, steps, lost)

    def _on_top(
        self, record: Record, base: Encoded, steps: Steps, theirs: Encoded, caught: frozenset[Unit], **how: Any
    ) -> Encoded:
        """Merge a record's steps with what the bucket has, without those that are withdrawn."""
        if not has_any(steps, caught):
            return self.merger.merge(record, base, steps[-1].value, theirs, unread=self.unread, **how)
        for run in runs(self.seen.get(record) if record in self.dropped else base, steps, caught):
            low = theirs if self._drops(record, run.steps) else run.base
            theirs = self.merger.merge(record, low, run.steps[-1].value, theirs, unread=self.unread, **how)
        return theirs

    def _drops(self, record: Record, steps: Iterable[Step]) -> bool:
        """Whether one of these steps drops a record that nobody has looked at, with all that is there."""
        return record in self.dropped and any(step.value is None for step in steps)

    def _rebased(self, record: Record, old: Encoded, steps: Steps, new: Encoded, caught: frozenset[Unit]) -> Steps:
        """Put each step on what the bucket has, without those that are withdrawn."""
        moved: list[Step] = []
        for run in runs(self.seen.get(record) if caught and record in self.dropped else old, steps, caught):
            theirs = moved[-1].value if moved else new
            low = theirs if caught and self._drops(record, run.steps) else run.base
            for units, value in run.steps:
                moved.append(Step(units, self.merger.merge(record, low, value, theirs, unread=self.unread)))
        return tuple(moved) or (Step(NONE, new),)

    # ---------------------------------------------------------------- a commit

    def prepare(self) -> Attempt | None:
        """Merge what is staged with what is stored. None: there is nothing to write.

        A record that cannot be merged stays staged and is named in ``failures``; it does not hold up the others.
        """
        merged = Merged(caught=self._caught())
        self.failures = {}
        for record in sorted({**self.staged, **self.unsure}, key=HANDLED.__eq__):  # what was handled comes last
            try:
                self._merge_staged(record, merged)
            except PTBBucketError as error:
                self.failures[record] = error
            except Exception as error:  # noqa: BLE001  code of the bot's own may raise anything; whoever commits is told
                self.failures[record] = merge_failed(error, record)
        self._keep_chats(merged)
        good = (record for record in self.staged if record not in self.failures)
        carried = {record: merged.seen.get(record, self.staged[record]) for record in good}
        if merged.changes or self._missing():
            self.attempt = self._attempt(merged, carried)
        else:
            self._nothing_to_write(merged, carried)
        self.staged = {record: self.staged[record] for record in self.failures if record in self.staged}
        self.work.staged = {record: steps for record, steps in self.work.staged.items() if record in self.staged}
        self.staged.update(merged.left)
        return self.attempt

    def _keep_chats(self, merged: Merged) -> None:
        """Drop no chat while another chat's record cannot be saved: it may be the same one, under its new id."""
        failed = next((record for record in self.failures if record.kind is Kind.CHAT), None)
        if failed is None:
            return
        for record in [one for one, value in merged.changes.items() if value is None and one.kind is Kind.CHAT]:
            del merged.changes[record]
            self.failures[record] = drop_blocked(record, failed, self.failures[failed])

    def _merge_staged(self, record: Record, merged: Merged) -> None:
        base, ours, theirs = self._base(record), self.top(record), self._repaired(record, merged.caught)
        if record == HANDLED:
            ours = self._without_withheld(ours, merged)
        decided: list[Decision] = []
        steps = self.work.staged.get(record) or (Step(NONE, ours),)
        result = self._on_top(record, base, steps, theirs, merged.caught, decided=decided)
        merged.decided += decided
        if record in self.work.staged or record in self.work.unsure:
            self._note_units(record, steps, merged)
        if self.unread and base is None and theirs is not None:
            merged.unread.add(record)
        if base not in (ours, theirs):
            merged.records.add(record)
        if record.kind is Kind.CONVERSATION:
            merged.seen[record] = result  # one change of ours gives way, not every later one as well
            if not self.merger.equal(record, result, ours):
                self.gave_way[record] = ours
        if not self.merger.equal(record, result, self.stored(record)):
            merged.changes[record] = result

    def _note_units(self, record: Record, steps: Steps, merged: Merged) -> None:
        """Those of an attempt of unknown fate are noted too: what is repeated of it must not be made twice."""
        chain = (*self.work.unsure.get(record, ()), *steps)
        if has_any(chain, merged.caught):
            merged.withdrawn.add(record)
            self._lose(record, chain, merged.caught)
        for step in chain:
            if step.units.isdisjoint(merged.caught):
                merged.units.update(dict.fromkeys(unit for unit in step.units if unit not in self.work.running))

    def withhold(self) -> None:
        """Note no updates as handled but those whose effects are durable, or pending in this document."""
        if HANDLED in self.staged:
            never, later = self._withheld_here()
            self.staged[HANDLED] = self.merger.without_updates(self.staged[HANDLED], never | later)
            self._settle(HANDLED)

    def _withheld_here(self) -> Withheld:
        """What is to be withheld of what we add. What the bucket has, another instance has noted."""
        never, later = self.withheld()
        noted = self.merger.updates(self.seen.get(HANDLED)) if never or later else ()
        return Withheld(never.difference(noted), later.difference(noted))

    def _without_withheld(self, ours: Encoded, merged: Merged) -> Encoded:
        never, later = self._withheld_here()
        kept = self.merger.without_updates(ours, never) if never else ours
        now = self.merger.without_updates(kept, later) if later else kept
        if now != ours:
            merged.seen[HANDLED] = now
        if now != kept:
            merged.left[HANDLED] = kept
        return now

    def _base(self, record: Record) -> Encoded:
        """What a change is a change of. Dropping something unseen drops all that is there."""
        return self._repaired(record) if record in self.dropped else self.seen.get(record)

    def _nothing_to_write(self, merged: Merged, carried: dict[Record, Encoded]) -> None:
        """All of it is in the bucket already, or gave way to what is there."""
        self.journal.decided(merged.decided)
        self.journal.unread(merged.unread)
        self.journal.withdrawn_from(merged.withdrawn)
        self._saw(carried)
        self._keep_unsure(self.failures)

    def _keep_unsure(self, records: Collection[Record]) -> None:
        if not (self.unsure or self.work.unsure):
            return
        self.unsure = {record: sides for record, sides in self.unsure.items() if record in records}
        self.work.unsure = {record: steps for record, steps in self.work.unsure.items() if record in records}

    def _repaired(self, record: Record, caught: frozenset[Unit] | None = None) -> Encoded:
        """Stored, with what an attempt of unknown fate carried, as far as that does no harm twice (rule 13)."""
        if record not in self.unsure:
            return self.stored(record)
        base, carried = self.unsure[record]
        steps = self.work.unsure.get(record) or (Step(NONE, carried),)
        caught = self._caught() if caught is None else caught
        return self._on_top(record, base, steps, self.stored(record), caught, idempotent=True)

    def _attempt(self, merged: Merged, carried: dict[Record, Encoded]) -> Attempt:
        before = self.document or Document(self.empty)
        header = before.header.advanced(self.writer.id, os.urandom(8).hex())
        features = self.merger.codec.features
        document = before.changed(header, merged.changes, features)
        over = trim_callback_data(document, self.callback_limit, self.merger, merged.changes)
        document = document.changed(header, over, features) if over else document
        document = self._listing(document.holding(self._missing()), merged)
        steps = {record: self._sent(record, value) for record, value in carried.items() if record in self.work.staged}
        return Attempt(header.commits[0], self.etag, document, carried, merged, steps)

    def _sent(self, record: Record, value: Encoded) -> Steps:
        """The steps of what is carried; of a conversation that gives way, nothing is left of them."""
        steps = self.work.staged[record]
        return steps if steps[-1].value == value else ()

    def _listing(self, document: Document, merged: Merged) -> Document:
        """The document with the units that are in it; not those of which something could not be merged."""
        if not merged.units:
            return document
        chains = (self.work.staged.get(record, ()) + self.work.unsure.get(record, ()) for record in self.failures)
        for unit in {unit for steps in chains for step in steps for unit in step.units}:
            merged.units.pop(unit, None)
        noted = self._noted_in(document)
        units = [unit for unit in merged.units if unit not in noted]
        return replace(document, header=document.header.noting(units, self.work.limit))

    def _missing(self) -> UnknownSections:
        known = self.document.unknown if self.document else {}
        return {name: section for name, section in self.returning.items() if name not in known}

    def applied(self, etag: str | None = None) -> None:
        """The attempt is in the bucket. With its ETag, it is also what the bucket holds now."""
        attempt = self._take_attempt()
        self.last_commit = attempt.commit.id
        if etag is not None:
            self.document, self.etag = attempt.document, etag
        self._saw(attempt.carried, attempt.dropped_since)
        self.work.applied(attempt.merged.units)
        self._keep_unsure(self.failures)
        self._settle_all()
        self.journal.committed(attempt)

    def failed(self) -> None:
        """It is not in the bucket and never will be: what it carried is staged again, below what came since."""
        attempt = self._take_attempt()
        for record in attempt.steps.keys() | (self.work.staged.keys() & attempt.carried.keys()):
            sent = _steps(record, attempt.carried, attempt.steps)
            keep(self.work.staged, record, joined(sent, _steps(record, self.staged, self.work.staged)))
        self.staged = {**attempt.carried, **self.staged}
        self._settle_all()

    def hand_over(self) -> None:
        """Somebody else answers for all that is unsaved: to us, PTB's values count as given."""
        self._saw(self._take_attempt().carried if self.attempt else {})
        self._saw(self.staged)
        self.staged, self.work.staged = {}, {}
        self._keep_unsure(())
        self.writer.renew()  # what becomes of the attempt now is under a name that we no longer use

    def _lost_track(self) -> None:
        """Nobody can tell whether it was applied (rule 13): PTB's values count as given, the next commit repairs."""
        attempt = self._take_attempt()
        for record, carried in attempt.carried.items():
            steps = _steps(record, attempt.carried, attempt.steps)
            base = self._base(record)
            if record in self.unsure:
                base, before = self.unsure[record]
                steps = joined(self.work.unsure.get(record) or (Step(NONE, before),), steps)
            self.unsure[record] = (base, carried)
            keep(self.work.unsure, record, steps)
        self._saw(attempt.carried, attempt.dropped_since)
        self.writer.renew()
        self.journal.lost_track(self.key, attempt)

    def _take_attempt(self) -> Attempt:
        attempt, self.attempt = self.attempt, None
        if attempt is None:
            raise AssertionError(f"{self.key}: no attempt is under way")  # a bug of ours, not of the caller's data
        return attempt

    def _saw(self, values: dict[Record, Encoded], still_dropped: Collection[Record] = ()) -> None:
        self.dropped -= values.keys() - still_dropped
        for record, encoded in values.items():
            self.seen.put(record, encoded)
        if self.unread and values:  # what was merged into the bucket unseen is still unseen
            self.unread = not all(
                self.merger.equal(record, value, self.stored(record)) for record, value in values.items()
            )

    def _settle_all(self) -> None:
        for record in list(self.staged):
            self._settle(record)

    # ---------------------------------------------------------------- a read

    def loaded(self, document: Document, etag: str) -> None:
        """Take what was read. If it tells the fate of the attempt, the attempt ends (rule 4)."""
        known = self.attempt is not None and etag != self.attempt.condition
        self.document, self.etag = document, etag
        own = (self.last_commit, self.attempt.commit.id if self.attempt else None)
        if document.header.shared(self.writer.id, own):
            self.writer.renew()
        if known and self.attempt:
            fate = document.header.fate(self.attempt.commit, self.last_commit)
            {Fate.APPLIED: self.applied, Fate.LOST: self.failed, Fate.UNSURE: self._lost_track}[fate]()

    def swept(self) -> None:
        """It held nothing and was removed: no put that updates it can be applied any more."""
        self.document = self.etag = None
        if self.attempt:
            self.failed()

    # ---------------------------------------------------------------- PTB is given a value

    def plan(self, record: Record) -> Rebase:
        """What it takes to move seen to stored, and the layers above it along (rule 6). Nothing is changed yet."""
        layers: dict[str, Steps] = {}
        caught = self.caught_of(record) if self.has_steps else NONE
        old = self._base(record)
        new = target = self._repaired(record)
        if old == new and not caught:
            return Rebase(self.top(record), self.top(record), target, layers)
        for name, values, chains in self._layers():
            if record in values:
                layers[name] = self._rebased(record, old, _steps(record, values, chains), new, caught)
                old, new = values[record], layers[name][-1].value
        return Rebase(self.top(record), new, target, layers, caught)

    def _layers(self) -> Iterator[tuple[str, dict[Record, Encoded], dict[Record, Steps]]]:
        if self.attempt:
            yield "carried", self.attempt.carried, self.attempt.steps
        yield "staged", self.staged, self.work.staged

    @property
    def has_steps(self) -> bool:
        """Whether a unit has made any of the changes that are not known to be durable."""
        return bool(self.work.staged or self.work.unsure or (self.attempt and self.attempt.steps))

    def caught_of(self, record: Record) -> frozenset[Unit]:
        """The units of which something is withdrawn from this record."""
        chains = [chains[record] for _, _, chains in self._layers() if record in chains]
        chains += [self.work.unsure[record]] if record in self.work.unsure else []
        caught = self._caught() if chains else NONE
        return caught if any(has_any(steps, caught) for steps in chains) else NONE

    def first_given(self, records: Sequence[Record]) -> list[bytes] | None:
        """What is stored of records that PTB was never given and never gave us; None if one has more layers."""
        carried = self.attempt.carried if self.attempt else {}
        layers: tuple[dict[Record, Any], ...] = (self.staged, self.unsure, self.gave_way, carried)
        if self.document is None or self.seen.has_any(records):
            return None
        if any(not layer.keys().isdisjoint(records) for layer in layers):
            return None
        return self.document.get_all(records)

    def gave(self, records: Sequence[Record], stored: Sequence[bytes]) -> None:
        """PTB was given these, as they are stored."""
        self._saw(dict(zip(records, stored, strict=True)))

    def adopt(self, record: Record, rebase: Rebase) -> None:
        """PTB's live object is now what ``rebase.after`` says: the layers follow."""
        self.unread = False
        self._saw({record: rebase.seen}, self.dropped)  # what was dropped unseen goes with all that is there then
        if record in self.unsure:  # others' changes, which PTB has now, must not be taken for what we have to repeat
            self.unsure[record] = self.stored(record), rebase.seen
            self._join_unsure(record, rebase)
        self.gave_way.pop(record, None)
        if rebase.caught:
            self._withdraw(record, rebase)
        if "carried" in rebase.layers and self.attempt:
            self.attempt.carried[record] = rebase.layers["carried"][-1].value
            keep(self.attempt.steps, record, rebase.layers["carried"])
        if "staged" in rebase.layers:
            self._put_staged(record, rebase.layers["staged"])
            self._settle(record)

    def _join_unsure(self, record: Record, rebase: Rebase) -> None:
        units = {unit for step in self.work.unsure.get(record, ()) for unit in step.units}
        keep(self.work.unsure, record, (Step(frozenset(units - rebase.caught), rebase.seen),))

    def _withdraw(self, record: Record, rebase: Rebase) -> None:
        """Take note of what a refresh withdraws."""
        chains = [chains.get(record, ()) for _, _, chains in self._layers()]
        for steps in (*chains, self.work.unsure.get(record, ())):
            self._lose(record, steps, rebase.caught)
        self.journal.withdrawn_from([record])
        if not any(self._drops(record, steps) for steps in rebase.layers.values()):
            self.dropped.discard(record)


def _steps(record: Record, values: Mapping[Record, Encoded], chains: Mapping[Record, Steps]) -> Steps:
    """The steps of one record in a layer; nothing where it is not in it."""
    return chains.get(record) or ((Step(NONE, values[record]),) if record in values else ())
