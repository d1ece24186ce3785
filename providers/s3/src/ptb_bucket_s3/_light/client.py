"""The light client: the store's requests in S3's REST API."""

from __future__ import annotations

import os
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Final, TypeVar
from urllib.parse import unquote_plus

from ptb_bucket.errors import UnavailableError
from ptb_bucket.stores import NOT_MODIFIED, Blob, BlobInfo
from ptb_bucket_s3._light.credentials import renewed_from
from ptb_bucket_s3._light.endpoint import Endpoint
from ptb_bucket_s3._light.refused import AnswerError, XmlError
from ptb_bucket_s3._light.transport import Asking, Transport, error_in
from ptb_bucket_s3._requests import Page, StoredVersion, plain

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Mapping, Sequence

    from ptb_bucket.stores import NotModified
    from ptb_bucket.stores.http import Answer
    from ptb_bucket_s3._light.xml import Node
    from ptb_bucket_s3._settings import Settings

__all__ = ["LightClient", "hold_light"]

_T = TypeVar("_T")
_UNCHANGED: Final = 304
_FAILED: Final = 500
_PUT_HEADERS: Final = {
    "ServerSideEncryption": "x-amz-server-side-encryption",
    "SSEKMSKeyId": "x-amz-server-side-encryption-aws-kms-key-id",
    "StorageClass": "x-amz-storage-class",
}


class LightClient:
    """The requests to one bucket, sent by httpcore.

    Source: S3 API Reference; the operations are named in the methods.

    Args:
        transport: Sends requests to the bucket.
        put_arguments: What every put asks for besides its bytes and condition.
    """

    def __init__(self, transport: Transport, put_arguments: Mapping[str, str]) -> None:
        self._transport = transport
        self._put_headers = {_PUT_HEADERS[name]: value for name, value in put_arguments.items()}

    @property
    def endpoint_url(self) -> str:
        """The server's address."""
        return self._transport.endpoint.url

    @property
    def region_name(self) -> str | None:
        """The region that the client signs for."""
        return self._transport.endpoint.signing_region

    async def get(self, key: str, *, etag: str | None = None, version: str | None = None) -> Blob | NotModified:
        """Read an object (GetObject); see :meth:`S3Client.get`."""
        headers = {} if etag is None else {"if-none-match": f'"{etag}"'}
        answer = await self._ask("GET", key, {} if version is None else {"versionId": version}, headers)
        if answer.status == _UNCHANGED:
            return NOT_MODIFIED
        if not answer.headers.get("etag"):
            raise UnavailableError(f"s3: The server returned {key!r} without an ETag.", key=key)
        return Blob(answer.body, plain(answer.headers["etag"]))

    async def put(self, key: str, data: bytes, *, if_match: str | None) -> str:
        """Write an object (PutObject); see :meth:`S3Client.put`."""
        condition = {"if-none-match": "*"} if if_match is None else {"if-match": if_match}
        answer = await self._ask("PUT", key, {}, {**condition, **self._put_headers}, data)
        return answer.headers.get("etag", "")

    async def delete(self, key: str, *, if_match: str | None = None, version: str | None = None) -> None:
        """Remove an object (DeleteObject); see :meth:`S3Client.delete`."""
        headers = {} if if_match is None else {"if-match": if_match}
        answer = await self._ask("DELETE", key, {} if version is None else {"versionId": version}, headers)
        _refuse_error(answer)

    async def list_objects(self, prefix: str, after: Mapping[str, str]) -> Page[BlobInfo]:
        """Return a page of objects (ListObjectsV2); see :meth:`S3Client.list_objects`."""
        page = await self._page({"list-type": "2", "prefix": prefix, **after})
        found = page.items(_info, "Contents")
        return Page(found, page.after({"continuation-token": "NextContinuationToken"}, encoded=()))

    async def list_versions(self, prefix: str, after: Mapping[str, str]) -> Page[StoredVersion]:
        """Return a page of versions (ListObjectVersions); see :meth:`S3Client.list_versions`."""
        page = await self._page({"versions": "", "prefix": prefix, **after})
        found = page.items(_version, "Version", "DeleteMarker")
        markers = {"key-marker": "NextKeyMarker", "version-id-marker": "NextVersionIdMarker"}
        return Page(found, page.after(markers, encoded=("NextKeyMarker",)))

    async def versioning(self) -> str:
        """Return the bucket's setting (GetBucketVersioning); see :meth:`S3Client.versioning`."""
        return _read(await self._ask("GET", "", {"versioning": ""}), "Versioning").value("Status")

    async def _page(self, arguments: Mapping[str, str]) -> _Listing:
        # Encoded, because keys may have characters that XML cannot express.
        return _Listing(_read(await self._ask("GET", "", {"encoding-type": "url", **arguments}), "List"))

    async def _ask(
        self,
        method: str,
        key: str,
        arguments: Mapping[str, str],
        headers: Mapping[str, str] | None = None,
        body: bytes = b"",
    ) -> Answer:
        return await self._transport.ask(Asking(method, key, arguments, headers or {}, body))

    def abandon(self) -> Sequence[object]:
        """Close the kept connections; see :meth:`S3Client.abandon`."""
        return self._transport.abandon()


