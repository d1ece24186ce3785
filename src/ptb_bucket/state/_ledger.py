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
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ptb_bucket.errors import PTBBucketError
from ptb_bucket.state._attempt import Attempt, Encoded, Merged
from ptb_bucket.state._callback_limit import trimmed
from ptb_bucket.state._document import Document
from ptb_bucket.state._header import Fate, Header
from ptb_bucket.state._merger import raised_in_merge, waits_for
from ptb_bucket.state._values import Values
from ptb_bucket.state.records import HANDLED, Kind

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence

    from ptb_bucket.state._foreign import UnknownSections
    from ptb_bucket.state._journal import Journal
    from ptb_bucket.state._merger import Decision, Merger
    from ptb_bucket.state._writer import Writer
    from ptb_bucket.state.records import Record

__all__ = ["Ledger"]


@dataclass(frozen=True, repr=False)
class Rebase:
    """A move of seen to stored: the top layer before and after it, the new seen, and the layers that change."""

    before: Encoded
    after: Encoded
    seen: Encoded
    layers: dict[str, Encoded]


@dataclass(repr=False)
class Ledger:
    """The layers of one document."""

    key: str
    merger: Merger
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
    withheld: Callable[[], set[int]] = set  # updates whose effects cannot be merged: they are not noted as handled
    dropped: set[Record] = field(default_factory=set)  # unread or unreadable, and removed whatever the bucket has
    returning: UnknownSections = field(default_factory=dict)  # unknown sections, where the bucket has none such

    # ---------------------------------------------------------------- reading the layers

    @property
    def pending(self) -> set[Record]:
        """Records that are not known to be durable."""
        carried = self.attempt.carried if self.attempt else {}
        return {*self.staged, *carried, *self.unsure}

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

    def stage(self, record: Record, encoded: Encoded, *, drop: bool = False, unreadable: bool = False) -> None:
        """Take PTB's newest value; one that changes nothing is not staged.

        Args:
            record: Which one.
            encoded: Its value, None where it is absent or the empty default.
            drop: It is to be removed, which is more than to be empty where nobody has looked what there is.
            unreadable: The bucket's version cannot be decoded, so a drop removes it as it is.
        """
        self.gave_way.pop(record, None)
        if drop and (self.unread or unreadable):
            self.dropped.add(record)
            if self.attempt:
                self.attempt.dropped_since.add(record)
        self.staged[record] = encoded
        self._settle(record)

    def _settle(self, record: Record) -> None:
        if record in self.dropped:
            return
        if record in self.staged and self.merger.equal(record, self.staged[record], self.below(record)):
            del self.staged[record]

    # ---------------------------------------------------------------- a commit

    def prepare(self) -> Attempt | None:
        """Merge what is staged with what is stored. None: there is nothing to write.

        A record that cannot be merged stays staged and is named in ``failures``; it does not hold up the others.
        """
        merged = Merged()
        self.failures = {}
        for record in sorted({**self.staged, **self.unsure}, key=HANDLED.__eq__):  # what was handled comes last
            try:
                self._merge_staged(record, merged)
            except PTBBucketError as error:
                self.failures[record] = error
            except Exception as error:  # noqa: BLE001  code of the bot's own may raise anything; whoever commits is told
                self.failures[record] = raised_in_merge(error, record)
        self._keep_chats(merged)
        good = (record for record in self.staged if record not in self.failures)
        carried = {record: merged.seen.get(record, self.staged[record]) for record in good}
        if merged.changes or self._missing():
            self.attempt = self._attempt(merged, carried)
        else:
            self._nothing_to_write(merged, carried)
        self.staged = {record: self.staged[record] for record in self.failures if record in self.staged}
        return self.attempt

    def _keep_chats(self, merged: Merged) -> None:
        """Drop no chat while another chat's record cannot be saved: it may be the same one, under its new id."""
        failed = next((record for record in self.failures if record.kind is Kind.CHAT), None)
        if failed is None:
            return
        for record in [one for one, value in merged.changes.items() if value is None and one.kind is Kind.CHAT]:
            del merged.changes[record]
            self.failures[record] = waits_for(record, failed, self.failures[failed])

    def _merge_staged(self, record: Record, merged: Merged) -> None:
        base, ours, theirs = self._base(record), self.top(record), self._repaired(record)
        if record == HANDLED and (withheld := self.withheld()):
            ours = merged.seen[record] = self.merger.without_updates(ours, withheld)
        decided: list[Decision] = []
        result = self.merger.merge(record, base, ours, theirs, unread=self.unread, decided=decided)
        merged.decided += decided
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

    def _base(self, record: Record) -> Encoded:
        """What a change is a change of. Dropping something unseen drops all that is there."""
        return self._repaired(record) if record in self.dropped else self.seen.get(record)

    def _nothing_to_write(self, merged: Merged, carried: dict[Record, Encoded]) -> None:
        """All of it is in the bucket already, or gave way to what is there."""
        self.journal.decided(merged.decided)
        self.journal.unread(merged.unread)
        self._saw(carried)
        self.unsure = {record: sides for record, sides in self.unsure.items() if record in self.failures}

    def _repaired(self, record: Record) -> Encoded:
        """Stored, with what an attempt of unknown fate carried, as far as that does no harm twice (rule 13)."""
        if record not in self.unsure:
            return self.stored(record)
        base, carried = self.unsure[record]
        return self.merger.merge(record, base, carried, self.stored(record), idempotent=True, unread=self.unread)

    def _attempt(self, merged: Merged, carried: dict[Record, Encoded]) -> Attempt:
        before = self.document or Document(self.empty)
        header = before.header.advanced(self.writer.id, os.urandom(8).hex())
        features = self.merger.codec.features
        document = before.changed(header, merged.changes, features)
        over = trimmed(document, self.callback_limit, self.merger, merged.changes)
        document = document.changed(header, over, features) if over else document
        document = document.holding(self._missing())
        return Attempt(header.commits[0], self.etag, document, carried, merged)

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
        self.unsure = {record: sides for record, sides in self.unsure.items() if record in self.failures}
        self._settle_all()
        self.journal.committed(attempt)

    def failed(self) -> None:
        """It is not in the bucket and never will be: what it carried is staged again, below what came since."""
        attempt = self._take_attempt()
        self.staged = {**attempt.carried, **self.staged}
        self._settle_all()

    def hand_over(self) -> None:
        """Somebody else answers for all that is unsaved: to us, PTB's values count as given."""
        self._saw(self._take_attempt().carried if self.attempt else {})
        self._saw(self.staged)
        self.staged, self.unsure = {}, {}
        self.writer.renew()  # what becomes of the attempt now is under a name that we no longer use

    def _lost_track(self) -> None:
        """Nobody can tell whether it was applied (rule 13): PTB's values count as given, the next commit repairs."""
        attempt = self._take_attempt()
        for record, carried in attempt.carried.items():
            base, _ = self.unsure.get(record, (self._base(record), None))
            self.unsure[record] = (base, carried)
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
        layers: dict[str, Encoded] = {}
        old = self._base(record)
        new = target = self._repaired(record)
        if old == new:
            return Rebase(self.top(record), self.top(record), target, layers)
        carried = self.attempt.carried if self.attempt else {}
        for name, layer in (("carried", carried), ("staged", self.staged)):
            if record in layer:
                layers[name] = self.merger.merge(record, old, layer[record], new, unread=self.unread)
                old, new = layer[record], layers[name]
        return Rebase(self.top(record), new, target, layers)

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
        self.gave_way.pop(record, None)
        if "carried" in rebase.layers and self.attempt:
            self.attempt.carried[record] = rebase.layers["carried"]
        if "staged" in rebase.layers:
            self.staged[record] = rebase.layers["staged"]
            self._settle(record)
