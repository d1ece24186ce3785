"""The requests that the store sends, in the form that both clients implement."""

from __future__ import annotations

from typing import TYPE_CHECKING, Generic, Protocol, TypeVar

from ptb_bucket.errors import AccessError, UnavailableError
from ptb_bucket.stores import dataclass

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from ptb_bucket.errors import StoreError
    from ptb_bucket.stores import Blob, BlobInfo, NotModified
    from ptb_bucket_gcs._errors import Verdict

__all__ = ["Asked", "BucketSettings", "GcsClient", "Page", "StoredGeneration"]

_Item = TypeVar("_Item")


@dataclass(frozen=True)
class Asked:
    """A request to a bucket, as messages name it.

    Args:
        operation: The operation, as in ``PERMISSIONS``.
        bucket: The bucket's name.
        key: The object's key, if the operation is about one.
    """

    operation: str
    bucket: str
    key: str | None

    @property
    def where(self) -> str:
        """The object or bucket."""
        return f"bucket {self.bucket!r}" if self.key is None else f"{self.key!r} in bucket {self.bucket!r}"

    def failed(self, verdict: Verdict, name: str) -> StoreError:
        """Return the error that says what to do next.

        Args:
            verdict: The class and text of the error.
            name: The HTTP status or the class of the error. No URL, header or credentials.
        """
        found = verdict.error(f"{self.operation} of {self.where} {verdict.text} ({name})", key=self.key)
        if isinstance(found, AccessError):
            found.about = verdict.about
        return found

    def timed_out(self, seconds: float) -> StoreError:
        """Return the error for an operation that took too long."""
        limit = f"{seconds:g} seconds (option timeout)"
        return UnavailableError(f"{self.operation} of {self.where} timed out after {limit}.", key=self.key)


@dataclass(frozen=True)
class StoredGeneration:
    """A generation of an object, as a listing shows it. ``deleted`` is when it was replaced or deleted."""

    key: str
    number: int
    size: int
    created: datetime
    deleted: datetime | None


@dataclass(frozen=True)
class Page(Generic[_Item]):
    """A page of a listing. ``after`` is the token of the next page; it is empty on the last page."""

    items: Sequence[_Item]
    after: str


@dataclass(frozen=True)
class BucketSettings:
    """The settings of a bucket that matter to a bot. ``held`` means that objects can't be replaced."""

    name: str
    versioning: bool
    uniform_access: bool
    held: bool


class GcsClient(Protocol):
    """A client for one bucket. It sends every request once, and raises only errors of ptb-bucket.

    ``NotFoundError`` may mean that the object does not exist, or that the bucket does not.
    """

    async def read(self, key: str, *, known: int | None = None, generation: int | None = None) -> Blob | NotModified:
        """Read an object unless its generation is the known one, or an old generation of it."""

    async def write(self, key: str, data: bytes, generation: int) -> str:
        """Write an object if it has this generation, or with 0 if it does not exist. Return the new generation."""

    async def delete(self, key: str, *, if_generation: int | None = None) -> None:
        """Remove an object, on this condition if there is one."""

    async def delete_generation(self, key: str, generation: int) -> None:
        """Remove a generation of an object for good."""

    async def list_objects(self, prefix: str, after: str) -> Page[BlobInfo]:
        """Return a page of the objects whose keys start with the prefix."""

    async def list_generations(self, prefix: str, after: str) -> Page[StoredGeneration]:
        """Return a page of the generations of all objects whose keys start with the prefix."""

    async def look(self, key: str) -> None:
        """List at most one object. Every bot may do this, and it fails if the bucket does not exist."""

    async def settings(self) -> BucketSettings:
        """Read the bucket's settings, which needs storage.buckets.get. A bot need not have it."""
