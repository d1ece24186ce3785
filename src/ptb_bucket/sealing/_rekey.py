"""From one way of sealing to another: plain, signed, encrypted, or the same with another key."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ptb_bucket.errors import LostRaceError, SealError, UnavailableError
from ptb_bucket.sealing._store import SealedStore
from ptb_bucket.stores import Update

if TYPE_CHECKING:
    from ptb_bucket.sealing._sealer import Sealer
    from ptb_bucket.stores import Blob, BlobStore

__all__ = ["TransitionStore"]

_ATTEMPTS: Final = 10


class TransitionStore(SealedStore):
    """Opens what is sealed in the new way or in the old one, and seals in the new one.

    Args:
        store: The store below; its keys are relative to the prefix.
        new: How documents are to be sealed.
        old: How they were sealed before, if ``new`` does not open that. One that opens plain documents takes whatever
            lies there: that is for a human to say.
    """

    def __init__(self, store: BlobStore, new: Sealer, old: Sealer | None = None) -> None:
        super().__init__(store, new)
        self._old = None if old is None else SealedStore(store, old)

    async def opened(self, key: str, blob: Blob) -> bytes:
        """What was sealed in an object, in either way.

        Raises:
            DocumentError: It can be opened in neither.
        """
        try:
            return await super().opened(key, blob)
        except SealError:
            if self._old is None:
                raise
        data = await self._old.opened(key, blob)
        self.sealer.bot_id = self.sealer.bot_id or self._old.sealer.bot_id
        return data

    async def is_due(self, key: str) -> bool:
        """Whether :meth:`rekey` would write a document. Raises as it does."""
        raw = await self._store.get(key)
        await self.opened(key, raw)
        return not self.sealer.is_current(raw.data)

    async def rekey(self, key: str) -> bool:
        """Seal one document in the new way, if it is not; whether it had to be written.

        Raises:
            DocumentError: It can be opened in neither way. It was not changed.
            StoreError: It could not be read or written, or was written by others again and again.
        """
        for attempts_left in reversed(range(_ATTEMPTS)):
            raw = await self._store.get(key)
            data = await self.opened(key, raw)
            if self.sealer.is_current(raw.data):
                return False
            try:
                await self.put(key, data, Update(raw.etag))
            except (LostRaceError, UnavailableError):
                if not attempts_left:
                    raise
            else:
                return True
        raise AssertionError("the last attempt returns or raises")
