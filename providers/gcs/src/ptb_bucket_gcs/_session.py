"""The client and the threads that a store has open in a process."""

from __future__ import annotations

import asyncio
import threading
from typing import TYPE_CHECKING, TypeVar

from ptb_bucket.errors import UnavailableError
from ptb_bucket_gcs._threads import Threads

if TYPE_CHECKING:
    from collections.abc import Callable

    from google.cloud import storage

    from ptb_bucket_gcs._objects import Objects
    from ptb_bucket_gcs._options import Options

__all__ = ["Session"]

_T = TypeVar("_T")


class Session:
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

    async def run(self, operation: str, key: str | None, work: Callable[[Objects], _T]) -> _T:
        """Call a function with the objects in a thread, and translate its errors.

        Args:
            operation: The operation, as in ``PERMISSIONS``, for messages.
            key: The object's key, None for the whole bucket.
            work: The function.
        """
        where = f"bucket {self._bucket!r}" if key is None else f"{key!r} in bucket {self._bucket!r}"

        def call() -> _T:
            from ptb_bucket_gcs._errors import translated  # noqa: PLC0415  imports the SDK

            with translated(operation, where, key):
                return work(self._opened())

        try:
            return await self._threads.run(call, self._options.timeout)
        except (TimeoutError, asyncio.TimeoutError) as exc:
            seconds = f"{self._options.timeout:g} seconds (option timeout)"
            raise UnavailableError(f"{operation} of {where} timed out after {seconds}.", key=key) from exc

    def _opened(self) -> Objects:
        from ptb_bucket_gcs import _objects  # noqa: PLC0415  imports the SDK

        with self._lock:
            if self._objects is None:
                client = self._client or _objects.open_client(self._options)
                self._objects = _objects.Objects(client, self._bucket, self._options)
            return self._objects

    async def close(self) -> None:
        """Wait for running calls, then close threads and connections."""
        await asyncio.get_running_loop().run_in_executor(None, self._close)

    def _close(self) -> None:
        self._threads.end()
        if self._objects is not None and self._client is None:
            self._objects.client.close()
