"""Requests of one event loop: signed, sent once, and again only after an answer that rules out that it was applied."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from ptb_bucket.stores import dataclass, trusted_certificates
from ptb_bucket.stores.http import Http, Request, TimeLimits
from ptb_bucket_s3._light.recovery import EXPIRED, SKEWED, Clock, named_region
from ptb_bucket_s3._light.refused import AnswerError, XmlError
from ptb_bucket_s3._light.signing import signed_headers
from ptb_bucket_s3._light.unsigned import Unsigned

if TYPE_CHECKING:
    import ssl
    from collections.abc import Mapping

    from ptb_bucket.stores.http import Answer
    from ptb_bucket_s3._light.credentials import Credentials, Renewed
    from ptb_bucket_s3._light.endpoint import Endpoint
    from ptb_bucket_s3._settings import Settings

__all__ = ["Asking", "Transport", "error_in", "tls"]

_NOT_MODIFIED: Final = 304
_FIRST_REFUSAL: Final = 300
_BUNDLES: Final = ("AWS_CA_BUNDLE", "REQUESTS_CA_BUNDLE")


@dataclass(frozen=True)
class Asking:
    """A request, before it is known which server it goes to."""

    method: str
    key: str
    arguments: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes


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
        # All of a body may take as long as the whole operation.
        limits = TimeLimits(settings.connect_timeout, settings.read_timeout, settings.timeout)
        self._http = Http(tls(), limits, "s3")

    async def ask(self, asking: Asking) -> Answer:
        """Send a request and return its answer.

        Raises:
            AnswerError: The server refused the request.
            CredentialsError: Nothing was sent.
            httpcore.NetworkError: There was no complete answer. The request may have been carried out. The same holds
                for ``httpcore.TimeoutException`` and ``httpcore.ProtocolError``.
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
        return _accepted(await self._http.send(Request(asking.method, origin, target, headers, asking.body)))

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
        """Fetch credentials, once for all requests that wait for them."""
        async with self._renewing:
            known = self._credentials.current()
            if known is not None and known != used:
                return known
            renew = self._credentials.renew
            return await asyncio.to_thread(renew) if self._credentials.blocks else renew()

    async def close(self) -> None:
        """Close all connections."""
        await self._http.close()

    def abandon(self) -> list[object]:
        """Close the sockets without the loop, which can no longer do anything. Return what nothing may touch."""
        return self._http.abandon()


def _accepted(answer: Answer) -> Answer:
    if answer.status < _FIRST_REFUSAL or answer.status == _NOT_MODIFIED:
        return answer
    raise AnswerError(answer.status, answer.headers, error_in(answer) or {"Code": str(answer.status)})


def error_in(answer: Answer) -> dict[str, str]:
    """Return what an error says; empty if the body is none, such as a proxy's page."""
    from ptb_bucket_s3._light.xml import read_xml  # noqa: PLC0415  most processes never need it

    with suppress(XmlError):
        root = read_xml(answer.body)
        if root.name == "Error":
            return {child.name: child.text for child in root.children}
    return {}


def tls() -> ssl.SSLContext:
    """Return the TLS settings: with the certificates of ``AWS_CA_BUNDLE`` if it is set, as in AWS's SDKs."""
    return trusted_certificates(_BUNDLES, "s3")
