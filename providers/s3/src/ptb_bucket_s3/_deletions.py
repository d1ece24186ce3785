"""Few servers honour a condition on a delete, and some delete all the same: a test on the server itself."""

from __future__ import annotations

import os
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from ptb_bucket.errors import LostRaceError, NotFoundError, StoreError, UnsupportedError
from ptb_bucket.stores import Create

if TYPE_CHECKING:
    from ptb_bucket_s3._bucket import Bucket

__all__ = ["DeletionProof"]

_STALE: Final = "0" * 32
"""An ETag that the test's object does not have."""


class DeletionProof:
    """Proves once per process that a server honours the condition of a delete, on a small object of its own.

    It is not remembered in the bucket, because only tools ask for it, and it takes four requests.

    Args:
        objects: The bucket.
        home: What the object's key starts with.
        place: The bucket, as people call it.
    """

    def __init__(self, objects: Bucket, home: str, place: str) -> None:
        self._objects = objects
        self._home = home
        self._place = place
        self._known: UnsupportedError | None = None
        self._proved = False

    async def ensure(self, style: str) -> None:
        """Return when conditional deletes can be relied on.

        Args:
            style: How the server wants ETags.

        Raises:
            UnsupportedError: They cannot; nothing but the test's own object was deleted.
            AccessError, UnavailableError: It could not be found out.
        """
        if self._known is not None:
            raise self._known
        if not self._proved:
            await self._prove(style)
            self._proved = True

    async def _prove(self, style: str) -> None:
        key = f"{self._home}-{os.urandom(8).hex()}"  # two processes may try it at once
        etag = await self._objects.put(key, b"A test of ptb-bucket's. It may be deleted.", Create(), style)
        try:
            await self._experiment(key, etag, style)
        except UnsupportedError as error:
            self._known = error
            raise
        finally:
            with suppress(StoreError):  # what was found out counts; the object says that it may be deleted
                await self._objects.delete(key)

    async def _experiment(self, key: str, etag: str, style: str) -> None:
        with suppress(LostRaceError):
            await self._objects.delete_if(key, _STALE, style)
            raise self._ignored(key, "another ETag than it has, accepted where 412 is right")
        try:
            await self._objects.delete_if(key, etag, style)
        except LostRaceError:
            raise self._ignored(key, "the ETag that it has, refused") from None
        with suppress(NotFoundError):
            await self._objects.read(key)
            raise self._ignored(key, "the ETag that it has, accepted, and it was still there")

    def _ignored(self, key: str, shown: str) -> UnsupportedError:
        return UnsupportedError(
            f"{self._place}: this server does not delete on a condition as it should. A request shows it: a delete of "
            f"{key!r}, a test's object, on the condition of {shown}.",
            key=key,
        )
