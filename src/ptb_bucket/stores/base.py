"""The store contract: bytes under keys, with ETags. All other code reaches storage only through it."""

from __future__ import annotations

import enum
from abc import ABC, abstractmethod
from dataclasses import field
from typing import TYPE_CHECKING, ClassVar, Final, Literal, overload

from ptb_bucket._dataclass import dataclass
from ptb_bucket.errors import UnsupportedError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping, Sequence
    from datetime import datetime
    from types import TracebackType

    from typing_extensions import Self

    from ptb_bucket.stores.uri import StoreUri

__all__ = [
    "NOT_MODIFIED",
    "Blob",
    "BlobInfo",
    "BlobStore",
    "BlobVersion",
    "Create",
    "Finding",
    "NotModified",
    "PutMode",
    "Update",
]


class NotModified(enum.Enum):
    """The type of :data:`NOT_MODIFIED`."""

    NOT_MODIFIED = "not modified"


NOT_MODIFIED: Final = NotModified.NOT_MODIFIED
"""The answer of a conditional ``get`` if the object still has the ETag that the caller knows."""


@dataclass(frozen=True)
class Blob:
    """The bytes and the ETag of an object's version."""

    data: bytes = field(repr=False)
    etag: str


@dataclass(frozen=True)
class BlobInfo:
    """An entry of a listing.

    ``size`` is in bytes. ``modified`` is the time of the last write by the store's clock; None if the listing does not
    have it. Due keys of timers that were never saved are removed an hour after this time, and stay if it is None.
    """

    key: str
    size: int
    modified: datetime | None = field(default=None, compare=False)


@dataclass(frozen=True)
class BlobVersion:
    """An old or current version of an object; ``size`` is in bytes, and ``deleted`` is true for a deletion marker."""

    version: str
    modified: datetime
    size: int
    current: bool = False
    deleted: bool = False


@dataclass(frozen=True)
class Finding:
    """A line of :meth:`BlobStore.diagnose`: the check, its result, and what to do if it failed."""

    check: str
    ok: bool
    detail: str = ""


@dataclass(frozen=True)
class Create:
    """The put mode that writes only if no object exists under the key."""


@dataclass(frozen=True)
class Update:
    """The put mode that writes only if the object still has this ETag."""

    etag: str


PutMode = Create | Update
"""The condition of a put. Every put has one."""


