"""Merging encoded records: which rule holds for which kind, and what absent means."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

from ptb_bucket.codecs import Equality
from ptb_bucket.errors import (
    CannotLoadError,
    CannotMergeError,
    CannotStoreError,
    UnreadableRecordError,
    WrongShapeError,
)
from ptb_bucket.state.merge.resolvers import MISSING, Conflict, Resolver, keep_ours, keep_theirs
from ptb_bucket.state.merge.shape import wrong_shape
from ptb_bucket.state.merge.values import Choice, Merge
from ptb_bucket.state.records import CALLBACK_QUERIES, HANDLED, HANDLED_LIMIT, Kind

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence

    from ptb_bucket.codecs import Codec
    from ptb_bucket.state.document import Unit
    from ptb_bucket.state.records import Record

__all__ = ["Decision", "Merger", "ResolverError", "raised_in_merge", "waits_for"]

Encoded = bytes | None
_EQUALITY = Equality()
_CONTEXT_TYPES = (
    "If it comes from the application's context types, pass them to BucketPersistence too: context_types=..., or use "
    "BucketApplication, which passes them on"
)


class Decision(NamedTuple):
    """What had to be decided in one record."""

    record: Record
    choice: Choice


class ResolverError(CannotMergeError):
    """The resolver raised an error. Until it decides, neither side's value may be taken."""


def raised_in_merge(error: Exception, record: Record) -> CannotMergeError:
    """Return an error for what code of the bot's own raised while a record was merged. It quotes nothing."""
    made = CannotMergeError(f"merging it raised {type(error).__name__}", record=record.label)
    made.__cause__ = error
    return made


def waits_for(record: Record, failed: Record, error: Exception) -> CannotMergeError:
    """Return why a chat is not dropped: another chat's record cannot be saved, and it may be the same chat."""
    reason = f"it is dropped when {failed.label} is saved, which may be the same chat's"
    hint = f"Correct what keeps {failed.label} from being saved"
    made = CannotMergeError(reason, record=record.label, hint=hint)
    made.__cause__ = error
    return made


