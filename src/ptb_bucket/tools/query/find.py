"""Find records by a condition, and show the value at a path in a record."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ptb_bucket.codecs import PreservingJsonCodec, open_codec
from ptb_bucket.errors import CannotLoadError, NotFoundError
from ptb_bucket.state import MISSING
from ptb_bucket.tools.edit import named, notation_of, steps_of, value_at
from ptb_bucket.tools.inspect import Page, Shown, page
from ptb_bucket.tools.query.condition import condition_of
from ptb_bucket.tools.state import late_bot

if TYPE_CHECKING:
    from ptb_bucket.codecs import Codec
    from ptb_bucket.state import Kind, Record
    from ptb_bucket.tools.state import State

__all__ = ["inspect_part", "page_where"]


async def page_where(  # noqa: PLR0913  settings, by keyword
    state: State, kind: Kind, text: str, *, handler: str | None = None, after: Record | None = None, limit: int
) -> Page:
    """Return a page of the records of one kind for which a condition holds.

    Args:
        state: The bot's state. With JSON, classes that it was not opened with are compared by their stored fields.
        kind: The kind of data.
        text: The condition; see :func:`~ptb_bucket.tools.query.condition.condition_of`.
        handler: As for :func:`~ptb_bucket.tools.inspect.page`; so are ``after`` and ``limit``.
        after: See there.
        limit: See there.

    Returns:
        The page. Its total is the number of records for which the condition holds. ``unknown`` has the paths that are
        compared with another path, but that no record has: perhaps text that lacks quotes.

    Raises:
        ConfigurationError: The text is not a condition.
        CannotLoadError: A record is damaged, or a pickled one needs a class that the state was not opened with.
        DocumentError, StoreError: The state could not be read.
    """
    codec, holds = _reader(state), condition_of(text, notation_of(state))

    unknown, is_empty = tuple(holds.compared), True

    def wanted(record: Record, encoded: bytes) -> bool:
        nonlocal unknown, is_empty
        value, is_empty = _loaded(codec, record, encoded), False
        unknown = holds.unknown_in(value, unknown)
        return holds(value)

    found = await page(state, kind, handler=handler, after=after, limit=limit, wanted=wanted)
    return found if is_empty else replace(found, unknown=unknown)


async def inspect_part(state: State, record: Record, path: str) -> Shown:
    """Return the value at a path in a record, in the notation of JSON documents.

    Args:
        state: The bot's state, as for :func:`page_where`.
        record: The record.
        path: A path through dicts, lists and fields of objects, as for ``set``.

    Returns:
        The value with its size in bytes in this notation. Labels of shared objects count only within it.

    Raises:
        ConfigurationError: The path cannot be read.
        NotFoundError: The record or the place does not exist.
        CannotLoadError, CannotStoreError: As for :func:`page_where`; or JSON cannot express the value.
        DocumentError, StoreError: The record could not be read.
    """
    notation = notation_of(state)
    steps = steps_of(path, notation)
    part = await state.archive.part_of(record)
    encoded = part.records.get(record) if part else None
    if encoded is None:
        raise NotFoundError(f"{record.label} was not found. Run 'ptb-bucket show' to list the stored records.")
    value = value_at(_loaded(_reader(state), record, encoded), steps)
    if value is MISSING:
        raise NotFoundError(f"{named(record.label, steps)} was not found. Show {record.label} to see what it contains.")
    text = notation.encode(value)
    return Shown(record, len(text), text.decode(), named(record.label, steps))


def _reader(state: State) -> Codec:
    """Return a codec that loads values to read them: with JSON, also those of unknown classes."""
    if state.archive.codec == PreservingJsonCodec.name:
        return PreservingJsonCodec(state.types)
    codec = open_codec(state.archive.codec, state.types)
    codec.bot = late_bot(state.bot_id)
    return codec


def _loaded(codec: Codec, record: Record, encoded: bytes) -> Any:
    try:
        return codec.decode(encoded)
    except CannotLoadError as error:
        raise CannotLoadError(
            f"{record.label} cannot be loaded: {error}. Pass the bot's classes with --types MODULE:NAME."
        ) from error
