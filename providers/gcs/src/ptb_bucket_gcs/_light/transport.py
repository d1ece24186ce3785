"""Requests of one event loop: sent once, and again only with a new token after an answer that applied nothing."""

from __future__ import annotations

import asyncio
import json
import os
from dataclasses import field
from typing import TYPE_CHECKING, Any, Final, TypeVar

import httpcore

from ptb_bucket.errors import ConfigurationError
from ptb_bucket.stores import dataclass, trusted_certificates, within
from ptb_bucket.stores.http import Http, Request, TimeLimits
from ptb_bucket_gcs._light.tokens import Tokens
from ptb_bucket_gcs._options import CONNECT, GOOGLE, READ, is_google

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from collections.abc import Set as AbstractSet

    from ptb_bucket.errors import StoreError
    from ptb_bucket.stores.http import Answer
    from ptb_bucket_gcs._light.tokens import KnownToken
    from ptb_bucket_gcs._options import Options
    from ptb_bucket_gcs._requests import Asked

__all__ = ["AnswerError", "Message", "Transport"]

_T = TypeVar("_T")
_BUNDLES: Final = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")
"""The certificates that Google's client would use."""
_NETWORK: Final = (httpcore.NetworkError, httpcore.TimeoutException, httpcore.ProtocolError,
                   httpcore.UnsupportedProtocol, httpcore.ProxyError, OSError, EOFError)  # fmt: skip
_NOT_MODIFIED: Final = 304
_FIRST_REFUSAL: Final = 300
_UNAUTHORIZED: Final = 401


class AnswerError(Exception):
    """A refusal of the server: the cause of the error that the store raises.

    Args:
        status: The HTTP status.
        reasons: Google's reasons for it.
    """

    def __init__(self, status: int, reasons: AbstractSet[str]) -> None:
        super().__init__(" ".join((f"HTTP {status}", *sorted(reasons))))
        self.status = status
        self.reasons = reasons


@dataclass(frozen=True)
class Message:
    """A request to the server, without the token.

    Args:
        method: Such as ``GET``.
        path: The path, percent-encoded.
        query: The query, encoded.
        headers: Further headers.
        body: The bytes.
    """

    method: str
    path: str
    query: str
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""


class Transport:
    """The HTTP client of one event loop. Requests to other servers than Google's are anonymous.

    Args:
        options: The server's address and the time limits.
        known: The token that the clients of other event loops have fetched.

    Raises:
        ConfigurationError: The token would be readable on its way.
    """

    def __init__(self, options: Options, known: KnownToken) -> None:
        endpoint = options.endpoint_url or GOOGLE
        scheme, _, rest = endpoint.partition("://")
        host, slash, base = rest.partition("/")
        self._origin, self._base = f"{scheme}://{host}", slash + base
        self._seconds = options.timeout
        # All of a body may take as long as the whole operation.
        self._http = Http(trusted_certificates(_BUNDLES, "gs"), TimeLimits(CONNECT, READ, options.timeout), "gs")
        self._tokens = Tokens(known, os.environ) if is_google(options.endpoint_url) else None
        if self._tokens and scheme != "https":
            raise ConfigurationError("gs: endpoint_url must use https, because requests contain an access token.")

    async def parsed(self, asked: Asked, message: Message, read: Callable[[dict[str, Any]], _T]) -> _T:
        """Send a request whose answer is JSON.

        Args:
            asked: The request, for messages.
            message: The request.
            read: Reads the answer.

        Raises:
            UnavailableError: The answer is not one of Google's, so the outcome of a write is unknown.
        """
        answer = await self.ask(asked, message)
        try:
            return read(json.loads(answer.body))
        except (ValueError, LookupError, TypeError, AttributeError) as exc:
            raise _unanswered(asked, exc) from exc

    async def ask(self, asked: Asked, message: Message) -> Answer:
        """Send a request and return its answer, which is not a refusal.

        Args:
            asked: The request, for messages.
            message: The request.

        Raises:
            StoreError: The server refused the request, there was no complete answer, or there is no token.
        """
        try:
            answer = await within(self._seconds, self._send(asked, message))
        except (TimeoutError, asyncio.TimeoutError) as exc:
            raise asked.timed_out(self._seconds) from exc
        except _NETWORK as exc:
            raise _unanswered(asked, exc) from exc
        if answer.status < _FIRST_REFUSAL or answer.status == _NOT_MODIFIED:
            return answer
        raise _refused(asked, answer)

    async def _send(self, asked: Asked, message: Message) -> Answer:
        if self._tokens is None:
            return await self._http.send(self._request(message, None))
        token = await self._tokens.get(asked)
        answer = await self._http.send(self._request(message, token))
        if answer.status != _UNAUTHORIZED:
            return answer
        renewed = await self._tokens.get(asked, refused=token)
        # A refused token means that nothing was applied.
        return answer if renewed == token else await self._http.send(self._request(message, renewed))

    def _request(self, message: Message, token: str | None) -> Request:
        headers = dict(message.headers)
        if token is not None:
            headers["authorization"] = f"Bearer {token}"
        target = f"{self._base}{message.path}" + (f"?{message.query}" if message.query else "")
        return Request(message.method, self._origin, target, headers, message.body)

    async def close(self) -> None:
        """Close all connections."""
        await self._http.close()
        if self._tokens is not None:
            await self._tokens.close()

    def abandon(self) -> Sequence[object]:
        """Close the sockets without the loop, which can no longer do anything. Return what nothing may touch."""
        return [*self._http.abandon(), *(self._tokens.abandon() if self._tokens else ())]


def _unanswered(asked: Asked, exc: Exception) -> StoreError:
    from ptb_bucket_gcs._errors import UNANSWERED, UNTRUSTED, distrusted  # noqa: PLC0415  most starts have none

    return asked.failed(UNTRUSTED if distrusted(exc) else UNANSWERED, type(exc).__name__)


def _refused(asked: Asked, answer: Answer) -> StoreError:
    from ptb_bucket_gcs._errors import verdict_on  # noqa: PLC0415  most starts have none

    said = answer.body.decode("utf-8", "replace")
    refusal = AnswerError(answer.status, _reasons(said))
    error = asked.failed(verdict_on(answer.status, refusal.reasons, said, asked.operation), f"HTTP {answer.status}")
    error.__cause__ = refusal
    return error


def _reasons(said: str) -> set[str]:
    try:
        return {str(error["reason"]) for error in json.loads(said)["error"]["errors"]}
    except (LookupError, TypeError, ValueError):
        return set()
