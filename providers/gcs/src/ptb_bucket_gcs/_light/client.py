"""The light client: the store's requests in the JSON API of Cloud Storage."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any, Final, TypeVar
from urllib.parse import quote, urlencode

from ptb_bucket.errors import UnavailableError, UnsupportedError
from ptb_bucket.stores import NOT_MODIFIED, Blob, BlobInfo
from ptb_bucket_gcs._light.checksums import damaged
from ptb_bucket_gcs._light.transport import Message, Transport
from ptb_bucket_gcs._light.upload import multipart
from ptb_bucket_gcs._requests import Asked, BucketSettings, Page, StoredGeneration

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Mapping, Sequence

    from ptb_bucket.stores import NotModified
    from ptb_bucket_gcs._light.tokens import KnownToken
    from ptb_bucket_gcs._options import Options

__all__ = ["LightClient", "hold_light"]

_T = TypeVar("_T")
_UNCHANGED: Final = 304
_LISTING: Final = "storage#objects"


class LightClient:
    """The requests to one bucket, sent by httpcore.

    Source: Cloud Storage JSON API; the methods are named in the methods.

    Args:
        bucket: The bucket's name.
        options: The options for reaching it.
        transport: Sends requests.
    """

    def __init__(self, bucket: str, options: Options, transport: Transport) -> None:
        self._bucket = bucket
        self._transport = transport
        self._payer = {"userProject": options.user_project} if options.user_project else {}
        self._key = {"kmsKeyName": options.kms_key_name} if options.kms_key_name else {}

    async def read(self, key: str, *, known: int | None = None, generation: int | None = None) -> Blob | NotModified:
        """Read an object (objects.get); see :meth:`GcsClient.read`."""
        query = {"alt": "media", **_given("ifGenerationNotMatch", known), **_given("generation", generation)}
        asked = Asked("get", self._bucket, key)
        answer = await self._transport.ask(asked, Message("GET", self._path(key, "/download"), self._query(query)))
        if answer.status == _UNCHANGED:
            return NOT_MODIFIED
        found = answer.headers.get("x-goog-generation")
        if not found:
            raise UnsupportedError(f"The server did not return a generation after reading {key!r}.", key=key)
        if damaged(answer.body, answer.headers):
            raise UnavailableError(f"get of {asked.where} returned damaged bytes. Try again.", key=key)
        return NOT_MODIFIED if found == str(known) else Blob(answer.body, found)

    async def write(self, key: str, data: bytes, generation: int) -> str:
        """Write an object (objects.insert, in one request); see :meth:`GcsClient.write`."""
        query = {"uploadType": "multipart", "ifGenerationMatch": str(generation), **self._key}
        kind, body = multipart(key, data)
        path = f"/upload/storage/v1/b/{self._bucket}/o"
        message = Message("POST", path, self._query(query), {"content-type": kind}, body)
        asked = Asked("put", self._bucket, key)
        found = await self._transport.parsed(asked, message, lambda answer: str(answer.get("generation") or ""))
        if not found:
            raise UnavailableError(f"The server did not return a generation after writing {key!r}.", key=key)
        return found

    async def delete(self, key: str, *, if_generation: int | None = None) -> None:
        """Remove an object (objects.delete); see :meth:`GcsClient.delete`."""
        query = self._query(_given("ifGenerationMatch", if_generation))
        await self._transport.ask(Asked("delete", self._bucket, key), Message("DELETE", self._path(key), query))

    async def delete_generation(self, key: str, generation: int) -> None:
        """Remove a generation (objects.delete); see :meth:`GcsClient.delete_generation`."""
        message = Message("DELETE", self._path(key), self._query({"generation": str(generation)}))
        await self._transport.ask(Asked("delete_version", self._bucket, key), message)

    async def list_objects(self, prefix: str, after: str) -> Page[BlobInfo]:
        """Return a page of objects (objects.list); see :meth:`GcsClient.list_objects`."""
        query = {"prefix": prefix, "pageToken": after}
        return await self._list(Asked("list", self._bucket, None), query, "name,size,updated", _info)

    async def list_generations(self, prefix: str, after: str) -> Page[StoredGeneration]:
        """Return a page of generations (objects.list); see :meth:`GcsClient.list_generations`."""
        query = {"prefix": prefix, "pageToken": after, "versions": "true"}
        fields = "name,size,generation,timeCreated,timeDeleted"
        return await self._list(Asked("versions", self._bucket, prefix), query, fields, _generation)

    async def look(self, key: str) -> None:
        """List at most one object (objects.list); see :meth:`GcsClient.look`."""
        query = {"prefix": key, "maxResults": "1"}
        await self._list(Asked("list", self._bucket, key), query, "name", dict)

    async def settings(self) -> BucketSettings:
        """Read the bucket's settings (buckets.get); see :meth:`GcsClient.settings`."""
        message = Message("GET", f"/storage/v1/b/{self._bucket}", self._query({"projection": "noAcl"}))
        return await self._transport.parsed(
            Asked("diagnose", self._bucket, None), message, lambda found: _settings(self._bucket, found)
        )

    async def _list(
        self, asked: Asked, query: Mapping[str, str], fields: str, read: Callable[[dict[str, Any]], _T]
    ) -> Page[_T]:
        wanted = {name: value for name, value in query.items() if value}
        wanted |= {"fields": f"kind,items({fields}),nextPageToken", "projection": "noAcl"}
        message = Message("GET", f"/storage/v1/b/{self._bucket}/o", self._query(wanted))

        def page(found: dict[str, Any]) -> Page[_T]:
            if found["kind"] != _LISTING:  # without objects, anything else would pass for an empty listing
                raise ValueError(found["kind"])
            return Page([read(item) for item in found.get("items", ())], str(found.get("nextPageToken") or ""))

        return await self._transport.parsed(asked, message, page)

    def _path(self, key: str, start: str = "") -> str:
        return f"{start}/storage/v1/b/{self._bucket}/o/{quote(key, safe='')}"

    def _query(self, query: Mapping[str, str]) -> str:
        return urlencode({**query, **self._payer}, quote_via=quote)

    def abandon(self) -> Sequence[object]:
        """Close the kept connections without the client's loop. Return what nothing may touch any more."""
        return self._transport.abandon()


