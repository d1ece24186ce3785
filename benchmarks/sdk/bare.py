"""The bare SDKs as in their documentation, with no configuration but the server's address."""

from __future__ import annotations

import itertools
import os
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, Protocol

import aioboto3  # type: ignore[import-untyped]
from google.auth.credentials import AnonymousCredentials
from google.cloud import storage  # type: ignore[import-untyped]

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from contextlib import AbstractAsyncContextManager

    from sdk.servers import Server

__all__ = ["Bare", "bare", "new_bucket"]

NUMBERS = itertools.count()


class Bare(Protocol):
    """The requests of a benchmark to an SDK. ``etag`` is None for an object that must not exist yet."""

    async def make_bucket(self, bucket: str) -> None:
        """Create the bucket."""

    async def put(self, bucket: str, key: str, data: bytes, etag: str | None) -> str:
        """Write an object on this condition, and return its new ETag."""

    async def read(self, bucket: str, key: str) -> bytes:
        """Read an object."""


class _S3:
    def __init__(self, client: Any) -> None:
        self._client = client

    async def make_bucket(self, bucket: str) -> None:
        await self._client.create_bucket(Bucket=bucket)

    async def put(self, bucket: str, key: str, data: bytes, etag: str | None) -> str:
        condition = {"IfNoneMatch": "*"} if etag is None else {"IfMatch": etag}
        answer = await self._client.put_object(Bucket=bucket, Key=key, Body=data, **condition)
        return str(answer["ETag"])

    async def read(self, bucket: str, key: str) -> bytes:
        answer = await self._client.get_object(Bucket=bucket, Key=key)
        async with answer["Body"] as body:
            return bytes(await body.read())


class _Gcs:
    """A synchronous SDK, called in the caller's thread."""

    def __init__(self, client: storage.Client) -> None:
        self._client = client

    async def make_bucket(self, bucket: str) -> None:
        self._client.create_bucket(bucket)

    async def put(self, bucket: str, key: str, data: bytes, etag: str | None) -> str:
        blob = self._client.bucket(bucket).blob(key)
        blob.upload_from_string(data, "application/octet-stream", if_generation_match=int(etag or 0))
        return str(blob.generation)

    async def read(self, bucket: str, key: str) -> bytes:
        return bytes(self._client.bucket(bucket).blob(key).download_as_bytes())


@asynccontextmanager
async def _bare_s3(url: str) -> AsyncIterator[Bare]:
    async with aioboto3.Session().client("s3", endpoint_url=url, region_name="us-east-1") as client:
        yield _S3(client)


@asynccontextmanager
async def _bare_gcs(url: str) -> AsyncIterator[Bare]:
    client = storage.Client("test", AnonymousCredentials(), client_options={"api_endpoint": url})  # type: ignore[no-untyped-call]
    try:
        yield _Gcs(client)
    finally:
        client.close()


def bare(server: Server) -> AbstractAsyncContextManager[Bare]:
    """Open the SDK of a server."""
    return _bare_s3(server.url) if server.scheme == "s3" else _bare_gcs(server.url)


async def new_bucket(sdk: Bare) -> str:
    """Create a new, empty bucket."""
    bucket = f"bench-{os.getpid()}-{next(NUMBERS)}"
    await sdk.make_bucket(bucket)
    return bucket
