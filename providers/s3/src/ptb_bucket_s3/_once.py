"""The configuration of the SDK with which it sends every request once. Importing this imports the SDK."""

from __future__ import annotations

from typing import Any

import aiohttp
from aiobotocore.config import AioConfig
from aiobotocore.httpsession import AIOHTTPSession

from ptb_bucket.errors import ConfigurationError

__all__ = ["OnceSession", "check_transport", "configure", "send_directly", "sends_once"]


class OnceSession(AIOHTTPSession):  # type: ignore[misc]  # the SDK has no types
    """A transport that neither repeats requests nor follows redirects."""

    async def _get_session(self, proxy_url: str | None) -> Any:
        session = await super()._get_session(proxy_url)
        # By default, aiohttp sends a PUT or DELETE again if a kept connection breaks before the answer.
        session._retry_connection = False  # noqa: SLF001  aiohttp has no public switch for this; a test covers it
        return _Direct(session)


class _Direct:
    def __init__(self, session: Any) -> None:
        self._session = session

    async def request(self, *args: Any, **kwargs: Any) -> Any:
        return await self._session.request(*args, **kwargs, allow_redirects=False)


def configure(**kwargs: Any) -> Any:
    """Return an ``AioConfig``; ``kwargs`` are its arguments, without ``retries`` and ``http_session_cls``."""
    return AioConfig(
        retries={"total_max_attempts": 1, "mode": "standard"},
        http_session_cls=OnceSession,
        # Many servers other than AWS refuse checksums beyond the signed SHA-256.
        request_checksum_calculation="when_required",
        response_checksum_validation="when_required",
        **kwargs,
    )


async def check_transport() -> None:
    """Check that the installed aiohttp can be prevented from sending a put twice.

    Raises:
        ConfigurationError: It does not have the known switch.
    """
    async with aiohttp.ClientSession() as session:
        if not hasattr(session, "_retry_connection"):
            raise ConfigurationError(
                f"s3: aiohttp {aiohttp.__version__} may send a put twice, and this version of ptb-bucket-s3 "
                "can't prevent that. Upgrade ptb-bucket-s3 or downgrade aiohttp."
            )


def send_directly(client: Any) -> None:
    """Make a client send every request immediately and to its endpoint only; call this before the first request."""
    # Last, because the SDK's own handler adds the header.
    client.meta.events.register_last("before-call.s3", _directly)


def _directly(params: dict[str, Any], context: dict[str, Any], **_: Any) -> None:
    # Prevents the SDK from calling HeadBucket and sending the request again to another region.
    context.setdefault("s3_redirect", {})["redirected"] = True
    # With this header, aiohttp waits for a 100 before it sends the body, and some servers and proxies never send it.
    params["headers"].pop("Expect", None)


def sends_once(client: Any) -> bool:
    """Return True if a client that was created elsewhere sends every request once."""
    once = isinstance(client._endpoint.http_session, OnceSession)  # noqa: SLF001  botocore has no public attribute for it
    return once and (client.meta.config.retries or {}).get("total_max_attempts") == 1