def _given(name: str, number: int | None) -> dict[str, str]:
    return {} if number is None else {name: str(number)}


def _settings(bucket: str, found: dict[str, Any]) -> BucketSettings:
    access = found.get("iamConfiguration", {}).get("uniformBucketLevelAccess", {})
    return BucketSettings(
        bucket,
        versioning=bool(found.get("versioning", {}).get("enabled")),
        uniform_access=bool(access.get("enabled")),
        held=bool(found.get("retentionPolicy") or found.get("defaultEventBasedHold")),
    )


def _info(item: dict[str, Any]) -> BlobInfo:
    return BlobInfo(item["name"], int(item["size"]), _time(item["updated"]) if item.get("updated") else None)


def _generation(item: dict[str, Any]) -> StoredGeneration:
    ended = _time(item["timeDeleted"]) if item.get("timeDeleted") else None
    return StoredGeneration(item["name"], int(item["generation"]), int(item["size"]), _time(item["timeCreated"]), ended)


def _time(text: str) -> datetime:
    """Read a time of RFC 3339. Python 3.10 takes no "Z", and a fraction only with three or six digits."""
    local, zone = (text[:-1], "+00:00") if text.endswith("Z") else (text[:-6], text[-6:])
    whole, _, fraction = local.partition(".")
    return datetime.fromisoformat(f"{whole}.{fraction[:6]:0<6}{zone}").astimezone(timezone.utc)


async def hold_light(bucket: str, options: Options, tokens: KnownToken) -> AsyncGenerator[LightClient, None]:
    """Hold a client open.

    Args:
        bucket: The bucket's name.
        options: The options for reaching it.
        tokens: The token that the clients of other event loops have fetched.
    """
    transport = Transport(options, tokens)
    try:
        yield LightClient(bucket, options, transport)
    finally:
        await transport.close()
