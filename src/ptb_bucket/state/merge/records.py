"""Merging encoded records: the rule for each kind of record, and the value of an absent one."""

from __future__ import annotations

from dataclasses import field
from typing import TYPE_CHECKING, Any

from ptb_bucket._dataclass import dataclass
from ptb_bucket.errors import (
    CannotLoadError,
    CannotMergeError,
    CannotStoreError,
    UnreadableRecordError,
    WrongShapeError,
)
from ptb_bucket.state.merge.resolvers import MISSING, Conflict, Resolver, keep_ours, keep_theirs
from ptb_bucket.state.merge.shape import wrong_shape
from ptb_bucket.state.records import CALLBACK_QUERIES, HANDLED, Kind

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence

    from ptb_bucket.codecs import Codec, Equality
    from ptb_bucket.state.document import Unit
    from ptb_bucket.state.merge.decisions import Choice
    from ptb_bucket.state.merge.values import ValueMerge
    from ptb_bucket.state.records import Record

__all__ = ["Decision", "RecordMerger", "ResolverError", "drop_blocked", "merge_failed"]

Encoded = bytes | None
_CONTEXT_TYPES = (
    "If the type comes from the application's context types, pass them to BucketPersistence too (context_types=...), "
    "or use BucketApplication, which does this for you"
)


@dataclass(frozen=True)
class Decision:
    """A decision in one record."""

    record: Record
    choice: Choice


class ResolverError(CannotMergeError):
    """The resolver raised an error. Until it decides, neither side's value is used."""


def merge_failed(error: Exception, record: Record) -> CannotMergeError:
    """Return an error that says that code of the bot raised while a record was merged. It quotes no data."""
    made = CannotMergeError(f"merging the values raised {type(error).__name__}", record=record.label)
    made.__cause__ = error
    return made


def drop_blocked(record: Record, failed: Record, error: Exception) -> CannotMergeError:
    """Return an error that says why a chat is not dropped: a record that may be of the same chat cannot be saved."""
    reason = f"it can only be dropped after {failed.label}, which may belong to the same chat, is saved"
    hint = f"Fix the error that keeps {failed.label} from being saved"
    made = CannotMergeError(reason, record=record.label, hint=hint)
    made.__cause__ = error
    return made