class BlobStore(ABC):
    """Bytes under keys, with ETags.

    Keys are non-empty strings of at most 1,024 bytes of UTF-8, with ``/`` as the customary separator. A store accepts
    every such key, or refuses it with :class:`~ptb_bucket.errors.UnsupportedError` before anything is written.

    Every implementation keeps these promises (``ptb_bucket.testing.conformance`` tests them):

    * **Exactly once.** A put or delete is sent once. A store never repeats a write. A put that is cancelled or raises
      :class:`~ptb_bucket.errors.UnavailableError` may have been applied.
    * **All or nothing.** No reader ever sees half an object.
    * **Linearizable per key.** Of several conditional puts on one version, exactly one is applied.
    * **Only "not found" is empty.** Every other failure raises another :class:`~ptb_bucket.errors.StoreError`. All
      errors of an SDK are translated.
    * **Loops and processes.** A store opened from a URI works in several event loops, one after another, and in a
      forked child. After :meth:`close` it reopens at the next use.
    """

    scheme: ClassVar[str]
    """The URI scheme that this class serves."""

    OPTIONS: ClassVar[Mapping[str, str]] = {}
    """URI options that :meth:`from_uri` understands: name → one line of help."""

    PERMISSIONS: ClassVar[Mapping[str, Sequence[str]]] = {}
    """Operation → the cloud's actions that it needs. Every bot needs ``get``, ``put`` and ``list``. Only tools need
    ``delete``, ``versions`` and ``delete_version``."""

    min_write_interval: float = 0.0
    """The least number of seconds between two writes of one key. The replica waits; the store does not."""

    lists_in_order: bool = True
    """False if :meth:`list` yields keys in no order. Everything but timers of ``per-record`` does without it."""

    @classmethod
    @abstractmethod
    def from_uri(cls, uri: StoreUri) -> BlobStore:
        """Make a store from a parsed URI, without any request.

        Args:
            uri: The parsed URI; ``uri.options`` has only names listed in :attr:`OPTIONS`. The store ignores the prefix,
                because :func:`ptb_bucket.stores.open_store` wraps the store in a :class:`PrefixStore`.

        Raises:
            ConfigurationError: The URI does not fit this store, or the value of an option is invalid.
        """

    @overload
    async def get(self, key: str, *, version: str | None = None) -> Blob: ...
    @overload
    async def get(self, key: str, *, if_none_match: str | None, version: None = None) -> Blob | NotModified: ...
    @abstractmethod
    async def get(
        self, key: str, *, if_none_match: str | None = None, version: str | None = None
    ) -> Blob | NotModified:
        """Read an object.

        Args:
            key: The object's key.
            if_none_match: The ETag that the caller knows. If the object still has it, nothing is transferred. If the
                server ignores the condition, the store compares the ETags itself.
            version: Read this old version (see :meth:`versions`) instead of the current one.

        Returns:
            The bytes and their ETag, or :data:`NOT_MODIFIED`.

        Raises:
            NotFoundError: The object does not exist. (A missing bucket is an ``AccessError``.)
            UnsupportedError: ``version`` was given, and this store keeps no old versions.
            AccessError, UnavailableError: The object could not be read.
        """

    @abstractmethod
    async def put(self, key: str, data: bytes, mode: PutMode) -> str:
        """Write an object, conditionally, once.

        Args:
            key: The object's key.
            data: All bytes of the object.
            mode: :class:`Create` or :class:`Update`.

        Returns:
            The new ETag.

        Raises:
            LostRaceError: The condition did not hold. This is a hint: the other write may be our own, answered twice.
                An ``Update`` of an object that is gone raises it too.
            UnavailableError: The outcome is unknown.
            AccessError, UnsupportedError: The put was not applied.
        """

    @abstractmethod
    async def delete(self, key: str) -> None:
        """Remove an object unconditionally; a missing object is not an error.

        Never use it on an object that may be written again.

        Raises:
            AccessError, UnavailableError: The object may still exist.
        """

    async def delete_if(self, key: str, etag: str) -> None:
        """Remove an object if it still has this ETag; a missing object is not an error.

        Use it on objects that may be written at any time: a version written after the read stays.

        Args:
            key: The object's key.
            etag: The ETag that was read.

        Raises:
            LostRaceError: The object has another ETag. It was not removed.
            UnsupportedError: This store or its server cannot delete on a condition. The object was not removed.
            AccessError, UnavailableError: The object may still exist.
        """
        raise UnsupportedError(
            f"{self.describe(key)} ({etag}) was not removed because this store does not support conditional deletes.",
            key=key,
        )

    @abstractmethod
    def list(self, prefix: str = "") -> AsyncIterator[BlobInfo]:
        """Iterate over the objects whose keys start with ``prefix``, in the order of their keys, page by page.

        Raises:
            AccessError, UnavailableError: The listing is not complete.
        """

    def describe(self, key: str) -> str:
        """Return the name of an object for messages, so that people find it: ``s3://bucket/prefix/key`` or a path."""
        return f"{self.scheme}: {key}"

    async def close(self) -> None:
        """Close connections and files, but not a client that was passed in. Closing again does nothing."""
        return

    def versions(self, key: str) -> AsyncIterator[BlobVersion]:
        """Iterate over the versions of one object, newest first, deletion markers included.

        Raises:
            UnsupportedError: This store keeps no old versions.
        """
        raise UnsupportedError(f"{self.describe(key)} has no old versions. This store does not keep any.", key=key)

    async def delete_version(self, key: str, version: str) -> None:
        """Remove an old version of an object for good; a missing version is not an error.

        Do not remove the current version: some stores make the version before it current again.

        Args:
            key: The object's key.
            version: The version's name, as in :meth:`versions`.

        Raises:
            UnsupportedError: This store keeps no old versions.
            AccessError, UnavailableError: The version may still exist.
        """
        raise UnsupportedError(
            f"{self.describe(key)} has no old version {version} because this store does not keep any.", key=key
        )

    async def diagnose(self) -> Sequence[Finding]:
        """Return checks that only this kind of store can make, for ``ptb-bucket check``."""
        return ()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> Literal[False]:
        await self.close()
        return False
