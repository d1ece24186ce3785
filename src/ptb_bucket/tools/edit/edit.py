"""Changing one record as the bot itself would: a conditional write, merged with what the bot wrote meanwhile."""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from ptb_bucket.codecs import JsonCodec, Opaque, same
from ptb_bucket.errors import (
    CannotLoadError,
    CannotStoreError,
    ConfigurationError,
    NotFoundError,
    RefusedError,
    UnreadableRecordError,
)
from ptb_bucket.state import MISSING, Draft, Kind, WriterIdentity
from ptb_bucket.tools.edit.addresses import named, put, steps_of, take_out, value_at
from ptb_bucket.tools.inspect import look
from ptb_bucket.tools.state import nobody

if TYPE_CHECKING:
    from collections.abc import Callable

    from ptb_bucket.state import Record
    from ptb_bucket.tools.state import State

__all__ = ["Edit", "change", "notation_of", "remove", "set_value"]

_REFERENCE: Final = '"$ref"'


@dataclass(frozen=True)
class Edit:
    """One change of one place in one record.

    ``before`` and ``after`` are JSON text in the notation of JSON documents, None where nothing is. ``after`` is what
    the bucket holds now, or would hold: where the bot changed the same record meanwhile, its changes are in it.
    ``is_other_object`` tells that the place holds another object of the record now, which may have the same content.
    """

    place: str
    before: str | None
    after: str | None
    dry_run: bool
    is_other_object: bool = False

    @property
    def changed(self) -> bool:
        """Whether there was anything to do."""
        return self.before != self.after or self.is_other_object


def notation_of(state: State) -> JsonCodec:
    """How values of this state are written by people: as in JSON documents, whatever its codec is."""
    return state.codec if isinstance(state.codec, JsonCodec) else _notation(state)


def _notation(state: State) -> JsonCodec:
    """The notation for the classes that the state was opened with. Telegram objects in it belong to the same bot."""
    notation = JsonCodec(state.types)
    notation.bot = state.codec.bot
    return notation


async def set_value(state: State, record: Record, path: str, text: str, *, dry_run: bool = False) -> Edit:
    """Put a value at a place of a record.

    Args:
        state: Opened with ``keep_unknown``.
        record: Which one; it may be new.
        path: The place; see :func:`~ptb_bucket.tools.edit.addresses.steps_of`. Empty: the whole record.
        text: The value, as JSON documents have it: ``{"$set": [1]}``. ``{"$ref": 1}`` is the object of this record that
            ``show``, with the same classes, shows with ``"$id": 1``.
        dry_run: Change nothing.

    Raises:
        ConfigurationError: Path or value cannot be read.
        NotFoundError: What the value would have to be put into is not there.
        RefusedError: It cannot be changed like that, or not without the bot's classes. Nothing was changed.
        PTBBucketError: It could not be saved.
    """
    # Who names the bot's classes means those: a name that is none of them would keep the bot from starting.
    state.codec.bot = state.codec.bot or nobody(state.bot_id)
    notation = _notation(state) if state.types else notation_of(state)
    inside = await _inside(state, record, notation, text) if _REFERENCE in text else None
    new = _read(notation, text) if inside is None else inside[1]

    def edit(value: Any, steps: list[Any]) -> Any:
        if inside is not None:
            value = _as_it_was(state, record, value, inside[0])
        if not steps:
            _check_whole(record, value, new)
        return put(record.label, _or_default(state, record, value), steps, new)

    return await change(state, record, path, edit, dry_run=dry_run)


async def _inside(state: State, record: Record, notation: JsonCodec, text: str) -> tuple[Any, Any] | None:
    """Return a record's value and a new one that refers to objects in it; None if the new one is complete by itself."""
    with suppress(CannotLoadError):
        notation.decode(text.encode())
        return None
    if not _is_json(text):
        return None
    try:
        whole = (await look(state, record, decode=True)).text
    except NotFoundError:
        return None
    except CannotLoadError as error:
        raise RefusedError(f"{error} Nothing was changed. (For a tool: --types MODULE:NAME.)") from error
    try:
        both = notation.decode(f'[{whole},{{"new":{text}}}]'.encode())
    except CannotLoadError as error:
        raise ConfigurationError(
            f"The value cannot be put into {record.label} ({error}). Nothing was changed. A reference names an object "
            "of this record by the $id that 'ptb-bucket show' shows, with the same --types; only objects at several "
            "places have one."
        ) from error
    return both[0], both[1]["new"]


