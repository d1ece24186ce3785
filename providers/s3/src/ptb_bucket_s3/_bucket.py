"""The requests to a bucket, with a time limit and translated errors."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, TypeVar

from ptb_bucket.errors import UnavailableError
from ptb_bucket.stores import NOT_MODIFIED, Blob, Create, within
from ptb_bucket_s3._errors import Asked, status_of, translated
from ptb_bucket_s3._permissions import grants

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence

    from ptb_bucket.stores import NotModified, PutMode
    from ptb_bucket_s3._client import Clients, HandedIn
    from ptb_bucket_s3._settings import Settings

__all__ = ["STYLES", "Bucket", "plain"]

_T = TypeVar("_T")
STYLES: Final = ("quoted", "bare")
"""The styles of an ETag in If-Match: with quotes as in the standard, and without as Ceph expects it."""
_UNCHANGED: Final = 304


class Bucket:
    """The requests that the store sends to its bucket.

    Args:
        name: The bucket's name.
        settings: The options for using the bucket.
        clients: The source of the client.
        permissions: Operation → actions, for messages that say what to grant.
    """

    def __init__(
        self, name: str, settings: Settings, clients: Clients | HandedIn, permissions: Mapping[str, Sequence[str]]
    ) -> None:
        self._name = name
        self._settings = settings
        self._clients = clients
        self._permissions = permissions
        self._place = f"s3://{name}" + (f" at {settings.endpoint_url}" if settings.endpoint_url else "")

    async def ask(self, asked: Asked, send: Callable[[Any], Awaitable[_T]]) -> _T:
        """Run a request with the client.

        Raises:
            StoreError: The SDK's error, translated.
        """

        async def work() -> _T:
            return await send(await self._clients.get())

        try:
            return await within(self._settings.timeout, work())
        except Exception as exc:
            needed = grants(self._permissions.get(asked.operation, ()), self._name, self._settings.home)
            error = translated(exc, asked, self._place, needed)
            if error is None:
                raise
            raise error from exc

    async def get(self, key: str, etag: str | None = None) -> Blob | NotModified:
        """Read an object unless it has this ETag."""
        condition = {} if etag is None else {"IfNoneMatch": f'"{etag}"'}

        async def send(client: Any) -> Blob | NotModified:
            try:
                return await self._fetch(client, Key=key, **condition)
            except client.exceptions.ClientError as exc:
                if status_of(exc) == _UNCHANGED:
                    return NOT_MODIFIED
                raise

        blob = await self.ask(Asked("get", key), send)
        # A server may ignore the condition.
        return NOT_MODIFIED if isinstance(blob, Blob) and blob.etag == etag else blob

    async def read(self, key: str, version: str | None = None) -> Blob:
        """Read an object, or an old version of it."""
        which = {"Key": key} if version is None else {"Key": key, "VersionId": version}
        asked = Asked("get" if version is None else "versions", key, version=version is not None)
        return await self.ask(asked, lambda client: self._fetch(client, **which))

    async def _fetch(self, client: Any, **which: str) -> Blob:
        answer = await client.get_object(Bucket=self._name, **which)
        async with answer["Body"] as body:
            return Blob(await body.read(), plain(answer["ETag"]))

    async def put(self, key: str, data: bytes, mode: PutMode, style: str) -> str:
        """Write an object once, and return its ETag."""
        condition = {"IfNoneMatch": "*"} if isinstance(mode, Create) else {"IfMatch": _styled(mode.etag, style)}
        wanted = {"Bucket": self._name, "Key": key, **condition, **self._settings.put_arguments()}
        asked = Asked("put", key, updating=not isinstance(mode, Create))
        answer = await self.ask(asked, lambda client: client.put_object(Body=data, **wanted))
        if not answer.get("ETag"):
            raise UnavailableError(f"s3: {self._place} stored {key!r} but did not return its ETag.", key=key)
        return plain(answer["ETag"])

    async def delete(self, key: str) -> None:
        """Remove an object, once."""
        await self.ask(Asked("delete", key), lambda client: client.delete_object(Bucket=self._name, Key=key))

    async def delete_if(self, key: str, etag: str, style: str) -> None:
        """Remove an object if it has this ETag, once. A proof that the server honours the condition comes first."""
        which = {"Key": key, "IfMatch": _styled(etag, style)}
        asked = Asked("delete", key, updating=True)
        await self.ask(asked, lambda client: client.delete_object(Bucket=self._name, **which))

    async def delete_version(self, key: str, version: str) -> None:
        """Remove an old version of an object for good, once."""
        which = {"Key": key, "VersionId": version}
        await self.ask(Asked("delete_version", key), lambda client: client.delete_object(Bucket=self._name, **which))

    async def pages(self, asked: Asked, method: str, *markers: str) -> AsyncIterator[Mapping[str, Any]]:
        """Iterate over the pages of a listing; ``markers`` are the parameters with the start of the next page."""
        wanted = {"Bucket": self._name, "Prefix": asked.key}
        more = True
        while more:
            page = await self.ask(asked, lambda client: getattr(client, method)(**wanted))
            yield page
            more = bool(page.get("IsTruncated"))
            wanted.update({marker: page["Next" + marker] for marker in markers if page.get("Next" + marker)})

    async def versioning(self) -> str:
        """Return ``Enabled``, ``Suspended``, or an empty string if versioning was never turned on."""
        asked = Asked("versions", "")
        answer = await self.ask(asked, lambda client: client.get_bucket_versioning(Bucket=self._name))
        return str(answer.get("Status", ""))


def _styled(etag: str, style: str) -> str:
    return f'"{etag}"' if style == STYLES[0] else etag


def plain(etag: str) -> str:
    """Return an ETag without quotes, which some servers leave out."""
    return etag.removeprefix("W/").strip('"')
