"""Requests of one event loop, each sent once and exactly as it is given."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

import httpcore

from ptb_bucket._dataclass import dataclass
from ptb_bucket.stores.http.routes import Routes

if TYPE_CHECKING:
    import ssl
    from collections.abc import Iterable, Mapping

__all__ = ["Answer", "Http", "Request", "TimeLimits"]

_HEADERS: Final = ((b"accept", b"*/*"), (b"accept-encoding", b"identity"), (b"user-agent", b"ptb-bucket"))
_WITH_BODY: Final = frozenset({"POST", "PUT"})


@dataclass(frozen=True)
class Request:
    """A request, which is sent exactly as it is.

    Args:
        method: Such as ``PUT``.
        origin: Scheme and host, with the port unless it is the scheme's own.
        target: The path with its query, percent-encoded. Nothing is normalised, such as ``.``, ``..`` and ``//``.
        headers: Further headers.
        body: The bytes.
        direct: Ignore the proxy of the environment, as for a server of this machine.
    """

    method: str
    origin: str
    target: str
    headers: Mapping[str, str]
    body: bytes = b""
    direct: bool = False


@dataclass(frozen=True)
class Answer:
    """A complete answer. Its headers have lower-case names, and both values if a header was sent twice."""

    status: int
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True)
class TimeLimits:
    """The seconds for a connection, for the next bytes of an answer, and for sending."""

    connect: float
    read: float
    write: float


class Http:
    """The connections of one event loop. Nothing is sent twice, and no redirection is followed.

    Args:
        context: The TLS settings.
        limits: The time limits.
        scheme: The scheme of the store's URI, for messages.
    """

    def __init__(self, context: ssl.SSLContext, limits: TimeLimits, scheme: str) -> None:
        self._routes = Routes(context, scheme)
        self._extensions = {"timeout": {"connect": limits.connect, "read": limits.read, "write": limits.write}}

    async def send(self, request: Request) -> Answer:
        """Send a request and return its answer, whatever its status is.

        Raises:
            httpcore.NetworkError: There was no complete answer. The request may have been carried out. The same holds
                for ``httpcore.TimeoutException`` and ``httpcore.ProtocolError``.
        """
        pool = self._routes.pool(request.origin, direct=request.direct)
        response = await pool.handle_async_request(
            httpcore.Request(
                request.method,
                _url(request.origin, request.target),
                headers=_sent(request),
                content=request.body,
                extensions=self._extensions,
            )
        )
        try:
            received = await response.aread()
        finally:
            await response.aclose()
        return Answer(response.status, _received(response.headers), received)

    async def close(self) -> None:
        """Close all connections."""
        await self._routes.close()

    def abandon(self) -> list[object]:
        """Close the sockets without the loop, which can no longer do anything. Return what nothing may touch."""
        return [self._routes, *self._routes.connections.abandon()]


def _url(origin: str, target: str) -> httpcore.URL:
    scheme, host, port = _parts(origin)
    return httpcore.URL(scheme=scheme, host=host, port=port, target=target.encode("ascii"))


@lru_cache(maxsize=16)
def _parts(origin: str) -> tuple[bytes, bytes, int | None]:
    parts = urlsplit(origin)
    return parts.scheme.encode("ascii"), (parts.hostname or "").encode("ascii"), parts.port


def _sent(request: Request) -> list[tuple[bytes, bytes]]:
    sent = [(name.encode("ascii"), value.encode("ascii")) for name, value in request.headers.items()]
    if "host" not in request.headers:
        sent.append((b"host", request.origin.partition("://")[2].encode("ascii")))
    sent += _HEADERS
    if request.method in _WITH_BODY:
        sent.append((b"content-length", b"%d" % len(request.body)))
    return sent


def _received(headers: Iterable[tuple[bytes, bytes]]) -> dict[str, str]:
    found: dict[str, str] = {}
    for raw_name, raw_value in headers:
        name, value = raw_name.decode("latin-1").lower(), raw_value.decode("latin-1")
        found[name] = f"{found[name]}, {value}" if name in found else value
    return found