@dataclass
class RecordMerger:
    """Merges the records of one bot.

    Rule "Absent is the default": an absent record is the empty default of its kind, so that a dropped record and an
    emptied one merge alike.

    Args:
        codec: Decodes and encodes the values to merge.
        resolver: Decides conflicts that the structure of the values does not decide.
        defaults: Makes the empty default of chat, user and bot data, and so determines their class.
        any_class: Accept chat, user and bot data of other classes, too: tools do not know which ones a bot has.
    """

    codec: Codec
    resolver: Resolver = keep_ours
    defaults: Mapping[Kind, Callable[[], Any]] = field(default_factory=dict)
    any_class: bool = False
    _empty: dict[Kind, bytes] = field(default_factory=dict, repr=False)
    _classes: dict[Kind, type] = field(default_factory=dict, repr=False)

    def encode(self, record: Record, value: Any, known: Sequence[Encoded] = ()) -> Encoded:
        """Encode one record; None for its empty default.

        Rule "Defaults are not stored": a record that equals its empty default is not stored. To the merge this is not a
        deletion.

        Args:
            record: The record.
            value: Its value.
            known: Earlier encodings. Values that are in them are not tested again.

        Raises:
            CannotStoreError: A value in it cannot be stored, or could not be loaded as this record.
        """
        if value is None or value is MISSING:
            return None
        if wrong := self.wrong_shape(record, value):
            hint = _CONTEXT_TYPES if record.kind in self.defaults else ""
            raise CannotStoreError(wrong, record=record.label, hint=hint)
        return self._pruned(record, self.codec.encode(value, known=[data for data in known if data is not None]))

    def encode_storable(self, record: Record, value: Any, before: Encoded) -> Encoded:
        """Encode a value without its unstorable parts.

        Args:
            record: The record.
            value: Its value.
            before: The last stored encoding. Its parts stay where the new ones cannot be stored.
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
        """Return a record's value. If it is absent, return its default, or MISSING if its kind has none.

        Raises:
            UnreadableRecordError: It cannot be decoded; the message names the record.
        """
        if encoded is None:
            return self.default(record)
        try:
            value = self.codec.decode(encoded, origin=record.label)
        except CannotLoadError as error:
            raise UnreadableRecordError(str(error), record=record.label) from error
        except Exception as error:  # classes of the bot may raise anything
            raise UnreadableRecordError(
                f"decoding the stored data raised {type(error).__name__}", record=record.label
            ) from error
        if wrong := self.wrong_shape(record, value):
            raise WrongShapeError(f"{wrong}", record=record.label)
        return value

    def wrong_shape(self, record: Record, value: Any) -> str | None:
        """Return why a value cannot be this record's, without quoting it; None if it can."""
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
        """Return the empty default of a record; MISSING if its kind has none."""
        if record == CALLBACK_QUERIES:
            return {}
        make = self.defaults.get(record.kind)
        return MISSING if make is None else make()

    def is_default(self, record: Record, value: Any) -> bool:
        """Tell whether a value is the empty default of a record."""
        return self.equality.same(value, self.default(record))

    @property
    def equality(self) -> Equality:
        """The equality of the codec, which knows registered classes."""
        return self.codec.equality

    def equal(self, record: Record, one: Encoded, other: Encoded) -> bool:
        """Tell whether two encodings stand for the same value.

        Equal values may be encoded differently, if they were written by hand, or because of the order of a set.

        Rule "Equality by value and type": values are equal if content and type are equal. To decide whether a value
        changed, the order of keys and the places that share an object also count.
        """
        if one == other or one is None or other is None:
            return one == other
        if self.codec.surely_differ(one, other):
            return False
        try:
            return self.equality.identical(self.decode(record, one), self.decode(record, other))
        except Exception:  # noqa: BLE001  unreadable, or a class of the bot raised: the caller that needs the value will fail
            return False

    def merge(  # noqa: PLR0913  three sides, and how
        self, record: Record, base: Encoded, ours: Encoded, theirs: Encoded, *,
        idempotent: bool = False, unloaded: bool = False, decided: list[Decision] | None = None,
    ) -> Encoded:  # fmt: skip
        """Merge three encodings of one record.

        Args:
            record: The record.
            base: The encoding that both sides started from.
            ours: This instance's encoding.
            theirs: The bucket's encoding.
            idempotent: See :class:`ValueMerge`.
            unloaded: Ours was made before theirs was loaded. Theirs wins wherever both have a value.
            decided: Collects the decisions.
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
        merge = self._merge(record, idempotent=idempotent, unloaded=unloaded)
        merged = self._merged(record, merge, *values)
        if decided is not None:
            decided += [Decision(record, choice) for choice in merge.decided]
        return self.encode(record, merged, (base, ours, theirs))

    def _merge(self, record: Record, *, idempotent: bool = False, unloaded: bool = False) -> ValueMerge:
        from ptb_bucket.state.merge.values import ValueMerge  # noqa: PLC0415  the first conflict imports it

        return ValueMerge(
            record.label, self._resolver(unloaded=unloaded), idempotent=idempotent, equality=self.equality
        )

    def merge_live(self, record: Record, base: Encoded, live: Any, theirs: Encoded, *, unloaded: bool = False) -> Any:
        """Return the value that a live object has to equal if its base has become ``theirs``; see :meth:`merge`."""
        merge = self._merge(record, unloaded=unloaded)
        return self._merged(record, merge, self.decode(record, base), live, self.decode(record, theirs))

    def _resolver(self, *, unloaded: bool) -> Resolver:
        if unloaded or self.resolver is keep_theirs:
            return keep_theirs
        return self.resolver if self.resolver is keep_ours else self._ask

    def _ask(self, conflict: Conflict) -> Any:
        try:
            return self.resolver(conflict)
        except Exception as error:
            raise ResolverError(f"the resolver raised {type(error).__name__}", record=conflict.record) from error

    def _merged(self, record: Record, merge: ValueMerge, base: Any, ours: Any, theirs: Any) -> Any:
        from ptb_bucket.state.merge.rules import rule_of  # noqa: PLC0415  the first conflict imports it

        try:
            return rule_of(record)(merge, base, ours, theirs)
        except RecursionError:  # nested more deeply than Python's stack allows
            return merge.merge_as_whole((), base, ours, theirs)
