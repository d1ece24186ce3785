"""The store contract: bytes under keys, with ETags. The narrow waist that everything else stands on."""

from __future__ import annotations

import enum
from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar, Final, Literal, overload

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
"""What a conditional ``get`` answers when the object still has the ETag that the caller knows."""


@dataclass(frozen=True)
class Blob:
    """One version of an object: its bytes and its ETag."""

    data: bytes = field(repr=False)
    etag: str


@dataclass(frozen=True)
class BlobInfo:
    """An object as a listing shows it; ``size`` in bytes."""

    key: str
    size: int


@dataclass(frozen=True)
class BlobVersion:
    """An old or current version of an object; ``size`` in bytes, ``deleted`` for a deletion marker."""

    version: str
    modified: datetime
    size: int
    current: bool = False
    deleted: bool = False


@dataclass(frozen=True)
class Finding:
    """One line of :meth:`BlobStore.diagnose`: what was looked at, whether it is well, and what to do if not."""

    check: str
    ok: bool
    detail: str = ""


@dataclass(frozen=True)
class Create:
    """Put mode: only if there is no object under the key."""


@dataclass(frozen=True)
class Update:
    """Put mode: only if the object still has this ETag."""

    etag: str


PutMode = Create | Update
"""How a put is conditional. There is no unconditional put."""


class BlobStore(ABC):
    """Bytes under keys, with ETags.

    Keys are non-empty strings of at most 1,024 bytes of UTF-8, with ``/`` as the customary separator; a store takes
    every such key or refuses it with :class:`~ptb_bucket.errors.UnsupportedError` before anything is written.

    The promises that every implementation keeps (``ptb_bucket.testing.conformance`` holds them):

    * **Exactly once.** A put or delete is sent once. A store contains no retry of writes; a put that raises
      :class:`~ptb_bucket.errors.UnavailableError`, or is cancelled, may have been applied.
    * **All or nothing.** No reader ever sees half an object.
    * **Linearizable per key.** Of several conditional puts on one version, exactly one is applied.
    * **Only "not found" is empty.** Whatever else goes wrong raises another
      :class:`~ptb_bucket.errors.StoreError`; no error of an SDK comes through untranslated.
    * **Loops and processes.** A store opened from a URI works under whichever event loop runs, one after another, and
      in a forked child. After :meth:`close` it reopens at the next use.
    """

    scheme: ClassVar[str]
    """The URI scheme that this class serves."""

    OPTIONS: ClassVar[Mapping[str, str]] = {}
    """URI options that :meth:`from_uri` understands: name → one line of help."""

    PERMISSIONS: ClassVar[Mapping[str, Sequence[str]]] = {}
    """Operation → the cloud's actions that it needs: ``get``, ``put`` and ``list``, which every bot needs; ``delete``,
    ``versions`` and ``delete_version``, which only tools need."""

    min_write_interval: float = 0.0
    """Seconds between two writes of one key that the store can bear; the replica waits, the store does not."""

    @classmethod
    @abstractmethod
    def from_uri(cls, uri: StoreUri) -> BlobStore:
        """Make a store from a parsed URI, without any request.

        Args:
            uri: Where and how; ``uri.options`` holds only names listed in :attr:`OPTIONS`. The prefix is not for the
                store to see: :func:`ptb_bucket.stores.open_store` wraps it around.

        Raises:
            ConfigurationError: The URI cannot be meant for this store, or an option's value is no good.
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
            key: Which object.
            if_none_match: An ETag that the caller has; if the object still has it, nothing is transferred. Where a
                server ignores the condition, the store compares the ETags itself.
            version: Read this old version (see :meth:`versions`) instead of the current one.

        Returns:
            The bytes and their ETag, or :data:`NOT_MODIFIED`.

        Raises:
            NotFoundError: There is no such object (a bucket that does not exist is an ``AccessError``).
            UnsupportedError: ``version`` was given and this store keeps no old versions.
            AccessError, UnavailableError: It could not be read.
        """

    @abstractmethod
    async def put(self, key: str, data: bytes, mode: PutMode) -> str:
        """Write an object, conditionally, once.

        Args:
            key: Which object.
            data: All of its bytes.
            mode: :class:`Create` or :class:`Update`.

        Returns:
            The new ETag.

        Raises:
            LostRaceError: The condition did not hold (a hint: it may be our own write, answered twice). An ``Update``
                of an object that is gone raises it too.
            UnavailableError: Outcome unknown.
            AccessError, UnsupportedError: Not applied.
        """

    @abstractmethod
    async def delete(self, key: str) -> None:
        """Remove an object, unconditionally; one that is not there is no error.

        Never used on anything that may be written again.

        Raises:
            AccessError, UnavailableError: It may still be there.
        """

    async def delete_if(self, key: str, etag: str) -> None:
        """Remove an object if it still has this ETag; one that is not there is no error.

        For what may be written again at any time: what was written since it was read stays.

        Args:
            key: Which object.
            etag: As it was read.

        Raises:
            LostRaceError: It has another one. It was not removed.
            UnsupportedError: This store or its server cannot. It was not removed.
            AccessError, UnavailableError: It may still be there.
        """
        raise UnsupportedError(f"{self.describe(key)} ({etag}): this store cannot delete on a condition", key=key)

    @abstractmethod
    def list(self, prefix: str = "") -> AsyncIterator[BlobInfo]:
        """Iterate over the objects whose keys start with ``prefix``, in order of their keys, page by page.

        Raises:
            AccessError, UnavailableError: The listing is not complete.
        """

    def describe(self, key: str) -> str:
        """How messages name an object, so that a human finds it: ``s3://bucket/prefix/key``, a path."""
        return f"{self.scheme}: {key}"

    async def close(self) -> None:
        """Let go of connections and files. A client that was handed in stays open. Idempotent."""
        return

    def versions(self, key: str) -> AsyncIterator[BlobVersion]:
        """Iterate over the versions of one object, newest first, deletion markers included.

        Raises:
            UnsupportedError: This store keeps none.
        """
        raise UnsupportedError(f"{self.describe(key)}: this store keeps no old versions", key=key)

    async def delete_version(self, key: str, version: str) -> None:
        """Remove an old version of an object for good; one that is not there is no error.

        Not for the current version: where that is removed, some stores make the one before it current again.

        Args:
            key: Which object.
            version: As :meth:`versions` gives it.

        Raises:
            UnsupportedError: This store keeps no old versions.
            AccessError, UnavailableError: It may still be there.
        """
        raise UnsupportedError(f"{self.describe(key)} (version {version}): this store keeps no old versions", key=key)

    async def diagnose(self) -> Sequence[Finding]:
        """Look at what only this kind of store can tell about itself, for ``ptb-bucket check``."""
        return ()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> Literal[False]:
        await self.close()
        return False
