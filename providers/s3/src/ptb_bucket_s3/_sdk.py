"""The full client: aioboto3, which finds credentials in every way that AWS's tools know."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from functools import cache
from typing import TYPE_CHECKING, Any, Final

from ptb_bucket.errors import ConfigurationError
from ptb_bucket.stores import NOT_MODIFIED, Blob, BlobInfo
from ptb_bucket_s3._errors import status_of
from ptb_bucket_s3._requests import Page, StoredVersion, plain

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Mapping, Sequence

    from ptb_bucket.stores import NotModified
    from ptb_bucket_s3._settings import Settings

__all__ = ["HandedIn", "SdkClient", "client_config", "hold_sdk"]

_UNCHANGED: Final = 304
_LISTS: Final = (("Versions", False), ("DeleteMarkers", True))


class SdkClient:
    """The requests to one bucket through a client of ``aioboto3`` or ``aiobotocore``.

    Args:
        client: The SDK's client, which sends every request once.
        bucket: The bucket's name.
        put_arguments: What every put asks for besides its bytes and condition.
    """

    def __init__(self, client: Any, bucket: str, put_arguments: Mapping[str, str]) -> None:
        self.client = client
        self._bucket = bucket
        self._put_arguments = put_arguments

    @property
    def endpoint_url(self) -> str:
        """The server's address."""
        return str(self.client.meta.endpoint_url)

    @property
    def region_name(self) -> str | None:
        """The region that the client signs for."""
        return self.client.meta.region_name  # type: ignore[no-any-return]  # the SDK has no types

    async def get(self, key: str, *, etag: str | None = None, version: str | None = None) -> Blob | NotModified:
        """Read an object; see :meth:`S3Client.get`."""
        which = {"Key": key, "IfNoneMatch": f'"{etag}"' if etag is not None else None, "VersionId": version}
        try:
            answer = await self.client.get_object(Bucket=self._bucket, **_given(which))
        except self.client.exceptions.ClientError as exc:
            if status_of(exc) == _UNCHANGED:
                return NOT_MODIFIED
            raise
        async with answer["Body"] as body:
            return Blob(await body.read(), plain(answer["ETag"]))

    async def put(self, key: str, data: bytes, *, if_match: str | None) -> str:
        """Write an object; see :meth:`S3Client.put`."""
        condition = {"IfNoneMatch": "*"} if if_match is None else {"IfMatch": if_match}
        wanted = {"Bucket": self._bucket, "Key": key, **condition, **self._put_arguments}
        return str((await self.client.put_object(Body=data, **wanted)).get("ETag") or "")

    async def delete(self, key: str, *, if_match: str | None = None, version: str | None = None) -> None:
        """Remove an object; see :meth:`S3Client.delete`."""
        which = {"Key": key, "IfMatch": if_match, "VersionId": version}
        await self.client.delete_object(Bucket=self._bucket, **_given(which))

    async def list_objects(self, prefix: str, after: Mapping[str, str]) -> Page[BlobInfo]:
        """Return a page of objects; see :meth:`S3Client.list_objects`."""
        page = await self.client.list_objects_v2(Bucket=self._bucket, Prefix=prefix, **after)
        found = [BlobInfo(item["Key"], item["Size"], item.get("LastModified")) for item in page.get("Contents", ())]
        return Page(found, _after(page, "ContinuationToken"))

    async def list_versions(self, prefix: str, after: Mapping[str, str]) -> Page[StoredVersion]:
        """Return a page of versions; see :meth:`S3Client.list_versions`."""
        page = await self.client.list_object_versions(Bucket=self._bucket, Prefix=prefix, **after)
        found = [_version(item, deleted=deleted) for name, deleted in _LISTS for item in page.get(name, ())]
        return Page(found, _after(page, "KeyMarker", "VersionIdMarker"))

    async def versioning(self) -> str:
        """Return the bucket's setting; see :meth:`S3Client.versioning`."""
        return str((await self.client.get_bucket_versioning(Bucket=self._bucket)).get("Status", ""))

    def abandon(self) -> Sequence[object]:
        """Close the kept connections; see :meth:`S3Client.abandon`."""
        return _close_sockets(self.client)


def _given(arguments: Mapping[str, str | None]) -> dict[str, str]:
    return {name: value for name, value in arguments.items() if value is not None}


def _after(page: Mapping[str, Any], *markers: str) -> dict[str, str]:
    if not page.get("IsTruncated"):
        return {}
    return {marker: page["Next" + marker] for marker in markers if page.get("Next" + marker)}


def _version(item: Mapping[str, Any], *, deleted: bool) -> StoredVersion:
    return StoredVersion(
        item["Key"], item["VersionId"], item["LastModified"], item.get("Size", 0), item["IsLatest"], deleted
    )