@dataclass
class Merger:
    """The rules of one bot.

    Args:
        codec: Decodes and encodes the values to merge.
        resolver: Decides what structure cannot.
        defaults: For chat, user and bot data, what absent stands for (rule 11), and of which class values are.
        any_class: Also take chat, user and bot data of other classes of the bot's: tools do not know which it has.
    """

    codec: Codec
    resolver: Resolver = keep_ours
    defaults: Mapping[Kind, Callable[[], Any]] = field(default_factory=dict)
    any_class: bool = False
    _empty: dict[Kind, bytes] = field(default_factory=dict, repr=False)
    _classes: dict[Kind, type] = field(default_factory=dict, repr=False)

    def encode(self, record: Record, value: Any, known: Sequence[Encoded] = ()) -> Encoded:
        """Encode one record; None for its empty default, which is not stored (rule 15).

        Args:
            record: Which one.
            value: Its value.
            known: Earlier encodings. Values that stand in them are not tried again.

        Raises:
            CannotStoreError: Something in it cannot be stored, or it could not be loaded as this record.
        """
        if value is None or value is MISSING:
            return None
        if wrong := self.wrong_shape(record, value):
            hint = _CONTEXT_TYPES if record.kind in self.defaults else ""
            raise CannotStoreError(wrong, record=record.label, hint=hint)
        return self._pruned(record, self.codec.encode(value, known=[data for data in known if data is not None]))

    def encode_storable(self, record: Record, value: Any, before: Encoded) -> Encoded:
        """Encode what can be stored of a value that cannot be stored as a whole.

        Args:
            record: Which one.
            value: Its value.
            before: What was stored last, which stays where something cannot be stored.
        """
        if self.wrong_shape(record, value):
            return before
        rest, _ = self.codec.encode_storable(value, before, origin=record.label)
        return None if rest is None else self._pruned(record, rest)

    def _pruned(self, record: Record, encoded: bytes) -> Encoded:
        return None if encoded == self._encoded_default(record) else encoded

    def _encoded_default(self, record: Record) -> Encoded:
        if record.kind not in self.defaults and record != CALLBACK_QUERIES:
            return None
        if record.kind not in self._empty:
            self._empty[record.kind] = self.codec.encode(self.default(record))
        return self._empty[record.kind]

    def decode(self, record: Record, encoded: Encoded) -> Any:
        """One record's value; where it is absent its default, or MISSING if its kind has none.

        Raises:
            UnreadableRecordError: It cannot be turned into Python; the message names the record.
        """
        if encoded is None:
            return self.default(record)
        try:
            value = self.codec.decode(encoded, origin=record.label)
        except CannotLoadError as error:
            raise UnreadableRecordError(str(error), record=record.label) from error
        except Exception as error:  # a class of the bot's own may raise anything
            raise UnreadableRecordError(f"decoding it raised {type(error).__name__}", record=record.label) from error
        if wrong := self.wrong_shape(record, value):
            raise WrongShapeError(f"a stored record is damaged: {wrong}", record=record.label)
        return value

    def wrong_shape(self, record: Record, value: Any) -> str | None:
        """Return what keeps a value from being this record's, without quoting it; None if nothing does."""
        expected = self._classes.get(record.kind)
        if expected is None and record.kind in self.defaults:
            expected = self._classes[record.kind] = type(self.defaults[record.kind]())
        return wrong_shape(record, value, expected, any_class=self.any_class)

    def updates(self, encoded: Encoded) -> list[int]:
        """Return the ids of handled updates.

        Raises:
            UnreadableRecordError: They are damaged.
        """
        handled = MISSING if encoded is None else self.decode(HANDLED, encoded)
        return [] if handled is MISSING else handled

    def without_updates(self, encoded: Encoded, withheld: Collection[Unit]) -> Encoded:
        """Return the ids of handled updates without some of them."""
        handled = self.updates(encoded)
        kept = [update_id for update_id in handled if update_id not in withheld]
        return encoded if len(kept) == len(handled) else self.encode(HANDLED, kept or None)

    def default(self, record: Record) -> Any:
        """What absent stands for."""
        if record == CALLBACK_QUERIES:
            return {}
        make = self.defaults.get(record.kind)
        return MISSING if make is None else make()

    @property
    def equality(self) -> Equality:
        """What equal means: to the codec, if it has registered classes, or in general."""
        found = getattr(self.codec, "equality", None)
        return found if isinstance(found, Equality) else _EQUALITY

    def equal(self, record: Record, one: Encoded, other: Encoded) -> bool:
        """Tell whether two encodings are the same to a program (rule 14).

        Equal values may be encoded differently, if somebody wrote them by hand, or because of a set's order. The order
        of keys counts, and which places share an object.
        """
        if one == other or one is None or other is None:
            return one == other
        try:
            return self.equality.identical(self.decode(record, one), self.decode(record, other))
        except Exception:  # noqa: BLE001  unreadable, or a class of the bot's own raises: the one that needs the value fails
            return False

    def merge(  # noqa: PLR0913  three sides, and how
        self, record: Record, base: Encoded, ours: Encoded, theirs: Encoded, *,
        idempotent: bool = False, unread: bool = False, decided: list[Decision] | None = None,
    ) -> Encoded:  # fmt: skip
        """Merge three encodings of one record.

        Args:
            record: Which one.
            base: What both sides started from.
            ours: This instance's.
            theirs: The bucket's.
            idempotent: See :class:`Merge`.
            unread: Ours was made without knowing theirs, which wins wherever both have something.
            decided: Collects what had to be decided rather than merged.
        """
        if base == theirs:
            return ours
        if base == ours:
            return theirs
        values = [self.decode(record, encoded) for encoded in (base, ours, theirs)]
        if None not in (base, theirs) and self.equality.identical(values[0], values[2]):
            return ours
        if None not in (base, ours) and self.equality.identical(values[0], values[1]):
            return theirs
        merge = self._merge(record, idempotent=idempotent, unread=unread)
        merged = self._merged(record, merge, *values)
        if decided is not None:
            decided += [Decision(record, choice) for choice in merge.decided]
        return self.encode(record, merged, (base, ours, theirs))

    def _merge(self, record: Record, *, idempotent: bool = False, unread: bool = False) -> Merge:
        return Merge(record.label, self._resolver(unread=unread), idempotent=idempotent, equality=self.equality)

    def merge_live(self, record: Record, base: Encoded, live: Any, theirs: Encoded, *, unread: bool = False) -> Any:
        """What a live object should become when what it was made from has become ``theirs``; see :meth:`merge`."""
        merge = self._merge(record, unread=unread)
        return self._merged(record, merge, self.decode(record, base), live, self.decode(record, theirs))

    def _resolver(self, *, unread: bool) -> Resolver:
        if unread or self.resolver is keep_theirs:
            return keep_theirs
        return self.resolver if self.resolver is keep_ours else self._ask

    def _ask(self, conflict: Conflict) -> Any:
        try:
            return self.resolver(conflict)
        except Exception as error:
            raise ResolverError(f"the resolver raised {type(error).__name__}", record=conflict.record) from error

    def _merged(self, record: Record, merge: Merge, base: Any, ours: Any, theirs: Any) -> Any:
        try:
            return self._rule(record)(merge, base, ours, theirs)
        except RecursionError:  # nested more deeply than Python goes
            return merge.leaf((), base, ours, theirs)

    @staticmethod
    def _rule(record: Record) -> Callable[[Merge, Any, Any, Any], Any]:
        if record.kind is Kind.CONVERSATION:
            return _conversation
        if record.kind is Kind.CALLBACK and record != CALLBACK_QUERIES:
            return _keyboard
        return _handled if record == HANDLED else _data


def _data(merge: Merge, base: Any, ours: Any, theirs: Any) -> Any:
    return merge.value((), base, ours, theirs)


def _conversation(merge: Merge, base: Any, ours: Any, theirs: Any) -> Any:
    """Never merged: a state that the bucket changed stays (rule 11)."""
    if merge.same(base, theirs):
        return ours
    if not merge.same(ours, theirs):
        merge.decide(())
    return theirs


def _handled(merge: Merge, base: Any, ours: Any, theirs: Any) -> Any:  # noqa: ARG001  one signature for all rules
    """Union, newest last: what either side handled was handled. What theirs has forgotten stays forgotten."""
    known = {*(() if base is MISSING else base), *(() if theirs is MISSING else theirs)}
    mine = [] if ours is MISSING else [number for number in ours if number not in known]
    return [*(() if theirs is MISSING else theirs), *mine][-HANDLED_LIMIT:]


def _keyboard(merge: Merge, base: Any, ours: Any, theirs: Any) -> Any:  # noqa: ARG001  one signature for all rules
    """[access time, buttons]: kept if either side kept or touched it, with the newer access time."""
    if ours is MISSING or theirs is MISSING:
        return theirs if ours is MISSING else ours
    return max(ours, theirs, key=lambda keyboard: float(keyboard[0]))
