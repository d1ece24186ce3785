"""The requests that the store sends, in the form that both clients implement."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Generic, Protocol, TypeVar

from ptb_bucket.stores import dataclass

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from ptb_bucket.stores import Blob, BlobInfo, NotModified

__all__ = ["HONEST", "Asked", "Page", "S3Client", "StoredVersion", "plain"]

_Item = TypeVar("_Item")

HONEST: Final = (
    "Conditional puts work on Amazon S3, Cloudflare R2, Ceph RGW, OVHcloud, Scaleway, Tigris and Yandex. For Google "
    "Cloud buckets, use gs:// instead of s3://."
)
"""According to the servers' documentation, and for Ceph RGW to our tests (docs/reference/servers.md)."""


@dataclass(frozen=True)
class Asked:
    """A request. If it fails, it determines the message and the meaning of the error."""

    operation: str
    key: str
    updating: bool = False
    version: bool = False


@dataclass(frozen=True)
class StoredVersion:
    """A version of an object, or a deletion marker, as a listing shows it."""

    key: str
    id: str
    modified: datetime
    size: int
    latest: bool
    deleted: bool


@dataclass(frozen=True)
class Page(Generic[_Item]):
    """A page of a listing. ``after`` is what to ask the next page with; it is empty on the last page."""

    items: Sequence[_Item]
    after: Mapping[str, str]


class S3Client(Protocol):
    """A client for one bucket. It sends every put and delete once, and raises its own errors untranslated.

    ``endpoint_url`` is the server's address without the bucket, ``region_name`` the region in the signatures.
    """

    @property
    def endpoint_url(self) -> str:
        """The server's address."""

    @property
    def region_name(self) -> str | None:
        """The region that the client signs for."""

    async def get(self, key: str, *, etag: str | None = None, version: str | None = None) -> Blob | NotModified:
        """Read an object unless it has this ETag, or an old version of it."""

    async def put(self, key: str, data: bytes, *, if_match: str | None) -> str:
        """Write an object if its ETag is this one (None: if it does not exist), and return the ETag or ``""``."""

    async def delete(self, key: str, *, if_match: str | None = None, version: str | None = None) -> None:
        """Remove an object, on this condition if there is one, or one of its versions."""

    async def list_objects(self, prefix: str, after: Mapping[str, str]) -> Page[BlobInfo]:
        """Return a page of the objects whose keys start with the prefix."""

    async def list_versions(self, prefix: str, after: Mapping[str, str]) -> Page[StoredVersion]:
        """Return a page of the versions whose keys start with the prefix."""

    async def versioning(self) -> str:
        """Return ``Enabled``, ``Suspended``, or an empty string if versioning was never turned on."""

    def abandon(self) -> Sequence[object]:
        """Close the kept connections without the client's loop. Return what nothing may touch any more."""


def plain(etag: str) -> str:
    """Return an ETag without quotes, which some servers leave out."""
    return etag.removeprefix("W/").strip('"')
