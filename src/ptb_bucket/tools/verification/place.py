"""The part of a user's bucket in which a verification runs: one new prefix, which is removed at the end."""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Final

from ptb_bucket._aio import for_each
from ptb_bucket.errors import AccessError, LostRaceError, NotFoundError, StoreError, UnsupportedError
from ptb_bucket.stores import Create, PrefixStore, RetryingStore, Update, open_store, wrapped
from ptb_bucket.stores.promises import Place
from ptb_bucket.tools.verification.requests import CountingStore

if TYPE_CHECKING:
    from collections.abc import Callable

    from ptb_bucket.stores import BlobStore, PutMode, StoreUri
    from ptb_bucket.tools.verification.requests import Tally

__all__ = ["PREFIX", "Cleaned", "Grounds", "PromisePlace"]

PREFIX: Final = "ptb-bucket-verify-"
_SWEEPS: Final = 5
"""The times that the prefix is listed and emptied. A request that was cut off may still write after the first one."""


@dataclass(frozen=True)
class Cleaned:
    """The result of cleaning up.

    Args:
        left: The objects that are left, and the reason; empty if there are none.
        note: A remark about old versions; empty if there is nothing to say.
    """

    left: str = ""
    note: str = ""


class Grounds:
    """A new prefix below a URI. It belongs to one verification, which leaves everything else alone.

    Args:
        uri: The location of the bot, whose objects stay untouched.
        tally: Counts the requests.
    """

    def __init__(self, uri: StoreUri, tally: Tally) -> None:
        self._parent = uri
        self.name = f"{PREFIX}{os.urandom(6).hex()}"
        self.tally = tally
        self._new_directory = uri.scheme == "file" and not Path(uri.bucket).exists()

    @property
    def uri(self) -> StoreUri:
        """Return the URI of the prefix."""
        if self._parent.scheme == "file":
            return replace(self._parent, bucket=f"{self._parent.bucket.rstrip('/')}/{self.name}")
        return replace(self._parent, prefix=f"{self._parent.prefix}{self.name}/")

    @cached_property
    def store(self) -> BlobStore:
        """The store that all parts share, apart from those that need a new one."""
        return RetryingStore(self.open())

    def open(self) -> BlobStore:
        """Return a new store on the prefix."""
        return CountingStore(wrapped(open_store(self.uri)), self.tally)

    @cached_property
    def _whole(self) -> BlobStore:
        """The store on the bot's location, which also sees the note about the server that is stored in the prefix."""
        return CountingStore(wrapped(open_store(self._parent)), self.tally)

    def describe(self) -> str:
        """Return the name of the prefix, by which people find it in the bucket."""
        return f"{self._whole.describe(self.name)}/"

    async def check_deletable(self) -> None:
        """Check that objects can be deleted, on a missing one, before anything is written.

        Raises:
            AccessError: They cannot, or the bucket cannot be reached.
        """
        try:
            await self.store.delete("nothing")
        except AccessError as error:
            if error.about != "permission":
                raise
            raise AccessError(
                f"Nothing was written because {self.describe()} could not be removed afterwards. Allow deletes under "
                f"{PREFIX}*. {error}",
                key=error.key,
            ) from error

    async def clean(self) -> Cleaned:
        """Remove everything below the prefix, with old versions. Errors are part of the result."""
        if not self.tally.written:
            return Cleaned()  # the bucket does not exist, or does not answer: that is the error to report
        await self.tally.settle()
        if self._parent.scheme == "file":
            return Cleaned(left=self._remove_directory())
        try:
            await self._remove_objects()
        except StoreError as error:
            return Cleaned(left=f"Remove {self.describe()} by hand. {error}")
        try:
            await self._remove_versions()
        except StoreError as error:
            note = f"If versioning is on, old versions below {self.describe()} remain. {error}"
            return Cleaned(note=note)
        return Cleaned()

    def _remove_directory(self) -> str:
        directory = Path(self.uri.bucket)
        try:
            if directory.exists():
                shutil.rmtree(directory)
            if self._new_directory and directory.parent.exists():
                directory.parent.rmdir()
        except OSError as error:
            return f"Remove {directory} by hand: {error.strerror}."
        return ""

    async def _remove_objects(self) -> None:
        for _ in range(_SWEEPS):
            keys = [info.key async for info in self._whole.list(f"{self.name}/")]
            self.tally.written.update(map(self._whole.describe, keys))
            if not keys:
                return
            await for_each(keys, self._whole.delete)
        raise StoreError(
            f"{self.describe()} is still not empty after {_SWEEPS} attempts. Another process is writing there."
        )

    async def _remove_versions(self) -> None:
        base = self._whole.describe(self.name)
        keys = sorted(self.name + name.removeprefix(base) for name in self.tally.written)
        if keys and await self._keeps_versions(keys[0]):
            await for_each(keys, self._forget)

    async def _keeps_versions(self, key: str) -> bool:
        try:
            async for _ in self._whole.versions(key):
                break
        except UnsupportedError:
            return False
        return True

    async def _forget(self, key: str) -> None:
        versions = [version async for version in self._whole.versions(key)]
        for version in reversed(versions):  # the deletion marker last: while it exists, no version is current
            await self._whole.delete_version(key, version.version)

    async def close(self) -> None:
        """Close the stores."""
        for name in ("store", "_whole"):
            if name in vars(self):
                await getattr(self, name).close()


class PromisePlace(Place):
    """The place for one promise, two folders below the prefix, so that no server can resolve a key to one outside it.

    Args:
        name: The name of the promise.
        make: Makes a store on the prefix.
        side_door: Another store of the same kind, for raw access.
    """

    deletes_if = None

    def __init__(self, name: str, make: Callable[[], BlobStore], side_door: BlobStore) -> None:
        self._make = make
        self._prefix = f"promises/{name}/"
        self._side_door = PrefixStore(side_door, self._prefix)

    def open(self) -> BlobStore:
        """Return another store."""
        return PrefixStore(self._make(), self._prefix)

    async def read_raw(self, key: str) -> bytes | None:
        """Read with the other store."""
        try:
            return (await self._side_door.get(key)).data
        except NotFoundError:
            return None

    async def write_raw(self, key: str, data: bytes) -> None:
        """Write with the other store, as if without a condition."""
        while True:
            try:
                await self._side_door.put(key, data, await self._mode(key))
            except LostRaceError:
                continue
            return

    async def _mode(self, key: str) -> PutMode:
        try:
            return Update((await self._side_door.get(key)).etag)
        except NotFoundError:
            return Create()

    async def keys_raw(self) -> list[str]:
        """List with the other store."""
        return [info.key async for info in self._side_door.list()]
