"""Access tokens of the service account that a machine, service or pod of Google Cloud runs as."""

from __future__ import annotations

import asyncio
import json
import time
from dataclasses import field
from typing import TYPE_CHECKING, Final
from urllib.parse import quote

import httpcore

from ptb_bucket.errors import AccessError, UnavailableError
from ptb_bucket.stores import dataclass, tls_context
from ptb_bucket.stores.http import Http, Request, TimeLimits

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ptb_bucket.errors import StoreError
    from ptb_bucket.stores.http import Answer
    from ptb_bucket_gcs._requests import Asked

__all__ = ["KnownToken", "Token", "Tokens"]

_SCOPE: Final = "https://www.googleapis.com/auth/devstorage.read_write"
_PATH: Final = f"/computeMetadata/v1/instance/service-accounts/default/token?scopes={quote(_SCOPE, safe='')}"
_FLAVOR: Final = "Google"
_EARLY: Final = 225.0
"""Seconds before its end at which a token is renewed, as in google-auth. The server has a new one from 5 minutes on."""
_PAUSE: Final = 30.0
"""Seconds between two attempts to renew a token that is still valid."""
_SECONDS: Final = 3.0
_PAUSES: Final = (0.25, 0.5, 1.0, 2.0)
"""Seconds between attempts: the metadata server of GKE starts after the pod."""
_OK: Final = 200
_THROTTLED: Final = 429
_ITS_FAULT: Final = 500


@dataclass(frozen=True)
class Token:
    """An access token, and the time at which it expires, in seconds since 1970."""

    text: str = field(repr=False)
    expires: float

    def lasts(self, seconds: float) -> bool:
        """Return True if the token is valid for that long."""
        return time.time() + seconds < self.expires


class KnownToken:
    """The token of a store, for the clients of all its event loops."""

    def __init__(self) -> None:
        self.token: Token | None = None
        self.tried = 0.0

    def usable(self, refused: str | None) -> str | None:
        """Return the token if it need not be renewed now, and is not the one that the server refused."""
        known = self.token
        if known is None or known.text == refused or not known.lasts(0):
            return None
        return known.text if known.lasts(_EARLY) or time.time() - self.tried < _PAUSE else None


class Tokens:
    """The tokens of one event loop, fetched once for all requests that wait for one.

    Source: Compute Engine documentation, "Access the metadata server"; Cloud Run documentation, "Container runtime
    contract".

    Args:
        known: What the clients of other event loops have fetched.
        environ: The environment variables, which may name another server.
    """

    def __init__(self, known: KnownToken, environ: Mapping[str, str]) -> None:
        self._known = known
        self._host = environ.get("GCE_METADATA_HOST") or environ.get("GCE_METADATA_ROOT") or "metadata.google.internal"
        self._http = Http(tls_context(), TimeLimits(_SECONDS, _SECONDS, _SECONDS), "gs")
        self._fetching = asyncio.Lock()

    async def get(self, asked: Asked, refused: str | None = None) -> str:
        """Return a token.

        Args:
            asked: The request that needs the token, for messages.
            refused: A token that the store refused. If the server has no other, it is returned again.

        Raises:
            AccessError: There is no service account, or this is not Google's metadata server.
            UnavailableError: The server can't be reached now, and there is no valid token.
        """
        if token := self._known.usable(refused):
            return token
        async with self._fetching:
            return self._known.usable(refused) or await self._renewed(asked)

    async def _renewed(self, asked: Asked) -> str:
        known = self._known.token
        # A valid token is not worth waiting for; the store says if it is refused.
        pauses = () if known is not None and known.lasts(0) else _PAUSES
        try:
            self._known.token = _read(await self._ask(asked, pauses), asked, self._host)
        except (AccessError, UnavailableError):
            if known is None or not known.lasts(0):
                raise
            self._known.tried = time.time()
            return known.text
        self._known.tried = time.time()
        return self._known.token.text

    async def _ask(self, asked: Asked, pauses: Sequence[float]) -> Answer:
        for pause in pauses:
            try:
                return await self._once(asked)
            except UnavailableError:
                await asyncio.sleep(pause)
        return await self._once(asked)

    async def _once(self, asked: Asked) -> Answer:
        request = Request("GET", f"http://{self._host}", _PATH, {"metadata-flavor": _FLAVOR}, direct=True)
        try:
            answer = await self._http.send(request)
        except (httpcore.NetworkError, httpcore.TimeoutException, httpcore.ProtocolError, OSError) as exc:
            raise _later(asked, self._host, type(exc).__name__) from exc
        if answer.status >= _ITS_FAULT or answer.status == _THROTTLED:
            raise _later(asked, self._host, f"HTTP {answer.status}")
        return answer

    async def close(self) -> None:
        """Close all connections."""
        await self._http.close()

    def abandon(self) -> Sequence[object]:
        """Close the sockets without the loop. Return what nothing may touch."""
        return self._http.abandon()


def _read(answer: Answer, asked: Asked, host: str) -> Token:
    """Read an answer, which no message repeats: it contains a secret."""
    # Some versions of GKE omit the header in answers with a token, and google-auth accepts those, too.
    if answer.status != _OK or answer.headers.get("metadata-flavor", _FLAVOR) != _FLAVOR:
        raise _refused(asked, host, answer.status)
    return _parsed(answer.body, asked, host)


def _parsed(body: bytes, asked: Asked, host: str) -> Token:
    try:
        found = json.loads(body)
        text, seconds = found["access_token"], float(found["expires_in"])
        valid = text.isascii() and text.isprintable() and " " not in text and text
    except (ValueError, LookupError, TypeError, AttributeError):
        raise _later(asked, host, "no token") from None
    if not valid:
        raise _later(asked, host, "no token")
    return Token(text, time.time() + seconds)


def _refused(asked: Asked, host: str, status: int) -> StoreError:
    from ptb_bucket_gcs._errors import not_google, token_refused  # noqa: PLC0415  most starts have none

    verdict = not_google(host) if status == _OK else token_refused(status)
    return asked.failed(verdict, f"HTTP {status}")


def _later(asked: Asked, host: str, name: str) -> StoreError:
    from ptb_bucket_gcs._errors import no_token  # noqa: PLC0415  most starts have none

    return asked.failed(no_token(host), name)
