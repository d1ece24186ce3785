"""Edit the text of a record, for as long as a person takes, and save it merged with what the bot wrote meanwhile."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ptb_bucket.errors import CannotLoadError, CannotStoreError, NotFoundError, RefusedError
from ptb_bucket.state import MISSING, Kind
from ptb_bucket.tools.edit.class_names import refuse_new_classes
from ptb_bucket.tools.edit.edit import Edit, check_whole, left_alone, read_value, strict_notation
from ptb_bucket.tools.edit.unknown_fields import keep_ours_by_field
from ptb_bucket.tools.state import late_bot

if TYPE_CHECKING:
    from ptb_bucket.state import Record, Replica
    from ptb_bucket.tools.state import State

__all__ = ["RecordEditing"]


@dataclass(frozen=True)
class RecordEditing:
    """A record that a person is editing.

    Attributes:
        record: The record.
        before: Its value in the notation of JSON documents; that of an empty record if it does not exist.
    """

    record: Record
    before: str
    _state: State
    _replica: Replica

    @classmethod
    async def begin(cls, state: State, record: Record) -> RecordEditing:
        """Load a record.

        Args:
            state: A state that was opened with ``keep_unknown``. It must stay open until :meth:`save` returns.
            record: The record. Data of a user, chat or bot may be new.

        Raises:
            NotFoundError: The record does not exist, and its kind has no empty value.
            RefusedError: The record can only be loaded with the bot's classes.
            DocumentError, StoreError: The record could not be read.
        """
        state.codec.bot = state.codec.bot or late_bot(state.bot_id)
        replica = await state.loaded([record], resolver=keep_ours_by_field)
        try:
            value = replica.values.load(record)
            if value is MISSING:
                if record.kind not in state.defaults:
                    raise NotFoundError(
                        f"{record.label} was not found. Run 'ptb-bucket show' to list the stored records."
                    )
                value = state.defaults[record.kind]()
            return cls(record, strict_notation(state).encode(value).decode(), state, replica)
        except (CannotLoadError, CannotStoreError) as error:
            raise left_alone(record, error) from error

    async def save(self, text: str, *, dry_run: bool = False, new_class: bool = False) -> Edit:
        """Save a new text of the record.

        Values that only the bot changed since :meth:`begin` keep the bot's change, and values that both changed get
        yours.

        Args:
            text: The whole record, in the notation of JSON documents.
            dry_run: Change nothing.
            new_class: As for ``set_value``.

        Raises:
            ConfigurationError: The text is not a value in this notation. Nothing was changed.
            RefusedError: The value cannot replace the record, or a conversation was changed meanwhile.
            PTBBucketError: The change could not be saved.
        """
        notation, record = strict_notation(self._state), self.record
        new = read_value(notation, text)
        known = self._replica.values.load(record)
        check_whole(record, known, new)
        if not new_class:
            await refuse_new_classes(self._state, record, new)
        after = notation.encode(new).decode()
        if after == self.before:
            return Edit(record.label, self.before, self.before, dry_run)
        try:
            self._replica.stage(record, new)
        except CannotStoreError as error:
            raise left_alone(record, error) from error
        if not dry_run:
            await self._replica.commit()
            now = notation.encode(self._replica.values.load(record)).decode()
            if record.kind is Kind.CONVERSATION and now != after:
                raise RefusedError(f"{record.label} was changed by the bot in the meantime and was not overwritten.")
            after = now
        return Edit(record.label, self.before, after, dry_run)
