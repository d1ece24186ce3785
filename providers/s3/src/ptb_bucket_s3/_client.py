"""Clients of the SDK: one for each event loop, created at the first use and closed with the loop."""

from __future__ import annotations

import asyncio
import os
from contextlib import suppress
from functools import cache
from typing import TYPE_CHECKING, Any, Final

from ptb_bucket.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from ptb_bucket_s3._settings import Settings

__all__ = ["Clients", "HandedIn", "client_config"]

_ABANDONED: Final[list[object]] = []
"""Clients of a closed loop or of another process, which nothing may touch, not even the garbage collector."""


class Clients:
    """The clients that the store itself creates.

    An asynchronous generator holds each client open. Its loop ends it in an orderly way, at the latest when the loop
    shuts down or the store is garbage collected, so a store that is never closed leaves nothing behind either.

    Args:
        settings: The settings of a client.
        session: An ``aioboto3.Session`` (or ``AioSession``) that creates the clients; by default a new one.
    """

    def __init__(self, settings: Settings, session: Any = None) -> None:
        self._settings = settings
        self._session = session
        self._pid = os.getpid()
        self._by_loop: dict[asyncio.AbstractEventLoop, _LoopClient] = {}

    async def get(self) -> Any:
        """Return the running loop's client, created at the first call."""
        entry = self._here()
        async with entry.lock:
            if entry.client is None:
                entry.holder = _hold(self._settings, self._session)
                entry.client = await anext(entry.holder)
        return entry.client

    async def close(self) -> None:
        """Close the running loop's client. The clients of other loops end with their loops."""
        entry = self._here()
        self._by_loop.clear()
        async with entry.lock:
            if entry.holder is not None:
                await entry.holder.aclose()

    def _here(self) -> _LoopClient:
        if self._pid != os.getpid():
            self._pid = os.getpid()
            self._abandon(list(self._by_loop))
        self._abandon([loop for loop in self._by_loop if loop.is_closed()])
        return self._by_loop.setdefault(asyncio.get_running_loop(), _LoopClient())

    def _abandon(self, loops: list[asyncio.AbstractEventLoop]) -> None:
        for loop in loops:
            entry = self._by_loop.pop(loop)
            _ABANDONED.append(entry)
            close_sockets(entry.client)


async def _hold(settings: Settings, session: Any) -> AsyncGenerator[Any, None]:
    """Hold a client open. It does not refer to the store: a cycle would be collected in any order."""
    session = session or await asyncio.to_thread(_make_session, settings.profile)
    make = getattr(session, "create_client", None) or session.client
    config = _config(settings)
    async with make("s3", region_name=settings.region, endpoint_url=settings.endpoint_url, config=config) as client:
        from ptb_bucket_s3._once import check_transport, send_directly  # noqa: PLC0415  the SDK is loaded by now

        await check_transport()
        send_directly(client)
        yield client


class _LoopClient:
    """A loop's client, the generator that holds it open, and the lock under which it is created."""

    def __init__(self) -> None:
        self.lock = asyncio.Lock()
        self.client: Any = None
        self.holder: AsyncGenerator[Any, None] | None = None


class HandedIn:
    """A client that the caller passed in: used in its loop and never closed.

    Args:
        client: From ``aioboto3`` or ``aiobotocore``, configured with ``ptb_bucket_s3.client_config()``.

    Raises:
        ConfigurationError: It could send a put more than once.
    """

    def __init__(self, client: Any) -> None:
        from ptb_bucket_s3._once import send_directly, sends_once  # noqa: PLC0415  the SDK is loaded by now

        if not sends_once(client):
            raise ConfigurationError(
                "s3: This client may send a put twice, and the second one would look like a conflict. Create the "
                "client with session.client('s3', config=ptb_bucket_s3.client_config())."
            )
        send_directly(client)
        self._client = client
        self._loop: asyncio.AbstractEventLoop | None = None

    async def get(self) -> Any:
        """Return the client.

        Raises:
            ConfigurationError: The client belongs to another loop, or the installed aiohttp is too new.
        """
        loop = asyncio.get_running_loop()
        if self._loop is None:
            from ptb_bucket_s3._once import check_transport  # noqa: PLC0415  the SDK is loaded by now

            await check_transport()
        self._loop = self._loop or next((session._loop for session in _sessions(self._client)), loop)  # noqa: SLF001
        if self._loop is not loop:
            raise ConfigurationError(
                f"s3: The client was created for another event loop ({self._loop!r}) than the running one "
                f"({loop!r}). Pass a session instead of a client, or create one store for each loop."
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


def close_sockets(client: Any) -> None:
    """Close a client's kept connections without its loop, which can no longer do anything."""
    for session in _sessions(client) if client is not None else ():
        connections = session.connector._conns  # noqa: SLF001  they have no public access
        for protocol, _ in [kept for several in connections.values() for kept in several]:
            _ABANDONED.append(protocol)
            with suppress(AttributeError):  # other loop implementations hide their sockets
                protocol.transport.get_extra_info("socket")._sock.close()  # noqa: SLF001
                protocol.transport._sock = None  # noqa: SLF001
        # All of it is destroyed at the interpreter's end, and must not cause warnings then.
        connections.clear()
        session.detach()
