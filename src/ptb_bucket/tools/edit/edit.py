"""Change one record as the bot itself would: with a conditional write, merged with the bot's changes."""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from ptb_bucket.codecs import JsonCodec, UnknownInstance, same
from ptb_bucket.errors import (
    CannotLoadError,
    CannotStoreError,
    ConfigurationError,
    NotFoundError,
    RefusedError,
    UnreadableRecordError,
)
from ptb_bucket.state import MISSING, Draft, Kind
from ptb_bucket.tools.edit.class_names import refuse_new_classes
from ptb_bucket.tools.edit.paths import named, put, steps_of, take_out, value_at
from ptb_bucket.tools.edit.unknown_fields import keep_ours_by_field
from ptb_bucket.tools.inspect import inspect_record
from ptb_bucket.tools.state import late_bot, problem_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from ptb_bucket.state import Record
    from ptb_bucket.tools.state import State

__all__ = [
    "Edit",
    "OvertakenError",
    "change",
    "check_whole",
    "left_alone",
    "notation_of",
    "read_value",
    "remove",
    "set_value",
    "strict_notation",
]

_REFERENCE: Final = '"$ref"'


@dataclass(frozen=True)
class Edit:
    """A change at one place in one record.

    ``before`` and ``after`` are JSON text in the notation of JSON documents, or None if the place has no value.
    ``after`` is what the bucket holds now, or would hold: it includes changes that the bot made to the record in the
    meantime.
    ``is_other_object`` is true if the place now holds another object of the record, perhaps with the same content.
    """

    place: str
    before: str | None
    after: str | None
    dry_run: bool
    is_other_object: bool = False

    @property
    def changed(self) -> bool:
        """Tell whether the record was changed, or would be."""
        return self.before != self.after or self.is_other_object


class OvertakenError(RefusedError):
    """A place was changed by the bot, or by somebody else, since a change of it was planned.

    Args:
        place: The name of the place.
        now: Its value now, as in :class:`Edit`.
    """

    def __init__(self, place: str, now: str | None) -> None:
        super().__init__(f"{place} has changed in the meantime, so it was not overwritten. Check its value.")
        self.now = now


def notation_of(state: State) -> JsonCodec:
    """Return the codec in whose notation people write values of this state: that of JSON documents, with any codec."""
    return state.codec if isinstance(state.codec, JsonCodec) else _notation(state)


def strict_notation(state: State) -> JsonCodec:
    """Return the codec that reads new values. If the bot's classes are known, it accepts no others."""
    return _notation(state) if state.types else notation_of(state)


def _notation(state: State) -> JsonCodec:
    """Return a JSON codec for the classes that the state was opened with, and for Telegram objects of the same bot."""
    notation = JsonCodec(state.types)
    notation.bot = state.codec.bot
    return notation


async def set_value(  # noqa: PLR0913  each a decision of the caller's
    state: State, record: Record, path: str, text: str, *, dry_run: bool = False, new_class: bool = False,
    planned: Edit | None = None,
) -> Edit:  # fmt: skip
    """Put a value at a place in a record.

    Args:
        state: A state that was opened with ``keep_unknown``.
        record: The record, which may be new.
        path: The place; see :func:`~ptb_bucket.tools.edit.addresses.steps_of`. Empty for the whole record.
        text: The value in the notation of JSON documents, such as ``{"$set": [1]}``. ``{"$ref": 1}`` is the object of
            this record that ``show``, with the same classes, shows with ``"$id": 1``.
        dry_run: Change nothing.
        new_class: Without ``types``, also accept classes of which the state has no instance yet.
        planned: The result of the same call with ``dry_run``. If the place has another value now, nothing is changed.

    Raises:
        ConfigurationError: The path or the value cannot be read.
        NotFoundError: The place's parent does not exist.
        OvertakenError: The place has changed since ``planned``. Nothing was changed.
        RefusedError: The record cannot be changed in this way, or only with the bot's classes. Nothing was changed.
        PTBBucketError: The change could not be saved.
    """
    state.codec.bot = state.codec.bot or late_bot(state.bot_id)
    notation = strict_notation(state)
    inside = await _inside(state, record, notation, text) if _REFERENCE in text else None
    new = read_value(notation, text) if inside is None else inside[1]
    if not new_class:
        await refuse_new_classes(state, record, new)

    def edit(value: Any, steps: list[Any]) -> Any:
        if inside is not None:
            value = _as_it_was(state, record, value, inside[0])
        if not steps:
            check_whole(record, value, new)
        return put(record.label, _or_default(state, record, value), steps, new)

    return await change(state, record, path, edit, dry_run=dry_run, planned=planned)


async def _inside(state: State, record: Record, notation: JsonCodec, text: str) -> tuple[Any, Any] | None:
    """Return a record's value and a new value that refers to objects in it; None if the new value has no references."""
    with suppress(CannotLoadError):
        notation.decode(text.encode())
        return None
    if not _is_json(text):
        return None
    try:
        whole = (await inspect_record(state, record, decode=True)).text
    except NotFoundError:
        return None
    except CannotLoadError as error:
        raise left_alone(record, error) from error
    try:
        both = notation.decode(f'[{whole},{{"new":{text}}}]'.encode())
    except CannotLoadError as error:
        raise ConfigurationError(
            f"The value could not be written to {record.label} ({error}). Nothing was changed. A reference must use "
            "the $id of an object in this record, as printed by 'ptb-bucket show' with the same --types. Only objects "
            "that occur more than once have an $id."
        ) from error
    return both[0], both[1]["new"]