def _as_it_was(state: State, record: Record, value: Any, known: Any) -> Any:
    """Return the record's value whose objects are meant, unless the bot has changed the record since it was read."""
    if not state.codec.equality.identical(value, known):
        raise RefusedError(f"{record.label} was changed at this moment. Nothing else was changed. Try again.")
    return known


async def remove(state: State, record: Record, path: str = "", *, dry_run: bool = False) -> Edit:
    """Take out what is at a place of a record, or all of it, even if it cannot be decoded.

    Arguments and errors as :func:`set_value`.

    Raises:
        NotFoundError: There is nothing.
    """

    def edit(value: Any, steps: list[Any]) -> Any:
        return take_out(record.label, value, steps)

    try:
        return await change(state, record, path, edit, dry_run=dry_run)
    except RefusedError as error:
        if path or not isinstance(error.__cause__, UnreadableRecordError):
            raise
    return await _remove_undecoded(state, record, dry_run=dry_run)


async def _remove_undecoded(state: State, record: Record, *, dry_run: bool) -> Edit:
    if not dry_run:
        draft = await Draft.open(state.archive, state.archive.layout.key(record), state.bot_id, WriterIdentity("edit"))
        draft.stage({record: None})
        await draft.commit()
    return Edit(record.label, json.dumps("a value that cannot be decoded"), None, dry_run)


async def change(
    state: State, record: Record, path: str, edit: Callable[[Any, list[Any]], Any], *, dry_run: bool = False
) -> Edit:
    """Change a record by a function of its value and the steps of ``path``; see :func:`set_value`."""
    state.codec.bot = state.codec.bot or nobody(state.bot_id)
    notation = notation_of(state)
    steps = steps_of(path, notation)
    if steps and record.kind is Kind.CONVERSATION:
        raise ConfigurationError("A conversation's state has no parts: leave the path out.")
    replica = await state.loaded([record])
    try:
        value = replica.values.load(record)
        before, whole = _shown(notation, value_at(value, steps)), _shown(notation, value)
        wanted = edit(value, steps)
        after = _shown(notation, value_at(wanted, steps))
        is_other = before == after and whole != _shown(notation, wanted)
        replica.stage(record, wanted)
    except (CannotLoadError, CannotStoreError) as error:
        raise RefusedError(f"{error} Nothing was changed. (For a tool: --types MODULE:NAME.)") from error
    if not dry_run:
        await replica.commit()
        now = replica.values.load(record)
        if record.kind is Kind.CONVERSATION and not same(now, wanted):
            raise RefusedError(f"{record.label} went on meanwhile, so it was left as it is. Look at it and try again.")
        after = _shown(notation, value_at(now, steps))
    return Edit(named(record.label, steps), before, after, dry_run, is_other)


def _read(notation: JsonCodec, text: str) -> Any:
    try:
        return notation.decode(text.encode())
    except CannotLoadError as error:
        why = f" ({error})" if _is_json(text) else ""  # what is none is no damaged record either
        raise ConfigurationError(
            f"The value cannot be read as JSON of ours{why}. Text stands in double quotes, and for the shell "
            "the whole in single ones: '\"text\"'."
        ) from error
    except UnicodeEncodeError:
        raise ConfigurationError("The value is no text in UTF-8.") from None


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


def _check_whole(record: Record, value: Any, new: Any) -> None:
    """PTB does not start with data of another type than the bot's."""
    if new is None:
        raise RefusedError(f"{record.label}: null is nothing; rm and end-conversation take things out.")
    if record.kind not in (Kind.BOT, Kind.CHAT, Kind.USER) or isinstance(new, dict):
        return
    if type(new) is not type(value) or (isinstance(new, Opaque) and new.name != value.name):
        raise RefusedError(f"{record.label} as a whole is a dict, or what the bot's context types make of it.")
