"""A test of conditional deletes on the server itself, because few servers honour the condition."""

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
"""An ETag that the object of the test never has."""


class DeletionProof:
    """A proof, once per process, that a server honours the condition of a delete, on a small object for the test.

    The result is not recorded in the bucket, because only tools need it, and the test takes only four requests.

    Args:
        objects: The bucket.
        home: The start of the object's key.
        place: The bucket's name for messages.
    """

    def __init__(self, objects: Bucket, home: str, place: str) -> None:
        self._objects = objects
        self._home = home
        self._place = place
        self._known: UnsupportedError | None = None
        self._proved = False

    async def ensure(self, style: str) -> None:
        """Prove that the server honours conditional deletes.

        Args:
            style: The style in which the server expects ETags.

        Raises:
            UnsupportedError: It does not. Only the object of the test was deleted.
            AccessError, UnavailableError: The test could not be completed.
        """
        if self._known is not None:
            raise self._known
        if not self._proved:
            await self._prove(style)
            self._proved = True

    async def _prove(self, style: str) -> None:
        key = f"{self._home}-{os.urandom(8).hex()}"  # two processes may try it at once
        etag = await self._objects.put(key, b"A test object of ptb-bucket. You may delete it.", Create(), style)
        try:
            await self._experiment(key, etag, style)
        except UnsupportedError as error:
            self._known = error
            raise
        finally:
            with suppress(StoreError):  # the result counts; the object says that it may be deleted
                await self._objects.delete(key)

    async def _experiment(self, key: str, etag: str, style: str) -> None:
        with suppress(LostRaceError):
            await self._objects.delete_if(key, _STALE, style)
            raise self._ignored(key, "a wrong ETag was accepted instead of rejected with 412")
        try:
            await self._objects.delete_if(key, etag, style)
        except LostRaceError:
            raise self._ignored(key, "the current ETag was rejected") from None
        with suppress(NotFoundError):
            await self._objects.read(key)
            raise self._ignored(key, "the current ETag was accepted, but the object still exists")

    def _ignored(self, key: str, shown: str) -> UnsupportedError:
        return UnsupportedError(
            f"The server of {self._place} does not support conditional deletes. In a test, a delete of {key!r} with "
            f"{shown}.",
            key=key,
        )
