"""From one way of sealing to another: plain, signed, encrypted, or the same with another key."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from ptb_bucket.errors import LostRaceError, SealError, UnavailableError
from ptb_bucket.sealing._store import SealedStore
from ptb_bucket.stores import Update

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable

    from ptb_bucket.sealing._sealer import Sealer
    from ptb_bucket.stores import Blob, BlobStore

__all__ = ["Rekeyed", "rekey"]

_ATTEMPTS: Final = 10


@dataclass(frozen=True)
class Rekeyed:
    """What became of one document: ``written``, or left because it was sealed as it should be."""

    key: str
    written: bool


async def rekey(
    store: BlobStore, keys: Iterable[str], new: Sealer, old: Sealer | None = None
) -> AsyncIterator[Rekeyed]:
    """Write every document anew that is not sealed as it would be now. Running it again goes on where it ended.

    Bots may run meanwhile if they open what ``new`` writes.

    Args:
        store: Where they lie, below any sealing; its keys are relative to the prefix.
        keys: Which documents.
        new: How they are to be sealed; what it opens needs no ``old``.
        old: How they were sealed before. One that opens plain documents takes whatever lies there: that is for a human
            to say.

    Raises:
        SealError: A document can be opened in neither way. It was not changed.
        DocumentError: It is damaged.
        StoreError: It could not be read or written, or was written by others again and again.
    """
    sealed = SealedStore(store, new)
    before = None if old is None else SealedStore(store, old)
    for key in keys:
        yield Rekeyed(key, await _rekeyed(store, key, sealed, before))


async def _rekeyed(store: BlobStore, key: str, new: SealedStore, old: SealedStore | None) -> bool:
    for attempts_left in reversed(range(_ATTEMPTS)):
        raw = await store.get(key)
        data = await _opened(key, raw, new, old)
        if new.sealer.is_current(raw.data):
            return False
        try:
            await new.put(key, data, Update(raw.etag))
        except (LostRaceError, UnavailableError):
            if not attempts_left:
                raise
        else:
            return True
    raise AssertionError("the last attempt returns or raises")


async def _opened(key: str, raw: Blob, new: SealedStore, old: SealedStore | None) -> bytes:
    try:
        return await new.opened(key, raw)
    except SealError:
        if old is None:
            raise
    data = await old.opened(key, raw)
    new.sealer.bot_id = new.sealer.bot_id or old.sealer.bot_id
    return data