class _Listing:
    """A page of a listing, in which keys may be encoded."""

    def __init__(self, root: Node) -> None:
        self.root = root
        self._encoded = root.value("EncodingType") == "url"

    def items(self, read: Callable[[_Listing, Node], _T], *names: str) -> list[_T]:
        """Read the elements with these names.

        Raises:
            XmlError: One of them cannot be read.
        """
        try:
            return [read(self, item) for item in self.root.all(*names)]
        except ValueError as exc:  # its text may quote a key
            raise XmlError(f"The response has a malformed {names[0]}.") from exc

    def text(self, item: Node, name: str) -> str:
        return unquote_plus(item.value(name)) if self._encoded else item.value(name)

    def after(self, markers: Mapping[str, str], *, encoded: Sequence[str]) -> dict[str, str]:
        """Return what to ask the next page with.

        Raises:
            XmlError: The server says that there is more, but not where it starts.
        """
        if self.root.value("IsTruncated").lower() != "true":
            return {}
        read = {
            name: self.text(self.root, tag) if tag in encoded else self.root.value(tag) for name, tag in markers.items()
        }
        found = {name: value for name, value in read.items() if value}
        if not found:
            raise XmlError("The response is truncated and has no continuation token.")
        return found


def _info(page: _Listing, item: Node) -> BlobInfo:
    modified = _time(item) if item.value("LastModified") else None
    return BlobInfo(page.text(item, "Key"), int(item.value("Size")), modified)


def _time(item: Node) -> datetime:
    return datetime.fromisoformat(item.value("LastModified").replace("Z", "+00:00")).astimezone(timezone.utc)


def _version(page: _Listing, item: Node) -> StoredVersion:
    return StoredVersion(
        page.text(item, "Key"),
        item.value("VersionId"),
        _time(item),
        int(item.value("Size") or 0),
        item.value("IsLatest").lower() == "true",
        item.name == "DeleteMarker",
    )


def _read(answer: Answer, kind: str) -> Node:
    """Read a success whose body is XML.

    Args:
        answer: The answer.
        kind: A part of the name of its outermost element; the whole name differs between servers. Any other document,
            such as the page of a proxy, would pass for a listing without objects.

    Raises:
        AnswerError: It is an error in spite of its status.
        XmlError: It is something else.
    """
    from ptb_bucket_s3._light.xml import read_xml  # noqa: PLC0415  most processes never need it

    root = read_xml(answer.body)
    if kind not in root.name:
        _refuse_error(answer)
        raise XmlError(f"The response is another document ({root.name[:80]}).")
    return root


def _refuse_error(answer: Answer) -> None:
    """Refuse an error that was sent with status 200. AWS's SDKs treat it as a failure of the server, too.

    Source: botocore, ``_handle_200_error``.

    Raises:
        AnswerError: The body is an error.
    """
    if answer.body and (details := error_in(answer)):
        raise AnswerError(_FAILED, answer.headers, details)


async def hold_light(bucket: str, settings: Settings, region: str | None) -> AsyncGenerator[LightClient, None]:
    """Hold a client open.

    Args:
        bucket: The bucket's name.
        settings: The settings of a client.
        region: The region, if it is configured.
    """
    endpoint = Endpoint.find(bucket, settings, region, os.environ)
    transport = Transport(endpoint, renewed_from(os.environ), settings)
    try:
        yield LightClient(transport, settings.put_arguments())
    finally:
        await transport.close()
