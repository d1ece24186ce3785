"""The requests to a bucket, with the client that is chosen at the first one."""

from __future__ import annotations

import threading
from functools import partial
from typing import TYPE_CHECKING, TypeVar

from ptb_bucket.errors import AccessError, ConfigurationError, NotFoundError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    from google.cloud import storage

    from ptb_bucket.stores.http import Clients
    from ptb_bucket_gcs._light import LightClient
    from ptb_bucket_gcs._options import Options
    from ptb_bucket_gcs._requests import BucketSettings, GcsClient, Page
    from ptb_bucket_gcs._sdk import SdkClients

__all__ = ["Bucket"]

_T = TypeVar("_T")


class Bucket:
    """The requests that the store sends to its bucket.

    Args:
        name: The bucket's name.
        options: The options for reaching it.
        client: A client that was passed in.

    Raises:
        ConfigurationError: A client was passed in, but ``client=light`` excludes it.
    """

    def __init__(self, name: str, options: Options, client: storage.Client | None) -> None:
        self._name = name
        self._options = options
        self._choosing = threading.Lock()
        self._clients: Clients[LightClient] | SdkClients | None = None
        if client is not None:
            self._clients = _around(name, options, client)

    async def of_object(self, key: str, send: Callable[[GcsClient], Awaitable[_T]]) -> _T:
        """Send a request about an object. A missing object counts as such only if its bucket exists."""
        try:
            return await self._ask(send)
        except NotFoundError:
            await self.of_bucket(key, lambda client: client.look(key))
            raise

    async def of_bucket(self, key: str | None, send: Callable[[GcsClient], Awaitable[_T]]) -> _T:
        """Send a request about the bucket. A 404 then means that the bucket does not exist."""
        try:
            return await self._ask(send)
        except NotFoundError as exc:
            raise AccessError(
                f"The bucket {self._name!r} does not exist. Create it, or fix the URI.", key=key, about="bucket"
            ) from exc

    async def pages(self, key: str | None, send: Callable[[GcsClient, str], Awaitable[Page[_T]]]) -> AsyncIterator[_T]:
        """Iterate over the items of a listing. Each page is one request, sent when the page is needed."""
        after = ""
        while True:
            page = await self.of_bucket(key, partial(_send_after, send, after))
            for item in page.items:
                yield item
            after = page.after
            if not after:
                return

    async def settings(self) -> BucketSettings:
        """Read the bucket's settings."""
        return await self.of_bucket(None, lambda client: client.settings())

    async def _ask(self, send: Callable[[GcsClient], Awaitable[_T]]) -> _T:
        return await send(await self.clients().get())

    def clients(self) -> Clients[LightClient] | SdkClients:
        """Return where clients come from, chosen at the first request."""
        if self._clients is None:
            from ptb_bucket_gcs._choice import choose_clients  # noqa: PLC0415  only where it is used

            with self._choosing:  # two threads with their own loops may come here at once
                if self._clients is None:
                    self._clients = choose_clients(self._name, self._options)
        return self._clients

    async def close(self) -> None:
        """Close threads and connections. The next use opens new ones."""
        if self._clients is not None:
            await self._clients.close()


def _around(name: str, options: Options, client: storage.Client) -> SdkClients:
    if options.client == "light":
        raise ConfigurationError(
            "gs: The light client can't be used because a client was passed in. Remove client=light."
        )
    from ptb_bucket_gcs._sdk import SdkClients  # noqa: PLC0415  only where it is used

    return SdkClients(name, options, client)


def _send_after(
    send: Callable[[GcsClient, str], Awaitable[Page[_T]]], after: str, client: GcsClient
) -> Awaitable[Page[_T]]:
    return send(client, after)
