"""The requests to a bucket, with a time limit and translated errors."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Final, TypeVar

from ptb_bucket.errors import UnavailableError
from ptb_bucket.stores import NOT_MODIFIED, Blob, Create, within
from ptb_bucket_s3._permissions import grants
from ptb_bucket_s3._requests import Asked, plain

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence

    from ptb_bucket.stores import BlobInfo, NotModified, PutMode
    from ptb_bucket.stores.http import Clients
    from ptb_bucket_s3._requests import Page, S3Client, StoredVersion
    from ptb_bucket_s3._sdk import HandedIn
    from ptb_bucket_s3._settings import Settings

__all__ = ["STYLES", "Bucket"]

_T = TypeVar("_T")
STYLES: Final = ("quoted", "bare")
"""The styles of an ETag in If-Match: with quotes as in the standard, and without as Ceph expects it."""


class Bucket:
    """The requests that the store sends to its bucket.

    Args:
        name: The bucket's name.
        settings: The options for using the bucket.
        clients: The source of the client.
        permissions: Operation → actions, for messages that say what to grant.
    """

    def __init__(
        self,
        name: str,
        settings: Settings,
        clients: Clients[S3Client] | HandedIn,
        permissions: Mapping[str, Sequence[str]],
    ) -> None:
        self._name = name
        self._settings = settings
        self._clients = clients
        self._permissions = permissions
        self._place = f"s3://{name}" + (f" at {settings.endpoint_url}" if settings.endpoint_url else "")

    async def ask(self, asked: Asked, send: Callable[[S3Client], Awaitable[_T]]) -> _T:
        """Run a request with the client.

        Raises:
            StoreError: The client's error, translated.
        """

        async def work() -> _T:
            return await send(await self._clients.get())

        try:
            return await within(self._settings.timeout, work())
        except Exception as exc:
            from ptb_bucket_s3._errors import translated  # noqa: PLC0415  most starts have none

            needed = grants(self._permissions.get(asked.operation, ()), self._name, self._settings.home)
            error = translated(exc, asked, self._place, needed)
            if error is None:
                raise
            raise error from exc

    async def get(self, key: str, etag: str | None = None) -> Blob | NotModified:
        """Read an object unless it has this ETag."""
        blob = await self.ask(Asked("get", key), lambda client: client.get(key, etag=etag))
        # A server may ignore the condition.
        return NOT_MODIFIED if isinstance(blob, Blob) and blob.etag == etag else blob

    async def read(self, key: str, version: str | None = None) -> Blob:
        """Read an object, or an old version of it."""
        asked = Asked("get" if version is None else "versions", key, version=version is not None)
        blob = await self.ask(asked, lambda client: client.get(key, version=version))
        if not isinstance(blob, Blob):
            raise UnavailableError(f"s3: {self._place} returned 304 for an unconditional read of {key!r}.", key=key)
        return blob

    async def put(self, key: str, data: bytes, mode: PutMode, style: str) -> str:
        """Write an object once, and return its ETag."""
        condition = None if isinstance(mode, Create) else _styled(mode.etag, style)
        asked = Asked("put", key, updating=condition is not None)
        etag = await self.ask(asked, lambda client: client.put(key, data, if_match=condition))
        if not etag:
            raise UnavailableError(f"s3: {self._place} stored {key!r} but did not return an ETag.", key=key)
        return plain(etag)

    async def delete(self, key: str) -> None:
        """Remove an object, once."""
        await self.ask(Asked("delete", key), lambda client: client.delete(key))

    async def delete_if(self, key: str, etag: str, style: str) -> None:
        """Remove an object if it has this ETag, once. A proof that the server honours the condition comes first."""
        asked = Asked("delete", key, updating=True)
        await self.ask(asked, lambda client: client.delete(key, if_match=_styled(etag, style)))

    async def delete_version(self, key: str, version: str) -> None:
        """Remove an old version of an object for good, once."""
        await self.ask(Asked("delete_version", key), lambda client: client.delete(key, version=version))

    def objects(self, prefix: str) -> AsyncIterator[Sequence[BlobInfo]]:
        """Iterate over the pages of the objects whose keys start with the prefix."""
        return self._pages(Asked("list", prefix), lambda client, after: client.list_objects(prefix, after))

    def versions(self, prefix: str) -> AsyncIterator[Sequence[StoredVersion]]:
        """Iterate over the pages of the versions whose keys start with the prefix."""
        return self._pages(Asked("versions", prefix), lambda client, after: client.list_versions(prefix, after))

    async def _pages(
        self, asked: Asked, send: Callable[[S3Client, Mapping[str, str]], Awaitable[Page[_T]]]
    ) -> AsyncIterator[Sequence[_T]]:
        after: Mapping[str, str] = {}
        while True:
            page = await self.ask(asked, partial(_send_with, send, after))
            yield page.items
            after = page.after
            if not after:
                return

    async def versioning(self) -> str:
        """Return ``Enabled``, ``Suspended``, or an empty string if versioning was never turned on."""
        return await self.ask(Asked("versions", ""), lambda client: client.versioning())


def _send_with(
    send: Callable[[S3Client, Mapping[str, str]], Awaitable[Page[_T]]], after: Mapping[str, str], client: S3Client
) -> Awaitable[Page[_T]]:
    return send(client, after)


def _styled(etag: str, style: str) -> str:
    return f'"{etag}"' if style == STYLES[0] else etag