async def hold_sdk(bucket: str, settings: Settings, session: Any = None) -> AsyncGenerator[SdkClient, None]:
    """Hold a client open.

    Args:
        bucket: The bucket's name.
        settings: The settings of a client.
        session: An ``aioboto3.Session`` (or ``AioSession``) that creates the client; by default a new one.
    """
    session = session or await asyncio.to_thread(_make_session, settings.profile)
    make = getattr(session, "create_client", None) or session.client
    config = _config(settings)
    async with make("s3", region_name=settings.region, endpoint_url=settings.endpoint_url, config=config) as client:
        from ptb_bucket_s3._once import check_transport, send_directly  # noqa: PLC0415  the SDK is loaded by now

        await check_transport()
        send_directly(client)
        yield SdkClient(client, bucket, settings.put_arguments())


class HandedIn:
    """A client that the caller passed in: used in its loop and never closed.

    Args:
        client: From ``aioboto3`` or ``aiobotocore``, configured with ``ptb_bucket_s3.client_config()``.
        bucket: The bucket's name.
        settings: What every put asks for.

    Raises:
        ConfigurationError: It could send a put more than once.
    """

    def __init__(self, client: Any, bucket: str, settings: Settings) -> None:
        from ptb_bucket_s3._once import send_directly, sends_once  # noqa: PLC0415  the SDK is loaded by now

        if not sends_once(client):
            raise ConfigurationError(
                "s3: This client may retry a put, and the retry would look like a conflict. Create the client with"
                " session.client('s3', config=ptb_bucket_s3.client_config())."
            )
        send_directly(client)
        self._client = SdkClient(client, bucket, settings.put_arguments())
        self._loop: asyncio.AbstractEventLoop | None = None

    async def get(self) -> SdkClient:
        """Return the client.

        Raises:
            ConfigurationError: The client belongs to another loop, or the installed aiohttp is too new.
        """
        loop = asyncio.get_running_loop()
        if self._loop is None:
            from ptb_bucket_s3._once import check_transport  # noqa: PLC0415  the SDK is loaded by now

            await check_transport()
        self._loop = self._loop or next((session._loop for session in _sessions(self._client.client)), loop)  # noqa: SLF001
        if self._loop is not loop:
            raise ConfigurationError(
                f"s3: The client was created for event loop {self._loop!r}, but the running loop is {loop!r}. "
                "Pass a session instead of a client, or create one store per loop."
            )
        return self._client

    async def close(self) -> None:
        """Leave the client open."""


@cache
def _loader() -> Any:
    from botocore.loaders import create_loader  # noqa: PLC0415  takes half a second, only for users of this store

    loader = create_loader()
    for kind in ("service-2", "endpoint-rule-set-1"):
        loader.load_service_model("s3", kind)
    return loader


def _make_session(profile: str | None) -> Any:
    """Import the SDK and read its large description of S3, in a thread and once per process."""
    from aiobotocore.session import AioSession  # noqa: PLC0415  imports the SDK

    session = AioSession(profile=profile)
    session.register_component("data_loader", _loader())
    return session


def client_config(**kwargs: Any) -> Any:
    """Return the ``AioConfig`` for a client that you pass in. With it, the client sends a put exactly once.

    Args:
        kwargs: Further arguments of ``AioConfig``, without ``retries`` and ``http_session_cls``.
    """
    from ptb_bucket_s3._once import configure  # noqa: PLC0415  imports the SDK

    return configure(**kwargs)


def _config(settings: Settings) -> Any:
    return client_config(
        connect_timeout=settings.connect_timeout,
        read_timeout=settings.read_timeout,
        s3={"addressing_style": settings.addressing_style},
        user_agent_extra="ptb-bucket",
    )


def _sessions(client: Any) -> list[Any]:
    return list(client._endpoint.http_session._sessions.values())  # noqa: SLF001  they have no public access


def _close_sockets(client: Any) -> list[object]:
    """Close a client's kept connections without its loop, which can no longer do anything."""
    abandoned: list[object] = []
    for session in _sessions(client):
        connections = session.connector._conns  # noqa: SLF001  they have no public access
        for protocol, _ in [kept for several in connections.values() for kept in several]:
            abandoned.append(protocol)
            with suppress(AttributeError):  # other loop implementations hide their sockets
                protocol.transport.get_extra_info("socket")._sock.close()  # noqa: SLF001
                protocol.transport._sock = None  # noqa: SLF001
        # All of it is destroyed at the interpreter's end, and must not cause warnings then.
        connections.clear()
        session.detach()
    return abandoned
