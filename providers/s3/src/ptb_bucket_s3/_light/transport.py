"""Requests of one event loop: signed, sent once, and again only after an answer that rules out that it was applied."""

from __future__ import annotations

import asyncio
import os
from contextlib import suppress
from functools import cache
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import httpx

from ptb_bucket.errors import ConfigurationError
from ptb_bucket.stores import tls_context
from ptb_bucket_s3._light.recovery import EXPIRED, SKEWED, Clock, named_region
from ptb_bucket_s3._light.refused import AnswerError
from ptb_bucket_s3._light.signing import signed_headers
from ptb_bucket_s3._light.unsigned import Unsigned

if TYPE_CHECKING:
    import ssl
    from collections.abc import Mapping

    from ptb_bucket_s3._light.credentials import Credentials, Renewed
    from ptb_bucket_s3._light.endpoint import Endpoint
    from ptb_bucket_s3._settings import Settings

__all__ = ["Answer", "Asking", "Transport", "tls"]

_NOT_MODIFIED: Final = 304
_FIRST_REFUSAL: Final = 300
_EXPIRY: Final = 12.0
"""Seconds for which an idle connection is kept, as aiobotocore keeps it. Servers close theirs a little later."""
_HEADERS: Final = {"accept": "*/*", "accept-encoding": "identity", "user-agent": "ptb-bucket"}


class Asking(NamedTuple):
    """A request, before it is known which server it goes to."""

    method: str
    key: str
    arguments: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes


class Answer(NamedTuple):
    """A complete answer: not a refusal."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class _Exact(httpx.URL):
    """A URL whose path and query are sent as they are: httpx would remove ``.`` and ``..``, which S3 keeps.

    As text it is the origin only, so that httpx's log lines contain no keys.
    """

    def __init__(self, origin: str, target: str) -> None:
        super().__init__(origin)
        self._target = target.encode("ascii")

    @property
    def raw_path(self) -> bytes:
        """The path with its query."""
        return self._target


class Transport:
    """The HTTP client of one event loop, with what it has learnt from the server's answers.

    Args:
        endpoint: The bucket's address.
        credentials: The keys, and their renewal.
        settings: The time limits.
    """

    def __init__(self, endpoint: Endpoint, credentials: Renewed, settings: Settings) -> None:
        self.endpoint = endpoint
        self._credentials = credentials
        self._renewing = asyncio.Lock()
        self._clock = Clock()
        self._http = _http(settings)
        self._streams: dict[int, Any] = {}

    async def ask(self, asking: Asking) -> Answer:
        """Send a request and return its answer.

        Raises:
            AnswerError: The server refused the request.
            CredentialsError: Nothing was sent.
            httpx.HTTPError: There was no complete answer. The request may have been carried out.
        """
        for _ in range(3):
            credentials = self._credentials.current() or await self._renew(None)
            try:
                return await self._send(asking, credentials)
            except AnswerError as refusal:
                if not await self._learn(refusal, credentials):
                    raise
        return await self._send(asking, self._credentials.current() or await self._renew(None))

    async def _send(self, asking: Asking, credentials: Credentials) -> Answer:
        origin, target = self.endpoint.locate(asking.key, asking.arguments)
        unsigned = Unsigned(asking.method, origin, target, asking.headers, asking.body)
        headers = signed_headers(unsigned, credentials, self.endpoint.signing_region, "s3", self._clock.now())
        request = self._http.build_request(asking.method, origin, headers=headers, content=asking.body)
        request.url = _Exact(origin, target)
        response = await self._http.send(request, stream=True)
        try:
            self._remember(response)
            # Raw, because an object is what was stored, whatever its Content-Encoding says.
            body = b"".join([part async for part in response.aiter_raw()])
        finally:
            await response.aclose()
        return _accepted(Answer(response.status_code, response.headers, body))

    async def _learn(self, refusal: AnswerError, used: Credentials) -> bool:
        """Return whether the next attempt can succeed, because of what this refusal says."""
        metadata = refusal.response["ResponseMetadata"]
        if refusal.code in EXPIRED:
            return await self._renew(used) != used
        if refusal.code in SKEWED:
            return self._clock.correct(metadata["HTTPHeaders"])
        region = named_region(refusal.status, refusal.code, metadata["HTTPHeaders"], refusal.response["Error"])
        resign_only = refusal.status == 400  # noqa: PLR2004
        moved = self.endpoint.moved(region, resign_only=resign_only) if region else None
        self.endpoint = moved or self.endpoint
        return moved is not None

    async def _renew(self, used: Credentials | None) -> Credentials:
        """Fetch credentials in a thread, once for all requests that wait for them."""
        async with self._renewing:
            known = self._credentials.current()
            if known is not None and known != used:
                return known
            return await asyncio.to_thread(self._credentials.renew)

    def _remember(self, response: httpx.Response) -> None:
        """Note the connection, for :meth:`abandon`."""
        stream = response.extensions.get("network_stream")
        socket = stream.get_extra_info("socket") if stream is not None else None
        if socket is not None:
            self._streams = {number: one for number, one in self._streams.items() if one[0].fileno() >= 0}
            self._streams[socket.fileno()] = (socket, stream)

    async def close(self) -> None:
        """Close all connections."""
        await self._http.aclose()

    def abandon(self) -> list[object]:
        """Close the sockets without the loop, which can no longer do anything. Return what nothing may touch."""
        for socket, stream in self._streams.values():
            with suppress(AttributeError):  # other loop implementations hide their sockets
                socket._sock.close()  # noqa: SLF001
            _disarm(stream)
        return [self._http, self._streams]


def _disarm(stream: Any) -> None:
    """Make a transport of a closed loop forget its socket: it is destroyed at the interpreter's end, with a warning."""
    for _ in range(6):  # httpcore's and anyio's wrappers, and TLS
        transport = getattr(stream, "_transport", None)
        if transport is not None:
            transport._sock = None  # noqa: SLF001
            return
        stream = getattr(stream, "_stream", None) or getattr(stream, "transport_stream", None)


