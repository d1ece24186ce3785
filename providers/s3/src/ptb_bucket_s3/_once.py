"""The SDK's configuration under which a request is sent once, whatever happens. Imports the SDK."""

from __future__ import annotations

from typing import Any

import aiohttp
from aiobotocore.config import AioConfig
from aiobotocore.httpsession import AIOHTTPSession

from ptb_bucket.errors import ConfigurationError

__all__ = ["OnceSession", "check_transport", "configure", "send_directly", "sends_once"]


class OnceSession(AIOHTTPSession):  # type: ignore[misc]  # the SDK comes without types
    """A transport that neither sends again nor follows redirects."""

    async def _get_session(self, proxy_url: str | None) -> Any:
        session = await super()._get_session(proxy_url)
        # Left to itself, aiohttp sends a PUT or DELETE again when a kept connection breaks before the answer.
        session._retry_connection = False  # noqa: SLF001  there is no public switch; a test watches it
        return _Direct(session)


class _Direct:
    def __init__(self, session: Any) -> None:
        self._session = session

    async def request(self, *args: Any, **kwargs: Any) -> Any:
        return await self._session.request(*args, **kwargs, allow_redirects=False)


def configure(**kwargs: Any) -> Any:
    """Make an ``AioConfig``; ``kwargs`` are its own, without ``retries`` and ``http_session_cls``."""
    return AioConfig(
        retries={"total_max_attempts": 1, "mode": "standard"},
        http_session_cls=OnceSession,
        # Checksums beyond the signed SHA-256 are refused by many servers that are not AWS.
        request_checksum_calculation="when_required",
        response_checksum_validation="when_required",
        **kwargs,
    )


async def check_transport() -> None:
    """Check that the installed aiohttp can be kept from sending a put twice.

    Raises:
        ConfigurationError: It has no such switch, or another one.
    """
    async with aiohttp.ClientSession() as session:
        if not hasattr(session, "_retry_connection"):
            raise ConfigurationError(
                f"s3: aiohttp {aiohttp.__version__} may send a put twice, and this release of ptb-bucket-s3 cannot "
                "keep it from doing so. Upgrade ptb-bucket-s3, or install an older aiohttp."
            )


def send_directly(client: Any) -> None:
    """Make a client send every request to the bucket at once and to where it was told; call it before the first one."""
    # Last, because the SDK's own handler adds the header.
    client.meta.events.register_last("before-call.s3", _directly)


def _directly(params: dict[str, Any], context: dict[str, Any], **_: Any) -> None:
    # Keeps the SDK from asking HeadBucket and sending the request again to another region.
    context.setdefault("s3_redirect", {})["redirected"] = True
    # With it, aiohttp holds the body back until the server answers 100, which some servers and proxies never do.
    params["headers"].pop("Expect", None)


def sends_once(client: Any) -> bool:
    """Whether a client that was made elsewhere keeps the promise too."""
    once = isinstance(client._endpoint.http_session, OnceSession)  # noqa: SLF001  nothing public tells
    return once and (client.meta.config.retries or {}).get("total_max_attempts") == 1
