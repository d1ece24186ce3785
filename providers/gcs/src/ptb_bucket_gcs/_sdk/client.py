"""The full client: Google's library, with the threads in which it blocks."""

from __future__ import annotations

import asyncio
import os
import threading
from typing import TYPE_CHECKING, TypeVar

from ptb_bucket.errors import AccessError
from ptb_bucket_gcs._requests import Asked
from ptb_bucket_gcs._sdk.threads import Threads

if TYPE_CHECKING:
    from collections.abc import Callable

    from google.cloud import storage

    from ptb_bucket.stores import Blob, BlobInfo, NotModified
    from ptb_bucket_gcs._options import Options
    from ptb_bucket_gcs._requests import BucketSettings, Page, StoredGeneration
    from ptb_bucket_gcs._sdk.objects import Objects

__all__ = ["SdkClient", "SdkClients"]

_T = TypeVar("_T")


class SdkClient:
    """A client with its threads, opened in a thread at the first call, because importing the SDK takes a while.

    Args:
        bucket: The bucket's name.
        options: The options for reaching it.
        client: A client that was passed in and stays open.
    """

    def __init__(self, bucket: str, options: Options, client: storage.Client | None) -> None:
        self._bucket = bucket
        self._options = options
        self._client = client
        self._threads = Threads()
        self._lock = threading.Lock()
        self._objects: Objects | None = None

    async def read(self, key: str, *, known: int | None = None, generation: int | None = None) -> Blob | NotModified:
        """Read an object; see :meth:`GcsClient.read`."""
        return await self._run("get", key, lambda objects: objects.read(key, known, generation))

    async def write(self, key: str, data: bytes, generation: int) -> str:
        """Write an object; see :meth:`GcsClient.write`."""
        return await self._run("put", key, lambda objects: objects.write(key, data, generation))

    async def delete(self, key: str, *, if_generation: int | None = None) -> None:
        """Remove an object; see :meth:`GcsClient.delete`."""
        await self._run("delete", key, lambda objects: objects.delete(key, None, if_generation))

    async def delete_generation(self, key: str, generation: int) -> None:
        """Remove a generation; see :meth:`GcsClient.delete_generation`."""
        await self._run("delete_version", key, lambda objects: objects.delete(key, generation, None))

    async def list_objects(self, prefix: str, after: str) -> Page[BlobInfo]:
        """Return a page of objects; see :meth:`GcsClient.list_objects`."""
        return await self._run("list", None, lambda objects: objects.page(prefix, after))

    async def list_generations(self, prefix: str, after: str) -> Page[StoredGeneration]:
        """Return a page of generations; see :meth:`GcsClient.list_generations`."""
        return await self._run("versions", prefix, lambda objects: objects.generations(prefix, after))

    async def look(self, key: str) -> None:
        """List at most one object; see :meth:`GcsClient.look`."""
        await self._run("list", key, lambda objects: objects.look(key))

    async def settings(self) -> BucketSettings:
        """Read the bucket's settings; see :meth:`GcsClient.settings`."""
        return await self._run("diagnose", None, lambda objects: objects.settings())

    async def _run(self, operation: str, key: str | None, work: Callable[[Objects], _T]) -> _T:
        """Call a function with the objects in a thread, and translate its errors."""
        asked = Asked(operation, self._bucket, key)

        def call() -> _T:
            from ptb_bucket_gcs._sdk.errors import translated  # noqa: PLC0415  imports the SDK

            with translated(asked):
                return work(self._opened())

        try:
            return await self._threads.run(call, self._options.timeout)
        except (TimeoutError, asyncio.TimeoutError) as exc:
            raise asked.timed_out(self._options.timeout) from exc

    def _opened(self) -> Objects:
        from ptb_bucket_gcs._sdk import objects  # noqa: PLC0415  imports the SDK

        with self._lock:
            if self._objects is None:
                client = self._client or objects.open_client(self._options)
                self._objects = objects.Objects(client, self._bucket, self._options)
            return self._objects

    async def close(self) -> None:
        """Wait for running calls, then close threads and connections."""
        await asyncio.get_running_loop().run_in_executor(None, self._close)

    def _close(self) -> None:
        self._threads.end()
        if self._objects is not None and self._client is None:
            self._objects.client.close()


class SdkClients:
    """The full clients of a store: one for each process, shared by its event loops.

    Args:
        bucket: The bucket's name.
        options: The options for reaching it.
        client: A client that was passed in. It works only in the process that created the store.
    """

    def __init__(self, bucket: str, options: Options, client: storage.Client | None = None) -> None:
        self._bucket = bucket
        self._options = options
        self._client = client
        self._made_in = os.getpid()
        self._by_process: dict[int, SdkClient] = {}

    async def get(self) -> SdkClient:
        """Return the client of this process. The clients of a parent process are not touched."""
        here = os.getpid()
        if self._client is not None and here != self._made_in:
            raise AccessError(
                f"This client was created in process {self._made_in} and can't be used in its fork, process "
                f"{here}. The two processes would share connections. Create the client after forking."
            )
        found = self._by_process.get(here)
        # Two threads with their own loops may come here at once; only one client is kept.
        return found or self._by_process.setdefault(here, SdkClient(self._bucket, self._options, self._client))

    async def close(self) -> None:
        """Wait for running calls, then close threads and connections. The next use opens new ones."""
        if client := self._by_process.pop(os.getpid(), None):
            await client.close()