def _accepted(answer: Answer) -> Answer:
    if answer.status < _FIRST_REFUSAL or answer.status == _NOT_MODIFIED:
        return answer
    raise AnswerError(answer.status, answer.headers, _details(answer))


def _details(answer: Answer) -> dict[str, str]:
    """Read an error; a body that is not XML, such as a proxy's page, says nothing."""
    from ptb_bucket_s3._light.xml import XmlError, read_xml  # noqa: PLC0415  most processes never need it

    with suppress(XmlError):
        root = read_xml(answer.body)
        if root.name == "Error":
            return {child.name: child.text for child in root.children}
    return {"Code": str(answer.status)}


def _http(settings: Settings) -> httpx.AsyncClient:
    limits = httpx.Limits(max_connections=50, max_keepalive_connections=20, keepalive_expiry=_EXPIRY)
    timeout = httpx.Timeout(settings.read_timeout, connect=settings.connect_timeout, pool=None)
    try:
        return httpx.AsyncClient(verify=tls(), timeout=timeout, limits=limits, headers=_HEADERS, follow_redirects=False)
    except ImportError as exc:
        raise ConfigurationError(f"s3: The proxy that the environment names needs another package: {exc}") from exc


def tls() -> ssl.SSLContext:
    """Return the TLS settings: with the certificates of ``AWS_CA_BUNDLE`` if it is set, as in AWS's SDKs."""
    bundle = os.environ.get("AWS_CA_BUNDLE") or os.environ.get("REQUESTS_CA_BUNDLE")
    return _tls_with(bundle) if bundle else tls_context()


@cache
def _tls_with(bundle: str) -> ssl.SSLContext:
    import ssl  # noqa: PLC0415  httpx has loaded it

    try:
        return ssl.create_default_context(cafile=bundle)
    except OSError as exc:
        raise ConfigurationError(
            f"s3: The certificates in {bundle} cannot be read: {exc}. Check AWS_CA_BUNDLE."
        ) from exc
