"""The TLS settings that a process's HTTP clients share."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import ssl

__all__ = ["tls_context"]


@cache
def tls_context() -> ssl.SSLContext:
    """Return the TLS context that all HTTP clients of this process share.

    Reading the certificates takes longer than anything else that a client does at its start (about 15 ms of CPU), and
    python-telegram-bot makes two clients for a bot. A context contains settings, no connection.

    Returns:
        The context that httpx would create: it verifies certificates and host names, with the certificates of
        ``certifi``, or those that the environment variables ``SSL_CERT_FILE`` and ``SSL_CERT_DIR`` name.
    """
    import httpx  # noqa: PLC0415  only bots and HTTP stores need it

    return httpx.create_ssl_context()
