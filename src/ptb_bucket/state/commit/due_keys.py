"""Due keys: for a layout whose documents only a listing shows, empty objects that say when to look at a timer.

A due key is never the truth, which is the timer in its owner's document. Rule "A timer never lacks its key": a key is
written before the document whose timer needs it, and deleted only after a document that no longer needs it.
"""

from __future__ import annotations

import json
import logging
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final

from ptb_bucket._aio import for_each
from ptb_bucket._dataclass import dataclass
from ptb_bucket.errors import AccessError, CannotLoadError, LostRaceError, StoreError
from ptb_bucket.state.records import Kind, Record
from ptb_bucket.stores import Create

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from ptb_bucket.state.document import Document, Layout
    from ptb_bucket.state.timers import DueKey, Timer
    from ptb_bucket.stores import BlobStore

__all__ = [
    "WITHOUT_DUE_KEYS",
    "WITHOUT_KEYS",
    "DueKeys",
    "NamedKeys",
    "NoDueKeys",
    "due_key_of",
    "due_keys_for",
    "timer_of",
    "timer_outline",
]

_LOGGER = logging.getLogger("ptb_bucket.state")
_NOTHING: Final[dict[str, bytes]] = {}


@dataclass(frozen=True)
class NamedKeys:
    """The due keys that a commit needs and that its document did not need before, and those that it needs no more."""

    needed: tuple[str, ...] = ()
    obsolete: tuple[str, ...] = ()


WITHOUT_KEYS: Final = NamedKeys()


class NoDueKeys:
    """The due keys of a layout whose documents are all known: none."""

    def named(self, before: Document | None, after: Document) -> NamedKeys:
        """Return no keys."""
        del before, after
        return WITHOUT_KEYS

    async def create(self, names: Collection[str], created: set[str]) -> None:
        """Create no keys."""

    async def delete(self, names: Collection[str]) -> None:
        """Delete no keys."""


WITHOUT_DUE_KEYS: Final = NoDueKeys()


class DueKeys(NoDueKeys):
    """The due keys in a store.

    Args:
        store: The store of the documents. Its keys are relative to the prefix.
        codec: The name of the codec of the timers.
    """

    def __init__(self, store: BlobStore, codec: str) -> None:
        self._store, self._codec, self._said = store, codec, False

    def named(self, before: Document | None, after: Document) -> NamedKeys:
        """Return the keys that differ between two versions of a document. Without changed timers, this costs nothing.

        Raises:
            CannotLoadError: A timer in the later version is damaged.
            CannotStoreError: No key can name a timer in the later version.
        """
        old = before.sections.get(Kind.TIMER, _NOTHING) if before else _NOTHING
        new = after.sections.get(Kind.TIMER, _NOTHING)
        if old is new or not (old or new):
            return WITHOUT_KEYS
        needed = self._keys(after, [name for name, entry in new.items() if old.get(name) != entry])
        obsolete = before and self._readable(before, [name for name, entry in old.items() if new.get(name) != entry])
        obsolete = obsolete or set()
        return NamedKeys(tuple(sorted(needed - obsolete)), tuple(sorted(obsolete - needed)))

    def _keys(self, document: Document, ids: Iterable[str]) -> set[str]:
        found = (self._key(document, Record(Kind.TIMER, record_id)) for record_id in ids)
        return {key.key for key in found if key is not None}

    def _readable(self, document: Document, ids: Iterable[str]) -> set[str]:
        """Return the keys of those timers that can be read. A key that stays too long costs a look at its timer."""
        keys: set[str] = set()
        for record_id in ids:
            with suppress(CannotLoadError):
                keys |= self._keys(document, [record_id])
        return keys

    def _key(self, document: Document, record: Record) -> DueKey | None:
        encoded = document.get(record)
        return None if encoded is None else due_key_of(record, encoded, self._codec)

    async def create(self, names: Collection[str], created: set[str]) -> None:
        """Create keys. A key that is there already was created by an earlier try.

        Args:
            names: The keys.
            created: Those that need not be created any more. Each key is added when it exists.

        Raises:
            StoreError: A key could not be created.
        """

        async def create(name: str) -> None:
            with suppress(LostRaceError):
                await self._store.put(name, b"", Create())
            created.add(name)

        await for_each([name for name in names if name not in created], create)

    async def delete(self, names: Collection[str]) -> None:
        """Delete keys. One that cannot be deleted stays: those who look at its timer find it newer, or gone.

        If deleting is not allowed, this is logged once.
        """
        await for_each(names, self._delete)

    async def _delete(self, name: str) -> None:
        try:
            await self._store.delete(name)
        except AccessError as error:
            if not self._said:
                self._said = True
                _LOGGER.error(  # noqa: TRY400  the error says it
                    "The due key of a timer cannot be deleted. Timers run, but each look at them reads more and more. "
                    "Allow the bot to delete objects, or use layout=single or layout=per-type. %s",
                    error,
                )
        except StoreError as error:
            _LOGGER.debug("The due key %s stays, because deleting it raised %s", name, type(error).__name__)


def due_keys_for(layout: Layout, store: BlobStore, codec: str) -> NoDueKeys:
    """Return the due keys of a layout."""
    return DueKeys(store, codec) if layout.lazy else WITHOUT_DUE_KEYS


def due_key_of(record: Record, encoded: bytes, codec: str) -> DueKey | None:
    """Return the due key of a stored timer; see :func:`timer_outline`.

    Raises:
        CannotLoadError: The timer is damaged.
        CannotStoreError: No key can name it.
    """
    from ptb_bucket.state.timers import due_key  # noqa: PLC0415  only bots with timers import it

    return due_key(record, timer_outline(record, encoded, codec))


def timer_outline(record: Record, encoded: bytes, codec: str, *, also: Collection[str] = ()) -> Timer:
    """Return a stored timer without its data, schedule, claim and options, which may need classes of the bot.

    Args:
        record: The record of the timer.
        encoded: Its value.
        codec: The name of the codec.
        also: Those of these fields that are to be kept as plain JSON: ``schedule``, ``claim`` and ``options``.

    Raises:
        CannotLoadError: The timer is damaged.
    """
    from ptb_bucket.state.timers import Timer  # noqa: PLC0415  only bots with timers import it

    try:
        return Timer.from_value(_outline(encoded, codec, also))
    except (ValueError, RecursionError) as error:
        raise CannotLoadError(f"{record.label} is damaged: {error}") from error


def timer_of(value: Any) -> Timer:
    """Return the timer of a decoded record. Raises ValueError if it cannot be a timer; the message quotes no data."""
    from ptb_bucket.state.timers import Timer  # noqa: PLC0415  only bots with timers import it

    return Timer.from_value(value)


def _outline(encoded: bytes, codec: str, also: Collection[str]) -> Any:
    """Return the fields of a timer that are plain in both codecs."""
    if codec != "json":
        from ptb_bucket.codecs import render_pickle  # noqa: PLC0415  only with pickle

        encoded = render_pickle(encoded).encode()
    value = json.loads(encoded)
    if not isinstance(value, dict):
        return value
    return {name: field for name, field in value.items() if name not in _UNUSED or name in also}


_UNUSED: Final = frozenset({"data", "claim", "schedule", "options"})