def _as_it_was(state: State, record: Record, value: Any, known: Any) -> Any:
    """Return the value that the references refer to, unless the bot has changed the record since it was read."""
    if not state.codec.equality.identical(value, known):
        raise RefusedError(f"The bot changed {record.label} at the same time, so your change was not saved. Try again.")
    return known


async def remove(
    state: State, record: Record, path: str = "", *, dry_run: bool = False, planned: Edit | None = None
) -> Edit:
    """Remove the value at a place in a record, or the whole record, even if it cannot be decoded or shown.

    Arguments and further errors as for :func:`set_value`.

    Raises:
        NotFoundError: The place has no value.
    """

    def edit(value: Any, steps: list[Any]) -> Any:
        return take_out(record.label, value, steps)

    try:
        return await change(state, record, path, edit, dry_run=dry_run, planned=planned)
    except RefusedError as error:
        if path or not isinstance(error.__cause__, (UnreadableRecordError, CannotStoreError)):
            raise
    return await _remove_undecoded(state, record, dry_run=dry_run)


async def _remove_undecoded(state: State, record: Record, *, dry_run: bool) -> Edit:
    if not dry_run:
        draft = await Draft.open(state.archive, state.archive.layout.key(record), state.bot_id, state.writer("edit"))
        draft.stage({record: None})
        await draft.commit()
    return Edit(record.label, json.dumps("a value that cannot be decoded"), None, dry_run)


async def change(  # noqa: PLR0913  as set_value
    state: State, record: Record, path: str, edit: Callable[[Any, list[Any]], Any], *, dry_run: bool = False,
    planned: Edit | None = None,
) -> Edit:  # fmt: skip
    """Change a record with a function of its value and the steps of ``path``; see :func:`set_value`."""
    state.codec.bot = state.codec.bot or late_bot(state.bot_id)
    notation = notation_of(state)
    steps = steps_of(path, notation)
    if steps and record.kind is Kind.CONVERSATION:
        raise ConfigurationError("A path can't point inside a conversation state. Omit the path.")
    replica = await state.loaded([record], resolver=keep_ours_by_field)
    try:
        value = replica.values.load(record)
        before, whole = _shown(notation, value_at(value, steps)), _shown(notation, value)
        if planned and planned.before != before:
            raise OvertakenError(named(record.label, steps), before)
        wanted = edit(value, steps)
        after = _shown(notation, value_at(wanted, steps))
        is_other = before == after and whole != _shown(notation, wanted)
        replica.stage(record, wanted)
    except (CannotLoadError, CannotStoreError) as error:
        raise left_alone(record, error) from error
    if not dry_run:
        await replica.commit()
        now = replica.values.load(record)
        if record.kind is Kind.CONVERSATION and not same(now, wanted):
            raise RefusedError(
                f"{record.label} has changed in the meantime and was not overwritten. Check the value and try again."
            )
        after = _shown(notation, value_at(now, steps))
    return Edit(named(record.label, steps), before, after, dry_run, is_other)


def read_value(notation: JsonCodec, text: str) -> Any:
    """Read a value that a person wrote.

    Raises:
        ConfigurationError: The text is not in the notation, or an object has two members of the same name.
    """
    _refuse_repeated_members(text)
    try:
        return notation.decode(text.encode())
    except CannotLoadError as error:
        why = f" ({error})" if _is_json(text) else ""  # text that is not JSON is not a damaged record either
        raise ConfigurationError(
            f"The value is not valid ptb-bucket JSON{why}. Put strings in double quotes and, for the shell, "
            "the whole value in single quotes: '\"text\"'."
        ) from error
    except UnicodeEncodeError:
        raise ConfigurationError("The value is not valid UTF-8.") from None


def _refuse_repeated_members(text: str) -> None:
    repeated: list[str] = []

    def note(pairs: list[tuple[str, Any]]) -> None:
        names = [name for name, _ in pairs]
        repeated.extend(name for name in set(names) if names.count(name) > 1)

    with suppress(ValueError, RecursionError):  # text that is not JSON is reported later
        json.loads(text, object_pairs_hook=note)
    if repeated:
        raise ConfigurationError(f"The value has the member {repeated[0]!r} twice in one object. Remove one of them.")


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return False
    return True


def _shown(notation: JsonCodec, value: Any) -> str | None:
    return None if value is MISSING else notation.encode(value).decode()


def _or_default(state: State, record: Record, value: Any) -> Any:
    default = state.defaults.get(record.kind)
    return default() if value is MISSING and default else value


def left_alone(record: Record, error: CannotLoadError | CannotStoreError) -> RefusedError:
    """Return the error for a record that cannot be loaded without the bot's classes, or cannot be written as JSON."""
    if isinstance(error, CannotStoreError):
        error.record = record.label
        return RefusedError(f"{problem_of(error)} Nothing was changed.")
    return RefusedError(f"{problem_of(error)} Nothing was changed. On the command line, add --types MODULE:NAME.")


def check_whole(record: Record, value: Any, new: Any) -> None:
    """Refuse data of another type than the bot's, because PTB would not start with it."""
    if new is None:
        raise RefusedError(f"{record.label} can't be set to null. To remove it, use 'rm' or 'end-conversation'.")
    if record.kind not in (Kind.BOT, Kind.CHAT, Kind.USER) or isinstance(new, dict):
        return
    if type(new) is not type(value) or (isinstance(new, UnknownInstance) and new.name != value.name):
        raise RefusedError(f"{record.label} must be a dict or an instance of the type set in the bot's context types.")
